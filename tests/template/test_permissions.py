"""Least privilege: literal actions, one resource each, a Sid that names the purpose."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.support.template import Json, allowed_by, load, of_type, reference, resolve

EVENTS = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/EventsTable"
SUPPRESSION = EVENTS.replace("EventsTable", "SuppressionTable")
REPUTATION = EVENTS.replace("EventsTable", "ReputationTable")

RECORD_EVENTS = {
    ("RecordEvents", EVENTS): {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem"},
    ("ReadOneRecipientsHistory", f"{EVENTS}/index/by_recipient"): {"dynamodb:Query"},
    ("ReadAndDecideSuppressions", SUPPRESSION): {"dynamodb:BatchGetItem", "dynamodb:PutItem"},
    ("CountOutcomes", REPUTATION): {"dynamodb:UpdateItem", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"},
    ("KeepWhatCannotBeParsed", "${QuarantineBucket.Arn}/*"): {"s3:PutObject"},
}

LANES = {
    "FeedbackRole": {
        ("WriteLogs", "FeedbackLogGroup"): {"logs:CreateLogStream", "logs:PutLogEvents"},
        ("ReadRetries", "FeedbackRetryQueue"): {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        ("QueueFailedEventsForRetry", "FeedbackRetryQueue"): {"sqs:SendMessage"},
    },
    "ActivityRole": {
        ("WriteLogs", "ActivityLogGroup"): {"logs:CreateLogStream", "logs:PutLogEvents"},
        ("ReadActivity", "ActivityQueue"): {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    },
}

SENDERS = {
    "FeedbackRetryQueue": {("sns.amazonaws.com", "FeedbackTopic")},
    "ActivityQueue": {("sns.amazonaws.com", "ActivityTopic")},
    "ActivityDeadLetterQueue": {("sns.amazonaws.com", "ActivityTopic")},
}

FUNCTION_ROLES = {"FeedbackFunction": "FeedbackRole", "ActivityFunction": "ActivityRole", "GuardFunction": "GuardRole"}
FUNCTION_ROLES |= {
    "PublisherFunction": "PublisherRole",
    "SyncFunction": "SyncRole",
    "AuditFunction": "AuditRole",
    "DmarcReportsFunction": "DmarcReportsRole",
}
# What these do knows no resources; AWS's own tables say so.
WITHOUT_RESOURCE = {"ReadRates", "ReadAccount", "PauseAccount", "ReadSesList", "PutOnSesList", "TakeOffSesList", "ListDomains"}
WITHOUT_RESOURCE |= {"ReadHowMuchIsSent"}


def test_recording_events_takes_these_permissions_and_no_other(stack: Json) -> None:
    """The policy that both functions share is the table above, word for word."""
    policy = of_type(stack, "AWS::IAM::ManagedPolicy")["RecordEventsPolicy"]
    assert allowed_by(policy["PolicyDocument"]) == RECORD_EVENTS


@pytest.mark.parametrize("role", LANES)
def test_a_lane_adds_its_log_and_its_queue(stack: Json, role: str) -> None:
    """A function's own role lets it write its log and use its lane's queue, and nothing else."""
    properties = of_type(stack, "AWS::IAM::Role")[role]
    assert properties["ManagedPolicyArns"] == [{"Ref": "RecordEventsPolicy"}]
    [policy] = properties["Policies"]
    assert allowed_by(policy["PolicyDocument"]) == LANES[role]


def test_a_function_has_a_role_written_out(template: Json) -> None:
    """SAM would attach managed policies that allow logs and queues on '*'; with a Role it attaches none."""
    functions = of_type(template, "AWS::Serverless::Function")
    assert {name: reference(properties["Role"]) for name, properties in functions.items()} == FUNCTION_ROLES
    assert all("Policies" not in properties for properties in functions.values())


def test_only_lambda_assumes_the_roles(stack: Json) -> None:
    """No person and no other service can take a function's role."""
    for role in of_type(stack, "AWS::IAM::Role").values():
        [statement] = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}


def test_existing_tables_are_the_ones_that_are_opened(template: Json) -> None:
    """The permissions follow the tables given by name."""
    stack = resolve(
        template,
        ExistingEventsTableName="old-events",
        ExistingSuppressionTableName="old-suppression",
        ExistingReputationTableName="old-reputation",
    )
    policy = of_type(stack, "AWS::IAM::ManagedPolicy")["RecordEventsPolicy"]
    resources = {resource for _, resource in allowed_by(policy["PolicyDocument"])}
    prefix = EVENTS.removesuffix("EventsTable")
    tables = {prefix + name for name in ("old-events", "old-events/index/by_recipient", "old-suppression", "old-reputation")}
    assert resources == {*tables, "${QuarantineBucket.Arn}/*"}


