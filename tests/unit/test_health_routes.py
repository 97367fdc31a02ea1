"""How one service reaches the next, judged: permissions, rules' targets, where failures go, the bucket's notifications."""

import json
import shlex
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Notification, Queue, Target
from ses_warden.domain.health_lanes import Publisher, sns_at
from ses_warden.domain.health_routes import (
    Leads,
    alarm_at,
    bucket_at,
    failed,
    judge_failing,
    judge_invokers,
    judge_notifications,
    judge_queue,
    judge_targets,
    rule_at,
    skipped,
    undelivered,
    unrecorded,
)

OK, WARN, BROKEN = Standing.OK, Standing.WARN, Standing.BROKEN
ACCOUNT = "111122223333"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:feedback"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:activity"
DEAD = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:activity-dead"
URL = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/activity"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:guard"
RULE = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/mail-Minute-1"
EVENTS, ALARMS = "events.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"

SNS = sns_at(TOPIC)._replace(what="feedback comes at once")
MINUTE = rule_at(TOPIC, "mail-Minute-1", "the guard looks each minute")
TENANTS = rule_at(TOPIC, "mail-Tenants-1", "the guard hears of tenants")
ALARM = alarm_at(TOPIC, "mail-Bounce-1", "an alarm speaks")
BUCKET = bucket_at(TOPIC, "mail-reports", "reports are read")


def check(finding: Finding, standing: Standing, words: str) -> None:
    """Whether it stands so and says so; what is not well says how to mend it."""
    assert (finding.standing, words in f"{finding.what} | {finding.mend}") == (standing, True), finding
    assert (finding.standing is OK) == (not finding.mend), finding


def policy(*statements: dict[str, Any]) -> str:
    """A policy of these."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def lets(service: object, source: object = None, **changed: Any) -> dict[str, Any]:
    """A statement as Lambda writes it for a permission; None takes a part away."""
    usual = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "lambda:InvokeFunction",
        "Resource": FUNCTION,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}} if source else None,
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


OUR_ALARMS = f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"
OF_ACCOUNT = {"StringEquals": {"AWS:SourceAccount": ACCOUNT}}
OF_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
RULES = f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/*"


@pytest.mark.parametrize(
    ("statements", "who", "standing", "words"),
    [
        ([lets("sns.amazonaws.com", TOPIC)], [SNS], OK, "SNS may invoke it"),
        ([lets("sns.amazonaws.com")], [SNS], WARN, "SNS may invoke it for any account"),
        ([lets("sns.amazonaws.com", TOPIC + "-2")], [SNS], BROKEN, "does not let SNS (feedback comes at once) invoke it"),
        ([lets("sns.amazonaws.com", Condition=OF_ORGANIZATION)], [SNS], WARN, "`doctor --send-test` tells"),
        ([lets(EVENTS, RULE), lets(ALARMS, OUR_ALARMS)], [MINUTE, ALARM], OK, "CloudWatch and EventBridge may invoke it"),
        ([lets([EVENTS, ALARMS], Condition=OF_ACCOUNT)], [MINUTE, TENANTS, ALARM], OK, "CloudWatch and EventBridge may"),
        ([lets(EVENTS, RULE)], [MINUTE, TENANTS], BROKEN, "does not let EventBridge (the guard hears of tenants) invoke it"),
        (
            [lets(EVENTS, RULE)],
            [MINUTE, ALARM, ALARM],
            BROKEN,
            f"aws lambda add-permission --function-name {FUNCTION} --statement-id mended-alarm --action lambda:InvokeFunction "
            f"--principal {ALARMS} --source-arn '{OUR_ALARMS}'`.",
        ),
        ([], [MINUTE, ALARM], BROKEN, "EventBridge (the guard looks each minute) nor CloudWatch (an alarm speaks)"),
        ([lets(EVENTS, RULES), lets("*", Effect="Deny", Principal="*")], [MINUTE], BROKEN, "denies it to EventBridge"),
        (
            [lets(EVENTS, RULES), lets("x", Effect="Deny", Principal=None, NotPrincipal={"Service": EVENTS})],
            [MINUTE],
            OK,
            "EventBridge may",
        ),
        (
            [lets(EVENTS, RULES), lets("x", Effect="Deny", Principal=None, NotPrincipal={"Service": "sns.amazonaws.com"})],
            [MINUTE],
            BROKEN,
            "`aws lambda remove-permission` takes it away",
        ),
        ([lets(EVENTS, RULES, Action=None, NotAction="lambda:GetFunction")], [MINUTE], OK, "EventBridge may"),
        ([lets(EVENTS, RULES, Action=None, NotAction="lambda:Invoke*")], [MINUTE], BROKEN, "does not let EventBridge"),
        ([lets(EVENTS, RULES, Resource=FUNCTION + ":live")], [MINUTE], BROKEN, "does not let EventBridge"),
        ([lets(EVENTS, RULES), lets(EVENTS, Effect="Deny", Condition=OF_ORGANIZATION)], [MINUTE], WARN, "Compare it with"),
        ([lets("s3.amazonaws.com", Condition=OF_ACCOUNT)], [BUCKET], OK, "S3 may invoke it"),
        ([lets("s3.amazonaws.com", "arn:aws:s3:::mail-reports")], [BUCKET], OK, "S3 may invoke it"),
        ([lets("s3.amazonaws.com", "arn:aws:s3:::*")], [BUCKET], WARN, "for any account"),
        (
            [lets("s3.amazonaws.com", "arn:aws:s3:::other")],
            [BUCKET],
            BROKEN,
            f"--source-arn arn:aws:s3:::mail-reports --source-account {ACCOUNT}`.",
        ),
    ],
)
def test_what_starts_a_function_may_invoke_it(
    statements: list[dict[str, Any]], who: list[Publisher], standing: Standing, words: str
) -> None:
    """Each of them, for this account alone; a statement that denies wins."""
    check(judge_invokers("GuardFunction", policy(*statements), FUNCTION, who), standing, words)


def test_a_function_without_a_policy_is_invoked_by_nobody() -> None:
    """Lambda has none to show then."""
    check(judge_invokers("FeedbackFunction", "", FUNCTION, [SNS]), BROKEN, "does not let SNS")


def valid(service: str, command: str) -> dict[str, str]:
    """The words of a command by their names, after the service's model took them."""
    words = shlex.split(command)
    said = {name.removeprefix("--"): value for name, value in zip(words[3::2], words[4::2], strict=True)}
    operation = "".join(part.title() for part in words[2].split("-"))
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape
    members = {name.lower(): name for name in shape.members}
    request = {members[name.replace("-", "")]: value for name, value in said.items()}
    whole = {
        name: json.loads(value) if shape.members[name].type_name in ("structure", "map") else value
        for name, value in request.items()
    }
    assert not ParamValidator().validate(whole, shape).has_errors()
    return said


