"""`ses-warden pause` and `resume` for the account and a tenant, through a local SES: who is paused is refused."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ses_warden.adapters.ledger import Tables
from ses_warden.domain.guard_states import Status
from ses_warden_cli.sending import shapes
from ses_warden_cli.shapes import Failed
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.command_line import Done, Run, environment_of, printed, run_here
from tests.integration.guardhouse import Guardhouse
from tests.simulator_fakes import client_of, refused, simple
from tests.support.emulator import REGION


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """Tables, configuration sets and an alert topic."""
    if endpoint == "aws":
        pytest.skip("pauses an account")
    house = Guardhouse(endpoint, tables)
    house.now = datetime.now(UTC)
    return house


@pytest.fixture
def ses(house: Guardhouse, endpoint: str) -> Iterator[Any]:
    """A client of a local SES in front of the emulator."""
    assert house
    with Server(Service(HttpBackend(endpoint), Options()), 0) as server:
        yield client_of(server, region=REGION)


@pytest.fixture
def run(endpoint: str, house: Guardhouse, ses: Any) -> Run:
    """Runs `ses-warden` by its entry point: all of AWS is the emulator, but SES is the local one."""
    environment = environment_of(endpoint, ses.meta.endpoint_url, **house.uses)
    return lambda *words: run_here(words, environment)


@pytest.fixture
def tenant(ses: Any) -> str:
    """A tenant's name."""
    name = f"shop-{uuid.uuid4().hex[:8]}"
    ses.create_tenant(TenantName=name)
    return name


def switched(result: Done) -> shapes.Switched:
    """What `pause` or `resume` printed when it succeeded."""
    assert result.returncode == 0, result.stdout
    found: shapes.Switched = printed(result, shapes.Switched)
    return found


def decide(verb: str, scope: str, reason: str) -> list[str]:
    """The words of a command."""
    return [verb, scope, "--reason", reason, "--as", "jane", "--json"]


@pytest.mark.parametrize("kind", ["account", "tenant"])
def test_who_is_paused_is_refused_until_resumed(kind: str, run: Run, ses: Any, house: Guardhouse, tenant: str) -> None:
    """Paused by command: the next mail is refused. Resumed by command: it goes, and the scope is on probation."""
    scope = kind if kind == "account" else f"tenant/{tenant}"
    to_it = simple("success@simulator.amazonses.com", ConfigurationSetName=house.receipts, TenantName=tenant)
    others = simple("success@simulator.amazonses.com", ConfigurationSetName=house.receipts)
    assert ses.send_email(**to_it)["MessageId"]

    paused = switched(run(*decide("pause", scope, "stale list")))

    assert (paused["scope"], paused["status"], paused["by"], paused["reason"]) == (scope, "paused", "jane", "stale list")
    with refused("SendingPausedException"):
        ses.send_email(**to_it)
    if kind == "account":
        assert not ses.get_account()["SendingEnabled"]
        with refused("SendingPausedException"):
            ses.send_email(**others)
    else:  # its neighbours, and the configuration set that it uses, go on
        assert ses.get_account()["SendingEnabled"]
        assert ses.get_tenant(TenantName=tenant)["Tenant"]["SendingStatus"] == "DISABLED"
        assert ses.send_email(**others)["MessageId"]
    again = run(*decide("pause", scope, "again"))
    assert (again.returncode, printed(again, Failed)["error"]["kind"]) == (1, "NothingToDo")

    resumed = switched(run(*decide("resume", scope, "list cleaned")))

    assert (resumed["status"], resumed["reason"], resumed["alert_owed"]) == ("probation", "list cleaned", False)
    assert ses.send_email(**to_it)["MessageId"]
    assert house.trail(scope)[-3:] == [("pause", "jane"), ("paused", "jane"), ("resumed", "jane")]
    assert [("stale list" in alert, "list cleaned" in alert) for alert in house.alerts()] == [(True, False), (False, True)]
    state = house.state(scope)
    assert state
    assert state.status is Status.PROBATION


def test_a_paused_tenant_is_shown_by_status(run: Run, tenant: str) -> None:
    """A finding, with who and why."""
    scope = f"tenant/{tenant}"
    switched(run(*decide("pause", scope, "stale list")))
    result = run("status", scope, "--json")
    [shown] = printed(result, shapes.Status)["scopes"]
    assert result.returncode == 1
    assert (shown["scope"], shown["status"], shown["by"], shown["reason"]) == (scope, "paused", "jane", "stale list")


def test_a_tenant_that_is_not_there_is_not_claimed(run: Run, ses: Any, house: Guardhouse) -> None:
    """SES knows no such tenant: exit code 2, and no row; the account goes on."""
    result = run(*decide("pause", "tenant/nobody", "stale list"))
    assert (result.returncode, printed(result, Failed)["error"]["kind"]) == (2, "ScopeGone")
    assert house.state("tenant/nobody") is None
    assert ses.get_account()["SendingEnabled"]
