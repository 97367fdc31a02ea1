"""The guard's state machine: which facts lead from which state to which deed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden.domain.guard import LEASE, PROBATION_LEAST, PROBATION_MOST, SHARE_OF_NOTHING, WARN_AGAIN, judge, step
from ses_warden.domain.guard_states import (
    GUARD,
    OUTSIDE,
    Action,
    Decision,
    Facts,
    Finding,
    Mode,
    State,
    Status,
    Word,
    not_switched_off,
    paused_by_hand,
    resumed,
    switched_off,
    told,
)
from ses_warden.domain.judgement import Verdict
from ses_warden.domain.rates import Outcomes, Thresholds

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
MINUTE = timedelta(minutes=1)
SCOPE = "configuration-set/marketing"
LIMITS = Thresholds()
HIGH, MIDDLE, LOW = Word(bounces=0.05), Word(bounces=0.032), Word(bounces=0.01, complaints=0.0001)


def cohort(delivered: int, hard: int = 0, complaints: int = 0, hours_ago: int = 0) -> Outcomes:
    """What became of an hour's mail."""
    hour = HOUR - timedelta(hours=hours_ago)
    return Outcomes(hour=hour, delivered=delivered, hard=hard, complaints=complaints)


GOOD, FEW, BAD = cohort(990, 10), cohort(40, 1), cohort(160, 40)
WARNING = cohort(966, 34)


def state(status: Status = Status.HEALTHY, **more: Any) -> State:
    """A stored state."""
    since = None if status is Status.HEALTHY else NOW - timedelta(hours=1)
    return replace(State(scope=SCOPE, status=status, since=since, version=1), **more)


def found(*cohorts: Outcomes, of: State | None = None) -> Finding:
    """What is found with all deliveries known."""
    return judge(cohorts, of or state(), LIMITS, NOW, watermark=NOW, since=HOUR - timedelta(hours=5))


def decide(before: State, facts: Facts, mode: Mode = Mode.ACTIVE, now: datetime = NOW) -> Decision:
    """The step."""
    return step(before, facts, mode, now, LIMITS)


