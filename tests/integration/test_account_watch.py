"""The daily look at the account, as the function has it: from SES to the alert topic, the event bus and the table."""

import os
from typing import Any

import pytest

from ses_warden.adapters.ledger import Tables
from ses_warden.bootstrap.watching import watch_todays_account
from ses_warden_simulator.server import Server
from tests.integration.guardhouse import Guardhouse
from tests.support.emulator import CREDENTIALS, REGION


@pytest.fixture
def environment(
    endpoint: str, tables: Tables, simulator: Server, house: Guardhouse, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The function's; SES is the local one."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    more = {"AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL": endpoint, "AWS_ENDPOINT_URL_SESV2": simulator.url}
    for name, value in {**CREDENTIALS, **more, "AWS_CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(name, value)
    return {
        "REPUTATION_TABLE": tables.reputation,
        "SUPPRESSION_AUTHORITY": "ses",
        "ALERT_TOPIC_ARN": house.topic,
        "POWERTOOLS_SERVICE_NAME": house.stack,
    }


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """Tables and an alert topic."""
    if endpoint == "aws":
        pytest.skip("changes the account")
    return Guardhouse(endpoint, tables)


def test_a_change_of_the_account_reaches_people_and_machines_once(environment: dict[str, str], house: Guardhouse, ses: Any) -> None:
    """The first look finds nothing bad and tells nothing; reasons that are gone are told, and those that are back."""
    assert not watch_todays_account(environment).errors
    assert house.alerts() == []

    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    for _day in range(2):
        assert not watch_todays_account(environment).errors
    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE", "COMPLAINT"])
    assert not watch_todays_account(environment).errors

    changed, back = house.alerts()
    assert "suppression: BOUNCE, COMPLAINT -> BOUNCE" in changed
    assert "not for COMPLAINT" in changed
    assert "suppression: BOUNCE -> BOUNCE, COMPLAINT" in back


def test_an_ses_that_does_not_answer_is_an_error_and_no_alert(
    environment: dict[str, str], house: Guardhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known, so that nothing changed."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:9")
    [error] = watch_todays_account(environment).errors
    assert "did not answer" in str(error)
    assert house.alerts() == []
