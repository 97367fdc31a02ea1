"""The guard's use case, on its ports in memory: what it looks at, what it does about it, and what becomes of failures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden.application.guard_ports import Look
from ses_warden.application.guard_sending import (
    ASK_AWS_EVERY,
    MOST_PAUSES,
    MOST_STORED,
    STORED_WITHIN,
    GuardOutcome,
    GuardPolicy,
    guard_sending,
)
from ses_warden.domain.cohorts import Change, Tally
from ses_warden.domain.guard import LEASE
from ses_warden.domain.guard_states import Action, Mode, State, Status, Word
from ses_warden.domain.judgement import Verdict
from ses_warden.domain.precedence import HOPELESS
from ses_warden.errors import LedgerBusy, SwitchError
from tests.guard_fakes import World

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARKETING, RECEIPTS, ACME = "configuration-set/marketing", "configuration-set/receipts", "tenant/acme"
ACTIVE = GuardPolicy(account_mode=Mode.ACTIVE)


class Desk:
    """A world, and the clock that moves on with each look."""

    def __init__(self, policy: GuardPolicy | None = None) -> None:
        """The guard ran a minute ago."""
        self.world = World()
        self.policy = policy or GuardPolicy()
        self.now = START
        self.world.store.look = Look(START - MINUTE, asked_aws=START - MINUTE, enforcement="HEALTHY")

    def mail(self, *scopes: str, delivered: int = 0, hard: int = 0, complaints: int = 0, hour: str = "", shard: int = 0) -> None:
        """The counters of these scopes now stand at this."""
        for scope in scopes:
            hour = hour or f"{self.now:%Y-%m-%dT%H}"
            tally = Tally(delivered=delivered, hard=hard, complaints=complaints)
            self.world.store.count(Change(scope, shard, hour, tally, self.now - timedelta(seconds=10), self.now))

    def look(self, *, ask_aws: bool = False) -> GuardOutcome:
        """One run; a minute passes."""
        outcome = guard_sending(self.world.services(), self.policy, self.now, ask_aws=ask_aws)
        self.now += MINUTE
        return outcome

    def looks(self, times: int = 2) -> GuardOutcome:
        """The last of so many runs."""
        outcomes = [self.look() for _ in range(times)]
        return outcomes[-1]

    def state(self, scope: str) -> State:
        """Where a scope stands."""
        return self.world.store.rows.get(scope, State(scope=scope))

    def pause(self, scope: str, **more: Any) -> None:
        """The scope is paused, since an hour."""
        since = self.now - timedelta(hours=1)
        state = State(scope=scope, status=Status.PAUSED, since=since, version=1)
        self.world.store.rows[scope] = replace(state, **more)
        self.world.switch.off.add(scope)


@pytest.fixture
def desk() -> Desk:
    """A guard in its usual modes."""
    return Desk()


def test_a_healthy_scope_costs_no_write_and_no_word(desk: Desk) -> None:
    """It is judged, and nothing is done."""
    desk.mail(MARKETING, "account", delivered=990, hard=10)
    outcome = desk.looks()
    assert outcome.assessments[MARKETING].verdict is Verdict.HEALTHY
    assert (outcome.decisions, desk.world.store.rows, desk.world.alerts.sent) == ([], {}, [])


def test_a_stale_list_is_paused_with_the_second_look(desk: Desk) -> None:
    """The first suspects, the second knows the deliveries of then; the account is left alone, as the set's mail is spoken for."""
    desk.mail(MARKETING, "account", delivered=160, hard=40)
    first = desk.look()
    assert first.count(Action.PAUSE) == 0
    assert desk.state(MARKETING).suspicion
    outcome = desk.look()
    assert (outcome.count(Action.PAUSE), outcome.count(Action.PAUSED)) == (1, 1)
    assert desk.world.switch.thrown == [(MARKETING, False)]
    assert desk.world.alerts.kinds() == [("Sending Paused", MARKETING)]
    assert [(record.action, record.scope) for record in desk.world.store.trail] == [
        (Action.PAUSE, MARKETING),
        (Action.PAUSED, MARKETING),
    ]
    assert (desk.state(MARKETING).status, desk.state("account").status) == (Status.PAUSED, Status.HEALTHY)