@pytest.mark.parametrize(
    ("before", "facts", "mode", "action", "after"),
    [
        (Status.HEALTHY, Facts(found(GOOD)), Mode.ACTIVE, Action.NOTHING, Status.HEALTHY),
        (Status.HEALTHY, Facts(found(FEW)), Mode.ACTIVE, Action.NOTHING, Status.HEALTHY),
        (Status.HEALTHY, Facts(), Mode.ACTIVE, Action.NOTHING, Status.HEALTHY),
        (Status.HEALTHY, Facts(found(WARNING)), Mode.ACTIVE, Action.WARN, Status.WARNED),
        (Status.HEALTHY, Facts(found(BAD)), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.HEALTHY, Facts(found(BAD)), Mode.DRY_RUN, Action.WOULD_PAUSE, Status.WARNED),
        (Status.HEALTHY, Facts(found(BAD)), Mode.OFF, Action.NOTHING, Status.HEALTHY),
        (Status.HEALTHY, Facts(word=HIGH), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.HEALTHY, Facts(word=HIGH), Mode.DRY_RUN, Action.WOULD_PAUSE, Status.WARNED),
        (Status.HEALTHY, Facts(found(GOOD), word=MIDDLE), Mode.ACTIVE, Action.WARN, Status.WARNED),
        (Status.HEALTHY, Facts(found(GOOD), word=LOW), Mode.ACTIVE, Action.NOTHING, Status.HEALTHY),
        (Status.HEALTHY, Facts(word=Word(complaints=0.002)), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.HEALTHY, Facts(found(GOOD), switch=False), Mode.ACTIVE, Action.NOTE, Status.PAUSED),
        (Status.HEALTHY, Facts(found(GOOD), switch=True), Mode.ACTIVE, Action.NOTHING, Status.HEALTHY),
        (Status.WARNED, Facts(found(GOOD)), Mode.ACTIVE, Action.HEALED, Status.HEALTHY),
        (Status.WARNED, Facts(), Mode.ACTIVE, Action.NOTHING, Status.WARNED),
        (Status.WARNED, Facts(found(GOOD), word=MIDDLE), Mode.ACTIVE, Action.NOTHING, Status.WARNED),
        (Status.WARNED, Facts(found(GOOD), word=Word(bounces=0.026)), Mode.ACTIVE, Action.NOTHING, Status.WARNED),
        (Status.WARNED, Facts(found(cohort(974, 26))), Mode.ACTIVE, Action.NOTHING, Status.WARNED),
        (Status.WARNED, Facts(found(WARNING)), Mode.ACTIVE, Action.NOTHING, Status.WARNED),
        (Status.WARNED, Facts(found(BAD)), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.PAUSING, Facts(found(GOOD)), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.PAUSING, Facts(), Mode.DRY_RUN, Action.NOTE, Status.WARNED),
        (Status.PAUSED, Facts(found(GOOD)), Mode.ACTIVE, Action.NOTHING, Status.PAUSED),
        (Status.PAUSED, Facts(found(BAD)), Mode.ACTIVE, Action.NOTHING, Status.PAUSED),
        (Status.PAUSED, Facts(word=LOW), Mode.ACTIVE, Action.NOTHING, Status.PAUSED),
        (Status.PAUSED, Facts(switch=False), Mode.ACTIVE, Action.NOTHING, Status.PAUSED),
        (Status.PAUSED, Facts(switch=True), Mode.ACTIVE, Action.RESUMED, Status.PROBATION),
        (Status.PAUSED, Facts(switch=True), Mode.OFF, Action.NOTHING, Status.PAUSED),
        (Status.PROBATION, Facts(found(GOOD)), Mode.ACTIVE, Action.NOTHING, Status.PROBATION),
        (Status.PROBATION, Facts(found(BAD)), Mode.ACTIVE, Action.PAUSE, Status.PAUSING),
        (Status.PROBATION, Facts(found(BAD)), Mode.DRY_RUN, Action.WOULD_PAUSE, Status.PROBATION),
        (Status.PROBATION, Facts(found(WARNING)), Mode.ACTIVE, Action.WARN, Status.PROBATION),
        (Status.PROBATION, Facts(word=HIGH), Mode.ACTIVE, Action.MARK, Status.PROBATION),
        (Status.PROBATION, Facts(switch=False), Mode.ACTIVE, Action.NOTE, Status.PAUSED),
    ],
)
def test_a_state_and_the_facts_decide(before: Status, facts: Facts, mode: Mode, action: Action, after: Status) -> None:
    """Each transition, and each of those that must not be."""
    decision = decide(state(before), facts, mode)
    assert (decision.action, decision.state.status) == (action, after)


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.PAUSED])
def test_nothing_leaves_paused_without_a_hand(status: Status) -> None:
    """Whatever is found of a paused scope whose switch is off, and in whatever mode, it stays paused."""
    for finding in (None, found(GOOD), found(BAD), found(cohort(10_000))):
        for word in (None, LOW, HIGH):
            for switch in (None, False):
                for mode in Mode:
                    decision = decide(state(Status.PAUSED), Facts(finding, word, switch), mode)
                    assert decision.state.status is not status


def test_a_pause_carries_its_evidence() -> None:
    """The reason names the numbers, and AWS's own if it spoke."""
    pausing = decide(state(), Facts(found(BAD), word=HIGH)).state
    assert "40 of 200" in pausing.reason
    assert "AWS's own bounce rate is 5.00 %" in pausing.reason
    assert (pausing.by, pausing.since) == (GUARD, NOW)


def test_a_claim_is_left_alone_while_its_owner_may_be_at_it() -> None:
    """A pause that another run claimed a moment ago is its own; later anybody takes it up."""
    pausing = state(Status.PAUSING, since=NOW)
    assert decide(pausing, Facts(), now=NOW + LEASE - timedelta(seconds=1)).action is Action.NOTHING
    taken = decide(pausing, Facts(), now=NOW + LEASE)
    assert (taken.action, taken.state.since) == (Action.PAUSE, NOW + LEASE)


