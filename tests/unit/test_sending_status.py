"""What SES says when a tenant is switched, and what the guard makes of it; see docs/guard.md."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.application.guard_sending import GuardPolicy
from ses_warden.bootstrap.guarding import Guard
from ses_warden.domain.guard_states import AWS, OUTSIDE, Action, Mode, State, Status
from ses_warden.domain.sending_status import SendingStatus, sending_status_of
from ses_warden.errors import AlertError, SwitchError
from tests.guard_fakes import World
from tests.support.template import TEMPLATE

SAMPLES = Path(TEMPLATE.parent, "events", "tenants")
AT = datetime(2026, 11, 24, 10, 6, 28, tzinfo=UTC)
NOW = AT + timedelta(seconds=2)
ACME = "tenant/acme"
PAUSED = State(scope=ACME, status=Status.PAUSED, since=AT - timedelta(hours=1), version=3)


def sample(name: str) -> dict[str, Any]:
    """An event as EventBridge hands it over."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize(
    ("name", "sends", "by_aws", "words"),
    [
        ("disabled-by-aws", False, True, "AWS switched sending off: The bounce rate exceeded 15.0%"),
        ("disabled-by-customer", False, False, "somebody outside SES Warden switched sending off: Status manually updated."),
        ("enabled-by-customer", True, False, "somebody outside SES Warden switched sending on: Status manually updated."),
        ("reinstated-by-customer", True, False, "somebody outside SES Warden switched sending on"),
    ],
)
def test_an_event_says_who_switched_what_and_why(name: str, sends: bool, by_aws: bool, words: str) -> None:
    """As SES's guide shows it."""
    status = sending_status_of(sample(name))
    assert status
    assert (status.scope, status.sends, status.by_aws, status.at) == (ACME, sends, by_aws, AT)
    assert status.words.startswith(words)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"detail": {}}, SendingStatus(ACME, sends=False, by_aws=False, cause="", at=AT)),
        ({"detail": None, "time": "soon"}, SendingStatus(ACME, sends=False, by_aws=False, cause="", at=None)),
        ({"time": "2026-11-24T10:06:28"}, SendingStatus(ACME, sends=False, by_aws=True, cause="", at=None)),
        (
            {"resources": ["arn:aws:ses:::tenant/acme/tn-1"]},
            SendingStatus(ACME, sends=False, by_aws=True, cause="", at=AT),
        ),
        ({"resources": [1, "arn:aws:sns:eu-west-1:1:tenant/x", "arn:aws:ses:eu-west-1:1:tenant/a b/tn"]}, None),
        ({"resources": {}}, None),
        ({"detail-type": "Sending Status Considered", "detail": {"data": {"record": {"status": "PENDING"}}}}, None),
        ({"detail-type": "Email Bounced"}, None),
        ({"source": "mine"}, None),
    ],
)
def test_what_is_missing_is_forgiven_and_what_names_no_tenant_is_passed_over(
    changed: dict[str, Any], expected: SendingStatus | None
) -> None:
    """AWS adds and leaves out fields; the causes are left out of the comparison."""
    status = sending_status_of({**sample("disabled-by-aws"), **changed})
    assert (replace(status, cause="") if status else None) == expected


def test_a_cause_is_made_fit_for_logs_and_alerts() -> None:
    """It is text from outside."""
    event = sample("disabled-by-aws")
    event["detail"]["data"]["record"]["cause"] = "jane@example.com \x1b[31mcomplained\n" + "x" * 1000
    status = sending_status_of(event)
    assert status
    assert status.cause.startswith("j***@e***.com complained x")
    assert len(status.cause) < 320


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_event_breaks_the_guard(detail: Any) -> None:
    """Whatever stands where."""
    for event in (detail, {**sample("disabled-by-aws"), "detail": detail}, {**sample("disabled-by-aws"), "resources": detail}):
        sending_status_of(event)


# What the guard does


@pytest.fixture
def world() -> World:
    """A tenant that sends."""
    return World()


