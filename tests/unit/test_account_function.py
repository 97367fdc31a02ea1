"""The function that looks each day, as far as it looks at the account."""

from types import ModuleType
from typing import Any

import pytest
from moto import mock_aws

from ses_warden.application.audit_domains import Round
from ses_warden.application.watch import Watched
from ses_warden.application.watch_account import AccountWatched
from ses_warden.bootstrap.watching import watch_todays_account
from ses_warden.domain.account_facts import Moved
from ses_warden.errors import AccountError, AuditError, SettingsError
from tests.support.dynamo import session, table_shapes
from tests.support.emulator import REGION
from tests.support.functions import context_of
from tests.support.template import app_of

ENVIRONMENT = {
    "REPUTATION_TABLE": "reputation",
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "POWERTOOLS_SERVICE_NAME": "ses-warden",
    "SUPPRESSION_AUTHORITY": "ses",
}
QUIET = Round((), 0, Watched({}))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module; no domain has anything to tell."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "ses-warden")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    module = app_of("audit")
    monkeypatch.setattr(module, "daily_round", lambda _: QUIET)
    return module


def handle(app: ModuleType, monkeypatch: pytest.MonkeyPatch, watched: AccountWatched) -> Any:
    """The handler, with an account of which this was found."""
    monkeypatch.setattr(app, "watch_todays_account", lambda: watched)
    return app.lambda_handler({}, context_of("audit"))


def test_a_change_of_the_account_is_counted_and_logged(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With both values."""
    answer = handle(app, monkeypatch, AccountWatched(moved=(Moved("access", "sandbox", "production"),)))
    assert answer == {"audited": 0, "left": 0, "told": 0, "account_told": 1}
    [line] = [record for record in caplog.records if record.message == "watched the account"]
    assert line.__dict__["changed"] == ["access: sandbox -> production"]


def test_an_account_that_could_not_be_read_fails_the_run_after_the_domains(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The domains are looked at all the same; the alarm says that something was left undone."""
    looked: list[Any] = []

    def look(seconds_left: Any) -> Round:
        looked.append(seconds_left())
        return QUIET

    monkeypatch.setattr(app, "daily_round", look)
    with pytest.raises(AuditError, match="right ses:GetAccount is missing"):
        handle(app, monkeypatch, AccountWatched(errors=(AccountError("the right ses:GetAccount is missing"),)))
    assert looked == [900.0]


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with pytest.raises(SettingsError, match=name):
        watch_todays_account({**ENVIRONMENT, name: " "})


def test_an_authority_that_is_none_is_refused() -> None:
    """The template allows two."""
    with pytest.raises(SettingsError, match="must be ses or warden"):
        watch_todays_account({**ENVIRONMENT, "SUPPRESSION_AUTHORITY": "both"})


def test_a_row_that_nobody_can_read_does_not_hide_the_domains(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watch ends with an error; the run goes on to the domains."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = session().client("dynamodb")
        client.create_table(TableName="reputation", **table_shapes()["ReputationTable"])
        client.put_item(TableName="reputation", Item={"scope": {"S": "watch"}, "item": {"S": "account"}, "bad": {"S": "no JSON"}})
        watched = watch_todays_account(ENVIRONMENT)
    assert [str(error) for error in watched.errors] == ["the account could not be watched: JSONDecodeError"]