def test_a_claim_from_the_future_is_taken_up() -> None:
    """A clock that ran ahead does not block a pause."""
    assert decide(state(Status.PAUSING, since=NOW + timedelta(hours=1)), Facts()).action is Action.PAUSE


def test_a_claim_of_an_operator_outlives_the_dry_run() -> None:
    """Who pauses by hand wants a pause, whatever the guard itself may do."""
    pausing = paused_by_hand(state(), "jane", "spam run", NOW - LEASE)
    assert decide(pausing, Facts(), Mode.DRY_RUN).action is Action.PAUSE


def test_a_dry_run_says_so_once() -> None:
    """The same evidence a minute later is no second alert."""
    first = decide(state(), Facts(found(BAD)), Mode.DRY_RUN)
    assert (first.action, first.state.untold) == (Action.WOULD_PAUSE, Action.WOULD_PAUSE)
    assert decide(told(first.state), Facts(found(BAD)), Mode.DRY_RUN, NOW + MINUTE).action is Action.NOTHING


def test_what_a_dry_run_would_have_paused_is_paused_once_the_guard_may() -> None:
    """Turning the mode to active needs no new evidence."""
    first = told(decide(state(), Facts(found(BAD)), Mode.DRY_RUN).state)
    assert decide(first, Facts(found(BAD)), Mode.ACTIVE).action is Action.PAUSE


def test_a_warning_is_not_repeated_for_six_hours() -> None:
    """A rate that comes and goes near the level alerts once; the state still follows."""
    warned = told(decide(state(), Facts(found(WARNING))).state)
    healed = decide(warned, Facts(found(GOOD)), now=NOW + MINUTE).state
    again = decide(healed, Facts(found(WARNING)), now=NOW + 2 * MINUTE)
    assert (again.action, again.state.status, again.state.untold) == (Action.NOTE, Status.WARNED, None)
    later = decide(healed, Facts(found(WARNING)), now=NOW + WARN_AGAIN)
    assert later.action is Action.WARN


def test_probation_ends_after_a_day_and_a_thousand_outcomes_or_a_fortnight() -> None:
    """Neither time nor volume alone is enough, until two weeks are over."""
    begun = NOW - PROBATION_LEAST
    served = state(Status.PROBATION, counting_from=begun, since=begun)
    assert decide(served, Facts(found(cohort(1_000), of=served))).action is Action.HEALED
    assert decide(served, Facts(found(cohort(900), of=served))).action is Action.NOTHING
    early = state(Status.PROBATION, counting_from=begun + MINUTE, since=begun + MINUTE)
    assert decide(early, Facts(found(cohort(1_000), of=early))).action is Action.NOTHING
    long_ago = NOW - PROBATION_MOST
    idle = state(Status.PROBATION, counting_from=long_ago, since=long_ago)
    assert decide(idle, Facts(found(cohort(5), of=idle))).action is Action.HEALED


def test_a_scope_that_served_its_probation_is_not_charged_with_the_past() -> None:
    """Counting goes on from the resumption."""
    begun = NOW - PROBATION_LEAST
    served = state(Status.PROBATION, counting_from=begun, since=begun)
    healthy = decide(served, Facts(found(cohort(1_000), of=served))).state
    assert healthy.counting_from == begun
    assert found(cohort(100, 200, hours_ago=30), GOOD, of=healthy).assessment.verdict is Verdict.HEALTHY


# AWS's own rates


@pytest.mark.parametrize(
    ("now", "action"),
    [(0.06, Action.NOTHING), (0.065, Action.NOTHING), (0.067, Action.PAUSE), (0.05, Action.NOTHING), (0.2, Action.PAUSE)],
)
def test_after_a_resumption_awss_rate_counts_only_above_what_it_was(now: float, action: Action) -> None:
    """It heals slowly, and cannot heal at all while nothing is sent; a tenth above its mark it speaks again."""
    probation = state(Status.PROBATION, aws_mark=Word(bounces=0.06))
    assert decide(probation, Facts(word=Word(bounces=now))).action is action


