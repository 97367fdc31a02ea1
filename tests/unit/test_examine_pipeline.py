"""A pass over a whole pipeline: one that is well, one with faults, and one of which parts may not be seen."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from ses_warden.application.examine_pipeline import Examination
from ses_warden.domain.findings import Finding, Standing, worst
from ses_warden.domain.health import Blueprint, ConfigurationSet, Function, Heap
from ses_warden.errors import Absent
from tests.health_fakes import AWS, BOTH, LOOKS, NOW, Health, blueprint, queue_arn, queue_url, topic
from tests.support import template


def examine(health: Health, plan: Blueprint | None = None, identities: int = 25) -> list[Finding]:
    """All findings of a pass."""
    return Examination(plan or blueprint(), health, health, health, NOW, identities).findings()


def bad(findings: list[Finding]) -> dict[tuple[str, str], Standing]:
    """Those that are not well."""
    return {one.key: one.standing for one in findings if one.standing is not Standing.OK}


def test_a_pipeline_that_is_well_is_looked_at_in_every_part() -> None:
    """Each port is asked, and each line is well."""
    health = Health(keys={topic("FeedbackTopic"): "ses.amazonaws.com"})
    findings = examine(health)
    assert bad(findings) == {}
    assert set(health.looks) == set(LOOKS)
    assert {one.where for one in findings if one.code == "set.feedback"} == {"mail", "news"}
    assert {one.where for one in findings if one.code == "queue.dead"} == {
        "FeedbackDeadLetterQueue",
        "ActivityDeadLetterQueue",
        "PublisherDeadLetterQueue",
    }


def test_no_two_lines_say_the_same() -> None:
    """A code and a place are what a line is about; the queues' two lines have codes of their own."""
    keys = [one.key for one in examine(Health())]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("look", sorted(LOOKS))
def test_a_look_that_is_refused_is_unknown_and_hides_no_other(look: str) -> None:
    """Its lines name the right; all others stay as they were, but for those that could not be asked for."""
    keys = {topic("FeedbackTopic"): "ses.amazonaws.com"}
    well = {one.key for one in examine(Health(keys=keys))}
    findings = examine(Health(frozenset({look}), keys=keys))
    unknown = [one for one in findings if one.standing is Standing.UNKNOWN]
    assert unknown
    assert all(f"right:{look}" in one.mend for one in unknown)
    lost = well - {one.key for one in findings}
    assert {code.partition(".")[0] for code, _ in lost} <= {one.code.partition(".")[0] for one in unknown}
    # A sender without a default set is no longer excused once nobody can tell whether mail goes past.
    sender = ("identity.set", "example.com")
    assert {standing for key, standing in bad(findings).items() if key != sender} == {Standing.UNKNOWN}


def test_everything_refused_is_unknown_and_nothing_is_alleged() -> None:
    """No line of a pass without any right is bad."""
    findings = examine(Health(frozenset(LOOKS)), replace(blueprint(), resources=None))
    assert {one.standing for one in findings} == {Standing.UNKNOWN}
    assert any("cloudformation:ListStackResources" in one.mend for one in findings)


def test_how_a_subscription_is_handed_its_messages_may_be_hidden() -> None:
    """That it is there can be said, and where failures go cannot."""
    findings = examine(Health(frozenset({"delivery"})))
    assert bad(findings) == {("subscription.redrive", f"{name}Topic"): Standing.UNKNOWN for name in ("Feedback", "Activity")}
    lanes = {one.where: one.standing for one in findings if one.code == "subscription.lane"}
    assert lanes == {"FeedbackTopic": Standing.OK, "ActivityTopic": Standing.OK}


