"""What the commands about the pipe print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class Unreplayed(TypedDict):
    """What could not be replayed."""

    place: str
    reason: str


@with_config(ConfigDict(extra="forbid", strict=True))
class Replayed(TypedDict):
    """What `replay` prints. Rows: one an event and recipient."""

    plan: bool  # nothing was recorded
    sources: int  # files or objects
    documents: int
    events: dict[str, int]  # those that can be read, by type
    recorded: int  # rows
    duplicates: int  # rows that were there already
    enriched: int  # rows that lacked a configuration set or tenant
    suppressed: int  # addresses
    removed: int  # objects of the quarantine
    set_up: int  # SES's set-up messages
    unknown: int
    unparsable: int
    failed: int
    stopped: str | None  # why the rest was not tried
    problems: list[Unreplayed]  # the first 1,000


@with_config(ConfigDict(extra="forbid", strict=True))
class Queue(TypedDict):
    """A dead-letter queue in what `redrive` prints."""

    lane: str
    messages: int
    types: dict[str, int]  # events, by type
    reasons: dict[str, int]  # messages, by why they are there
    oldest: str | None
    newest: str | None
    deleted: int  # messages whose events are recorded, or kept in the quarantine
    recorded: int  # rows
    duplicates: int  # rows that were there already
    set_aside: int  # events that went to the quarantine
    failed: int  # messages that stay
    stopped: str | None  # why the rest was not tried


@with_config(ConfigDict(extra="forbid", strict=True))
class Redriven(TypedDict):
    """What `redrive` prints."""

    applied: bool
    queues: list[Queue]


@with_config(ConfigDict(extra="forbid", strict=True))
class Trial(TypedDict):
    """A mail of `doctor --send-test`."""

    mailbox: str  # of the simulator: success, bounce or complaint
    configuration_set: str
    message_id: str
    seconds: dict[str, float]  # from sending until it was found recorded, by type of event
    missing: list[str]  # types of events


@with_config(ConfigDict(extra="forbid", strict=True))
class Examined(TypedDict):
    """What `doctor` prints."""

    stack: str
    worst: str  # the worst standing
    findings: list[Finding]
    trials: list[Trial]
