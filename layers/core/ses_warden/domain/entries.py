"""Entries of the suppression table, and how to read them: is mail held back, why, what changed, how long to keep it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from ses_warden.domain.addresses import domain_of
from ses_warden.domain.signals import ACCOUNT, Confidence
from ses_warden.domain.text import mask_addresses

# How long a row that holds nobody back is remembered, so that a late or repeated signal meets what was known.
MEMORY = timedelta(days=180)


class State(StrEnum):
    """What an entry amounts to; one that is `suppressed` holds mail back until it expires."""

    SUPPRESSED = "suppressed"
    WATCHING = "watching"
    RELEASED = "released"


class Reason(StrEnum):
    """Why an address is suppressed; of two that last equally long, the later one here is named."""

    SES_LIST = "ses_list"
    SOFT_BOUNCES = "soft_bounces"
    UNKNOWN_BOUNCE = "unknown_bounce"
    GLOBAL_LIST = "global_list"
    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"


class Change(StrEnum):
    """What became of an address by a signal, as far as the world should hear of it."""

    SUPPRESSED = "suppressed"
    RELEASED = "released"


class Evidence(NamedTuple):
    """One fact that by itself suppresses. A hard bounce of low confidence was one of a storm."""

    at: datetime
    message_id: str
    reason: Reason
    confidence: Confidence
    status: str = ""
    diagnostic: str = ""


class Mark(NamedTuple):
    """A mail and a time: of a strike, or of a report that the mail was no spam."""

    at: datetime
    message_id: str


class Decree(NamedTuple):
    """What an operator decided, and why."""

    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the suppression table: facts about an address in a scope, and the verdict on them.

    `spellings` are the ways in which SES wrote the address, `version` counts the writes of the row (0: not stored yet).
    `since` is when the state began, `last_seen` the time of the latest fact, `expires_at` when mail may be tried again
    (None: never by itself).
    """

    address: str
    scope: str
    spellings: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    lifted: tuple[Mark, ...] = ()
    strikes: tuple[Mark, ...] = ()
    last_strike_at: datetime | None = None
    listed_at: datetime | None = None
    relisted_at: datetime | None = None
    blocked: Decree | None = None
    released: Decree | None = None
    unsubscribed_at: datetime | None = None
    subscribed_at: datetime | None = None

    state: State = State.WATCHING
    reason: Reason | None = None
    confidence: Confidence | None = None
    since: datetime | None = None
    last_seen: datetime | None = None
    expires_at: datetime | None = None

    version: int = field(default=0, compare=False)

    @property
    def original(self) -> str:
        """The address as SES wrote it, the first of its spellings."""
        return self.spellings[0] if self.spellings else self.address


def blocks(entry: Entry | None, at: datetime) -> bool:
    """Whether mail to the address is held back at that time."""
    return entry is not None and entry.state is State.SUPPRESSED and (entry.expires_at is None or at < entry.expires_at)


def filtered(
    entries: Iterable[Entry],
    *,
    reason: str | None = None,
    state: str | None = None,
    scope: str | None = None,
    domain: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Entry]:
    """Those that are all of it; `since` and `until` are about when their state began, the second not included."""
    for one in entries:
        begun = one.since or datetime.min.replace(tzinfo=UTC)
        if (
            reason in (None, one.reason)
            and state in (None, one.state)
            and scope in (None, one.scope)
            and (domain is None or domain_of(one.address) == domain.lower())
            and (since is None or begun >= since)
            and (until is None or begun < until)
        ):
            yield one


def change(before: Entry | None, after: Entry | None) -> Change | None:
    """What a step did to the address, None if it stayed as it was; another rest after one that expired is a change."""
    was = before is not None and before.state is State.SUPPRESSED
    now = after is not None and after.state is State.SUPPRESSED
    if before and after and was and now:
        anew = before.expires_at is not None and after.since is not None and after.since >= before.expires_at
        return Change.SUPPRESSED if anew else None
    if was == now:
        return None
    return Change.SUPPRESSED if now else Change.RELEASED


def keep_until(entry: Entry) -> datetime | None:
    """When the row may be deleted: never (None) while it suppresses for good, else `MEMORY` after it last mattered."""
    if entry.state is State.SUPPRESSED and entry.expires_at is None:
        return None
    times = [time for time in (entry.last_seen, entry.expires_at) if time]
    return max(times) + MEMORY if times else None


def explain(entry: Entry) -> str:
    """The verdict in plain words, fit for a log: addresses within the server's answer are masked."""
    where = "" if entry.scope == ACCOUNT else f"In {entry.scope}: "
    if entry.state is State.SUPPRESSED:
        until = "for good" if entry.expires_at is None else f"until {_day(entry.expires_at)}"
        return mask_addresses(f"{where}suppressed {until}, since {_day(entry.since)}: {_why(entry)}.")
    if entry.state is State.WATCHING:
        return f"{where}not suppressed, under watch: {_failures(entry)}, nothing delivered since."
    return mask_addresses(f"{where}not suppressed: {_why_not(entry)}.")


def _why(entry: Entry) -> str:
    low = entry.confidence is Confidence.LOW
    match entry.reason:
        case Reason.MANUAL:
            return f"an operator blocked it ({entry.blocked.note if entry.blocked else ''})"
        case Reason.UNSUBSCRIBE:
            return "the recipient unsubscribed from the whole list"
        case Reason.COMPLAINT if low:
            return "one of several recipients of a mail complained, and the provider does not say which"
        case Reason.COMPLAINT:
            return "the recipient complained about a mail"
        case Reason.HARD_BOUNCE if low:
            return f"a hard bounce{_answer(entry)}, in a storm of them from its domain and therefore believed for a day"
        case Reason.HARD_BOUNCE:
            return f"a hard bounce{_answer(entry)}"
        case Reason.GLOBAL_LIST:
            return "SES's global list refused it, since it bounced lately, maybe for other senders"
        case Reason.UNKNOWN_BOUNCE:
            return f"a permanent bounce of an unknown sub-type{_answer(entry)}"
        case Reason.SOFT_BOUNCES:
            return f"{_failures(entry)}, nothing delivered between"
        case _:
            return "it is on SES's own suppression list, not known why"


def _why_not(entry: Entry) -> str:
    if entry.released:
        return f"an operator released it on {_day(entry.released.at)} ({entry.released.note})"
    if entry.subscribed_at:
        return f"subscribed on {_day(entry.subscribed_at)}"
    if entry.lifted:
        return "the recipient reported that the mail was no spam"
    return "mail was delivered after the last failure"


def _answer(entry: Entry) -> str:
    """What the server said in the latest bounce that counts."""
    told = [e for e in entry.evidence if e.reason is entry.reason and (e.status or e.diagnostic)]
    return f" ({' '.join(filter(None, (told[-1].status, told[-1].diagnostic)))})" if told else ""


def _failures(entry: Entry) -> str:
    count = len({strike.message_id for strike in entry.strikes})
    span = (entry.strikes[-1].at - entry.strikes[0].at).days if entry.strikes else 0
    return f"{count} failure{'s' if count != 1 else ''} in a row over {span} day{'s' if span != 1 else ''}"


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "ever"