def test_faults_are_told_where_they_are() -> None:
    """Each by itself."""
    health = Health(
        sets={"mail": ConfigurationSet(sends=False, suppressed=BOTH)},
        keys={topic("ActivityTopic"): "alias/aws/sns", topic("AlertTopic"): "s3.amazonaws.com"},
        rules={"mail-TenantStatusRule": "DISABLED"},
        functions={"mail-GuardFunction": None, "mail-PublisherFunction": Function("arn", "Failed", "", "", None)},
        last=None,
    )
    assert bad(examine(health)) == {
        ("set.sending", "mail"): Standing.WARN,
        ("set.exists", "news"): Standing.BROKEN,
        ("topic.key", "ActivityTopic"): Standing.BROKEN,
        ("topic.key", "AlertTopic"): Standing.BROKEN,
        ("function.state", "GuardFunction"): Standing.BROKEN,
        ("function.state", "PublisherFunction"): Standing.BROKEN,
        ("rule.state", "TenantStatusRule"): Standing.BROKEN,
        ("events.age", "events"): Standing.BROKEN,
    }


def test_mail_that_went_past_makes_senders_without_a_set_suspect() -> None:
    """SES sent a hundred, and fifty are recorded."""
    assert bad(examine(Health(recorded=50))) == {
        ("events.coverage", "events"): Standing.WARN,
        ("identity.set", "example.com"): Standing.WARN,
    }


def test_an_encrypted_queue_must_let_sns_use_its_key() -> None:
    """As an encrypted topic its publisher."""
    url = queue_url("ActivityQueue")
    for service, standing in (("sns.amazonaws.com", Standing.OK), ("ses.amazonaws.com", Standing.BROKEN)):
        seen = Health().queue(url)
        assert seen
        findings = examine(Health(queues={url: seen._replace(key=service)}))
        assert [one.standing for one in findings if one.code == "queue.key"] == [standing]
    assert queue_arn(url).endswith("mail-ActivityQueue")


@pytest.mark.parametrize(
    ("named", "key", "standing"),
    [
        ({"GuardMode": "off"}, ("rule.state", "TenantStatusRule"), Standing.WARN),
        ({"SuppressionSync": "off"}, ("rule.state", "SyncFunctionEachDay"), Standing.WARN),
        ({"SuppressionSync": "apply"}, ("rule.state", "SyncFunctionEachDay"), Standing.OK),
        ({"AuditMode": "off"}, ("rule.state", "AuditFunctionEachDay"), Standing.WARN),
        ({"EventBridgeRule": "true"}, ("rule.state", "SesEventsRule"), Standing.BROKEN),
        ({"FeedbackTopicArn": ""}, ("topic.policy", "FeedbackTopic"), Standing.UNKNOWN),
        ({"QuarantineBucketName": ""}, ("quarantine.objects", "QuarantineBucket"), Standing.UNKNOWN),
        ({"FeedbackTopicArn": ""}, ("function.invoker", "FeedbackFunction"), Standing.UNKNOWN),
        ({"ConfigurationSetName": "", "AdditionalConfigurationSet2": ""}, ("set.exists", "configuration set"), Standing.UNKNOWN),
        ({"SuppressionAuthority": "warden"}, ("set.suppression", "mail"), Standing.WARN),
    ],
)
def test_what_a_stack_is_made_of_decides_what_is_looked_at(named: dict[str, str], key: tuple[str, str], standing: Standing) -> None:
    """Its parameters and outputs; what is not named is unknown, and says how to name it."""
    findings = examine(Health(), blueprint(**named))
    [found] = [one for one in findings if one.key == key]
    assert found.standing is standing
    assert standing is not Standing.UNKNOWN or "--use" in found.mend


def test_without_a_publisher_nobody_is_told_of_recipients() -> None:
    """The stack has none where its suppression table was given without a stream."""
    parts = {name: value for name, value in (blueprint().resources or {}).items() if name != "PublisherFunction"}
    assert bad(examine(Health(), blueprint(parts)))["function.state", "PublisherFunction"] is Standing.WARN
    assert worst(examine(Health(), blueprint(parts, RecipientEvents="off"))) is Standing.OK


@pytest.mark.parametrize("rule", ["GuardFunctionEachMinute", "SyncFunctionEachDay", "AuditFunctionEachDay"])
@pytest.mark.parametrize("state", ["DISABLED", None])
def test_a_schedule_that_is_off_or_gone_is_told(rule: str, state: str | None) -> None:
    """Where its parameter wants it."""
    assert bad(examine(Health(rules={f"mail-{rule}": state}))) == {("rule.state", rule): Standing.BROKEN}