@pytest.mark.parametrize(
    "parameters", [{"UseCustomerManagedKey": "true"}, {"ExistingKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}]
)
def test_the_key_is_opened_only_where_one_is_used(template: Json, parameters: dict[str, str | int]) -> None:
    """With a key, the functions may use that key alone."""
    policy = of_type(resolve(template, **parameters), "AWS::IAM::ManagedPolicy")["RecordEventsPolicy"]
    added = {key: actions for key, actions in allowed_by(policy["PolicyDocument"]).items() if key not in RECORD_EVENTS}
    key = parameters.get("ExistingKeyArn", "Key")
    assert added == {("UseTheKeyOfTablesQueuesAndQuarantine", key): {"kms:Decrypt", "kms:GenerateDataKey"}}


@pytest.mark.parametrize("document", ["RecordEventsPolicy", "FeedbackRole", "ActivityRole", "GuardRole", "SyncRole", "AuditRole"])
def test_no_permission_is_a_wildcard(template: Json, document: str) -> None:
    """Every action is spelt out, and no resource is '*' where AWS knows resources."""
    for statement in _statements(template["Resources"][document]["Properties"]):
        assert re.fullmatch(r"[A-Z][A-Za-z]{5,}", statement["Sid"])
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert all("*" not in action for action in actions)
        assert not isinstance(statement.get("Resource"), list)
        assert (statement.get("Resource") == "*") == (statement["Sid"] in WITHOUT_RESOURCE)


def test_a_star_stands_only_in_the_keys_own_policy(template: Json) -> None:
    """In a key policy '*' is the key itself; elsewhere only what knows no resources has it."""
    with_star = [name for name, body in template["Resources"].items() if '"Resource": "*"' in json.dumps(body)]
    assert with_star == ["Key", "GuardRole", "AuditRole", "SyncRole"]


@pytest.mark.parametrize(("queue", "senders"), SENDERS.items())
def test_a_queue_takes_messages_from_its_source_alone(stack: Json, queue: str, senders: set[tuple[str, str]]) -> None:
    """A service may send to a queue only on behalf of the one topic that feeds it."""
    assert _senders(stack, queue) == senders


def test_the_eventbridge_rule_may_fill_the_activity_queues(template: Json) -> None:
    """With the rule, it and no other rule may send."""
    stack = resolve(template, EventBridgeRule="true")
    for queue in ("ActivityQueue", "ActivityDeadLetterQueue"):
        assert _senders(stack, queue) == SENDERS[queue] | {("events.amazonaws.com", "SesEventsRule")}
    assert _senders(stack, "FeedbackRetryQueue") == SENDERS["FeedbackRetryQueue"]


def test_the_feedback_dead_letter_queue_takes_nothing_from_services(stack: Json) -> None:
    """Only SQS's own redrive fills it, and that needs no policy."""
    assert of_type(stack, "AWS::SQS::QueuePolicy").keys() == {f"{queue}Policy" for queue in SENDERS}


@pytest.mark.parametrize(
    ("parameters", "services"),
    [
        ({}, ["ses.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com"]),
        (
            {"EventBridgeRule": "true"},
            ["ses.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"],
        ),
    ],
)
def test_the_key_serves_the_services_that_need_it_for_this_account(
    template: Json, parameters: dict[str, str | int], services: list[str]
) -> None:
    """SES, SNS and alarms (and EventBridge with the rule) may use the key, each on behalf of this account only."""
    stack = resolve(template, UseCustomerManagedKey="true", **parameters)
    key = of_type(stack, "AWS::KMS::Key")["Key"]
    administrators, publishers, logs = key["KeyPolicy"]["Statement"]
    assert key["EnableKeyRotation"] is True
    assert administrators["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert publishers["Principal"] == {"Service": services}
    assert publishers["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert publishers["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert logs["Principal"] == {"Service": {"Fn::Sub": "logs.${AWS::Region}.amazonaws.com"}}
    assert list(logs["Condition"]) == ["ArnLike"]


def test_the_role_of_every_function_is_tested_here() -> None:
    """A role that is added is tested as well."""
    assert of_type(load(), "AWS::IAM::Role").keys() == {
        *LANES,
        "GuardRole",
        "PublisherRole",
        "SyncRole",
        "AuditRole",
        "DmarcReportsRole",
    }


def _senders(stack: Json, queue: str) -> set[tuple[str, str]]:
    policy = of_type(stack, "AWS::SQS::QueuePolicy")[f"{queue}Policy"]
    assert policy["Queues"] == [{"Ref": queue}]
    senders = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Action"] == "sqs:SendMessage"
        assert reference(statement["Resource"]) == queue
        assert list(statement["Condition"]) == ["ArnEquals"]
        senders.add((statement["Principal"]["Service"], reference(statement["Condition"]["ArnEquals"]["aws:SourceArn"])))
    return senders


def _statements(node: object) -> Iterator[Json]:
    """Every policy statement below a node, also those that depend on a condition."""
    if isinstance(node, dict):
        if "Effect" in node:
            yield node
        for value in node.values():
            yield from _statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from _statements(value)
