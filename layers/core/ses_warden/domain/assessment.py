"""How healthy a scope's sending is: a pure function of its hourly cohorts, its thresholds and the time.

A pause needs evidence that survives being looked at every minute (`evidence.py`). It is looked for in all mail since the counting
began, and afresh from the beginning of each hour among the last mails, so that good mail of the past buys bad mail no credit.
docs/guard.md derives the numbers; `python -m benchmarks.guard` proves them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter

from ses_warden.domain.evidence import Evidence, evidence, fewest
from ses_warden.domain.judgement import AHEAD, Assessment, Judgement, Verdict
from ses_warden.domain.rates import LEAST_FOR_WARNING, Limits, Outcomes, Thresholds, Window

HOUR = timedelta(hours=1)
# A pause's odds are reckoned for a month; the first count is privileged only while all of it can be seen.
MONTH = timedelta(days=30)
# On probation the limits are three quarters of what they were.
PROBATION = 0.75


type _Cohort = tuple[datetime, int, int]  # the hour, its bad outcomes, its outcomes


def assess(
    cohorts: Iterable[Outcomes],
    thresholds: Thresholds,
    now: datetime,
    *,
    watermark: datetime,
    since: datetime,
    probation: bool = False,
    earlier: Iterable[Outcomes] | None = None,
) -> Assessment:
    """Judges a scope by what became of its mails; of the same arguments always the same.

    `watermark`: the activity lane's deliveries are known up to this moment; bounces and complaints, which do not wait in it, are
    known up to `now`. `earlier`: the scope's youngest cohorts as the guard saw them in its last look not later than the watermark;
    their bad outcomes are those that belong to the deliveries known now. Without it, hours that reach beyond the watermark are left
    out. `since`: when counting began, with the scope's first mail, or at its resumption (then with `probation`); what the cohort of
    that hour had counted before, the caller takes off by `afresh`.
    """
    known = _known(cohorts, now, watermark, since, earlier)
    # The count since the beginning is privileged while all of it can be seen, and once: not again with each month.
    first = known[-1].hour if known and since > now - MONTH else None
    bounced = ((one.hour, one.hard, one.mails) for one in known)
    complained = ((one.hour, one.complaints, max(one.delivered, one.complaints)) for one in known)
    bounces = _judge("hard bounces", bounced, _Test.of(thresholds.bounces, thresholds.false_pauses, probation), first, now)
    complaints = _judge("complaints", complained, _Test.of(thresholds.complaints, thresholds.false_pauses, probation), first, now)
    lag = max(now - watermark, timedelta())
    verdict = max(bounces.verdict, complaints.verdict, key=_GRAVITY.index)
    reasons = tuple(one.words for one in (bounces, complaints) if one.verdict is verdict)
    if lag > thresholds.longest_lag and verdict is not Verdict.PAUSE:
        verdict = Verdict.UNKNOWN
        reasons = (
            f"deliveries are known only up to {watermark:%Y-%m-%d %H:%M} UTC, {lag.total_seconds() / 60:.0f} minutes ago",
            *reasons,
        )
    return Assessment(
        verdict=verdict,
        reasons=reasons,
        bounces=bounces,
        complaints=complaints,
        watermark=watermark,
        lag=lag,
        probation=probation,
    )


def afresh(cohorts: Iterable[Outcomes], before: Outcomes) -> list[Outcomes]:
    """The cohorts without what one of them had counted before, as at a resumption in the midst of an hour."""
    return [_less(one, before) if one.hour == before.hour else one for one in cohorts]


_GRAVITY = (Verdict.HEALTHY, Verdict.WARN, Verdict.PAUSE)


@dataclass(frozen=True, slots=True)
class _Test:
    """The limits of one kind of harm, on probation or not, made ready for use."""

    limits: Limits
    limit: float
    warn: float
    evidence: Evidence
    first: float  # the logarithms of the odds that the count since the beginning needs
    restart: float  # and a count begun afresh

    @staticmethod
    @lru_cache(maxsize=64)
    def of(limits: Limits, false_pauses: float, probation: bool) -> "_Test":  # noqa: FBT001 - lru_cache wants it by place
        scale = PROBATION if probation else 1.0
        return _Test(
            limits=limits,
            limit=limits.pause * scale,
            warn=limits.warn * scale,
            evidence=evidence(limits.pause * scale, limits.steepest),
            first=-math.log(limits.first_share * false_pauses),
            restart=math.log(limits.restart_cost / false_pauses),
        )

    def needed(self, hour: datetime, first: datetime | None) -> float:
        return self.first if hour == first else self.restart


def _known(
    cohorts: Iterable[Outcomes], now: datetime, watermark: datetime, since: datetime, earlier: Iterable[Outcomes] | None
) -> list[Outcomes]:
    """The cohorts to judge, the youngest first: their bad outcomes no newer than their good ones."""
    begin = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    counted = sorted((one for one in cohorts if begin <= one.hour <= now), key=attrgetter("hour"), reverse=True)
    if watermark >= now:
        return counted
    if earlier is None:
        return [one for one in counted if one.hour + HOUR <= watermark]
    then = {one.hour: one for one in earlier}
    return [_held_back(one, then.get(one.hour), watermark) for one in counted if one.hour < watermark]


def _held_back(one: Outcomes, then: Outcomes | None, watermark: datetime) -> Outcomes:
    if then is None and one.hour + HOUR <= watermark:
        return one
    then = then or Outcomes(hour=one.hour)
    return replace(one, hard=min(one.hard, then.hard), complaints=min(one.complaints, then.complaints))


def _less(one: Outcomes, before: Outcomes) -> Outcomes:
    return Outcomes(
        hour=one.hour,
        sent=max(one.sent - before.sent, 0),
        hard=max(one.hard - before.hard, 0),
        delivered=max(one.delivered - before.delivered, 0),
        unreported=max(one.unreported - before.unreported, 0),
        refused=max(one.refused - before.refused, 0),
        complaints=max(one.complaints - before.complaints, 0),
    )


def _judge(kind: str, cohorts: Iterable[_Cohort], test: _Test, first: datetime | None, now: datetime) -> Judgement:
    windows = _windows(cohorts, test.limits.window)
    recent = windows[-1] if windows else Window(now, 0, 0)
    hour_ago = (now - HOUR).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    last_hour = next((one for one in reversed(windows) if one.since >= hour_ago), Window(hour_ago, 0, 0))
    deciding, odds, needed = _strongest(windows, recent, test, first)
    if odds >= needed and deciding.bad >= test.limits.least:
        verdict = Verdict.PAUSE
    elif _alarming(recent, last_hour, test):
        verdict = Verdict.WARN
    else:
        verdict = Verdict.HEALTHY
    return Judgement(
        kind=kind,
        verdict=verdict,
        limit=test.limit,
        warn=test.warn,
        recent=recent,
        last_hour=last_hour,
        deciding=deciding,
        log_odds=odds,
        log_needed=needed,
        head_room=0 if verdict is Verdict.PAUSE else _head_room(windows, test, first),
        steepest=test.limits.steepest,
    )


def _windows(cohorts: Iterable[_Cohort], enough: int) -> list[Window]:
    """A window from the beginning of each hour to now, the shortest first, until one holds so many mails."""
    windows: list[Window] = []
    bad = mails = 0
    for hour, some_bad, some_mails in cohorts:
        bad, mails = bad + some_bad, mails + some_mails
        windows.append(Window(hour, bad, mails))
        if mails >= enough:
            break
    return windows


def _starts(windows: Iterable[Window], first: datetime | None) -> Iterator[Window]:
    """The windows that matter: one with more mails than the next shorter, and no more bad ones, is weaker evidence."""
    bad = 0
    for one in windows:
        if one.bad > bad or one.since == first:
            bad = one.bad
            yield one


def _strongest(windows: Sequence[Window], recent: Window, test: _Test, first: datetime | None) -> tuple[Window, float, float]:
    """The window whose evidence comes nearest to what it needs, the logarithm of its odds, and what it needs."""
    best: tuple[Window, float, float] | None = None
    for one in _starts(windows, first):
        # At or below the limit the evidence is none, whatever the window.
        if one.bad < test.limits.least or one.bad <= test.limit * one.mails:
            continue
        odds, needed = test.evidence.log_odds(one.bad, one.mails), test.needed(one.since, first)
        if best is None or odds - needed > best[1] - best[2]:
            best = one, odds, needed
    return best or (recent, test.evidence.log_odds(recent.bad, recent.mails), test.needed(recent.since, first))


def _alarming(recent: Window, last_hour: Window, test: _Test) -> bool:
    """Whether the estimate reaches the warning level. Few mails do not hide it: then its lower bound decides."""
    if recent.mails >= test.limits.floor and recent.rate >= test.warn:
        return True
    return any(one.bad >= LEAST_FOR_WARNING and one.surely >= test.warn for one in (recent, last_hour))


def _head_room(windows: Sequence[Window], test: _Test, first: datetime | None) -> int:
    """The fewest bad ones among the next mails with which some window, or one begun afresh, is evidence for a pause."""
    least = test.limits.least
    room = fewest(test.evidence, AHEAD, test.restart, least)
    for one in _starts(windows, first):
        mails = one.mails + AHEAD
        # Evidence begins above the limit: a window farther from it than the room found cannot narrow it.
        if test.limit * mails - one.bad < room:
            room = min(room, fewest(test.evidence, mails, test.needed(one.since, first), least) - one.bad)
    return max(room, 1)
