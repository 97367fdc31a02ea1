"""The guard's function: its settings, its metrics, and what it does with an outcome."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ses_warden.adapters.guard_metrics import GUARD_METRICS, MOST_SETS, emit_guard
from ses_warden.application.guard_sending import GuardOutcome, GuardPolicy
from ses_warden.bootstrap import guarding
from ses_warden.bootstrap.guarding import Guard, is_alarm
from ses_warden.domain.assessment import assess
from ses_warden.domain.guard_states import Action, Decision, Mode, State, Status
from ses_warden.domain.judgement import Assessment
from ses_warden.domain.rates import Outcomes, Thresholds
from ses_warden.errors import GuardIncomplete, SettingsError, SwitchError
from ses_warden.guard_settings import GuardSettings
from tests.guard_fakes import World
from tests.support.functions import GUARD_USUAL, context_of
from tests.support.template import TEMPLATE, app_of

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
ENVIRONMENT = {
    "REPUTATION_TABLE": "reputation",
    "COUNTER_SHARDS": "8",
    "GUARD_MODE": "active",
    "GUARD_ACCOUNT_MODE": "dry-run",
    **GUARD_USUAL,
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "ACTIVITY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/activity",
    "POWERTOOLS_SERVICE_NAME": "ses-warden",
}


def read(**changed: str) -> GuardSettings:
    """The settings of an environment."""
    return GuardSettings.read({**ENVIRONMENT, **changed})


def test_the_defaults_are_those_that_the_benchmark_proves() -> None:
    """Template and statistics agree."""
    settings = read()
    assert settings.thresholds == Thresholds()
    assert (settings.mode, settings.account_mode, settings.policy_refusals_are_hard) == (Mode.ACTIVE, Mode.DRY_RUN, False)


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_a_missing_variable_is_named(name: str) -> None:
    """Whoever deploys finds it."""
    with pytest.raises(SettingsError, match=name):
        read(**{name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GUARD_MODE", "on"),
        ("GUARD_ACCOUNT_MODE", "Active"),
        ("BOUNCE_PAUSE_RATE", "4 %"),
        ("BOUNCE_PAUSE_RATE", "0.2"),
        ("BOUNCE_WARN_RATE", "0.05"),
        ("COMPLAINT_WARN_RATE", "nan"),
        ("FALSE_PAUSE_PROBABILITY", "0.5"),
        ("MAX_ACTIVITY_LAG_SECONDS", "5"),
        ("POLICY_REFUSALS_COUNT_AS_HARD", "yes"),
        ("COUNTER_SHARDS", "0"),
    ],
)
def test_what_cannot_be_is_refused(name: str, value: str) -> None:
    """A warning level above the limit among it."""
    with pytest.raises(SettingsError):
        read(**{name: value})


@pytest.mark.parametrize(
    ("event", "alarm"),
    [
        ({"source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:x"}, True),
        ({"source": "aws.events", "detail-type": "Scheduled Event"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_an_alarm_is_told_from_the_schedule(event: Any, alarm: bool) -> None:
    """Only an alarm asks AWS at once."""
    assert is_alarm(event) is alarm
    world = World()
    Guard(world.services(), GuardPolicy(), lambda: NOW).look(event)
    asked = len(world.metrics.asked)
    Guard(world.services(), GuardPolicy(), lambda: NOW).look(event)
    assert len(world.metrics.asked) - asked == alarm


@pytest.mark.parametrize(
    ("event", "runs"),
    [
        ({"detail-type": "Scheduled Event", "time": NOW.isoformat()}, True),
        ({"detail-type": "Scheduled Event", "time": (NOW - timedelta(seconds=50)).isoformat()}, True),
        ({"detail-type": "Scheduled Event", "time": (NOW - timedelta(seconds=70)).isoformat()}, False),
        ({"source": "aws.cloudwatch", "time": "2026-11-24T10:20:00.000+0000"}, False),
        ({"time": "soon"}, True),
        ({"time": "2026-11-24T10:20:00"}, True),
        ({}, True),
        (None, True),
    ],
)
def test_lambdas_retry_of_a_run_does_nothing(event: Any, runs: bool) -> None:
    """The schedule has been there since; what tells no time runs."""
    world = World()
    found = Guard(world.services(), GuardPolicy(), lambda: NOW).look(event)
    assert bool(world.metrics.asked) is runs
    assert not found.errors


def test_lambdas_retry_of_an_event_about_a_tenant_is_heard() -> None:
    """It comes once, so it must not be lost to a fault of a moment."""
    world = World()
    event = json.loads((TEMPLATE.parent / "events" / "tenants" / "disabled-by-aws.json").read_text())
    world.switch.off.add("tenant/acme")
    found = Guard(world.services(), GuardPolicy(), lambda: NOW + timedelta(minutes=20)).look(event)
    assert [decision.state.scope for decision in found.decisions] == ["tenant/acme"]


def test_a_guard_is_made_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and without a call."""
    for name, value in {**ENVIRONMENT, "AWS_DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    guarding.guard.cache_clear()
    try:
        assert guarding.guard().policy == GuardPolicy()
        assert guarding.guard() is guarding.guard()
    finally:
        guarding.guard.cache_clear()


# Metrics


def judged(delivered: int, hard: int) -> Assessment:
    """An assessment of one hour."""
    cohort = Outcomes(hour=NOW.replace(minute=0), delivered=delivered, hard=hard)
    return assess([cohort], Thresholds(), NOW, watermark=NOW, since=NOW.replace(minute=0))


def outcome(
    assessments: dict[str, Assessment] | None = None, states: dict[str, State] | None = None, *errors: SwitchError, **more: Any
) -> GuardOutcome:
    """An outcome."""
    return GuardOutcome(assessments or {}, states or {}, more.get("decisions", ()), timedelta(seconds=20), 0, errors)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, dict[str, Any]]]:
    """What was written, by the configuration set, `account`, or `guard`."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "ses-warden")

    def read_lines() -> dict[str, dict[str, Any]]:
        found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
        return {line.get("configuration_set", "guard" if "GuardRuns" in line else "account"): line for line in found}

    return read_lines


def test_rates_head_room_and_pauses_are_metrics(lines: Callable[[], dict[str, dict[str, Any]]]) -> None:
    """Of the account and each configuration set; fractions, as AWS's own."""
    states = {"configuration-set/b": State(scope="configuration-set/b", status=Status.PAUSED)}
    found = {"account": judged(980, 20), "configuration-set/a": judged(99, 1), "tenant/acme": judged(1, 0)}
    emit_guard(outcome(found, states))
    told = lines()
    assert told.keys() == {"account", "a", "b", "guard"}
    assert told["account"]["BounceRate"] == [0.02]
    assert told["account"]["HeadRoom"][0] > 0
    assert (told["a"]["SendingPaused"], told["b"]["SendingPaused"], "BounceRate" in told["b"]) == ([0], [1], False)
    assert (told["guard"]["GuardRuns"], told["guard"]["GuardErrors"], told["guard"]["GuardLag"]) == ([1], [0], [20])
    names = {
        metric["Name"]
        for line in told.values()
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert names == set(GUARD_METRICS)


def test_metrics_are_capped_to_the_busiest_sets(lines: Callable[[], dict[str, dict[str, Any]]]) -> None:
    """Each set costs; the rest are for `status`."""
    found = {f"configuration-set/s{number}": judged(100 + number, 1) for number in range(MOST_SETS + 5)}
    emit_guard(outcome(found))
    assert lines().keys() == {*(f"s{number}" for number in range(5, MOST_SETS + 5)), "guard"}


# The handler


@pytest.fixture(scope="module")
def app() -> ModuleType:
    """The function's module."""
    return app_of("guard")


def handle(app: ModuleType, monkeypatch: pytest.MonkeyPatch, result: GuardOutcome) -> Any:
    """The handler, with a guard that finds this."""
    monkeypatch.setattr(app, "guard", lambda: SimpleNamespace(look=lambda _event: result))
    return app.lambda_handler({}, context_of("guard"))


def test_a_run_answers_with_its_deeds(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], dict[str, dict[str, Any]]]
) -> None:
    """How often it did what."""
    decisions = [Decision(Action.PAUSE, State(scope="account")), Decision(Action.PAUSED, State(scope="account"))]
    answer = handle(app, monkeypatch, outcome(decisions=decisions))
    assert (answer["pause"], answer["paused"], answer["warn"]) == (1, 1, 0)
    assert "guard" in lines()


def test_what_was_left_undone_is_raised_after_all_else(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], dict[str, dict[str, Any]]]
) -> None:
    """The metrics are written, and the invocation fails: a failed pause never looks like success."""
    with pytest.raises(GuardIncomplete, match="TooManyRequestsException"):
        handle(app, monkeypatch, outcome({}, {}, SwitchError("SES refused a request about account: TooManyRequestsException")))
    assert lines()["guard"]["GuardErrors"] == [1]


def test_a_handler_is_short() -> None:
    """It translates, delegates and counts."""
    assert len(Path(TEMPLATE.parent, "functions", "guard", "app.py").read_text().splitlines()) <= 45