def test_one_pause_an_episode(desk: Desk) -> None:
    """Later looks and late bounces neither pause nor alert again."""
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.looks()
    desk.mail(MARKETING, delivered=160, hard=90)
    desk.looks(5)
    assert desk.world.switch.thrown == [(MARKETING, False)]
    assert len(desk.world.alerts.sent) == 1


@pytest.mark.parametrize(
    ("policy", "thrown", "alerts"),
    [
        (GuardPolicy(), [], [("Sending Would Be Paused", "account")]),
        (ACTIVE, [("account", False)], [("Sending Paused", "account")]),
        (GuardPolicy(account_mode=Mode.OFF), [], []),
        (GuardPolicy(mode=Mode.DRY_RUN, account_mode=Mode.ACTIVE), [("account", False)], [("Sending Paused", "account")]),
        (GuardPolicy(mode=Mode.OFF, account_mode=Mode.ACTIVE), [], []),
    ],
)
def test_the_account_is_paused_only_when_asked(
    policy: GuardPolicy, thrown: list[tuple[str, bool]], alerts: list[tuple[str, str]]
) -> None:
    """Its mode is its own, and off for all is off."""
    desk = Desk(policy)
    desk.mail("account", delivered=160, hard=40)
    desk.looks(3)
    assert (desk.world.switch.thrown, desk.world.alerts.kinds()) == (thrown, alerts)


def test_a_dry_run_throws_no_switch() -> None:
    """It alerts, and the scope stays on."""
    desk = Desk(GuardPolicy(mode=Mode.DRY_RUN))
    desk.mail(MARKETING, ACME, delivered=160, hard=40)
    desk.looks(3)
    assert desk.world.switch.thrown == []
    assert desk.world.alerts.kinds() == [("Sending Would Be Paused", ACME), ("Sending Would Be Paused", MARKETING)]


def test_off_looks_at_nothing() -> None:
    """Not even at AWS."""
    desk = Desk(GuardPolicy(mode=Mode.OFF))
    desk.mail(MARKETING, delivered=160, hard=40)
    outcome = desk.looks()
    assert (outcome.assessments, desk.world.metrics.asked, desk.world.switch.asked) == ({}, [], 0)


# Narrowest first


def test_a_tenant_is_paused_and_the_set_it_uses_is_not() -> None:
    """The other tenants of the set keep sending; so does the account."""
    desk = Desk(ACTIVE)
    desk.mail(ACME, delivered=160, hard=40)
    desk.mail(MARKETING, "account", delivered=560, hard=45)
    desk.looks(4)
    assert desk.world.switch.thrown == [(ACME, False)]


def test_the_wider_scope_is_paused_for_mail_of_its_own() -> None:
    """Paused tenants excuse only their own mail."""
    desk = Desk(ACTIVE)
    desk.mail(ACME, delivered=160, hard=40)
    desk.mail(MARKETING, delivered=360, hard=120)
    desk.looks(2)
    assert desk.world.switch.thrown == [(ACME, False), (MARKETING, False)]


def test_after_a_resumption_the_past_is_still_not_held_against_the_account() -> None:
    """The account's counters know no probation; the mail that the set was paused for stays spoken for."""
    desk = Desk(ACTIVE)
    desk.mail(MARKETING, "account", delivered=160, hard=40)
    desk.looks()
    begun = desk.now
    before = replace(desk.state(MARKETING), status=Status.PROBATION, counting_from=begun, since=begun)
    desk.world.store.rows[MARKETING] = before
    desk.world.switch.off.clear()
    desk.now = begun + timedelta(hours=1)
    desk.mail(MARKETING, "account", delivered=300, hard=3)
    desk.looks(3)
    assert ("account", False) not in desk.world.switch.thrown


