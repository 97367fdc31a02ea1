"""What operators do to a scope by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.operate_sending import pause_sending, resume_sending
from ses_warden.domain.cohorts import Change, Tally
from ses_warden.domain.guard_states import Action, Mode, State, Status
from ses_warden.errors import AlertError, NothingToDo, ScopeGone, SwitchError
from tests.guard_fakes import World

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SCOPE = "configuration-set/marketing"
PAUSED = State(scope=SCOPE, status=Status.PAUSED, since=NOW - timedelta(hours=1), version=4, reason="40 of 200")


@pytest.fixture
def world() -> World:
    """A paused scope that has sent in this hour."""
    world = World()
    world.store.rows[SCOPE] = PAUSED
    world.switch.off = {SCOPE}
    for shard in (0, 1):
        world.store.count(Change(SCOPE, shard, "2026-11-24T10", Tally(delivered=80, hard=20, policy=3), NOW))
    return world


def resume(world: World, **more: bool) -> State:
    """Jane resumes it."""
    return resume_sending(
        SCOPE, by="jane", reason="list cleaned", store=world.store, switch=world.switch, alerts=world.alerts, now=NOW, **more
    )


def pause(world: World) -> State:
    """Jane pauses it."""
    return pause_sending(SCOPE, by="jane", reason="spam run", store=world.store, switch=world.switch, alerts=world.alerts, now=NOW)


def test_a_resumption_counts_afresh_and_says_who_and_why(world: World) -> None:
    """The switch is on, what this hour had counted is set aside, and the audit trail names the operator."""
    state = resume(world)
    assert (state.status, state.counting_from, state.untold) == (Status.PROBATION, NOW, None)
    assert state.before
    assert (state.before.hard, state.before.delivered) == (40, 160)
    assert world.switch.off == set()
    [record] = world.store.trail
    assert (record.action, record.by, record.reason, record.mode) == (Action.RESUMED, "jane", "list cleaned", Mode.ACTIVE)
    assert world.alerts.kinds() == [("Sending Resumed", SCOPE)]


def test_policy_refusals_are_set_aside_as_the_guard_counts_them(world: World) -> None:
    """Where they count as hard bounces, they are among those of before."""
    before = resume(world, policy_refusals_are_hard=True).before
    assert before
    assert before.hard == 46


def test_a_pause_that_never_got_done_can_be_called_off(world: World) -> None:
    """The guard may be trying in vain."""
    world.store.rows[SCOPE] = replace(PAUSED, status=Status.PAUSING)
    assert resume(world).status is Status.PROBATION


@pytest.mark.parametrize("status", [Status.HEALTHY, Status.WARNED, Status.PROBATION])
def test_only_what_is_paused_can_be_resumed(world: World, status: Status) -> None:
    """A slip of the keyboard must not reset the count of a scope that sends."""
    world.store.rows[SCOPE] = replace(PAUSED, status=status)
    with pytest.raises(NothingToDo, match=f"is {status}, not paused"):
        resume(world)
    assert world.switch.thrown == []


def test_a_resumption_whose_switch_fails_changes_nothing(world: World) -> None:
    """The scope is still paused, in the table and at SES."""
    world.switch.stuck = {SCOPE}
    with pytest.raises(SwitchError):
        resume(world)
    assert (world.store.rows[SCOPE], world.store.trail) == (PAUSED, [])


def test_a_resumption_wins_over_a_guard_that_writes_at_the_same_time(world: World) -> None:
    """The guard found the switch on and noted it; the operator's own words stand in the end, and the switch was thrown once."""
    world.store.faster = [replace(PAUSED, status=Status.PROBATION, by="somebody outside SES Warden", version=5)]
    state = resume(world)
    assert (state.by, state.reason) == ("jane", "list cleaned")
    assert world.switch.thrown == [(SCOPE, True)]


def test_a_resumption_throws_the_switch_again_where_somebody_paused_anew(world: World) -> None:
    """Else the row would say probation while SES refuses the mail."""
    world.store.faster = [replace(PAUSED, by="bob", version=5)]
    assert resume(world).status is Status.PROBATION
    assert world.switch.thrown == [(SCOPE, True), (SCOPE, True)]


