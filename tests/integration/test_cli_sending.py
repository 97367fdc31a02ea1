"""`ses-warden pause`, `resume` and `status` on an emulator: what SES, the table and the operator see of them."""

import json
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.adapters.guard_rows import state_item
from ses_warden.adapters.ledger import Tables
from ses_warden.domain.guard_states import State, Status
from ses_warden_cli.sending import shapes
from ses_warden_cli.shapes import Failed
from tests.integration.command_line import Run, environment_of, printed, run_apart, run_here
from tests.integration.guardhouse import SHARDS, Guardhouse
from tests.support.functions import GUARD_USUAL

REASON = ["--reason", "stale list"]


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """A guard with everything that it needs, now."""
    if endpoint == "aws":
        pytest.skip("switches real configuration sets, and waits for real topics")
    house = Guardhouse(endpoint, tables)
    house.now = datetime.now(UTC)
    return house


@pytest.fixture
def environment(endpoint: str, house: Guardhouse) -> dict[str, str]:
    """What the operator set in the environment."""
    return environment_of(endpoint, **house.uses)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs `ses-warden` in this process."""
    return lambda *words, **more: run_here(words, environment | more)


@pytest.fixture
def start(environment: dict[str, str]) -> Run:
    """Runs `ses-warden` as a process of its own."""
    return lambda *words: run_apart(words, environment)


def scope_of(configuration_set: str) -> str:
    """Its scope."""
    return f"configuration-set/{configuration_set}"


def test_a_pause_is_thrown_recorded_and_told(start: Run, house: Guardhouse) -> None:
    """SES shows the set switched off; the trail and the alert name who and why; the other set goes on."""
    result = start("pause", scope_of(house.marketing), *REASON, "--as", "jane", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    found = printed(result, shapes.Switched)
    assert (found["status"], found["by"], found["reason"], found["alert_owed"]) == ("paused", "jane", "stale list", False)
    assert (house.sends(house.marketing), house.sends(house.receipts)) == (False, True)
    assert house.trail(scope_of(house.marketing)) == [("pause", "jane"), ("paused", "jane")]
    [alert] = house.alerts()
    assert "stale list" in alert
    assert house.look().errors == []
    assert not house.sends(house.marketing)


def test_who_decides_is_the_caller_of_aws(run: Run, house: Guardhouse) -> None:
    """Without --as the ARN of the credentials goes into the record."""
    result = run("pause", scope_of(house.marketing), *REASON, "--json")
    arn = house.client("sts").get_caller_identity()["Arn"]
    assert printed(result, shapes.Switched)["by"] == arn
    assert [by for _, by in house.trail(scope_of(house.marketing))] == [arn, arn]


def test_a_resumption_sends_again_on_probation(run: Run, house: Guardhouse) -> None:
    """What the guard paused, an operator resumes; the next look of the guard leaves it on."""
    house.send(house.marketing, 160, 40)
    house.looks()
    assert not house.sends(house.marketing)
    house.alerts()
    result = run("resume", scope_of(house.marketing), "--reason", "list cleaned", "--as", "jane")
    assert result.returncode == 0
    assert "on probation" in result.stdout
    assert house.sends(house.marketing)
    [alert] = house.alerts()
    assert "list cleaned" in alert
    house.now = datetime.now(UTC) + timedelta(minutes=1)
    house.looks()
    state = house.state(scope_of(house.marketing))
    assert state
    assert (state.status, state.by) == (Status.PROBATION, "jane")
    assert house.sends(house.marketing)


def test_what_is_so_already_is_refused(run: Run, house: Guardhouse) -> None:
    """Exit code 1, and nothing was thrown or written."""
    scope = scope_of(house.marketing)
    refused = run("resume", scope, *REASON, "--json")
    assert refused.returncode == 1
    assert printed(refused, Failed)["error"]["kind"] == "NothingToDo"
    assert run("pause", scope, *REASON, "--as", "jane").returncode == 0
    trail = house.trail(scope)
    again = run("pause", scope, "--reason", "again", "--as", "bob")
    assert (again.returncode, again.stdout) == (1, "")
    assert "paused already" in again.stderr
    assert house.trail(scope) == trail


def test_a_pause_that_somebody_undid_at_the_console_is_done_again(run: Run, house: Guardhouse) -> None:
    """The row says paused and SES sends: the operator gets what was asked for, and the row names them."""
    scope = scope_of(house.marketing)
    run("pause", scope, *REASON, "--as", "jane")
    house.switch(house.marketing, on=True)
    again = run("pause", scope, "--reason", "still", "--as", "bob")
    assert again.returncode == 0
    assert not house.sends(house.marketing)
    state = house.state(scope)
    assert state
    assert (state.status, state.by, state.reason) == (Status.PAUSED, "bob", "still")


def test_a_misspelt_scope_is_never_claimed(run: Run, house: Guardhouse) -> None:
    """SES knows no such set: exit code 2, and no row that the guard would try to carry out for ever."""
    result = run("pause", "configuration-set/no-such-set", *REASON, "--json")
    assert result.returncode == 2
    error = printed(result, Failed)["error"]
    assert error["kind"] == "ScopeGone"
    assert house.state("configuration-set/no-such-set") is None


def test_an_alert_that_does_not_go_out_does_not_undo_the_pause(run: Run, house: Guardhouse) -> None:
    """The set is off, the command says that the alert is owed, and the guard sends it."""
    missing = house.topic + "-gone"
    result = run(
        "pause",
        scope_of(house.marketing),
        *REASON,
        SES_WARDEN_USE=f"REPUTATION_TABLE={house.tables.reputation} ALERT_TOPIC_ARN={missing}",
    )
    assert result.returncode == 0
    assert "the guard sends it" in result.stderr
    assert not house.sends(house.marketing)
    house.now = datetime.now(UTC) + timedelta(minutes=2)
    house.look()
    assert any("Sending Paused" in alert for alert in house.alerts())


def test_two_resumptions_at_once_both_stand(run: Run, start: Run, house: Guardhouse) -> None:
    """Each is written over the version before it: both are in the trail, and the set sends."""
    scope = scope_of(house.marketing)
    run("pause", scope, *REASON, "--as", "jane")
    results = at_once(lambda who: start("resume", scope, *REASON, "--as", who), ["ann", "bob"])
    assert sorted({result.returncode for result in results}) in ([0], [0, 1])
    state = house.state(scope)
    assert state
    assert (state.status, state.untold) == (Status.PROBATION, None)
    assert house.sends(house.marketing)
    resumed = [by for action, by in house.trail(scope) if action == "resumed"]
    # Whose came last cannot be told from the trail: both decided in the same moment.
    assert state.by in resumed


def test_two_operators_pause_at_once(start: Run, house: Guardhouse) -> None:
    """One of them does it, and the other is told so: the set is off, and its row has the reason of the one."""
    scope = scope_of(house.marketing)
    results = at_once(lambda who: start("pause", scope, "--reason", f"as {who} said", "--as", who), ["ann", "bob"])
    state = house.state(scope)
    assert state
    assert state.status is Status.PAUSED
    assert sorted(result.returncode for result in results) == [0, 1]
    [refusal] = [result.stderr for result in results if result.returncode]
    assert f"by {state.by}" in " ".join(refusal.split())
    assert "switched on" not in refusal
    assert state.reason == f"as {state.by} said"
    assert not house.sends(house.marketing)


def test_an_operator_and_the_guard_pause_at_once(start: Run, house: Guardhouse) -> None:
    """Whoever is faster: in the end the set is off, its row says paused, and the guard finds nothing left to do."""
    scope = scope_of(house.marketing)
    house.send(house.marketing, 160, 40)
    deeds: Sequence[Callable[[], object]] = [
        lambda: start("pause", scope, *REASON, "--as", "jane"),
        lambda: house.looks(3),
    ]
    [by_hand, _] = at_once(lambda deed: deed(), deeds)
    assert isinstance(by_hand, subprocess.CompletedProcess)
    assert by_hand.returncode in (0, 1)
    state = house.state(scope)
    assert state
    assert state.status is Status.PAUSED
    assert not house.sends(house.marketing)
    assert house.look().errors == []


def at_once[T, R](deed: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """Does them in parallel."""
    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(deed, things))


def test_status_shows_what_was_paused_and_why(run: Run, house: Guardhouse) -> None:
    """A finding: exit code 1, the bad set with its evidence, the good one with its head-room."""
    house.send(house.receipts, 495, 5)
    house.send(house.marketing, 160, 40)
    house.looks()
    result = run("status", "--json")
    assert result.returncode == 1
    found = printed(result, shapes.Status)
    by_scope = {one["scope"]: one for one in found["scopes"]}
    assert next(iter(by_scope)) == "account"  # the tests share its counters
    bad, good = by_scope[scope_of(house.marketing)], by_scope[scope_of(house.receipts)]
    assert (bad["status"], bad["finding"], bad["head_room"], bad["by"]) == ("paused", True, None, "the guard")
    assert (bad["bounces"]["bad"], bad["bounces"]["mails"], bad["bounces"]["rate"]) == (40, 200, 0.2)
    assert bad["bounces"]["low"] < 0.2 < bad["bounces"]["high"]
    assert "40 of 200" in bad["reason"]
    assert (good["status"], good["finding"]) == ("healthy", False)
    assert (good["bounces"]["bad"], good["bounces"]["mails"]) == (5, 500)
    assert 1 <= good["head_room"] <= 1000
    assert found["guard"]["silent"] is False


def test_status_of_the_healthy_is_no_finding(run: Run, house: Guardhouse) -> None:
    """Exit code 0; only what was asked for is shown."""
    house.send(house.receipts, 495, 5)
    house.looks()
    result = run("status", scope_of(house.receipts), COLUMNS="200")
    assert result.returncode == 0, result.stdout
    assert scope_of(house.receipts) in result.stdout
    assert "1.0 (0.49-2.0)" in result.stdout  # Wilson's interval of 90 % for 5 of 500
    assert "\naccount" not in result.stdout


def test_status_draws_the_rates_against_the_limits(run: Run, house: Guardhouse) -> None:
    """Three days of mail, with the lines at which the guard warns and pauses."""
    for days in (3, 2, 1):
        house.send(house.receipts, 95, 5, sent_at=house.now - timedelta(days=days))
    house.looks()
    result = run("status", scope_of(house.receipts), "--plot")
    assert result.stdout.count(scope_of(house.receipts)) == 3
    assert "pauses above 4 %" in result.stdout
    assert "warns at 3 %" in result.stdout
    assert f"{house.now - timedelta(days=2):%d %b}" in result.stdout
    assert "\x1b" not in result.stdout
    shape = printed(run("status", scope_of(house.receipts), "--plot", "--days", "4", "--json"), shapes.Status)
    assert [(one["mails"], one["hard_bounces"]) for one in shape["scopes"][0]["history"]] == [(100, 5)] * 3


def test_a_silent_guard_is_a_finding(run: Run, house: Guardhouse) -> None:
    """Nobody may take a table of healthy scopes for a guard that watches them."""
    house.now -= timedelta(minutes=30)
    house.send(house.receipts, 495, 5)
    house.looks()
    result = run("status", "account")
    assert result.returncode == 1
    assert "The guard is silent" in result.stdout


def test_what_strangers_wrote_commands_no_terminal(run: Run, house: Guardhouse) -> None:
    """Terminal sequences and markup in a reason are shown as text, or not at all."""
    scope = scope_of(house.marketing)
    state = State(scope=scope, status=Status.WARNED, since=house.now, reason="\x1b[2J\x1b]0;owned\x07[red]boo[/red] :smile:")
    house.client("dynamodb").put_item(
        TableName=house.tables.reputation, Item=state_item(replace(state, version=1)) | {"active_hour": {"S": "guarded"}}
    )
    shown = run("status", scope, FORCE_COLOR="1", COLUMNS="200").stdout
    assert "[red]boo[/red] :smile:" in shown
    assert "owned" not in shown
    assert "\x1b[2J" not in shown
    as_json = run("status", scope, "--json").stdout
    assert "\x1b" not in as_json
    assert json.loads(as_json)["scopes"][0]["reason"] == state.reason


def test_the_stack_tells_where_its_tables_are(run: Run, house: Guardhouse, environment: dict[str, str]) -> None:
    """By the name of the stack alone: its output names the guard's function, whose settings the command works with."""
    stack = deploy(house)
    for name in [name for name in environment if name.startswith("SES_WARDEN_")]:
        del environment[name]
    result = run("pause", scope_of(house.marketing), *REASON, "--stack", stack, "--json")
    assert printed(result, shapes.Switched)["status"] == "paused"
    assert not house.sends(house.marketing)
    [alert] = house.alerts()
    assert f"Stack: {house.stack}" in alert
    found = printed(run("status", "--json", SES_WARDEN_STACK=stack), shapes.Status)
    assert found["guard"]["mode"] == "dry-run"