@pytest.mark.parametrize("who", [SNS, MINUTE, ALARM, BUCKET, sns_at(TOPIC + "-long" * 50)])
def test_the_command_that_gives_a_permission_is_whole(who: Publisher) -> None:
    """And what it gives is enough, for this account."""
    finding = judge_invokers("GuardFunction", "", FUNCTION, [who])
    said = valid("lambda", finding.mend.split("`")[1])
    condition = {"ArnLike": {"AWS:SourceArn": said["source-arn"]}}
    if account := said.get("source-account"):
        condition["StringEquals"] = {"AWS:SourceAccount": account}
    given = policy(lets(said["principal"], Condition=condition))
    assert judge_invokers("GuardFunction", given, FUNCTION, [who]).standing is OK


def queue(service: object, condition: object) -> Queue:
    """A queue that a service may fill."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": QUEUE}
    return Queue(QUEUE, 0, 0, policy({**statement, "Condition": condition}), DEAD)


FROM_TOPIC = {"ArnEquals": {"aws:SourceArn": TOPIC}}


@pytest.mark.parametrize(
    ("seen", "who", "standing", "words"),
    [
        (queue("sns.amazonaws.com", FROM_TOPIC), [SNS], OK, "SNS may fill it"),
        (queue(EVENTS, FROM_TOPIC), [SNS], BROKEN, "does not let SNS fill it: events are lost"),
        (queue("sns.amazonaws.com", FROM_TOPIC), [SNS, MINUTE], BROKEN, "does not let EventBridge fill it"),
        (queue("s3.amazonaws.com", OF_ACCOUNT), [SNS, MINUTE], BROKEN, "does not let EventBridge or SNS fill it"),
        (queue(["sns.amazonaws.com", EVENTS], OF_ACCOUNT), [SNS, MINUTE], OK, "EventBridge and SNS may fill it"),
        (queue("sns.amazonaws.com", OF_ORGANIZATION), [SNS], WARN, "hangs on a condition"),
        (queue("sns.amazonaws.com", {}), [SNS], WARN, "for any account"),
    ],
)
def test_a_queue_may_be_filled(seen: Queue, who: list[Publisher], standing: Standing, words: str) -> None:
    """By all that should, for this account alone."""
    check(judge_queue("ActivityQueue", seen, who, "events are lost"), standing, words)


TO_FUNCTION, TO_QUEUE = Leads(FUNCTION, "GuardTarget"), Leads(QUEUE, "ActivityQueue", DEAD)


@pytest.mark.parametrize(
    ("seen", "leads", "standing", "words"),
    [
        ([Target("a", FUNCTION)], TO_FUNCTION, OK, "it leads to guard"),
        ([Target("b", TOPIC), Target("a", FUNCTION)], TO_FUNCTION, OK, "it leads to guard"),
        ([], TO_FUNCTION, BROKEN, f"aws events put-targets --rule mail-Minute-1 --targets 'Id=GuardTarget,Arn={FUNCTION}'`"),
        ([Target("a", FUNCTION + "-old")], TO_FUNCTION, BROKEN, f"it leads elsewhere, to {FUNCTION}-old, and not to guard"),
        ([Target("a", QUEUE, DEAD)], TO_QUEUE, OK, "it leads to activity"),
        (
            [Target("mine", QUEUE)],
            TO_QUEUE,
            WARN,
            f"put-targets --rule mail-Minute-1 --targets 'Id=mine,Arn={QUEUE},DeadLetterConfig={{Arn={DEAD}}}'`",
        ),
        ([Target("a", QUEUE, DEAD + "-2")], TO_QUEUE, WARN, "what cannot be delivered is not kept in activity-dead"),
        ([Target("a", QUEUE)], TO_QUEUE._replace(dead_letters=""), OK, "it leads to activity"),
    ],
)
def test_a_rule_leads_to_our_function_or_queue(seen: list[Target], leads: Leads, standing: Standing, words: str) -> None:
    """Whatever else it leads to."""
    check(judge_targets("Rule", "mail-Minute-1", seen, leads), standing, words)


FAILING = [
    undelivered(TOPIC + ":1", DEAD),
    unrecorded(URL, DEAD),
    failed("guard", DEAD),
    skipped("a8e6da15-f4be-40c2-a5b1-fd653acfaf74", DEAD),
]


@pytest.mark.parametrize("failing", FAILING, ids=lambda one: one.code)
@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [(DEAD, OK, " is kept"), ("", WARN, "goes nowhere: "), (DEAD + "-2", WARN, f"goes to {DEAD}-2, and not to")],
)
def test_what_fails_goes_where_it_is_looked_for(failing: Any, seen: str, standing: Standing, words: str) -> None:
    """From subscriptions, queues, functions and streams."""
    finding = judge_failing("part", failing, seen, DEAD)
    check(finding, standing, words)
    assert finding.code == failing.code


def test_failures_that_go_to_a_topic_are_told() -> None:
    """Of which nothing is kept."""
    check(judge_failing("part", failed("guard", TOPIC), TOPIC, TOPIC), OK, "what it fails at is told")


@pytest.mark.parametrize(
    ("service", "failing", "name", "value"),
    [
        ("sns", FAILING[0], "attribute-value", {"deadLetterTargetArn": DEAD}),
        ("sqs", FAILING[1], "attributes", {"RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 10})}),
        ("lambda", FAILING[2], "destination-config", {"OnFailure": {"Destination": DEAD}}),
        ("lambda", FAILING[3], "destination-config", {"OnFailure": {"Destination": DEAD}}),
    ],
    ids=["subscription", "queue", "function", "stream"],
)
def test_the_command_that_gives_failures_a_place_is_whole(service: str, failing: Any, name: str, value: Any) -> None:
    """By the service's own names."""
    said = valid(service, failing.mend.split("`")[1])
    assert json.loads(said[name]) == value


