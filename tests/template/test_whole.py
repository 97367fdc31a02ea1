"""The template as a whole: it holds together in every shape, and the tools find nothing."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.template import TEMPLATE, Json, load, of_type, refusals, resolve

ROOT = TEMPLATE.parent

SHAPES: dict[str, dict[str, str | int]] = {
    "defaults": {},
    "emulator": {"EmulatorEndpoint": "http://127.0.0.1:4566"},
    "existing set": {"ExistingConfigurationSetName": "mine"},
    "further sets": {"AdditionalConfigurationSet1": "a", "AdditionalConfigurationSet2": "b", "AdditionalConfigurationSet3": "c"},
    "own key": {"UseCustomerManagedKey": "true"},
    "existing key": {"ExistingKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"},
    "eventbridge": {"EventBridgeRule": "true"},
    "guard off": {"GuardMode": "off"},
    "dry run": {"GuardMode": "dry-run"},
    "account guarded": {"GuardAccountMode": "active"},
    "sync off": {"SuppressionSync": "off"},
    "sync applies": {"SuppressionSync": "apply"},
    "audit off": {"AuditMode": "off"},
    "events hashed": {"RecipientEvents": "hashed"},
    "events plain, existing table": {
        "RecipientEvents": "plain",
        "ExistingSuppressionTableName": "old-suppression",
        "ExistingSuppressionStreamArn": "arn:aws:dynamodb:eu-west-1:111122223333:table/old-suppression/stream/s",
    },
    "events wanted of an existing table without a stream": {
        "RecipientEvents": "plain",
        "ExistingSuppressionTableName": "old-suppression",
    },
    "sending domain": {"SendingDomain": "example.com", "SendingAddress": "jane@example.net"},
    "sending domain with records": {
        "SendingDomain": "example.com",
        "HostedZoneId": "Z1",
        "DmarcPolicy": "reject",
        "DmarcTesting": "true",
        "DmarcSubdomainPolicy": "quarantine",
        "DmarcNonexistentPolicy": "reject",
        "DmarcReportAddress": "dmarc@example.com",
    },
    "sending domain in an existing set": {"SendingDomain": "example.com", "ExistingConfigurationSetName": "mine"},
    "existing sending domain": {"ExistingSendingDomain": "example.com", "HostedZoneId": "Z1", "DmarcPolicy": "none"},
    "existing tables": {
        "ExistingEventsTableName": "old-events",
        "ExistingSuppressionTableName": "old-suppression",
        "ExistingReputationTableName": "old-reputation",
    },
}

OUTPUTS = {
    "ConfigurationSetName",
    "FeedbackTopicArn",
    "ActivityTopicArn",
    "AlertTopicArn",
    "FeedbackRetryQueueUrl",
    "FeedbackDeadLetterQueueUrl",
    "ActivityQueueUrl",
    "ActivityDeadLetterQueueUrl",
    "EventsTableName",
    "SuppressionTableName",
    "ReputationTableName",
    "QuarantineBucketName",
    "FeedbackFunctionName",
    "ActivityFunctionName",
    "FeedbackLogGroupName",
    "ActivityLogGroupName",
    "GuardFunctionName",
    "GuardLogGroupName",
    "SyncFunctionName",
    "SyncLogGroupName",
    "AuditFunctionName",
    "AuditLogGroupName",
}


@pytest.mark.parametrize("parameters", SHAPES.values(), ids=SHAPES)
def test_no_reference_dangles(template: Json, parameters: dict[str, str | int]) -> None:
    """Whatever is chosen, what remains refers only to what remains."""
    stack = resolve(template, **parameters)
    used = {name for section in ("Globals", "Resources", "Outputs") for name in _references(stack[section])}
    assert used - stack["Resources"].keys() - stack["Parameters"].keys() - set(_made_by_sam(stack)) == set()


@pytest.mark.parametrize("parameters", SHAPES.values(), ids=SHAPES)
def test_an_operator_finds_every_name_in_the_outputs(template: Json, parameters: dict[str, str | int]) -> None:
    """Outputs name topics, queues, tables, bucket, functions and logs in every shape, each with a description."""
    outputs = resolve(template, **parameters)["Outputs"]
    assert outputs.keys() - {"KeyArn", "SendingDomain"} == OUTPUTS
    assert all(output["Description"] for output in outputs.values())


def test_every_condition_is_used(template: Json) -> None:
    """No condition is left over from something that is gone."""
    rest = {key: value for key, value in template.items() if key != "Conditions"}
    used = {name for section in (rest, template["Conditions"]) for name in _conditions(section)}
    assert used == template["Conditions"].keys()


@pytest.mark.parametrize("parameters", SHAPES.values(), ids=SHAPES)
def test_the_rules_let_every_shape_through(template: Json, parameters: dict[str, str | int]) -> None:
    """They refuse contradictions alone."""
    assert refusals(template, **parameters) == []


def test_a_key_given_twice_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """YAML would silently take the last of two equal keys; the loader of these tests does not."""
    path = tmp_path_factory.mktemp("template") / "template.yaml"
    path.write_text("Resources:\n  A: {Ref: x}\n  A: !Ref y\n", encoding="utf-8")
    with pytest.raises(yaml.constructor.ConstructorError, match="given twice"):
        load(path)


def test_cfn_lint_finds_nothing() -> None:
    """Every rule, informational ones included, for several Regions."""
    command = [str(Path(sys.executable).with_name("cfn-lint"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 (our own command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_deploying_asks_first_and_names_no_place() -> None:
    """samconfig.toml shows the change set before it is applied, and leaves Region, account and profile to the environment."""
    text = (ROOT / "samconfig.toml").read_text(encoding="utf-8")
    default = tomllib.loads(text)["default"]
    assert default["global"]["parameters"]["stack_name"] == "ses-warden"
    assert default["deploy"]["parameters"]["confirm_changeset"] is True
    assert default["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
    assert default["deploy"]["parameters"]["resolve_s3"] is True
    assert default["deploy"]["parameters"]["tags"] == "application=ses-warden"
    assert default["build"]["parameters"] == {"cached": True, "parallel": True}
    assert not re.search(r"^\s*(region|profile)\s*=|\b\d{12}\b", text, re.MULTILINE)


def test_every_exemption_from_checkov_has_its_reason() -> None:
    """A skipped check says on its line why."""
    lines = (ROOT / ".checkov.yaml").read_text(encoding="utf-8").splitlines()
    exemptions = [line for line in lines if line.lstrip().startswith("- CKV")]
    assert exemptions
    assert [line for line in exemptions if not re.search(r"CKV\w+  # .{30,}", line)] == []


def _references(node: object) -> Iterator[str]:
    """Logical ids below a node that Ref, Fn::GetAtt, Fn::Sub or DependsOn point at."""
    match node:
        case {"Ref": str(name)}:
            yield from [] if name.startswith("AWS::") else [name]
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": [str(text), dict(variables)]}:
            yield from (name for name in _names(text) if name not in variables)
            yield from _references(variables)
        case {"Fn::Sub": str(text)}:
            yield from _names(text)
        case dict():
            awaited = node.get("DependsOn", [])
            yield from [awaited] if isinstance(awaited, str) else awaited
            for value in node.values():
                yield from _references(value)
        case list():
            for value in node:
                yield from _references(value)


def _made_by_sam(stack: Json) -> Iterator[str]:
    """Logical ids of what SAM makes of a function's events: https://github.com/aws/serverless-application-model, internals."""
    for name, function in of_type(stack, "AWS::Serverless::Function").items():
        if "EventInvokeConfig" in function:
            yield f"{name}EventInvokeConfig"
        for event, body in function["Events"].items():
            yield f"{name}{event}"
            if body["Type"] == "SNS":
                yield f"{name}{event}Permission"


def _names(text: str) -> Iterator[str]:
    for name in re.findall(r"\$\{([^}!]+)\}", text):
        if not name.startswith("AWS::"):
            yield name.split(".")[0]


def _conditions(node: object) -> Iterator[str]:
    match node:
        case {"Fn::If": [str(name), *branches]}:
            yield name
            yield from _conditions(branches)
        case dict():
            if isinstance(node.get("Condition"), str):
                yield node["Condition"]
            for value in node.values():
                yield from _conditions(value)
        case list():
            for value in node:
                yield from _conditions(value)


def test_no_event_is_switched_by_a_condition_that_sam_takes_for_true(template: Json) -> None:
    """SAM makes ENABLED of whatever is in `Enabled` and not false; `State` it hands on as it is."""
    events = [
        event["Properties"]
        for function in of_type(template, "AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
    ]
    assert len(events) > 3
    assert [one for one in events if isinstance(one.get("Enabled"), dict)] == []
