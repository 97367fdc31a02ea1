"""Metrics: lines that CloudWatch reads from the log, and no address in them."""

import importlib
import io
import json
from collections import Counter as Tally
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden.adapters.metrics import LAG, NAMES, emit
from ses_warden.application.outcome import Happening, Outcome
from ses_warden.application.record_events import Policy
from ses_warden.bootstrap.recording import Services
from ses_warden.domain.counters import Counter
from ses_warden.errors import LedgerBusy
from tests.fakes import MemoryLedger, MemoryQuarantine
from tests.support.functions import context_of
from tests.support.samples import FORMS, names, ses, wrap_sqs

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SERVICE = {"service": "feedback"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The template gives both functions these."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "feedback")


def outcome(counts: dict[tuple[str | None, Counter | Happening], int], lags: list[int] | None = None) -> Outcome:
    """An outcome with these counts and lags."""
    return Outcome(counts, lags or [], frozenset(), None)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was written, after it was checked against the format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for line in found:
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "SesWarden"
        assert len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert set(dimensions) <= {"service", "configuration_set"}
            assert all(isinstance(line[name], str) and line[name] for name in dimensions)
        for metric in directive["Metrics"]:
            values = line[metric["Name"]]
            assert 1 <= len(values if isinstance(values, list) else [values]) <= 100
    return found


def test_every_happening_has_a_name() -> None:
    """Whatever can be counted is a metric; names are CamelCase, and none but the two kinds of delivery share one."""
    assert NAMES.keys() == {*Counter, *Happening}
    assert all(name.isalpha() and name[0].isupper() for name in NAMES.values())
    assert {name for name, times in Tally(NAMES.values()).items() if times > 1} == {"Deliveries"}


@pytest.mark.parametrize("happening", NAMES)
def test_a_count_is_a_metric_of_its_configuration_set(happening: Counter | Happening, capsys: pytest.CaptureFixture[str]) -> None:
    """In the namespace of the project, with the function and the configuration set as dimensions."""
    emit(outcome({("marketing", happening): 3}))
    (line,) = lines(capsys)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": NAMES[happening], "Unit": "Count"}]
    assert {name for dimensions in directive["Dimensions"] for name in dimensions} == {"service", "configuration_set"}
    assert line[NAMES[happening]] == [3]
    assert line.items() >= {**SERVICE, "configuration_set": "marketing"}.items()


def test_what_has_no_configuration_set_has_no_such_dimension(capsys: pytest.CaptureFixture[str]) -> None:
    """Identity notifications and what cannot be read."""
    emit(outcome({(None, Happening.UNPARSABLE): 1, (None, Counter.HARD): 2}))
    (line,) = lines(capsys)
    assert "configuration_set" not in line
    assert (line["Unparsable"], line["HardBounces"]) == ([1], [2])


def test_each_configuration_set_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has one value for each dimension; both kinds of delivery are added up."""
    emit(
        outcome(
            {
                ("marketing", Counter.DELIVERED): 5,
                ("marketing", Counter.DELIVERED_UNREPORTED): 7,
                ("billing", Counter.SENT): 11,
                (None, Happening.DUPLICATE): 13,
            }
        )
    )
    told = {line.get("configuration_set"): line for line in lines(capsys)}
    assert told.keys() == {"marketing", "billing", None}
    assert told["marketing"]["Deliveries"] == [12]
    assert told["billing"]["Sends"] == [11]
    assert told[None]["Duplicates"] == [13]


@pytest.mark.parametrize("count", [1, 2, 98, 99, 100, 101, 250, 1000])
def test_lags_are_one_metric_of_less_than_a_hundred_values(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Of more a sample is taken, evenly: the shortest and the longest are in it."""
    lags = [number * 10 for number in range(count)]
    emit(outcome({("marketing", Counter.SENT): count}, lags=lags[::-1]))
    (line,) = [line for line in lines(capsys) if LAG in line]
    assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": LAG, "Unit": "Milliseconds"}]
    assert "configuration_set" not in line
    assert {min(lags), max(lags)} <= set(line[LAG]) <= set(lags)
    assert len(line[LAG]) >= min(count, 25)
    assert sum(line[LAG]) / len(line[LAG]) == pytest.approx(sum(lags) / count, rel=0.05)


def test_nothing_to_tell_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty batch, or one that failed as a whole, writes no line."""
    emit(Outcome({}, [], frozenset({"record"}), LedgerBusy("DynamoDB is busy")))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("function", ["feedback", "activity"])
@pytest.mark.parametrize("trouble", [None, LedgerBusy("DynamoDB is busy: ThrottlingException")], ids=["all well", "trouble"])
def test_a_function_names_nobody_in_its_log(
    function: str, trouble: LedgerBusy | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its metrics nor its own lines have an address in them, whatever the events say and the ledger does."""
    app = importlib.import_module(f"functions.{function}.app")
    log = io.StringIO()
    app.logger.registered_handler.setStream(log)
    every = wrap_sqs([ses(name) for form in FORMS for name in names(form)])
    ledger = MemoryLedger(faults=[trouble] * 50)
    services = Services(ledger, MemoryQuarantine(), Policy(timedelta(days=30)), lambda: NOW)
    monkeypatch.setattr(app, "services", lambda: services)

    answer = app.lambda_handler(every, context_of(function))

    assert bool(answer["batchItemFailures"]) == bool(trouble)
    written = capsys.readouterr().out + log.getvalue()
    assert ("events will be delivered again" in written) == bool(trouble)
    assert "Unparsable" in written
    assert "@" not in written
    assert "%40" not in written
