"""The guard's state machine: healthy → warned → paused → probation → healthy, for each scope.

Pure: what is known goes in, what to do comes out. Nothing leaves `paused` but by somebody's hand.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from ses_warden.domain.assessment import afresh, assess
from ses_warden.domain.guard_states import (
    AWS,
    CALM,
    GUARD,
    OUTSIDE,
    Action,
    Decision,
    Facts,
    Finding,
    Mode,
    State,
    Status,
    Suspicion,
    Word,
    resumed,
)
from ses_warden.domain.judgement import Assessment, Judgement, Verdict
from ses_warden.domain.rates import Limits, Outcomes, Thresholds

# A claim to pause that was not carried out for so long is taken up by whoever comes next.
LEASE = timedelta(seconds=45)
# A warning is not repeated within this time, unless the scope was healthy in between.
WARN_AGAIN = timedelta(hours=6)
# After a resumption AWS's own rate is still high: it counts again once it is so much above what it was then.
AWS_MARGIN = 1.1
# Probation ends after a day and so many outcomes, or after a fortnight.
PROBATION_LEAST = timedelta(days=1)
PROBATION_OUTCOMES = 1_000
PROBATION_MOST = timedelta(days=14)


SHARE_OF_NOTHING = (
    "neither sends nor deliveries are counted for this scope, so that its bounces and complaints are a share of nothing"
)


def judge(
    cohorts: Iterable[Outcomes], state: State, thresholds: Thresholds, now: datetime, *, watermark: datetime, since: datetime
) -> Finding:
    """Assesses a scope. Bad outcomes arrive at once and deliveries wait in a queue: a bad verdict is a suspicion at first.

    It stands once the deliveries up to the moment of the suspicion are known, and the bad outcomes of then still are too many.
    """
    known = list(cohorts)
    if state.before:
        known = afresh(known, state.before)
    begin = state.counting_from or since
    probation = state.status is Status.PROBATION
    plain = assess(known, thresholds, now, watermark=now, since=begin, probation=probation)
    if known and not any(one.sent or one.delivered or one.unreported for one in known):
        # AWS names a tenant on bounces and complaints (whether on others is not said), and a set may report feedback alone.
        return Finding(replace(plain, verdict=Verdict.UNKNOWN, reasons=(SHARE_OF_NOTHING,)))
    if plain.verdict is Verdict.HEALTHY or (plain.verdict is Verdict.WARN and state.status is Status.WARNED):
        if now - watermark > thresholds.longest_lag:
            return Finding(assess(known, thresholds, now, watermark=watermark, since=begin, probation=probation))
        return Finding(plain)
    if watermark >= now:
        return Finding(plain)
    view = Suspicion(now, tuple(one for one in known if one.hard or one.complaints))
    then = state.suspicion
    if then is None or then.at > now:
        return Finding(_unknown(plain), view)
    held = assess(known, thresholds, now, watermark=watermark, since=begin, probation=probation, earlier=then.bad)
    if then.at > watermark:
        return Finding(_unknown(held), then)
    if held.verdict is plain.verdict:
        return Finding(held)
    return Finding(held, view)


def _unknown(assessment: Assessment) -> Assessment:
    return replace(assessment, verdict=Verdict.UNKNOWN)


def step(state: State, facts: Facts, mode: Mode, now: datetime, thresholds: Thresholds) -> Decision:
    """What to do about a scope."""
    if mode is Mode.OFF:
        return Decision(Action.NOTHING, state)
    if state.status is Status.PAUSING:
        return _claimed(state, mode, now)
    if state.status is Status.PAUSED or facts.switch is False:
        return reconciled(state, facts, now)
    if (marked := _marked(state, facts, thresholds)) is not state:
        return Decision(Action.MARK, marked)
    return _judged(state, facts, mode, now, thresholds)


def reconciled(state: State, facts: Facts, now: datetime) -> Decision:
    """A scope's row follows its switch, which somebody else has thrown. A claim to pause is left to whoever made it."""
    told = facts.told
    by = AWS if told and told.by_aws else OUTSIDE
    if state.status is Status.PAUSED and facts.switch:
        reason = told.words if told else "sending was switched on, though not by SES Warden"
        return Decision(Action.RESUMED, resumed(state, by, reason, now, facts.cohort))
    if facts.switch is False and state.status not in (Status.PAUSED, Status.PAUSING):
        reason = told.words if told else "sending was found switched off"
        found = replace(state, status=Status.PAUSED, since=now, by=by, reason=reason, suspicion=None, untold=None, failures=0)
        return Decision(Action.PAUSED, replace(found, untold=Action.PAUSED)) if told else Decision(Action.NOTE, found)
    return Decision(Action.NOTHING, state)


def _claimed(state: State, mode: Mode, now: datetime) -> Decision:
    if mode is Mode.DRY_RUN and state.by == GUARD:
        return Decision(Action.NOTE, replace(state, status=Status.WARNED, since=now, would_pause=True))
    if state.since is not None and state.since <= now < state.since + LEASE:
        return Decision(Action.NOTHING, state)
    return Decision(Action.PAUSE, replace(state, since=now))


