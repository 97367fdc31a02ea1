"""The guard on an emulator, from events in the ledger to the switch of a configuration set and the alert about it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from ses_warden.adapters.ledger import Tables
from ses_warden.application.guard_sending import STORED_WITHIN, GuardPolicy, GuardServices
from ses_warden.application.operate_sending import pause_sending, resume_sending
from ses_warden.domain.guard import LEASE
from ses_warden.domain.guard_states import OUTSIDE, Action, Mode, State, Status
from ses_warden.domain.judgement import Verdict
from tests.guard_fakes import FakeSwitch
from tests.integration.guardhouse import MINUTE, Guardhouse
from tests.support.dynamo import Wire


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """A guard with everything that it needs."""
    if endpoint == "aws":
        pytest.skip("switches real configuration sets, and waits for real topics")
    return Guardhouse(endpoint, tables)


def scope_of(configuration_set: str) -> str:
    """Its scope."""
    return f"configuration-set/{configuration_set}"


def state_of(house: Guardhouse, configuration_set: str) -> State:
    """Where it stands; it must have a state."""
    state = house.state(scope_of(configuration_set))
    assert state
    return state


def resume(house: Guardhouse, configuration_set: str) -> State:
    """Jane resumes it."""
    services = house.services()
    return resume_sending(
        scope_of(configuration_set),
        by="jane",
        reason="list cleaned",
        store=services.store,
        switch=services.switch,
        alerts=services.alerts,
        now=house.now,
    )


def test_a_stale_list_pauses_its_configuration_set_alone(house: Guardhouse) -> None:
    """The bad set is switched off, read back and told of; the good one and the account go on."""
    house.send(house.receipts, 500, 5)
    house.send(house.marketing, 160, 40)
    outcome = house.looks()
    assert not outcome.errors
    assert (house.sends(house.marketing), house.sends(house.receipts)) == (False, True)
    state = state_of(house, house.marketing)
    assert state.status is Status.PAUSED
    assert "40 of 200" in state.reason
    [alert] = house.alerts()
    assert house.marketing in alert
    assert "ses-warden resume" in alert
    [event] = house.events()
    assert (event["detail-type"], event["detail"]["scope"]) == ("Sending Paused", scope_of(house.marketing))
    assert house.trail(scope_of(house.marketing)) == [("pause", "the guard"), ("paused", "the guard")]


def test_a_healthy_month_is_left_alone(house: Guardhouse) -> None:
    """Two per cent of bounces, over shards and hours, are no reason for anything."""
    for hours in (30, 20, 2, 0):
        for shard in (0, 3):
            house.send(house.marketing, 98, 2, shard=shard, sent_at=house.now - timedelta(hours=hours))
    outcome = house.looks(3)
    bounces = outcome.assessments[scope_of(house.marketing)].bounces
    assert (bounces.recent.bad, bounces.recent.mails, bounces.verdict) == (16, 800, Verdict.HEALTHY)
    assert (house.sends(house.marketing), house.alerts(), house.state(scope_of(house.marketing))) == (True, [], None)


def test_complaints_pause_too(house: Guardhouse) -> None:
    """Few as they are."""
    house.send(house.marketing, 2_000, complained=12)
    house.looks()
    assert house.sends(house.marketing) is False
    assert "complaints" in state_of(house, house.marketing).reason


def test_a_dry_run_leaves_the_switch_alone(endpoint: str, tables: Tables) -> None:
    """It says what it would have done."""
    house = Guardhouse(endpoint, tables, policy=GuardPolicy(mode=Mode.DRY_RUN, account_mode=Mode.OFF))
    house.send(house.marketing, 160, 40)
    house.looks(3)
    assert house.sends(house.marketing)
    [alert] = house.alerts()
    assert "dry run" in alert
    [event] = house.events()
    assert event["detail-type"] == "Sending Would Be Paused"


def test_an_operator_resumes_and_late_outcomes_do_no_harm(house: Guardhouse) -> None:
    """Probation counts from the resumption, though bounces of before keep arriving, in this hour's cohort and in older ones."""
    house.send(house.marketing, 160, 40)
    house.looks()
    house.now += 10 * MINUTE
    house.send(house.marketing, 0, 20, sent_at=house.now - timedelta(hours=2))
    state = resume(house, house.marketing)
    assert (state.status, state.before and state.before.hard) == (Status.PROBATION, 40)
    assert house.sends(house.marketing)
    house.now += MINUTE
    house.send(house.marketing, 150, 1)
    house.send(house.marketing, 0, 60, sent_at=house.now - timedelta(hours=1))
    outcome = house.looks(3)
    assert outcome.assessments[scope_of(house.marketing)].bounces.recent.bad == 1
    assert house.sends(house.marketing)
    assert state_of(house, house.marketing).status is Status.PROBATION


