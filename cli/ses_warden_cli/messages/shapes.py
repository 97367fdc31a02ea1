"""What `message show` and `message find` print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class Step(TypedDict):
    """One event."""

    at: str
    type: str  # as SES names it
    kind: str  # what it means
    status: str | None  # the enhanced status code
    detail: dict[str, str | int]  # what only this type has, by SES's names


@with_config(ConfigDict(extra="forbid", strict=True))
class Part(TypedDict):
    """What became of a mail for one recipient."""

    recipient: str  # "*": opens and clicks of a mail to several, by whom SES does not say
    state: str
    opens: int  # by people, as far as SES can tell
    bot_opens: int
    clicks: int
    bot_clicks: int
    steps: list[Step]


@with_config(ConfigDict(extra="forbid", strict=True))
class Mail(TypedDict):
    """What `message show` prints."""

    message_id: str
    sent: str | None
    sender: str | None
    subject: str | None  # null also where the event destination has no headers
    tags: list[str]
    configuration_set: str | None
    tenant: str | None
    recipients: list[Part]  # empty: the mail is not known


@with_config(ConfigDict(extra="forbid", strict=True))
class FoundMail(TypedDict):
    """A mail that was found, for one of its recipients."""

    sent: str
    message_id: str
    recipient: str
    state: str
    sender: str | None
    subject: str | None
    tags: list[str]
    configuration_set: str | None
    tenant: str | None
    opens: int
    clicks: int
    shared_opens: int  # of a mail to several recipients, by whom SES does not say
    shared_clicks: int


@with_config(ConfigDict(extra="forbid", strict=True))
class FoundMails(TypedDict):
    """What `message find` prints."""

    since: str  # days of sending, UTC, both included
    until: str
    complete: bool  # false: some of these days are beyond the retention
    mails: list[FoundMail]
    next: str | None  # for --next