def test_awss_rate_of_the_account_is_forgiven_while_the_guilty_set_is_paused() -> None:
    """It would heal only by sending."""
    desk = Desk(ACTIVE)
    desk.pause(MARKETING)
    desk.world.metrics.told = {"account": Word(bounces=0.07)}
    desk.look(ask_aws=True)
    desk.looks(3)
    assert ("account", False) not in desk.world.switch.thrown
    assert desk.state("account").aws_mark == Word(bounces=0.07)


# AWS's own word


def test_awss_own_rate_pauses_without_evidence_of_ours(desk: Desk) -> None:
    """An alarm asks at once."""
    desk.world.metrics.told = {MARKETING: Word(bounces=0.05)}
    desk.mail(MARKETING, delivered=990, hard=10)
    outcome = desk.look(ask_aws=True)
    assert outcome.count(Action.PAUSED) == 1
    assert "AWS's own bounce rate is 5.00 %" in desk.state(MARKETING).reason


def test_aws_is_asked_every_five_minutes_for_sets_and_the_account_alone(desk: Desk) -> None:
    """Tenants have no such metric."""
    desk.mail(MARKETING, ACME, "account", delivered=10)
    desk.looks(1 + ASK_AWS_EVERY // MINUTE)
    assert desk.world.metrics.asked == [["account", MARKETING]]
    assert desk.world.switch.asked == 1


def test_a_rate_near_the_limit_is_remembered_between_the_questions(desk: Desk) -> None:
    """A warned scope does not heal because nobody asked."""
    desk.world.metrics.told = {MARKETING: Word(bounces=0.035)}
    desk.mail(MARKETING, delivered=990, hard=10)
    desk.look(ask_aws=True)
    desk.mail(MARKETING, delivered=999, hard=10)
    desk.looks(3)
    assert desk.state(MARKETING).status is Status.WARNED
    assert desk.world.alerts.kinds() == [("Sending Warned", MARKETING)]


def test_the_first_rate_after_a_resumption_is_the_mark(desk: Desk) -> None:
    """It is asked for at once, and not acted upon."""
    desk.world.store.rows[MARKETING] = State(scope=MARKETING, status=Status.PROBATION, since=START, counting_from=START, version=1)
    desk.world.metrics.told = {MARKETING: Word(bounces=0.08)}
    desk.looks(3)
    assert desk.state(MARKETING).aws_mark == Word(bounces=0.08)
    assert desk.world.switch.thrown == []


@pytest.mark.parametrize("after", ["PROBATION", "SHUTDOWN", "SOMETHING_NEW"])
def test_a_change_of_enforcement_is_an_alert(desk: Desk, after: str) -> None:
    """Once, in plain words, also of a status that nobody knows."""
    desk.world.switch.enforcement = after
    desk.look(ask_aws=True)
    desk.look(ask_aws=True)
    [alert] = desk.world.alerts.sent
    assert (alert.kind, alert.status) == ("Enforcement Status Changed", after)
    assert f"from HEALTHY to {after}" in alert.reason


def test_the_first_enforcement_status_is_no_change(desk: Desk) -> None:
    """A new guard learns it silently."""
    desk.world.store.look = None
    desk.world.switch.enforcement = "PROBATION"
    desk.look()
    assert desk.world.alerts.sent == []


def test_an_account_that_somebody_switched_off_is_shown_as_paused(desk: Desk) -> None:
    """And as resumed on probation once it is on again."""
    desk.world.switch.off = {"account"}
    desk.look(ask_aws=True)
    assert (desk.state("account").status, desk.world.alerts.sent) == (Status.PAUSED, [])
    desk.world.switch.off = set()
    desk.look(ask_aws=True)
    assert desk.state("account").status is Status.PROBATION
    assert desk.world.alerts.kinds() == [("Sending Resumed", "account")]


# Reconciling


def test_a_paused_scope_that_sends_again_is_on_probation(desk: Desk) -> None:
    """A console or a deployment tool did it: that is told, and counted afresh from then on."""
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.looks()
    desk.world.switch.off.clear()
    desk.look()
    state = desk.state(MARKETING)
    assert (state.status, state.before and state.before.hard) == (Status.PROBATION, 40)
    assert desk.world.alerts.kinds()[-1] == ("Sending Resumed", MARKETING)
    desk.mail(MARKETING, delivered=200, hard=41)
    desk.looks(3)
    assert desk.state(MARKETING).status is Status.PROBATION


def test_every_paused_scope_is_read_back_in_turn(desk: Desk) -> None:
    """Some with each run, as SES takes one request a second."""
    for number in range(30):
        desk.pause(f"tenant/t{number}", since=START)
    for number in range(30):
        desk.world.switch.off.discard(f"tenant/t{number}")
    desk.looks(6)
    assert {state.status for state in desk.world.store.rows.values()} == {Status.PROBATION}


# Failures


def test_a_failed_pause_is_alerted_tried_again_and_never_looks_like_success(desk: Desk) -> None:
    """Until the switch is read back as off, the scope is not paused."""
    desk.world.switch.stuck = {MARKETING}
    desk.mail(MARKETING, delivered=160, hard=40)
    outcome = desk.looks()
    assert [type(error) for error in outcome.errors] == [SwitchError]
    assert (desk.state(MARKETING).status, desk.state(MARKETING).failures) == (Status.PAUSING, 1)
    assert desk.world.alerts.kinds() == [("Sending Pause Failed", MARKETING)]
    assert "put-configuration-set-sending-options" in desk.world.alerts.sent[0].next
    assert desk.look().errors
    assert len(desk.world.alerts.sent) == 1
    desk.world.switch.stuck = set()
    assert desk.look().errors == []
    assert desk.state(MARKETING).status is Status.PAUSED
    assert desk.world.alerts.kinds()[-1] == ("Sending Paused", MARKETING)


def test_a_pause_that_its_owner_died_over_is_taken_up(desk: Desk) -> None:
    """Whoever comes after the lease throws the switch."""
    desk.world.store.rows[MARKETING] = State(scope=MARKETING, status=Status.PAUSING, since=START - LEASE, version=1, reason="r")
    desk.look()
    assert desk.world.switch.thrown == [(MARKETING, False)]
    assert desk.state(MARKETING).status is Status.PAUSED


def test_an_alert_that_did_not_go_out_is_sent_later(desk: Desk) -> None:
    """The pause stands meanwhile, and the run fails visibly."""
    desk.world.alerts.fails = 1
    desk.mail(MARKETING, delivered=160, hard=40)
    outcome = desk.looks()
    assert len(outcome.errors) == 1
    assert (desk.state(MARKETING).status, desk.state(MARKETING).untold) == (Status.PAUSED, Action.PAUSED)
    desk.looks(2)
    assert desk.world.alerts.kinds() == [("Sending Paused", MARKETING)]
    assert desk.state(MARKETING).untold is None


def test_whoever_is_slower_does_nothing(desk: Desk) -> None:
    """Of two guards at once, the one that finds the state changed leaves the episode to the other."""
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look()
    claimed = replace(desk.state(MARKETING), status=Status.PAUSING, since=desk.now, version=2)
    desk.world.store.faster = [claimed]
    outcome = desk.look()
    assert (outcome.errors, outcome.count(Action.PAUSE), desk.world.switch.thrown) == ([], 0, [])


@pytest.mark.parametrize("stuck", [False, True], ids=["thrown", "refused"])
def test_a_resumption_amid_a_pause_has_the_last_word(desk: Desk, stuck: bool) -> None:
    """An operator resumes what is just being paused, and the guard's throw comes last: it takes it back, and that is no error."""

    def resume() -> None:
        rows[MARKETING] = replace(rows[MARKETING], status=Status.PROBATION, by="jane", version=rows[MARKETING].version + 1)
        switch.stuck = {MARKETING} if stuck else set()
        switch.meanwhile = [switch.stuck.clear]

    rows, switch = desk.world.store.rows, desk.world.switch
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look()
    switch.meanwhile = [resume]
    outcome = desk.look()
    assert (outcome.errors, switch.off, switch.thrown[-1]) == ([], set(), (MARKETING, True))
    assert (desk.state(MARKETING).status, desk.state(MARKETING).by) == (Status.PROBATION, "jane")
    assert desk.world.alerts.sent == []


@pytest.mark.parametrize("status", [Status.PAUSING, Status.PAUSED])
def test_whoever_took_up_a_pause_amid_it_finds_the_switch_off(desk: Desk, status: Status) -> None:
    """The lease ran out while SES was slow: the other one goes on with the episode."""

    def take_up() -> None:
        rows[MARKETING] = replace(rows[MARKETING], status=status, version=rows[MARKETING].version + 1)

    rows, switch = desk.world.store.rows, desk.world.switch
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look()
    switch.meanwhile = [take_up]
    outcome = desk.look()
    assert (outcome.errors, switch.thrown, desk.world.alerts.sent) == ([], [(MARKETING, False)], [])
    assert outcome.states[MARKETING].status is status


@pytest.mark.parametrize("how", ["slower", "refused", "crowded"])
def test_a_pause_that_this_run_does_not_get_done_still_spares_the_account(how: str) -> None:
    """Somebody else's claim, a refusal of DynamoDB or a full run must not bring down every other sender."""
    desk = Desk(ACTIVE)
    desk.mail(MARKETING, "account", delivered=160, hard=40)
    if how == "crowded":
        desk.mail(*(f"tenant/{number:02}" for number in range(MOST_PAUSES)), delivered=160, hard=40)
    desk.look()
    if how == "slower":
        desk.world.store.faster = [replace(desk.state(MARKETING), status=Status.PAUSING, since=desk.now, version=2)]
    if how == "refused":
        desk.world.store.faults = {"save_state": LedgerBusy("DynamoDB is busy")}
    desk.looks(2)
    assert ("account", False) not in desk.world.switch.thrown
    assert desk.state("account").status is Status.HEALTHY


def test_a_pause_that_fails_again_and_again_excuses_nobody() -> None:
    """If SES cannot stop the set, the account is stopped, where that is allowed."""
    desk = Desk(ACTIVE)
    desk.world.switch.stuck = {MARKETING}
    desk.mail(MARKETING, "account", delivered=160, hard=40)
    desk.looks(4)
    assert desk.world.switch.thrown == []
    desk.looks(HOPELESS + 2)
    assert desk.world.switch.thrown == [("account", False)]


def test_the_failure_of_one_scope_is_not_that_of_the_others(desk: Desk) -> None:
    """The rest is still looked after, and the failure still shows."""
    desk.mail(MARKETING, RECEIPTS, delivered=160, hard=40)
    desk.look()
    desk.world.store.faults = {"save_state": LedgerBusy("DynamoDB is busy: ThrottlingException")}
    outcome = desk.look()
    assert len(outcome.errors) == 1
    assert desk.world.switch.thrown == [(RECEIPTS, False)]
    desk.look()
    assert (MARKETING, False) in desk.world.switch.thrown


@pytest.mark.parametrize("call", ["last_look", "changes"])
def test_a_guard_that_can_see_nothing_fails_as_a_whole(desk: Desk, call: str) -> None:
    """There is nothing to judge by."""
    desk.world.store.faults = {call: LedgerBusy("DynamoDB is busy")}
    with pytest.raises(LedgerBusy):
        desk.look()


@pytest.mark.parametrize("call", ["save_look", "save_rollups"])
def test_what_cannot_be_left_for_the_next_run_is_an_error_and_no_end(desk: Desk, call: str) -> None:
    """The pauses of this run stand."""
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look()
    desk.world.store.faults = {call: LedgerBusy("DynamoDB is busy")}
    if call == "save_rollups":
        desk.now += STORED_WITHIN
    outcome = desk.look()
    assert [str(error) for error in outcome.errors] == ["DynamoDB is busy"]
    assert desk.state(MARKETING).status is Status.PAUSED


def test_a_scope_that_is_gone_is_paused_without_end_of_errors(desk: Desk) -> None:
    """A deleted set sends nothing; if it is made again, it is on probation."""
    desk.world.switch.gone = {MARKETING}
    desk.mail(MARKETING, delivered=160, hard=40)
    assert desk.looks(5).errors == []
    assert desk.state(MARKETING).status is Status.PAUSED
    assert "SES knows no configuration-set/marketing" in desk.state(MARKETING).reason
    desk.world.switch.gone = set()
    desk.look()
    assert desk.state(MARKETING).status is Status.PROBATION


def test_without_cloudwatch_our_own_evidence_still_pauses(desk: Desk) -> None:
    """AWS's word is a second opinion."""
    desk.world.metrics.fails = True
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look(ask_aws=True)
    outcome = desk.look(ask_aws=True)
    assert len(outcome.errors) == 1
    assert desk.state(MARKETING).status is Status.PAUSED


def test_without_the_account_the_rest_goes_on(desk: Desk) -> None:
    """GetAccount may be throttled."""
    desk.world.switch.broken = {"account"}
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.look(ask_aws=True)
    assert len(desk.look(ask_aws=True).errors) == 1
    assert desk.state(MARKETING).status is Status.PAUSED


def test_a_switch_that_cannot_be_read_back_is_an_error(desk: Desk) -> None:
    """Nothing is concluded from it."""
    desk.pause(MARKETING)
    desk.world.switch.broken = {MARKETING}
    assert len(desk.look().errors) == 1
    assert desk.state(MARKETING).status is Status.PAUSED


# The lag


def test_a_backlog_holds_a_suspicion_until_the_lane_has_come_so_far(desk: Desk) -> None:
    """Progress is read from the account's counters, the slowest busy environment counting."""
    desk.world.backlog.count = 5_000
    lane = Change("account", 0, "2026-11-24T10", Tally(delivered=100), START, START - 3 * MINUTE)  # three minutes late
    desk.world.store.count(lane)
    desk.mail(MARKETING, delivered=160, hard=40)
    outcome = desk.looks(2)
    assert outcome.lag == 4 * MINUTE
    assert desk.state(MARKETING).status is Status.HEALTHY
    desk.world.store.count(lane._replace(at=desk.now, progress=START - timedelta(seconds=1)))
    desk.world.store.count(lane._replace(shard=1, at=desk.now, progress=desk.now - timedelta(seconds=30)))
    desk.look()
    assert desk.state(MARKETING).status is Status.HEALTHY
    desk.world.store.count(lane._replace(at=desk.now, progress=START))
    desk.look()
    assert desk.state(MARKETING).status is Status.PAUSED


def test_a_lane_that_stands_still_makes_everything_unknown(desk: Desk) -> None:
    """After the longest lag nothing is called healthy."""
    desk.world.backlog.count = 5_000
    desk.mail(MARKETING, delivered=990, hard=10)
    desk.now += timedelta(minutes=20)
    desk.mail(MARKETING, delivered=991, hard=10)
    assert desk.look().assessments[MARKETING].verdict is Verdict.UNKNOWN


def test_a_queue_that_cannot_be_asked_is_taken_for_full(desk: Desk) -> None:
    """Then only progress counts."""
    desk.world.backlog.fails = True
    desk.mail("account", MARKETING, delivered=160, hard=40)
    outcome = desk.look()
    assert len(outcome.errors) == 1
    assert outcome.lag == timedelta(seconds=20)


def test_a_clock_that_ran_ahead_is_waited_for(desk: Desk) -> None:
    """A look from the future neither hides changes nor skips AWS's rates."""
    future = START + timedelta(hours=2)
    desk.world.store.look = Look(future, asked_aws=future, enforcement="HEALTHY", progress=future)
    desk.mail(MARKETING, delivered=160, hard=40)
    desk.world.backlog.count = 1
    outcome = desk.look()
    assert outcome.lag >= timedelta(hours=1)
    desk.world.backlog.count = 0
    assert desk.world.metrics.asked
    desk.look()
    assert desk.state(MARKETING).status is Status.PAUSED


# What is stored


def test_changes_are_stored_within_half_an_hour_and_survive(desk: Desk) -> None:
    """The index is read back to what is not stored: what it no longer shows is in the rollup."""
    desk.mail(MARKETING, delivered=100, hard=3)
    desk.look()
    assert desk.world.store.stored == {}
    desk.now += STORED_WITHIN
    desk.look()
    assert desk.world.store.stored.keys() == {MARKETING}
    desk.now += timedelta(hours=3)
    desk.mail(MARKETING, delivered=50, hard=1)
    bounces = desk.look().assessments[MARKETING].bounces
    assert (bounces.recent.bad, bounces.recent.mails) == (4, 154)


@pytest.mark.parametrize("failing", ["save_rollups", "save_look", None])
def test_what_a_run_could_not_store_is_read_again(desk: Desk, failing: str | None) -> None:
    """However long the scope is silent: the next run looks back to the earliest change that no rollup holds."""
    desk.mail(MARKETING, delivered=100, hard=3)
    desk.look()
    desk.now += STORED_WITHIN
    desk.world.store.faults = {failing: LedgerBusy("DynamoDB is busy")} if failing else {}
    desk.look()
    desk.now += timedelta(hours=2)
    desk.look()
    desk.now += timedelta(hours=2)
    desk.mail(MARKETING, delivered=50, hard=1, shard=1)
    bounces = desk.look().assessments[MARKETING].bounces
    assert (bounces.recent.bad, bounces.recent.mails) == (4, 154)


def test_a_run_stores_only_so_many(desk: Desk) -> None:
    """The longest waiting first; the rest have their turn before an hour is over."""
    desk.mail(*(f"tenant/{number}" for number in range(MOST_STORED + 5)), delivered=10)
    desk.look()
    desk.now += STORED_WITHIN
    desk.look()
    assert len(desk.world.store.stored) == MOST_STORED
    desk.look()
    assert len(desk.world.store.stored) == MOST_STORED + 5


def test_a_guard_that_was_away_reads_what_it_missed(desk: Desk) -> None:
    """Up to a day back."""
    desk.mail(MARKETING, delivered=100, hard=3)
    desk.now += timedelta(hours=5)
    assert desk.look().assessments[MARKETING].bounces.recent.bad == 3


def test_a_late_complaint_of_a_summed_day_is_read_once(desk: Desk) -> None:
    """A day's counters are read anew, and the sum is stored at once."""
    desk.mail(MARKETING, delivered=100, hour="2026-11-20T10")
    desk.look()
    desk.now += STORED_WITHIN
    desk.look()
    desk.mail(MARKETING, delivered=100, complaints=1, hour="2026-11-20T10")
    desk.looks(10)
    assert set(desk.world.store.days_read) == {(MARKETING, "2026-11-20")}
    assert len(desk.world.store.days_read) < 6
    desk.mail(MARKETING, delivered=1)
    assert desk.look().assessments[MARKETING].complaints.recent.bad == 1


def test_policy_refusals_count_as_the_operator_says() -> None:
    """As outcomes, or as hard bounces."""
    for hard, bad in ((False, 1), (True, 8)):
        desk = Desk(GuardPolicy(policy_refusals_are_hard=hard))
        tally = Tally(delivered=500, hard=1, policy=7)
        desk.world.store.count(Change(MARKETING, 0, "2026-11-24T10", tally, desk.now))
        assert desk.look().assessments[MARKETING].bounces.recent.bad == bad


def test_pauses_are_paced_over_the_runs(desk: Desk) -> None:
    """SES takes one request a second, so a run pauses a dozen."""
    desk.mail(*(f"tenant/{number:02}" for number in range(MOST_PAUSES + 3)), delivered=160, hard=40)
    desk.looks(2)
    assert len(desk.world.switch.thrown) == MOST_PAUSES
    desk.look()
    assert len(desk.world.switch.thrown) == MOST_PAUSES + 3