def test_who_goes_on_as_before_is_paused_again(house: Guardhouse) -> None:
    """On probation a few mails are enough, and it is a new episode with a new alert."""
    house.send(house.marketing, 160, 40)
    house.looks()
    resume(house, house.marketing)
    house.now += MINUTE
    house.send(house.marketing, 30, 20)
    house.looks()
    assert house.sends(house.marketing) is False
    assert [event["detail-type"] for event in house.events()] == ["Sending Paused", "Sending Resumed", "Sending Paused"]
    acts = [action for action, _ in house.trail(scope_of(house.marketing))]
    assert acts == ["pause", "paused", "resumed", "pause", "paused"]


def test_probation_ends_and_the_scope_is_healthy(house: Guardhouse) -> None:
    """After a day and a thousand mails."""
    house.send(house.marketing, 160, 40)
    house.looks()
    resume(house, house.marketing)
    house.now += timedelta(hours=3)
    house.send(house.marketing, 1_050, 5)
    house.looks()
    assert state_of(house, house.marketing).status is Status.PROBATION
    house.now += timedelta(hours=22)
    house.send(house.marketing, 50)
    house.looks()
    assert state_of(house, house.marketing).status is Status.HEALTHY


def test_the_console_resumes_too_and_the_guard_says_so(house: Guardhouse) -> None:
    """What somebody switched on is on probation, and told."""
    house.send(house.marketing, 160, 40)
    house.looks()
    house.switch(house.marketing, on=True)
    house.now += MINUTE
    house.look()
    state = state_of(house, house.marketing)
    assert (state.status, state.by) == (Status.PROBATION, OUTSIDE)
    house.looks(3)
    assert house.sends(house.marketing)
    assert house.events()[-1]["detail-type"] == "Sending Resumed"


def test_an_operator_pauses_by_hand(house: Guardhouse) -> None:
    """And the guard leaves it so."""
    services = house.services()
    pause_sending(
        scope_of(house.marketing),
        by="jane",
        reason="spam run",
        store=services.store,
        switch=services.switch,
        alerts=services.alerts,
        now=house.now,
    )
    house.looks(3)
    assert house.sends(house.marketing) is False
    assert house.trail(scope_of(house.marketing)) == [("pause", "jane"), ("paused", "jane")]


def test_what_happened_while_the_guard_was_away_is_not_lost(house: Guardhouse) -> None:
    """Neither by a pause of some hours, nor when the index forgets: the rollup has it."""
    house.send(house.marketing, 150, 3)
    house.look()
    house.now += STORED_WITHIN + MINUTE
    house.look()
    house.now += timedelta(hours=5)
    house.send(house.marketing, 100, 2)
    house.now += timedelta(hours=4)
    bounces = house.look().assessments[scope_of(house.marketing)].bounces
    assert (bounces.recent.bad, bounces.recent.mails) == (5, 255)


def test_a_complaint_of_last_week_is_counted(house: Guardhouse) -> None:
    """Its day is a sum by now, and is read anew."""
    sent_at = house.now - timedelta(days=5)
    house.send(house.marketing, 300, 3, sent_at=sent_at)
    house.look()
    house.now += STORED_WITHIN + MINUTE
    house.look()
    house.send(house.marketing, complained=1, sent_at=sent_at)
    for _ in range(5):
        outcome = house.look()
        house.now += MINUTE
        complaints = outcome.assessments[scope_of(house.marketing)].complaints
        assert (complaints.recent.bad, complaints.recent.mails) == (1, 300)


# Races


@pytest.mark.parametrize("guards", [2, 6])
def test_of_guards_at_once_one_pauses(house: Guardhouse, guards: int) -> None:
    """One line of the trail for each step, one throw of the switch, one alert, however many runs see the same evidence."""
    house.send(house.marketing, 160, 40)
    house.look()
    house.now += MINUTE
    switch = FakeSwitch()
    start = Barrier(guards)

    def run(services: GuardServices) -> Any:
        start.wait()
        return house.look(services)

    many = [house.services(switch=switch) for _ in range(guards)]
    with ThreadPoolExecutor(guards) as pool:
        outcomes = list(pool.map(run, many))
    assert [outcome.errors for outcome in outcomes] == [[]] * guards
    assert switch.thrown == [(scope_of(house.marketing), False)]
    assert sum(outcome.count(Action.PAUSED) for outcome in outcomes) == 1
    assert house.trail(scope_of(house.marketing)) == [("pause", "the guard"), ("paused", "the guard")]
    assert len(house.alerts()) == 1


