"""How a signal changes an entry of the suppression table.

SES promises no order and repeats itself, so an entry is a fold that does not care: it holds facts, each joined in a way
that is commutative, associative and idempotent (maxima, minima, sets bounded by a total order), and its verdict is
computed from them alone (`causes.py`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from ses_warden.domain.authority import Authority
from ses_warden.domain.causes import evident_until, judge
from ses_warden.domain.entries import Decree, Entry, Evidence, Mark, Reason
from ses_warden.domain.signals import Signal, SignalKind

# Of each kind of evidence the earliest says since when, the latest whether any is newer than a release.
_EARLIEST_KEPT, _LATEST_KEPT = 1, 3
# Two of a day keep both "three in a row" and "over 14 days": of a full mailbox mailed each hour, the last 24 days.
_STRIKES_A_DAY, _STRIKES_KEPT = 2, 48
_LIFTED_KEPT = 16
_SPELLINGS_KEPT = 4

_REASONS = {
    SignalKind.HARD_BOUNCE: Reason.HARD_BOUNCE,
    SignalKind.UNKNOWN_BOUNCE: Reason.UNKNOWN_BOUNCE,
    SignalKind.GLOBAL_LIST: Reason.GLOBAL_LIST,
    SignalKind.COMPLAINT: Reason.COMPLAINT,
}


def decide(
    entry: Entry | None,
    signal: Signal,
    *,
    authority: Authority = "ses",
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
    judged = judge(joined)
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
    return entry if strikes == entry.strikes else judge(replace(entry, strikes=strikes))


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
        evident = evident_until(entry)
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