def _marked(state: State, facts: Facts, thresholds: Thresholds) -> State:
    """Which of AWS's rates are not held against a scope, as they heal slowly.

    Those at a resumption, and those that they become while a narrower scope is paused for it; until they have healed.
    """
    word, mark = facts.word, state.aws_mark
    if word is None:
        return state
    if mark is None:
        return replace(state, aws_mark=word) if facts.excused or state.status is Status.PROBATION else state
    if facts.excused:
        higher = _above(word.bounces, mark.bounces) or _above(word.complaints, mark.complaints)
        return replace(state, aws_mark=word) if higher else state
    return replace(state, aws_mark=None) if state.status is not Status.PROBATION and word.is_calm(thresholds) else state


def _judged(state: State, facts: Facts, mode: Mode, now: datetime, thresholds: Thresholds) -> Decision:
    finding = facts.finding
    verdict = finding.assessment.verdict if finding else None
    reasons = list(finding.assessment.reasons) if finding and verdict in (Verdict.PAUSE, Verdict.WARN) else []
    said = _said(state, facts.word, thresholds)
    if said is not None:
        reasons.append(_words(facts.word))
    reason = "; ".join(reasons)
    if Verdict.PAUSE in (verdict, said):
        if mode is not Mode.ACTIVE:
            return _would_pause(state, reason, now)
        after = replace(state, status=Status.PAUSING, since=now, by=GUARD, reason=reason)
        return Decision(Action.PAUSE, replace(after, suspicion=None, failures=0, would_pause=False))
    if Verdict.WARN in (verdict, said):
        return _warned(state, finding, reason, now)
    return _calmer(state, finding, facts.word, now, thresholds)


def _would_pause(state: State, reason: str, now: datetime) -> Decision:
    if state.would_pause:
        return _suspects(state, None)
    status = Status.PROBATION if state.status is Status.PROBATION else Status.WARNED
    since = state.since if status is state.status else now
    after = replace(state, status=status, since=since, by=GUARD, reason=reason, warned_at=now, would_pause=True, suspicion=None)
    return Decision(Action.WOULD_PAUSE, replace(after, untold=Action.WOULD_PAUSE))


def _warned(state: State, finding: Finding | None, reason: str, now: datetime) -> Decision:
    recently = state.warned_at is not None and now < state.warned_at + WARN_AGAIN
    if state.status is Status.WARNED or (state.status is Status.PROBATION and recently):
        return _suspects(state, finding)
    status = Status.PROBATION if state.status is Status.PROBATION else Status.WARNED
    since = state.since if status is state.status else now
    after = replace(state, status=status, since=since, reason=reason, by=GUARD, suspicion=finding.suspicion if finding else None)
    if recently:
        return Decision(Action.NOTE, after)
    return Decision(Action.WARN, replace(after, warned_at=now, untold=Action.WARN))


def _calmer(state: State, finding: Finding | None, word: Word | None, now: datetime, thresholds: Thresholds) -> Decision:
    if finding is None or finding.assessment.verdict is not Verdict.HEALTHY:
        return _suspects(state, finding)
    over = (state.status is Status.WARNED and _is_calm(finding.assessment, word, thresholds)) or (
        state.status is Status.PROBATION and _has_served(state, finding.assessment, now)
    )
    if over:
        after = replace(state, status=Status.HEALTHY, since=now, by=GUARD, reason="", suspicion=None, would_pause=False)
        return Decision(Action.HEALED, after)
    return _suspects(state, finding)


def _suspects(state: State, finding: Finding | None) -> Decision:
    """The suspicion alone may have changed."""
    suspicion = finding.suspicion if finding else state.suspicion
    if suspicion == state.suspicion:
        return Decision(Action.NOTHING, state)
    return Decision(Action.NOTE, replace(state, suspicion=suspicion))


def _said(state: State, word: Word | None, thresholds: Thresholds) -> Verdict | None:
    """What AWS's own rates say: nothing without a value, nor, after a resumption, where they were then or little above."""
    if word is None:
        return None
    mark = state.aws_mark or Word()
    found: Verdict | None = None
    for rate, then, limits in (
        (word.bounces, mark.bounces, thresholds.bounces),
        (word.complaints, mark.complaints, thresholds.complaints),
    ):
        if rate is None or (then is not None and not _above(rate, then)):
            continue
        if rate >= limits.pause:
            return Verdict.PAUSE
        if rate >= limits.warn:
            found = Verdict.WARN
    return found


def _above(rate: float | None, mark: float | None) -> bool:
    return rate is not None and rate > (mark or 0) * AWS_MARGIN


def _words(word: Word | None) -> str:
    rates = [] if word is None else [("bounce", word.bounces), ("complaint", word.complaints)]
    return "AWS's own " + " and ".join(f"{name} rate is {100 * rate:.2f} %" for name, rate in rates if rate is not None)


def _is_calm(assessment: Assessment, word: Word | None, thresholds: Thresholds) -> bool:
    if word and not word.is_calm(thresholds):
        return False
    return all(
        _level(judgement, limits) < CALM * judgement.warn
        for judgement, limits in ((assessment.bounces, thresholds.bounces), (assessment.complaints, thresholds.complaints))
    )


def _level(judgement: Judgement, limits: Limits) -> float:
    """What a warning rests on: the estimate, or with few mails its lower bound."""
    recent = judgement.recent
    return recent.rate if recent.mails >= limits.floor else recent.surely


def _has_served(state: State, assessment: Assessment, now: datetime) -> bool:
    begun = state.counting_from or state.since or now
    enough = assessment.bounces.recent.mails >= PROBATION_OUTCOMES
    return (now >= begun + PROBATION_LEAST and enough) or now >= begun + PROBATION_MOST