def test_a_resumption_and_a_guard_at_once_end_in_probation(house: Guardhouse) -> None:
    """Whoever writes first, the operator's word is in the trail, and the switch is on."""
    house.send(house.marketing, 160, 40)
    house.looks()
    for _ in range(5):
        house.now += MINUTE
        start = Barrier(2)

        def by_hand(start: Barrier = start) -> object:
            start.wait()
            return resume(house, house.marketing)

        def by_guard(start: Barrier = start) -> object:
            start.wait()
            return house.look()

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(by_hand), pool.submit(by_guard)]:
                done.result()
        state = state_of(house, house.marketing)
        assert (state.status, state.by, house.sends(house.marketing)) == (Status.PROBATION, "jane", True)
        house.now += MINUTE
        services = house.services()
        pause_sending(
            scope_of(house.marketing),
            by="jane",
            reason="again",
            store=services.store,
            switch=services.switch,
            alerts=services.alerts,
            now=house.now,
        )


class Crash(Exception):
    """The process dies here."""


def deaths() -> Iterator[tuple[str, int]]:
    """Each call of the run that pauses: before it, the process dies."""
    yield from (
        (service, number)
        for service, count in (("dynamodb", 12), ("sesv2", 3), ("sns", 1), ("events", 1))
        for number in range(count)
    )


@pytest.mark.parametrize(("service", "number"), list(deaths()), ids=str)
def test_a_guard_that_dies_at_any_call_is_made_good_by_the_next(house: Guardhouse, service: str, number: int) -> None:
    """In the end the set is paused once, and somebody was told."""
    house.send(house.marketing, 160, 40)
    house.look()
    house.now += MINUTE
    dying = house.services()
    clients = {
        "dynamodb": dying.store._client,  # type: ignore[attr-defined]  # the adapter's own
        "sesv2": dying.switch._client,  # type: ignore[attr-defined]
        "sns": dying.alerts._sns,  # type: ignore[attr-defined]
        "events": dying.alerts._events,  # type: ignore[attr-defined]
    }
    calls = 0

    def die(**_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == number + 1:
            raise Crash

    clients[service].meta.events.register(f"before-call.{service}", die)
    died = False
    try:
        house.look(dying)
    except Crash:
        died = True
    house.now += LEASE + timedelta(seconds=20)
    house.looks(3)
    assert house.sends(house.marketing) is False
    assert state_of(house, house.marketing).status is Status.PAUSED
    assert state_of(house, house.marketing).untold is None
    alerts = house.alerts()
    assert 1 <= len(alerts) <= 1 + died
    assert [action for action, _ in house.trail(scope_of(house.marketing))].count("paused") == 1


def test_a_fire_drill_pauses_its_own_set_alone(endpoint: str, tables: Tables) -> None:
    """Mail to the mailbox simulator drives the guard to a pause; the account's rates do not move."""
    if endpoint == "aws":
        pytest.skip("switches real configuration sets, and waits for real topics")
    house = Guardhouse(endpoint, tables, drill=True)
    house.send(house.receipts, 300, 3)
    house.send(house.marketing, 60, 40, simulated=True)
    outcome = house.looks()
    assert outcome.count(Action.PAUSED) == 1
    assert state_of(house, house.marketing).status is Status.PAUSED
    assert (house.sends(house.marketing), house.sends(house.receipts)) == (False, True)
    assert outcome.assessments["account"].verdict is Verdict.HEALTHY
    assert outcome.assessments["account"].bounces.recent.bad == 3
    assert any("Sending Paused" in alert for alert in house.alerts())


def test_a_run_costs_calls_by_the_hundred_scopes(house: Guardhouse) -> None:
    """No call for each scope: what changed is found by a query for each shard and hour, and cohorts are read by the hundred."""
    for number in range(120):
        house.send(house.marketing, 3, tenant=f"t{number}", shard=number % 4)
    house.look()
    house.now += MINUTE
    services = house.services()
    wire = Wire(services.store._client)  # type: ignore[attr-defined]  # the adapter's own
    outcome = house.look(services)
    assert outcome.changed == 122
    assert len(wire.calls) <= 20
