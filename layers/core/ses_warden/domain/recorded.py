"""An event as the ledger tells it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class RecordedEvent(NamedTuple):
    """An event as a row of the table tells it again. `detail` is what only its type has, by SES's names.

    `sent_at`, `sender`, `subject` and `tags` (`name=value`) are on rows that describe the mail only; times are UTC.
    """

    message_id: str
    recipient: str
    type: str
    kind: str
    at: datetime
    status: str | None
    configuration_set: str | None
    tenant: str | None
    sender: str | None
    subject: str | None
    detail: Mapping[str, str | int]
    sent_at: datetime | None = None
    tags: tuple[str, ...] = ()
