"""`ses-warden doctor` on the stack as deployed, of which parts are taken away and put back."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from pydantic import TypeAdapter

from ses_warden_cli.pipeline import shapes
from ses_warden_cli.shapes import Finding
from tests.support.stack import Stack

# The codes of lines that no mail and no other test changes.
LASTING = (
    *("rule.state", "rule.target", "function.invoker", "function.failures", "subscription.lane", "subscription.redrive"),
    *("queue.policy", "queue.redrive", "dmarc.notification"),
)


def test_the_doctor_names_what_no_longer_leads_on_and_sees_it_mended(stack: Stack) -> None:
    """A schedule without its target, a function that S3 may not invoke, a bucket that tells nobody, failures without a place."""
    keys = [
        ("rule.target", "AuditFunctionEachDay"),
        ("function.invoker", "DmarcReportsFunction"),
        ("dmarc.notification", "MailBucket"),
        ("function.failures", "DmarcReportsFunction"),
        ("queue.redrive", "ActivityQueue"),
    ]
    well = doctors_lines(stack)
    with ExitStack() as mended:
        for broken_for_now in (no_target, no_permission, no_notification, no_destination, no_redrive):
            mended.enter_context(broken_for_now(stack))
        found = doctors_lines(stack)
        assert {key: found[key]["standing"] for key in keys} == dict(zip(keys, ("broken",) * 3 + ("warn",) * 2, strict=True))
        assert f"aws events put-targets --rule {stack.resources['AuditFunctionEachDay']}" in found[keys[0]]["mend"]
        assert f"--source-arn arn:aws:s3:::{stack.resources['MailBucket']}" in found[keys[1]]["mend"]
        others = {key: one for key, one in found.items() if key[0] in LASTING and key not in keys}
        assert others == {key: one for key, one in well.items() if key[0] in LASTING and key not in keys}
    assert {one["standing"] for key, one in doctors_lines(stack).items() if key[0] in LASTING} == {"ok"}


def doctors_lines(stack: Stack) -> dict[tuple[str, str], Finding]:
    """What `doctor` says, by what it is about."""
    examined = TypeAdapter(shapes.Examined).validate_json(stack.ses_warden("doctor", "--json").stdout)
    return {(one["code"], one["where"]): one for one in examined["findings"]}


@contextmanager
def no_target(stack: Stack) -> Iterator[None]:
    """The audit's schedule leads nowhere."""
    events: Any = stack.emulator.client("events")
    rule = stack.resources["AuditFunctionEachDay"]
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[one["Id"] for one in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=rule, Targets=targets)


@contextmanager
def no_permission(stack: Stack) -> Iterator[None]:
    """S3 may not invoke the function that reads reports."""
    functions, name = stack.functions, stack.resources["DmarcReportsFunction"]
    [statement] = json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    try:
        yield
    finally:
        functions.add_permission(
            FunctionName=name,
            StatementId=statement["Sid"],
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceAccount=statement["Condition"]["StringEquals"]["AWS:SourceAccount"],
        )


@contextmanager
def no_notification(stack: Stack) -> Iterator[None]:
    """The bucket tells nobody of files."""
    s3: Any = stack.emulator.client("s3")
    bucket = stack.resources["MailBucket"]
    whole = {
        name: value
        for name, value in s3.get_bucket_notification_configuration(Bucket=bucket).items()
        if name == "LambdaFunctionConfigurations"
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        yield
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=whole)


@contextmanager
def no_destination(stack: Stack) -> Iterator[None]:
    """What the function fails at goes nowhere."""
    named = {"FunctionName": stack.resources["DmarcReportsFunction"], "Qualifier": "$LATEST"}
    functions: Any = stack.functions
    kept = functions.get_function_event_invoke_config(**named)
    functions.delete_function_event_invoke_config(**named)
    wanted = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
    try:
        yield
    finally:
        functions.put_function_event_invoke_config(**named, **{name: kept[name] for name in wanted})


@contextmanager
def no_redrive(stack: Stack) -> Iterator[None]:
    """The queue has none behind it."""
    url, names = stack.resources["ActivityQueue"], ["RedrivePolicy"]
    sqs: Any = stack.sqs
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)
