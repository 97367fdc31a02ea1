"""Tenants that are switched elsewhere: the local SES has their switches, the emulator the guard's table and the alert's topic."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ses_warden.adapters.ledger import Tables
from ses_warden.adapters.ses import SesSwitch
from ses_warden.bootstrap.guarding import Guard
from ses_warden.domain.guard_states import OUTSIDE, Action, Status
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.guardhouse import Guardhouse
from tests.simulator_fakes import client_of
from tests.support.emulator import REGION, ROOT

ACME = "tenant/acme"


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """A guard with everything that it needs."""
    if endpoint == "aws":
        pytest.skip("switches real tenants, and waits for real topics")
    return Guardhouse(endpoint, tables)


@pytest.fixture
def ses(house: Guardhouse, endpoint: str) -> Iterator[Any]:
    """A client of the local SES, which knows the tenant acme."""
    with Server(Service(HttpBackend(endpoint), Options(seed=1, speed=100)), 0) as server:
        client = client_of(server, region=REGION)
        client.create_tenant(TenantName="acme")
        yield client
        house.client("sesv2").delete_tenant(TenantName="acme")


def hear(house: Guardhouse, ses: Any, name: str) -> list[Action]:
    """The guard is invoked with a sample event about acme; what it did."""
    event = json.loads(Path(ROOT, "events", "tenants", f"{name}.json").read_text())
    services = house.services(switch=SesSwitch(ses, sleep=lambda _: None))
    outcome = Guard(services, house.policy, lambda: house.now).look(event)
    assert not outcome.errors
    return [decision.action for decision in outcome.decisions]


def switch(ses: Any, status: str) -> None:
    """Somebody switches acme at the console."""
    arn = ses.get_tenant(TenantName="acme")["Tenant"]["TenantArn"]
    ses.update_reputation_entity_customer_managed_status(
        ReputationEntityType="RESOURCE", ReputationEntityReference=arn, SendingStatus=status
    )


def test_the_row_of_a_tenant_follows_its_switch(house: Guardhouse, ses: Any) -> None:
    """Off and on again elsewhere: paused, then on probation; each is in the trail and told."""
    switch(ses, "DISABLED")
    assert hear(house, ses, "disabled-by-customer") == [Action.PAUSED]
    state = house.state(ACME)
    assert state
    assert (state.status, state.by, state.untold) == (Status.PAUSED, OUTSIDE, None)
    [alert] = house.alerts()
    assert "Sending Paused: tenant acme" in alert
    assert "somebody outside SES Warden switched sending off: Status manually updated." in alert
    house.now += timedelta(minutes=5)
    switch(ses, "REINSTATED")
    assert hear(house, ses, "reinstated-by-customer") == [Action.RESUMED]
    state = house.state(ACME)
    assert state
    assert (state.status, state.counting_from) == (Status.PROBATION, house.now)
    assert house.trail(ACME) == [("paused", OUTSIDE), ("resumed", OUTSIDE)]
    assert len(house.alerts()) == 1


def test_an_event_that_the_switch_contradicts_changes_nothing(house: Guardhouse, ses: Any) -> None:
    """It came late."""
    assert hear(house, ses, "disabled-by-aws") == []
    assert house.state(ACME) is None