def test_a_rate_that_was_unknown_at_the_resumption_counts_as_it_is() -> None:
    """A mark without complaints does not excuse complaints."""
    probation = state(Status.PROBATION, aws_mark=Word(bounces=0.06))
    assert decide(probation, Facts(word=Word(bounces=0.06, complaints=0.003))).action is Action.PAUSE


def test_missing_data_is_no_breach() -> None:
    """CloudWatch without a value says nothing."""
    for word in (None, Word()):
        assert decide(state(), Facts(found(GOOD), word=word)).action is Action.NOTHING


def test_awss_rates_are_forgiven_the_wider_scope_while_a_narrower_one_is_paused_for_them() -> None:
    """The account's rate does not fall when the guilty set is paused; it must not bring down the rest."""
    marked = decide(state(), Facts(found(GOOD), word=HIGH, excused=True))
    assert (marked.action, marked.state.aws_mark) == (Action.MARK, HIGH)
    assert decide(marked.state, Facts(found(GOOD), word=HIGH, excused=True)).action is Action.NOTHING
    higher = decide(marked.state, Facts(found(GOOD), word=Word(bounces=0.09), excused=True))
    assert (higher.action, higher.state.aws_mark) == (Action.MARK, Word(bounces=0.09))
    assert decide(marked.state, Facts(found(GOOD), word=Word(bounces=0.09))).action is Action.PAUSE


def test_a_mark_is_dropped_once_awss_rates_have_healed() -> None:
    """The next rise is a new one."""
    marked = state(aws_mark=HIGH)
    assert decide(marked, Facts(found(GOOD), word=MIDDLE)).action is Action.NOTHING
    dropped = decide(marked, Facts(found(GOOD), word=LOW))
    assert (dropped.action, dropped.state.aws_mark) == (Action.MARK, None)
    assert decide(dropped.state, Facts(word=HIGH)).action is Action.PAUSE


# The lag of the lanes


def test_bounces_ahead_of_their_deliveries_are_a_suspicion_and_no_pause() -> None:
    """A healthy campaign's bounces arrive at once, its deliveries wait in a queue; a minute later they are known."""
    early, later = cohort(20, 20), cohort(960, 30)
    first = judge([early], state(), LIMITS, NOW, watermark=NOW - timedelta(seconds=20), since=HOUR)
    assert (first.assessment.verdict, first.suspicion and first.suspicion.at) == (Verdict.UNKNOWN, NOW)
    noted = decide(state(), Facts(first))
    assert (noted.action, noted.state.suspicion) == (Action.NOTE, first.suspicion)
    then = NOW + MINUTE
    second = judge([later], noted.state, LIMITS, then, watermark=then - timedelta(seconds=20), since=HOUR)
    assert second.assessment.verdict is Verdict.HEALTHY
    cleared = decide(noted.state, Facts(second), now=then)
    assert cleared.state.status is Status.HEALTHY


def test_a_suspicion_stands_once_the_deliveries_of_its_time_are_known() -> None:
    """The bad outcomes of then are too many even among the mails known now."""
    first = judge([BAD], state(), LIMITS, NOW, watermark=NOW - timedelta(seconds=20), since=HOUR)
    noted = decide(state(), Facts(first)).state
    then = NOW + MINUTE
    second = judge([cohort(200, 50)], noted, LIMITS, then, watermark=then - timedelta(seconds=20), since=HOUR)
    assert second.assessment.verdict is Verdict.PAUSE
    assert decide(noted, Facts(second), now=then).action is Action.PAUSE


def test_a_suspicion_waits_as_long_as_the_deliveries_do() -> None:
    """With a backlog of an hour nothing is decided, and the suspicion stays that of its time."""
    first = judge([BAD], state(), LIMITS, NOW, watermark=NOW - timedelta(minutes=5), since=HOUR)
    noted = decide(state(), Facts(first)).state
    then = NOW + 4 * MINUTE
    waiting = judge([cohort(160, 90)], noted, LIMITS, then, watermark=NOW - MINUTE, since=HOUR)
    assert waiting.assessment.verdict is Verdict.UNKNOWN
    assert waiting.suspicion == first.suspicion
    assert decide(noted, Facts(waiting), now=then).action is Action.NOTHING


