"""A pass over what leads from one part of a stack to the next: what is broken there, hidden, or not wanted."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ses_warden.application.examine_pipeline import Examination
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Blueprint, Target
from tests.health_fakes import FUNCTIONS, LOOKS, NOW, Health, allows, blueprint, function_arn, queue_arn, queue_url
from tests.support import template

OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN
RULES = {
    "GuardFunctionEachMinute": "GuardFunction",
    "TenantStatusRule": "GuardFunction",
    "SyncFunctionEachDay": "SyncFunction",
    "AuditFunctionEachDay": "AuditFunction",
}
STARTED = ("FeedbackFunction", "GuardFunction", "SyncFunction", "AuditFunction", "DmarcReportsFunction")
OFF = {
    "GuardMode": "off",
    "AuditMode": "off",
    "SuppressionSync": "off",
    "RecipientEvents": "off",
    "DmarcReports": "off",
    "MailBucketName": "",
    "DmarcReceiptRuleSetName": "",
    "DmarcReportsDeadLetterQueueUrl": "",
    "DmarcReportsFunctionName": "",
}


def with_events_rule() -> Blueprint:
    """A stack with the rule that brings events of the default bus."""
    plan = blueprint(EventBridgeRule="true")
    return replace(plan, resources={**(plan.resources or {}), "SesEventsRule": "mail-SesEventsRule"})


def examine(health: Health, plan: Blueprint | None = None) -> list[Finding]:
    """All findings of a pass."""
    return Examination(plan or blueprint(), health, health, health, NOW, 25).findings()


def bad(health: Health, plan: Blueprint | None = None) -> dict[tuple[str, str], Standing]:
    """Those that are not well."""
    return {one.key: one.standing for one in examine(health, plan) if one.standing is not OK}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seen", [[], [Target("1", function_arn("Elsewhere"))]], ids=["none", "another function"])
def test_a_rule_that_leads_nowhere_or_elsewhere_is_broken(rule: str, seen: list[Target]) -> None:
    """Its state is well all the same."""
    health = Health(led={f"mail-{rule}": seen})
    [found] = [one for one in examine(health) if one.standing is not OK]
    assert (found.key, found.standing) == (("rule.target", rule), BROKEN)
    assert f"Arn={function_arn(RULES[rule])}" in found.mend


def test_the_targets_ids_are_the_templates() -> None:
    """By another one CloudFormation would not find it again, and could not delete the rule."""
    resources = template.load()["Resources"]
    for rule in (*RULES, "SesEventsRule"):
        [found] = [one for one in examine(Health(led={f"mail-{rule}": []}), with_events_rule()) if one.standing is BROKEN]
        given = found.mend.partition("Id=")[2].partition(",")[0]
        written = resources.get(rule, {}).get("Properties", {}).get("Targets", [{"Id": f"{rule}LambdaTarget"}])
        assert [given] == [one["Id"] for one in written]


@pytest.mark.parametrize("function", STARTED)
def test_what_starts_a_function_and_may_not_is_broken(function: str) -> None:
    """Its permission was taken away, or is somebody else's."""
    arn = function_arn(function)
    for policy in ("", allows("apigateway.amazonaws.com", "lambda:InvokeFunction", arn)):
        assert bad(Health(policies={arn: policy})) == {("function.invoker", function): BROKEN}


@pytest.mark.parametrize("service", ["events.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"])
def test_the_guard_is_started_by_rules_and_by_alarms(service: str) -> None:
    """One of both is not enough."""
    arn = function_arn("GuardFunction")
    health = Health(policies={arn: allows(service, "lambda:InvokeFunction", arn)})
    assert bad(health) == {("function.invoker", "GuardFunction"): BROKEN}


@pytest.mark.parametrize(
    ("place", "key"),
    [
        ("mail-FeedbackTopic", ("subscription.redrive", "FeedbackTopic")),
        ("mail-ActivityTopic", ("subscription.redrive", "ActivityTopic")),
        ("mail-ActivityQueue", ("queue.redrive", "ActivityQueue")),
        ("mail-FeedbackRetryQueue", ("queue.redrive", "FeedbackRetryQueue")),
        ("mail-FeedbackFunction", ("function.failures", "FeedbackFunction")),
        ("mail-GuardFunction", ("function.failures", "GuardFunction")),
        ("mail-AuditFunction", ("function.failures", "AuditFunction")),
        ("mail-DmarcReportsFunction", ("function.failures", "DmarcReportsFunction")),
        ("mail-PublisherFunction", ("function.failures", "PublisherFunction")),
    ],
)
@pytest.mark.parametrize("seen", ["", queue_arn(queue_url("Other"))])
def test_failures_that_go_nowhere_or_elsewhere_are_told(place: str, key: tuple[str, str], seen: str) -> None:
    """Nothing is lost yet."""
    assert bad(Health(failing={place: seen})) == {key: WARN}


def test_a_queue_for_failures_that_is_gone_is_broken() -> None:
    """Whoever leads to it."""

    class Gone(Health):
        def queue(self, url: str) -> Any:
            return None if url.endswith("DeadLetterQueue") else super().queue(url)

    names = ("Feedback", "Activity", "Publisher")
    assert bad(Gone()) == {("queue.dead", f"{name}DeadLetterQueue"): BROKEN for name in names}


