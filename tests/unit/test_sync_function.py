"""The function of the scheduled comparison: its settings, its metrics, and what it does with an outcome."""

import json
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ses_warden.adapters.sync_metrics import SYNC_METRICS
from ses_warden.application.watch_suppression import SETTLING, Drift, SyncMode, SyncPolicy, Watched
from ses_warden.bootstrap import sync_function
from ses_warden.bootstrap.sync_function import Watch
from ses_warden.domain.reconciliation import Action, Listed
from ses_warden.errors import OutOfTime, Sandboxed, SettingsError, SuppressionListError, TooManyChanges, WardenError
from ses_warden.sync_settings import SyncSettings
from tests.fakes import MemoryLedger
from tests.support.functions import context_of
from tests.support.template import app_of
from tests.sync_fakes import MemoryRows, MemorySesList

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
ENVIRONMENT = {
    "SUPPRESSION_TABLE": "suppression",
    "SUPPRESSION_AUTHORITY": "ses",
    "SUPPRESSION_SYNC": "report",
    "SUPPRESSION_SYNC_MOST_CHANGES": "50",
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    """Whoever deploys finds it."""
    with pytest.raises(SettingsError, match=name):
        SyncSettings.read({**ENVIRONMENT, name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPPRESSION_AUTHORITY", "both"),
        ("SUPPRESSION_SYNC", "Apply"),
        ("SUPPRESSION_SYNC_MOST_CHANGES", "0"),
        ("SUPPRESSION_SYNC_MOST_CHANGES", "501"),
    ],
)
def test_a_variable_that_is_not_acceptable_is_named(name: str, value: str) -> None:
    """With what it was."""
    with pytest.raises(SettingsError, match=f"{name}.*{value}"):
        SyncSettings.read({**ENVIRONMENT, name: value})


def test_a_watch_is_made_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and without a call."""
    for name, value in {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    sync_function.watch.cache_clear()
    try:
        assert sync_function.watch().policy == SyncPolicy("ses", SyncMode.REPORT, 50, SETTLING)
        assert sync_function.watch() is sync_function.watch()
    finally:
        sync_function.watch.cache_clear()


def watch(mode: str, ses: MemorySesList) -> Watch:
    """A watch over an empty table."""
    ledger = MemoryLedger()
    return Watch(MemoryRows(ledger), ses, ledger, SyncPolicy("ses", SyncMode(mode), 50), lambda: NOW)


def test_a_watch_that_is_off_reads_nothing() -> None:
    """Even when somebody invokes it by hand."""

    class Untouchable(MemorySesList):
        def listed(self) -> Any:
            raise AssertionError

    assert watch("off", Untouchable(NOW)).look(lambda: 900) is None


def test_a_watch_ends_before_lambda_ends_it() -> None:
    """A request with all its retries still fits in."""
    many = {f"r{number}@example.com": listed(f"r{number}@example.com") for number in range(1000)}
    with pytest.raises(OutOfTime):
        watch("report", MemorySesList(NOW, many)).look(lambda: 40)
    assert watch("report", MemorySesList(NOW, many)).look(lambda: 60)


def listed(address: str) -> Listed:
    """On SES's list since just now."""
    return Listed(address, "BOUNCE", NOW)


# The handler


@pytest.fixture(scope="module")
def app() -> ModuleType:
    """The function's module."""
    return app_of("sync")


FOUND = Watched(7, 8, Drift(only_here=1, only_there=2, differs=3, unclear=4), {Action.ADD_THERE: 5})


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "ses-warden")


def handle(app: ModuleType, monkeypatch: pytest.MonkeyPatch, result: Watched | WardenError | None) -> Any:
    """The handler, with a watch that finds this."""

    def look(seconds_left: Any) -> Watched | None:
        assert seconds_left() == 900
        if isinstance(result, WardenError):
            raise result
        return result

    monkeypatch.setattr(app, "watch", lambda: SimpleNamespace(look=look))
    return app.lambda_handler({}, context_of("sync"))


def metrics(text: str) -> list[dict[str, Any]]:
    """The lines of metrics among what was written."""
    return [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]


def test_drift_is_a_metric_of_the_stack(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, each side by itself; the answer has the same counts."""
    answer = handle(app, monkeypatch, FOUND)
    [line] = metrics(capsys.readouterr().out)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("SesWarden", [["service"]])
    assert {name: line[name] for name in SYNC_METRICS} == {
        "SuppressionDrift": [3],
        "SuppressionOnlyHere": [1],
        "SuppressionOnlyThere": [2],
        "SuppressionDiffers": [3],
        "SuppressionUnclear": [4],
        "SuppressionSynced": [5],
    }
    assert answer == {"here": 7, "there": 8, "only_here": 1, "only_there": 2, "differs": 3, "unclear": 4, "add_there": 5}


def test_what_is_not_settled_is_told_and_raised(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The drift is true, and the alarm on errors speaks as well."""
    failed = Watched(7, 8, FOUND.drift, error=TooManyChanges("51 changes"))
    with pytest.raises(TooManyChanges):
        handle(app, monkeypatch, failed)
    assert [line["SuppressionDrift"] for line in metrics(capsys.readouterr().out)] == [[3]]


@pytest.mark.parametrize("error", [SuppressionListError("SES did not answer"), OutOfTime("over")])
def test_a_list_that_is_not_known_is_an_error_and_no_number(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: WardenError
) -> None:
    """Nought would say that all is well."""
    with pytest.raises(type(error)):
        handle(app, monkeypatch, error)
    assert metrics(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("result", "said"), [(Sandboxed("ask for production access"), "nothing to compare"), (None, "switched off")]
)
def test_in_the_sandbox_and_when_off_there_is_nothing_to_compare(  # noqa: PLR0917 - fixtures
    app: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    result: Sandboxed | None,
    said: str,
) -> None:
    """Which is said in the log, and is no alarm each day until the account has production access."""
    assert handle(app, monkeypatch, result) == {}
    assert [record.message for record in caplog.records] == [said]
    assert not any("_aws" in line for line in capsys.readouterr().out.splitlines())