def hear(world: World, name: str, policy: GuardPolicy | None = None) -> list[Action]:
    """The guard is invoked with the sample; what it did."""
    outcome = Guard(world.services(), policy or GuardPolicy(), lambda: NOW).look(sample(name))
    assert not outcome.errors
    return [decision.action for decision in outcome.decisions]


@pytest.mark.parametrize(("name", "by"), [("disabled-by-aws", AWS), ("disabled-by-customer", OUTSIDE)])
def test_a_tenant_switched_off_elsewhere_is_noted_and_told(world: World, name: str, by: str) -> None:
    """Row, audit trail and alert name who and why, and nothing was thrown."""
    world.switch.off = {ACME}
    assert hear(world, name) == [Action.PAUSED]
    state = world.store.rows[ACME]
    assert (state.status, state.by, state.since, state.untold) == (Status.PAUSED, by, NOW, None)
    assert [(record.action, record.by, record.reason) for record in world.store.trail] == [(Action.PAUSED, by, state.reason)]
    [notice] = world.alerts.sent
    assert (notice.kind, notice.scope, notice.by, notice.reason) == ("Sending Paused", ACME, by, state.reason)
    assert world.switch.thrown == []
    assert hear(world, name) == []


def test_a_tenant_switched_on_elsewhere_is_on_probation(world: World) -> None:
    """As where the guard finds a switch on: it counts afresh, and says so."""
    world.store.rows[ACME] = PAUSED
    assert hear(world, "enabled-by-customer") == [Action.RESUMED]
    state = world.store.rows[ACME]
    assert (state.status, state.by, state.counting_from) == (Status.PROBATION, OUTSIDE, NOW)
    assert world.alerts.kinds() == [("Sending Resumed", ACME)]


@pytest.mark.parametrize("status", [Status.PAUSED, Status.PAUSING])
def test_the_echo_of_our_own_pause_changes_nothing(world: World, status: Status) -> None:
    """SES tells of it too, perhaps before the row says that it is done."""
    world.store.rows[ACME] = before = replace(PAUSED, status=status, since=AT)
    world.switch.off = {ACME}
    assert hear(world, "disabled-by-customer") == []
    assert (world.store.rows[ACME], world.alerts.sent) == (before, [])


def test_an_event_that_comes_late_is_not_believed_over_the_switch(world: World) -> None:
    """It was switched off, and on again meanwhile."""
    assert hear(world, "disabled-by-aws") == []
    assert world.store.rows == {}


@pytest.mark.parametrize(("since", "noted"), [(AT - timedelta(hours=1), True), (AT + timedelta(seconds=1), False)])
def test_where_ses_does_not_answer_a_newer_event_is_believed(world: World, since: datetime, noted: bool) -> None:
    """The event does not come again; that SES failed is reported all the same."""
    world.switch.broken = {ACME}
    world.store.rows[ACME] = replace(PAUSED, status=Status.HEALTHY, since=since)
    outcome = Guard(world.services(), GuardPolicy(), lambda: NOW).look(sample("disabled-by-aws"))
    assert [type(error) for error in outcome.errors] == [SwitchError]
    assert (world.store.rows[ACME].status is Status.PAUSED) is noted


def test_an_alert_that_fails_is_owed(world: World) -> None:
    """The next run sends it."""
    world.switch.off = {ACME}
    world.alerts.fails = 1
    with pytest.raises(AlertError):
        hear(world, "disabled-by-aws")
    assert world.store.rows[ACME].untold is Action.PAUSED


def test_a_tenant_that_is_gone_and_a_guard_that_is_off_note_nothing(world: World) -> None:
    """There is nothing to follow."""
    world.switch.off = {ACME}
    assert hear(world, "disabled-by-aws", GuardPolicy(mode=Mode.OFF)) == []
    world.switch.gone = {ACME}
    assert hear(world, "disabled-by-aws") == []
    assert world.store.rows == {}


def test_who_is_faster_is_read_again(world: World) -> None:
    """The guard of the minute wrote meanwhile."""
    world.switch.off = {ACME}
    world.store.faster = [State(scope=ACME, status=Status.WARNED, since=AT, version=1)]
    assert hear(world, "disabled-by-aws") == [Action.PAUSED]
    assert world.store.rows[ACME].version > 1
