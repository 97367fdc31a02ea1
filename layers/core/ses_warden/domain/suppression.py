"""How a signal changes an entry of the suppression table.

SES promises no order and repeats itself, so an entry is a fold that does not care: it holds facts, each joined in a way
that is commutative, associative and idempotent (maxima, minima, sets bounded by a total order), and its verdict is
computed from them alone. No clock is read: an expiry is a time that readers compare with theirs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from ses_warden.domain.entries import (
    MEMORY,
    Change,
    Decree,
    Entry,
    Evidence,
    Mark,
    Reason,
    State,
    blocks,
    change,
    explain,
    keep_until,
)
from ses_warden.domain.signals import (
    Confidence,
    Signal,
    SignalKind,
    bounce_signal,
    complaint_signal,
    delivery_signal,
    operator_signal,
    subscription_signal,
)

__all__ = [
    "MEMORY",
    "Change",
    "Confidence",
    "Decree",
    "Entry",
    "Evidence",
    "Mark",
    "Reason",
    "Signal",
    "SignalKind",
    "State",
    "blocks",
    "bounce_signal",
    "change",
    "complaint_signal",
    "decide",
    "delivery_signal",
    "explain",
    "keep_until",
    "operator_signal",
    "subscription_signal",
    "wants_last_delivery",
]

STRIKES_NEEDED = 3
STREAK_SPAN = timedelta(days=14)
FIRST_REST = timedelta(days=30)
LONGEST_REST = timedelta(days=480)
GLOBAL_LIST_REST = timedelta(days=14)
UNKNOWN_BOUNCE_REST = timedelta(days=14)
STORM_REST = timedelta(hours=24)
STORM_PASSED = timedelta(hours=48)

# Of each kind of evidence the earliest says since when, the latest whether any is newer than a release.
_EARLIEST_KEPT, _LATEST_KEPT = 1, 3
# Two of a day keep both "three in a row" and "over 14 days": of a full mailbox mailed each hour, the last 24 days.
_STRIKES_A_DAY, _STRIKES_KEPT = 2, 48
_LIFTED_KEPT = 16
_SPELLINGS_KEPT = 4


def decide(
    entry: Entry | None,
    signal: Signal,
    *,
    authority: Literal["ses", "warden"] = "ses",
    last_delivery: datetime | None = None,
) -> Entry | None:
    """The entry after a signal: None if there is nothing to hold, the entry itself if the signal changes nothing.

    `authority` says whose list is the truth: SES's own is believed about strangers only if it is `ses`. `last_delivery`
    is the latest that the ledger knows since the signal, needed when `wants_last_delivery` says so. The version is left
    as it was.
    """
    if signal.kind is SignalKind.DELIVERED:
        return entry and _delivered(entry, signal.at)
    if signal.kind is SignalKind.LIST_HIT and authority == "warden":
        return entry
    known = entry or Entry(signal.address, signal.scope)
    spellings = tuple(sorted({*known.spellings, signal.original} - {""})[:_SPELLINGS_KEPT])
    joined = _normal(_join(replace(known, spellings=spellings), signal))
    if last_delivery:
        joined = replace(joined, strikes=_after(joined.strikes, last_delivery))
    judged = _judge(joined)
    return entry if judged == entry else judged


def wants_last_delivery(entry: Entry | None, signal: Signal) -> bool:
    """Whether a strike may have been healed by a delivery that the entry never heard of.

    A delivery leaves no trace in an entry but the strikes that it removes. So a strike that would begin the row must
    ask the ledger what was delivered after it.
    """
    if signal.kind is not SignalKind.STRIKE:
        return False
    return entry is None or not entry.strikes or signal.at < entry.strikes[0].at


def _delivered(entry: Entry, at: datetime) -> Entry:
    strikes = _after(entry.strikes, at)
    return entry if strikes == entry.strikes else _judge(replace(entry, strikes=strikes))


def _join(entry: Entry, signal: Signal) -> Entry:
    """The facts of an entry with those of a signal; the verdict is still the old one."""
    at = signal.at
    match signal.kind:
        case SignalKind.STRIKE:
            strikes = _thinned((*entry.strikes, Mark(at, signal.message_id)))
            return replace(entry, strikes=strikes, last_strike_at=_latest(entry.last_strike_at, at))
        case SignalKind.LIST_HIT:
            return replace(entry, listed_at=min(entry.listed_at or at, at), relisted_at=_latest(entry.relisted_at, at))
        case SignalKind.NOT_SPAM:
            lifted = sorted({*entry.lifted, Mark(at, signal.message_id)})
            return replace(entry, lifted=tuple(lifted[-_LIFTED_KEPT:]))
        case SignalKind.UNSUBSCRIBE:
            return replace(entry, unsubscribed_at=_latest(entry.unsubscribed_at, at))
        case SignalKind.RESUBSCRIBE:
            return replace(entry, subscribed_at=_latest(entry.subscribed_at, at))
        case SignalKind.BLOCK:
            decree = Decree(at, signal.note)
            return replace(entry, blocked=max(entry.blocked or decree, decree))
        case SignalKind.RELEASE:
            decree = Decree(at, signal.note)
            return replace(entry, released=max(entry.released or decree, decree))
        case _:
            return replace(entry, evidence=_with_evidence(entry.evidence, signal))


def _with_evidence(known: tuple[Evidence, ...], signal: Signal) -> tuple[Evidence, ...]:
    new = Evidence(
        at=signal.at,
        message_id=signal.message_id,
        reason=_REASONS[signal.kind],
        confidence=signal.confidence,
        status=signal.status,
        diagnostic=signal.diagnostic,
    )
    alike = {e for e in known if (e.reason, e.confidence) == (new.reason, new.confidence)}
    kept = sorted(alike | {new})
    if len(kept) > _EARLIEST_KEPT + _LATEST_KEPT:
        kept = kept[:_EARLIEST_KEPT] + kept[-_LATEST_KEPT:]
    return tuple(sorted((set(known) - alike) | set(kept)))


def _normal(entry: Entry) -> Entry:
    """The facts without those that others make void, whichever came first."""
    if entry.released:
        entry = replace(entry, strikes=_after(entry.strikes, entry.released.at))
    if entry.listed_at and entry.relisted_at:
        evident = _evident_until(entry)
        if entry.blocked or entry.released or (evident and entry.relisted_at < evident):
            # SES's list names no strangers only: of an address that we hold back, or have decided upon, it says nothing new.
            return replace(entry, listed_at=None, relisted_at=None)
        if evident:
            # Our evidence had run out by then, and SES went on refusing.
            return replace(entry, listed_at=entry.relisted_at)
    return entry


def _after(strikes: tuple[Mark, ...], moment: datetime) -> tuple[Mark, ...]:
    return tuple([strike for strike in strikes if strike.at > moment])


def _thinned(strikes: Iterable[Mark]) -> tuple[Mark, ...]:
    """The latest few of each day, and of those the latest.

    The latest, always: so bounding, and leaving out what lies before a delivery or a release, may come in either order.
    """
    days: dict[date, int] = {}
    kept: list[Mark] = []
    for strike in sorted(set(strikes), reverse=True):
        day = strike.at.date()
        days[day] = days.get(day, 0) + 1
        if days[day] <= _STRIKES_A_DAY:
            kept.append(strike)
    return tuple(reversed(kept[:_STRIKES_KEPT]))


def _latest(known: datetime | None, new: datetime) -> datetime:
    return max(known or new, new)


class _Cause(NamedTuple):
    """Something that holds mail back, ordered by how long, then by how much it says."""

    until: datetime
    rank: int
    sure: bool
    reason: Reason
    since: datetime


_FOR_GOOD = datetime.max.replace(tzinfo=UTC)
_RANKS = {reason: rank for rank, reason in enumerate(Reason)}


def _judge(entry: Entry) -> Entry:
    """The entry with its verdict, which follows from its facts and nothing else."""
    causes = list(_causes(entry))
    times = [
        *(fact.at for fact in (*entry.evidence, *entry.lifted, entry.blocked, entry.released) if fact),
        *filter(None, (entry.last_strike_at, entry.relisted_at, entry.unsubscribed_at, entry.subscribed_at)),
    ]
    last_seen = max(times)
    if causes:
        cause = max(causes, key=lambda c: (c.until, c.rank, c.sure))
        return replace(
            entry,
            state=State.SUPPRESSED,
            reason=cause.reason,
            confidence=Confidence.HIGH if cause.sure else Confidence.LOW,
            since=cause.since,
            last_seen=last_seen,
            expires_at=None if cause.until == _FOR_GOOD else cause.until,
        )
    return replace(
        entry,
        state=State.WATCHING if entry.strikes else State.RELEASED,
        reason=None,
        confidence=None,
        since=entry.strikes[0].at if entry.strikes else last_seen,
        last_seen=last_seen,
        expires_at=None,
    )


def _causes(entry: Entry) -> Iterable[_Cause]:
    released_at = entry.released.at if entry.released else None
    if entry.blocked and (released_at is None or entry.blocked.at >= released_at):
        yield _cause(Reason.MANUAL, entry.blocked.at)
    gone, back = entry.unsubscribed_at, entry.subscribed_at
    if gone and (back is None or gone >= back) and (released_at is None or gone > released_at):
        yield _cause(Reason.UNSUBSCRIBE, gone)
    if entry.listed_at:
        yield _cause(Reason.SES_LIST, entry.listed_at)
    rest = _rest_after_strikes(entry.strikes)
    if rest:
        yield _cause(Reason.SOFT_BOUNCES, *rest)
    no_spam = {mark.message_id for mark in entry.lifted}
    active: dict[tuple[Reason, Confidence], list[datetime]] = {}
    for fact in entry.evidence:
        lifted = fact.reason is Reason.COMPLAINT and fact.message_id in no_spam
        if not lifted and (released_at is None or fact.at > released_at):
            active.setdefault((fact.reason, fact.confidence), []).append(fact.at)
    for (reason, confidence), times in active.items():
        length = _rest(reason, confidence)
        if length == STORM_REST and times[-1] - times[0] >= STORM_PASSED:
            # No outage lasts from one mailing to the next: the address is as dead as it was.
            length = None
        since, until = _window(times, length) if length else (times[0], _FOR_GOOD)
        yield _cause(reason, since, until, sure=confidence is Confidence.HIGH)


def _evident_until(entry: Entry) -> datetime | None:
    """When the last of the evidence runs out, released and lifted pieces included, so that more evidence never makes it earlier."""
    storm = [e.at for e in entry.evidence if _rest(e.reason, e.confidence) == STORM_REST]
    if storm and storm[-1] - storm[0] >= STORM_PASSED:
        return _FOR_GOOD
    rests = [(e.at, _rest(e.reason, e.confidence)) for e in entry.evidence]
    return max((at + rest if rest else _FOR_GOOD for at, rest in rests), default=None)


def _rest(reason: Reason, confidence: Confidence) -> timedelta | None:
    """How long one piece of evidence holds mail back, None: for good."""
    return STORM_REST if (reason, confidence) == (Reason.HARD_BOUNCE, Confidence.LOW) else _RESTS.get(reason)


def _cause(reason: Reason, since: datetime, until: datetime = _FOR_GOOD, *, sure: bool = True) -> _Cause:
    return _Cause(until, _RANKS[reason], sure, reason, since)


def _window(times: list[datetime], length: timedelta) -> tuple[datetime, datetime]:
    """The latest rest that sorted times begin; one that falls into a rest does not prolong it."""
    start = times[0]
    for time in times:
        if time >= start + length:
            start = time
    return start, start + length


def _rest_after_strikes(strikes: tuple[Mark, ...]) -> tuple[datetime, datetime] | None:
    """The latest rest that a row of strikes begins, None if there is none yet.

    The row is never broken here: a delivery removed what came before it. So once it is long enough, each failure after
    a rest begins another, twice as long.
    """
    rest: tuple[datetime, datetime] | None = None
    length, mails = FIRST_REST, set[str]()
    for strike in strikes:
        mails.add(strike.message_id)
        enough = len(mails) >= STRIKES_NEEDED and strike.at - strikes[0].at >= STREAK_SPAN
        if enough and (rest is None or strike.at >= rest[1]):
            rest = (strike.at, strike.at + length)
            length = min(length * 2, LONGEST_REST)
    return rest


_REASONS = {
    SignalKind.HARD_BOUNCE: Reason.HARD_BOUNCE,
    SignalKind.UNKNOWN_BOUNCE: Reason.UNKNOWN_BOUNCE,
    SignalKind.GLOBAL_LIST: Reason.GLOBAL_LIST,
    SignalKind.COMPLAINT: Reason.COMPLAINT,
}
_RESTS = {Reason.GLOBAL_LIST: GLOBAL_LIST_REST, Reason.UNKNOWN_BOUNCE: UNKNOWN_BOUNCE_REST}
