"""What holds mail to an address back: the causes that lie in an entry's facts, how long each lasts, and the verdict.

No clock is read: an expiry is a time that readers compare with theirs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ses_warden.domain.entries import Entry, Mark, Reason, State
from ses_warden.domain.signals import Confidence

STRIKES_NEEDED = 3
STREAK_SPAN = timedelta(days=14)
FIRST_REST = timedelta(days=30)
LONGEST_REST = timedelta(days=480)
GLOBAL_LIST_REST = timedelta(days=14)
UNKNOWN_BOUNCE_REST = timedelta(days=14)
STORM_REST = timedelta(hours=24)
STORM_PASSED = timedelta(hours=48)
_RESTS = {Reason.GLOBAL_LIST: GLOBAL_LIST_REST, Reason.UNKNOWN_BOUNCE: UNKNOWN_BOUNCE_REST}


class _Cause(NamedTuple):
    """Something that holds mail back, ordered by how long, then by how much it says."""

    until: datetime
    rank: int
    sure: bool
    reason: Reason
    since: datetime


_FOR_GOOD = datetime.max.replace(tzinfo=UTC)
_RANKS = {reason: rank for rank, reason in enumerate(Reason)}


def judge(entry: Entry) -> Entry:
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


def evident_until(entry: Entry) -> datetime | None:
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
