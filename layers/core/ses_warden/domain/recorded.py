"""An event as the ledger tells it again."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from ses_warden.domain.text import clean, clip_bytes

_LONGEST_TAG = 80


def tag_text(name_and_value: str) -> str:
    """A tag, `name=value`, as a row has it: on one line, and cut to what fits."""
    return clip_bytes(clean(name_and_value, _LONGEST_TAG), _LONGEST_TAG)


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