def test_a_stack_that_is_not_there_is_a_failure(run: Run, environment: dict[str, str]) -> None:
    """Exit code 2, with what CloudFormation says."""
    del environment["SES_WARDEN_USE"]
    result = run("status", "--stack", "no-such-stack")
    assert (result.returncode, result.stdout) == (2, "")
    assert "no-such-stack" in result.stderr


def test_nobody_is_paused_without_anybody_told(run: Run, house: Guardhouse, environment: dict[str, str]) -> None:
    """A table alone names no alert topic; the refusal comes before the deed."""
    environment["SES_WARDEN_USE"] = f"REPUTATION_TABLE={house.tables.reputation}"
    result = run("pause", scope_of(house.marketing), *REASON)
    assert result.returncode == 2
    assert "--use ALERT_TOPIC_ARN" in result.stderr
    assert house.sends(house.marketing)
    assert house.state(scope_of(house.marketing)) is None


def deploy(house: Guardhouse) -> str:
    """Return the name of a stack that is no more than a guard's function, whose settings point at the house."""
    settings = {
        "REPUTATION_TABLE": house.tables.reputation,
        "COUNTER_SHARDS": str(SHARDS),
        "GUARD_MODE": "dry-run",
        "GUARD_ACCOUNT_MODE": "dry-run",
        **GUARD_USUAL,
        "ALERT_TOPIC_ARN": house.topic,
        "ACTIVITY_QUEUE_URL": house.activity,
        "POWERTOOLS_SERVICE_NAME": house.stack,
    }
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": f"guard-{house.stack}",
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": "arn:aws:iam::000000000000:role/guard",
            "Code": {"ZipFile": "def handler(event, context): ..."},
            "Environment": {"Variables": settings},
        },
    }
    template = {"Resources": {"Guard": function}, "Outputs": {"GuardFunctionName": {"Value": {"Ref": "Guard"}}}}
    cloudformation = house.client("cloudformation")
    name = f"mail-{house.stack}"  # which begins with a letter
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return name