def test_an_operator_pauses_what_is_healthy(world: World) -> None:
    """Thrown, read back, recorded, told."""
    del world.store.rows[SCOPE]
    world.switch.off = set()
    state = pause(world)
    assert (state.status, state.by, state.reason) == (Status.PAUSED, "jane", "spam run")
    assert world.switch.off == {SCOPE}
    assert [(record.action, record.by) for record in world.store.trail] == [(Action.PAUSE, "jane"), (Action.PAUSED, "jane")]
    assert world.alerts.kinds() == [("Sending Paused", SCOPE)]


def test_who_resumes_amid_a_pause_by_hand_is_not_overruled(world: World) -> None:
    """Both were told what they did; the scope sends."""

    def by_bob() -> None:
        world.store.rows[SCOPE] = replace(world.store.rows[SCOPE], status=Status.PROBATION, by="bob", version=6)

    world.store.rows[SCOPE] = replace(PAUSED, status=Status.HEALTHY)
    world.switch.off = set()
    world.switch.meanwhile = [by_bob]
    with pytest.raises(NothingToDo, match="is probation by bob, who came while it was being paused"):
        pause(world)
    assert (world.switch.off, world.switch.thrown) == (set(), [(SCOPE, False), (SCOPE, True)])
    assert world.store.rows[SCOPE].by == "bob"


def test_what_is_paused_is_not_paused_again(world: World) -> None:
    """The message says since when and by whom."""
    with pytest.raises(NothingToDo, match="by the guard"):
        pause(world)


def test_what_is_called_paused_and_sends_is_paused_again(world: World) -> None:
    """The switch may have been thrown elsewhere since the guard looked."""
    world.switch.off = set()
    state = pause(world)
    assert (state.status, state.by, state.since, world.switch.off) == (Status.PAUSED, "jane", NOW, {SCOPE})
    assert world.alerts.kinds() == [("Sending Paused", SCOPE)]


def test_what_ses_does_not_know_is_refused_before_anything_is_written(world: World) -> None:
    """Else the guard would try to carry it out for ever."""
    del world.store.rows[SCOPE]
    world.switch.gone = {SCOPE}
    with pytest.raises(ScopeGone, match="knows no configuration-set/marketing"):
        pause(world)
    assert (world.store.rows, world.store.trail) == ({}, [])


def test_a_switch_that_cannot_be_read_is_no_paused_scope(world: World) -> None:
    """Who asks for a pause is told that it is not known to be one."""
    world.switch.broken = {SCOPE}
    with pytest.raises(SwitchError):
        pause(world)
    assert world.store.rows == {SCOPE: PAUSED}


def test_a_claim_of_just_now_is_left_to_whoever_made_it(world: World) -> None:
    """Two who pause at once do not take over each other's claim again and again."""
    world.store.rows[SCOPE] = replace(PAUSED, status=Status.PAUSING, since=NOW - timedelta(seconds=2), by="bob")
    with pytest.raises(NothingToDo, match=r"is being paused, since .* by bob"):
        pause(world)
    assert world.switch.thrown == []


def test_a_claim_that_nobody_carried_out_is_taken_over(world: World) -> None:
    """The guard may be trying in vain."""
    world.store.rows[SCOPE] = replace(PAUSED, status=Status.PAUSING, since=NOW - timedelta(minutes=2))
    state = pause(world)
    assert (state.status, state.by) == (Status.PAUSED, "jane")


def test_an_operators_failed_pause_is_left_for_the_guard(world: World) -> None:
    """The claim stands; the guard throws the switch when SES serves again."""
    del world.store.rows[SCOPE]
    world.switch.stuck = {SCOPE}
    with pytest.raises(SwitchError):
        pause(world)
    assert world.store.rows[SCOPE].status is Status.PAUSING
    assert world.alerts.kinds() == [("Sending Pause Failed", SCOPE)]


def test_a_resumption_that_could_not_be_told_stands_and_is_told_later(world: World) -> None:
    """The guard sends what is owed."""
    world.alerts.fails = 1
    with pytest.raises(AlertError):
        resume(world)
    assert (world.store.rows[SCOPE].status, world.store.rows[SCOPE].untold) == (Status.PROBATION, Action.RESUMED)