ALL = frozenset({"s3:ObjectCreated:*"})
EACH = frozenset(f"s3:ObjectCreated:{way}" for way in ("Put", "Post", "Copy", "CompleteMultipartUpload"))


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        ([Notification(FUNCTION, ALL, "inbox/")], OK, "told of files below inbox/"),
        ([Notification(FUNCTION, ALL)], OK, "told of files"),
        ([Notification(FUNCTION, EACH, "in")], OK, "told of files"),
        ([Notification(FUNCTION, frozenset({one}), "inbox/") for one in EACH], OK, "told of files"),
        ([], BROKEN, "nothing tells the function of files below inbox/"),
        ([Notification(FUNCTION + "-2", ALL, "inbox/")], BROKEN, "ses-warden dmarc ingest s3://…/inbox/"),
        ([Notification(FUNCTION, ALL, "inbox/2026")], BROKEN, "nothing tells"),
        ([Notification(FUNCTION, ALL, "inbox/", ".xml")], BROKEN, "nothing tells"),
        (
            [Notification(FUNCTION, frozenset({"s3:ObjectRemoved:*"}), "inbox/")],
            BROKEN,
            "that come by CompleteMultipartUpload, Copy",
        ),
        ([Notification(FUNCTION, EACH - {"s3:ObjectCreated:Copy"}, "inbox/")], WARN, "not told of files that come by Copy"),
    ],
)
def test_the_bucket_tells_its_function_of_each_file(seen: list[Notification], standing: Standing, words: str) -> None:
    """Below the prefix, however it comes."""
    check(judge_notifications("MailBucket", seen, FUNCTION, "inbox/"), standing, words)