def test_a_suspicion_from_the_future_is_begun_anew() -> None:
    """A clock that ran ahead does not decide."""
    first = judge([BAD], state(), LIMITS, NOW + timedelta(hours=1), watermark=NOW, since=HOUR)
    noted = decide(state(), Facts(first)).state
    again = judge([BAD], noted, LIMITS, NOW, watermark=NOW - timedelta(seconds=20), since=HOUR)
    assert again.suspicion is not None
    assert again.suspicion.at == NOW


def test_when_the_lag_is_too_long_nothing_is_called_healthy() -> None:
    """The verdict is unknown, and nobody is paused or healed by it."""
    finding = judge([GOOD], state(), LIMITS, NOW, watermark=NOW - timedelta(minutes=16), since=HOUR)
    assert finding.assessment.verdict is Verdict.UNKNOWN
    assert decide(state(Status.WARNED), Facts(finding)).action is Action.NOTHING


def test_a_share_of_nothing_pauses_nobody() -> None:
    """A tenant that AWS names on bounces alone, or a set that reports feedback alone, has no rate."""
    finding = found(cohort(0, 50))
    assert (finding.assessment.verdict, finding.assessment.reasons) == (Verdict.UNKNOWN, (SHARE_OF_NOTHING,))
    assert decide(state(), Facts(finding=finding)).action is not Action.PAUSE


def test_late_outcomes_after_a_pause_change_nothing() -> None:
    """Bounces of mail sent before keep arriving; after the resumption they are the past's."""
    paused = switched_off(decide(state(), Facts(found(BAD))).state, NOW)
    assert decide(told(paused), Facts(found(cohort(160, 400)))).action is Action.NOTHING
    probation = resumed(paused, "jane", "list cleaned", NOW, cohort(160, 400))
    late = [cohort(50, 90, hours_ago=1), cohort(460, 400)]
    finding = judge(late, probation, LIMITS, NOW + MINUTE, watermark=NOW + MINUTE, since=HOUR - timedelta(hours=5))
    assert finding.assessment.verdict is Verdict.HEALTHY
    assert finding.assessment.bounces.recent.bad == 0


def test_on_probation_less_is_too_much() -> None:
    """What passes before a pause does not pass after a resumption."""
    mild = cohort(2_893, 107)
    begun = HOUR - timedelta(hours=1)
    probation = state(Status.PROBATION, counting_from=begun)
    assert found(mild).assessment.verdict is not Verdict.PAUSE
    assert found(mild, of=probation).assessment.bounces.limit < found(mild).assessment.bounces.limit


# Deeds


def test_a_resumption_forgets_what_led_to_the_pause() -> None:
    """Who and why is kept, with the moment from which counting begins."""
    before = state(Status.PAUSED, aws_mark=HIGH, warned_at=NOW, would_pause=True, failures=3)
    after = resumed(before, "jane", "list cleaned", NOW, GOOD)
    assert (after.status, after.by, after.reason) == (Status.PROBATION, "jane", "list cleaned")
    assert (after.counting_from, after.before) == (NOW, GOOD)
    assert (after.aws_mark, after.warned_at, after.suspicion, after.would_pause, after.failures) == (None, None, None, False, 0)
    assert after.untold is Action.RESUMED


def test_a_switch_found_on_is_somebodys_resumption() -> None:
    """Counting begins then, and the alert says that nobody here did it."""
    decision = decide(state(Status.PAUSED), Facts(switch=True, cohort=BAD))
    assert (decision.state.by, decision.state.before, decision.state.untold) == (OUTSIDE, BAD, Action.RESUMED)


def test_a_failed_switch_is_counted_and_still_to_be_thrown() -> None:
    """It never looks like a pause."""
    failed = not_switched_off(not_switched_off(state(Status.PAUSING)))
    assert (failed.status, failed.failures, failed.untold) == (Status.PAUSING, 2, None)
    done = switched_off(failed, NOW)
    assert (done.status, done.failures, done.untold) == (Status.PAUSED, 0, Action.PAUSED)