def test_the_rule_of_the_default_bus_must_lead_to_the_queue_and_may_fill_it() -> None:
    """And the queue for what it cannot deliver."""
    plan = with_events_rule()
    assert bad(Health(), plan) == {}
    rule = ("rule.target", "SesEventsRule")
    queue = queue_arn(queue_url("ActivityQueue"))
    assert bad(Health(led={"mail-SesEventsRule": []}), plan) == {rule: BROKEN}
    assert bad(Health(led={"mail-SesEventsRule": [Target("1", queue)]}), plan) == {rule: WARN}
    for name in ("ActivityQueue", "ActivityDeadLetterQueue"):
        url = queue_url(name)
        seen = Health().queue(url)
        assert seen
        alone = seen._replace(policy=allows("sns.amazonaws.com", "sqs:SendMessage", seen.arn))
        assert bad(Health(queues={url: alone}), plan) == {("queue.policy", name): BROKEN}
        assert bad(Health(queues={url: alone})) == {}


def test_reports_that_nobody_is_told_of_and_mail_that_ses_does_not_take_are_broken() -> None:
    """A file in the bucket is not yet read."""
    assert bad(Health(told=[])) == {("dmarc.notification", "MailBucket"): BROKEN}
    assert bad(Health(rule_set="")) == {("dmarc.inbox.active", "eu-west-1"): BROKEN}
    assert bad(Health(rule_set="others")) == {("dmarc.inbox.active", "eu-west-1"): BROKEN}


def test_reports_that_come_as_files_alone_need_no_receipt_rule() -> None:
    """SES is not even asked."""
    health = Health(rule_set="")
    assert bad(health, blueprint(DmarcReceiptRuleSetName="")) == {}
    assert "receipts" not in health.looks


@pytest.mark.parametrize("function", STARTED)
def test_a_function_that_is_gone_has_one_line(function: str) -> None:
    """That nobody may invoke it goes without saying."""
    arn = function_arn(function)
    health = Health(functions={f"mail-{function}": None}, policies={arn: ""}, failing={f"mail-{function}": ""})
    parts = {**(blueprint().resources or {}), function: f"mail-{function}"}
    assert bad(health, blueprint(parts)) == {("function.state", function): BROKEN}


def test_a_function_that_is_gone_is_not_passed_over_where_nothing_else_says_so() -> None:
    """What the stack is made of is not known, so that the function has no line for its state."""
    arn = function_arn("DmarcReportsFunction")
    health = Health(functions={"mail-DmarcReportsFunction": None}, policies={arn: ""})
    found = bad(health, replace(blueprint(), resources=None))
    assert found["function.invoker", "DmarcReportsFunction"] is BROKEN


def test_what_is_switched_off_is_not_missed() -> None:
    """Nothing leads to it, nobody may invoke it, and its failures go nowhere."""
    arns = [function_arn(one) for one in FUNCTIONS if one != "FeedbackFunction"]
    health = Health(
        rules={f"mail-{one}": "DISABLED" for one in RULES},
        led={f"mail-{one}": [] for one in RULES},
        policies=dict.fromkeys(arns, ""),
        failing={f"mail-{one}Function": "" for one in ("Guard", "Audit", "DmarcReports")},
        told=[],
        rule_set="",
    )
    parts = {name: value for name, value in (blueprint().resources or {}).items() if not name.startswith("Publisher")}
    assert bad(health, blueprint(parts, **OFF)) == {}
    assert {"targets", "notifications", "receipts"}.isdisjoint(health.looks)
    assert Counter(health.looks)["invokers"] == Counter(health.looks)["failures"] == 1


def test_nothing_is_asked_twice_of_what_starts_and_what_fails() -> None:
    """A question a function, a rule, a bucket; and one a queue."""
    health = Health()
    examine(health, with_events_rule())
    asked = Counter(health.looks)
    assert {name: asked[name] for name in ("rule", "targets", "invokers", "failures", "notifications", "receipts", "queue")} == {
        "rule": 5,
        "targets": 5,
        "invokers": 5,
        "failures": 4,
        "notifications": 1,
        "receipts": 1,
        "queue": 5,
    }


def test_without_the_stacks_parts_who_starts_functions_is_unknown() -> None:
    """Its rules have names of their own."""
    found = examine(Health(), replace(blueprint(), resources=None))
    hidden = {one.where for one in found if one.code == "function.invoker" and "cloudformation:ListStackResources" in one.mend}
    assert hidden == {"GuardFunction", "SyncFunction", "AuditFunction"}
    assert {one.standing for one in found if one.code.startswith("function.")} == {OK, UNKNOWN}


@pytest.mark.parametrize(
    "name",
    [
        "FeedbackRetryQueueUrl",
        "ActivityDeadLetterQueueUrl",
        "FeedbackDeadLetterQueueUrl",
        "DmarcReportsDeadLetterQueueUrl",
        "GuardFunctionName",
        "SyncFunctionName",
        "DmarcReportsFunctionName",
        "MailBucketName",
        "AlertTopicArn",
    ],
)
def test_what_is_not_named_is_unknown_and_says_how_to_name_it(name: str) -> None:
    """Nothing is alleged of it."""
    found = [one for one in examine(Health(), blueprint(**{name: ""})) if one.standing is not OK]
    assert found
    for one in found:
        assert (one.standing, "--use" in one.mend) == (UNKNOWN, True), one


def test_without_any_topic_nothing_tells_the_account() -> None:
    """All that hangs on it is unknown, and nothing is asked in vain."""
    topics = {f"{name}TopicArn": "" for name in ("Feedback", "Activity", "Alert")}
    health = Health(frozenset(LOOKS))
    assert {one.standing for one in examine(health, blueprint(**topics))} == {UNKNOWN}
    assert {"targets", "invokers", "failures", "notifications"}.isdisjoint(health.looks)