def test_a_stack_from_before_a_schedule_is_not_broken_for_want_of_it() -> None:
    """It has neither the parameter nor the rule."""
    parts = {name: value for name, value in (blueprint().resources or {}).items() if name != "SyncFunctionEachDay"}
    findings = examine(Health(), blueprint(parts, SuppressionSync=""))
    assert bad(findings) == {}
    assert not any(one.where == "SyncFunctionEachDay" for one in findings)


def test_a_policy_that_forgets_one_of_the_sets_is_broken() -> None:
    """It names the other; the line says which."""
    arn = topic("FeedbackTopic")
    statement = {"Effect": "Allow", "Principal": {"Service": "ses.amazonaws.com"}, "Action": "sns:Publish", "Resource": arn}
    source = AWS.format("ses", "configuration-set/mail")
    policy = json.dumps({"Statement": [{**statement, "Condition": {"ArnLike": {"aws:SourceArn": source}}}]})
    findings = examine(Health(policies={arn: policy}))
    assert bad(findings) == {("topic.policy", "FeedbackTopic"): Standing.BROKEN}
    assert any(one.what.endswith("configuration-set/news") for one in findings)


@pytest.mark.parametrize(("minutes", "standing"), [(50, Standing.BROKEN), (30, Standing.OK)])
def test_mail_from_before_the_stack_is_not_missed(minutes: int, standing: Standing) -> None:
    """SES sent it three quarters of an hour ago, and nothing is recorded."""
    plan = replace(blueprint(), since=NOW - timedelta(minutes=minutes))
    found = {one.key: one.standing for one in examine(Health(last=None, recorded=0), plan)}
    assert found["events.age", "events"] is standing
    assert found["events.coverage", "events"] is Standing.OK
    assert found["identity.set", "example.com"] is Standing.WARN  # nobody can tell whether mail goes past


@pytest.mark.parametrize("key", ["alias/aws/sqs", "arn:aws:kms:eu-west-1:111122223333:alias/aws/sqs"])
def test_aws_own_key_for_sqs_lets_sns_not_in(key: str) -> None:
    """It is not even looked at."""
    url = queue_url("ActivityQueue")
    seen = Health().queue(url)
    assert seen
    health = Health(queues={url: seen._replace(key=key)})
    assert bad(examine(health)) == {("queue.key", "ActivityQueue"): Standing.BROKEN}
    assert "key" not in health.looks


class Gone(Health):
    """A pipeline whose quarantine was deleted."""

    def quarantine(self, bucket: str, now: datetime) -> Heap:  # noqa: ARG002 - as the port says
        raise Absent("what s3:ListBucket asks about does not exist", "")


def test_what_is_gone_is_broken_and_not_merely_unseen() -> None:
    """Whatever it is."""
    assert bad(examine(Gone())) == {("quarantine.objects", "QuarantineBucket"): Standing.BROKEN}


class Recording(dict[str, str]):
    """Names and values, and which names were asked for."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(names)
        self.asked: set[str] = set()

    def get(self, name: str, otherwise: Any = None) -> Any:
        """As a dictionary does."""
        self.asked.add(name)
        return super().get(name, otherwise)


def test_each_name_that_is_asked_for_is_the_templates() -> None:
    """Outputs, parameters and resources; the guard's schedule is what SAM makes of its event."""
    plan = blueprint(EventBridgeRule="true")
    named, parts = Recording(plan.named), Recording(plan.resources or {})
    examine(Health(), Blueprint("mail", named, parts))
    whole = template.load()
    assert named.asked <= {*whole["Outputs"], *whole["Parameters"]}
    assert {"FeedbackTopicArn", "QueueAgeAlarmSeconds", "AdditionalConfigurationSet3"} <= named.asked
    made = {f"{name}{event}" for name, one in whole["Resources"].items() for event in one["Properties"].get("Events", ())}
    assert parts.asked <= {*whole["Resources"], *made}
    assert {"GuardFunctionEachMinute", "SyncFunctionEachDay", "AuditFunctionEachDay", "SesEventsRule"} <= parts.asked
