"""What the commands of the group `suppression` print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class Held(TypedDict):
    """An entry of the suppression table."""

    address: str
    scope: str
    state: str  # suppressed, watching, released
    holds: bool  # whether mail is held back now; one that has expired is `suppressed` and holds nobody
    reason: str | None
    confidence: str | None  # high, low
    since: str | None
    last_seen: str | None
    expires_at: str | None  # None: never by itself
    words: str  # the verdict, explained
    forgotten: bool  # held by a hash of the address, of somebody who was forgotten


@with_config(ConfigDict(extra="forbid", strict=True))
class HeldList(TypedDict):
    """What `suppression list` prints."""

    entries: list[Held]
    more: bool  # there are more than --limit


@with_config(ConfigDict(extra="forbid", strict=True))
class Proof(TypedDict):
    """A fact that speaks against an address."""

    at: str
    message_id: str  # the mail; `ses-warden message show` tells of it
    reason: str
    confidence: str
    status: str
    diagnostic: str  # what the recipient's server said


@with_config(ConfigDict(extra="forbid", strict=True))
class Act(TypedDict):
    """What an operator did."""

    at: str
    scope: str
    act: str  # block, release
    by: str
    note: str


@with_config(ConfigDict(extra="forbid", strict=True))
class OnSes(TypedDict):
    """How an address stands on SES's own list."""

    address: str  # as it is spelt there
    reason: str  # BOUNCE, COMPLAINT
    since: str


@with_config(ConfigDict(extra="forbid", strict=True))
class Shown(TypedDict):
    """What `suppression show` prints."""

    address: str
    holds: bool
    entries: list[Held]
    evidence: list[Proof]
    strikes: list[str]  # when soft failures in a row came
    audit: list[Act]
    on_ses: list[OnSes] | None  # None: SES was not asked, or did not answer


@with_config(ConfigDict(extra="forbid", strict=True))
class Checked(TypedDict):
    """What `suppression check` prints: the addresses as they were given."""

    refused: dict[str, str]  # and why
    allowed: list[str]


@with_config(ConfigDict(extra="forbid", strict=True))
class Removed(TypedDict):
    """What `suppression remove` prints."""

    released: list[Held]
    unlisted: list[str]  # spellings that were taken off SES's own list
    planned: bool  # nothing was changed


@with_config(ConfigDict(extra="forbid", strict=True))
class Left(TypedDict):
    """A record that `suppression import` left out."""

    line: int
    why: str


@with_config(ConfigDict(extra="forbid", strict=True))
class Imported(TypedDict):
    """What `suppression import` prints."""

    records: int
    changed: int  # entries; the others were there already
    unread: int
    faults: list[Left]  # the first thousand


@with_config(ConfigDict(extra="forbid", strict=True))
class Exported(TypedDict):
    """What `suppression export` prints."""

    file: str
    entries: int
