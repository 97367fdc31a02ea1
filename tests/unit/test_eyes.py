"""The questions of `doctor`, against botocore's own models of the services."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.eyes import AwsEyes
from ses_warden.adapters.pipeline_records import DynamoRecords
from ses_warden.adapters.ses_eyes import SesHealth
from ses_warden.adapters.ses_pace import PACE_SECONDS
from ses_warden.domain.health import (
    Account,
    Alarm,
    ConfigurationSet,
    Delivery,
    Destination,
    Function,
    Heap,
    Identities,
    Identity,
    Key,
    Notification,
    Point,
    Queue,
    Source,
    Subscription,
    Target,
    Topic,
)
from ses_warden.errors import Absent, Unseen

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/activity"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:feedback"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
MAPPING = "a8e6da15-f4be-40c2-a5b1-fd653acfaf74"
CLIENTS: dict[str, Any] = {}


def client(service: str) -> Any:
    """One for all, as each reads botocore's model."""
    if service not in CLIENTS:
        session: Any = boto3.Session("test", "test", region_name="eu-west-1")
        CLIENTS[service] = session.client(service, config=Config(retries={"total_max_attempts": 1}))
    return CLIENTS[service]


type Answers = dict[str, list[tuple[str, dict[str, Any] | str, dict[str, Any] | None]]]


@contextmanager
def answers(**services: list[Any]) -> Iterator[AwsEyes]:
    """Eyes whose services answer in turn: an operation with what it answers and was asked, or with an error's code."""
    with ExitStack() as stack:
        stubs = []
        for service, some in services.items():
            stub = stack.enter_context(Stubber(client(service.removesuffix("_"))))
            stubs.append(stub)
            for operation, answer, *asked in some:
                if isinstance(answer, str):
                    stub.add_client_error(operation, answer)
                else:
                    stub.add_response(operation, answer, *asked)
        yield AwsEyes(client)
        for stub in stubs:
            stub.assert_no_pending_responses()


def test_a_topic_shows_its_policy_and_key() -> None:
    """None where there is no such topic."""
    attributes = {"Attributes": {"Policy": "{}", "KmsMasterKeyId": KEY}}
    with answers(sns=[("get_topic_attributes", attributes, {"TopicArn": TOPIC}), ("get_topic_attributes", "NotFound")]) as eyes:
        assert eyes.topic(TOPIC) == Topic("{}", KEY)
        assert eyes.topic(TOPIC) is None


def test_a_key_shows_its_policy_and_where_it_may_its_state() -> None:
    """By its alias too, which only its description knows."""
    metadata = {"KeyMetadata": {"KeyId": "1", "Arn": KEY, "KeyState": "Disabled"}}
    described = ("describe_key", metadata, {"KeyId": "alias/mail"})
    policy = ("get_key_policy", {"Policy": "{}"}, {"KeyId": KEY, "PolicyName": "default"})
    with answers(kms=[described, policy, ("describe_key", "AccessDeniedException"), policy]) as eyes:
        assert eyes.key("alias/mail") == Key("{}", "Disabled")
        assert eyes.key(KEY) == Key("{}", "")


def test_a_key_of_awss_is_known_by_whoever_manages_it() -> None:
    """However the topic names it; its policy is nobody's matter."""
    metadata = {"KeyMetadata": {"KeyId": "1", "Arn": KEY, "KeyState": "Enabled", "KeyManager": "AWS"}}
    with answers(kms=[("describe_key", metadata, {"KeyId": KEY})]) as eyes:
        assert eyes.key(KEY) == Key("", "Enabled", aws=True)


@pytest.mark.parametrize(
    ("code", "fault", "right"), [("NotFoundException", Absent, ""), ("AccessDeniedException", Unseen, "kms:DescribeKey")]
)
def test_an_alias_that_leads_nowhere_or_may_not_be_followed_is_told(code: str, fault: type[Unseen], right: str) -> None:
    """A key's policy is not found by an alias."""
    with answers(kms=[("describe_key", code)]) as eyes, pytest.raises(Unseen) as caught:
        eyes.key("alias/mail")
    assert (type(caught.value), caught.value.right) == (fault, right)


def test_subscriptions_are_read_to_the_last_page() -> None:
    """Those that wait for their owner have no ARN; those that are gone are shown for some days."""
    gone = {"SubscriptionArn": "Deleted", "Protocol": "email", "Endpoint": "jane@example.com"}
    first = {"Subscriptions": [{"SubscriptionArn": f"{TOPIC}:1", "Protocol": "lambda", "Endpoint": FUNCTION}], "NextToken": "2"}
    pending = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "ops@example.com"}
    second = {"Subscriptions": [gone, pending]}
    operation = "list_subscriptions_by_topic"
    asked = [(operation, first, {"TopicArn": TOPIC}), (operation, second, {"TopicArn": TOPIC, "NextToken": "2"})]
    with answers(sns=asked) as eyes:
        found = eyes.subscriptions(TOPIC)
    assert [one.is_pending for one in found] == [False, True]
    assert found[0] == Subscription(f"{TOPIC}:1", "lambda", FUNCTION)


@pytest.mark.parametrize(
    ("attributes", "delivery"),
    [
        ({"RedrivePolicy": '{"deadLetterTargetArn": "arn:dlq"}', "FilterPolicy": ""}, Delivery("arn:dlq", False)),
        ({"FilterPolicy": '{"a": ["b"]}'}, Delivery("", True)),
        ({"FilterPolicy": "{}", "RedrivePolicy": "["}, Delivery("", False)),
    ],
)
def test_a_subscription_shows_its_filter_and_its_queue_for_failures(attributes: dict[str, str], delivery: Delivery) -> None:
    """An empty filter is none."""
    with answers(sns=[("get_subscription_attributes", {"Attributes": attributes}, {"SubscriptionArn": "arn:1"})]) as eyes:
        assert eyes.delivery("arn:1") == delivery


def test_a_function_shows_its_state_and_its_limit() -> None:
    """The limit only where it may be asked; None where there is no such function. None is asked for twice."""
    seen = {"FunctionArn": FUNCTION, "State": "Failed", "StateReason": "why", "LastUpdateStatus": "Successful"}

    def asked(name: str) -> tuple[str, dict[str, Any], dict[str, str]]:
        return ("get_function_configuration", seen, {"FunctionName": name})

    limit = ("get_function_concurrency", {"ReservedConcurrentExecutions": 0}, {"FunctionName": "a"})
    denied = ("get_function_concurrency", "AccessDeniedException")
    gone = ("get_function_configuration", "ResourceNotFoundException")
    with answers(lambda_=[asked("a"), limit, asked("b"), denied, gone]) as eyes:
        for _ in range(2):
            assert eyes.function("a") == Function(FUNCTION, "Failed", "why", "Successful", 0)
            assert eyes.function("b") == Function(FUNCTION, "Failed", "why", "Successful", None)
            assert eyes.function("c") is None


def test_a_function_shows_who_may_invoke_it_and_what_feeds_it() -> None:
    """A function without a policy has none to show."""
    name = {"FunctionName": "feedback"}
    mapping: dict[str, Any] = {"EventSourceArn": "arn:q", "State": "Disabled", "LastProcessingResult": "OK", "UUID": MAPPING}
    mapping["DestinationConfig"] = {"OnFailure": {"Destination": "arn:dlq"}}
    mappings = {"EventSourceMappings": [mapping, {}]}
    first = {"EventSourceMappings": [], "NextMarker": "m"}
    asked = [("get_policy", {"Policy": "{}"}, name), ("get_policy", "ResourceNotFoundException")]
    pages = [("list_event_source_mappings", first, name), ("list_event_source_mappings", mappings, name | {"Marker": "m"})]
    with answers(lambda_=[*asked, *pages]) as eyes:
        assert [eyes.invokers("feedback"), eyes.invokers("feedback")] == ["{}", ""]
        assert eyes.sources("feedback") == [Source("arn:q", "Disabled", "OK", MAPPING, "arn:dlq"), Source("", "", "")]


def test_a_rule_shows_its_state() -> None:
    """None where there is no such rule."""
    asked = [("describe_rule", {"State": "DISABLED"}, {"Name": "r"}), ("describe_rule", "ResourceNotFoundException")]
    with answers(events=asked) as eyes:
        assert [eyes.rule("r"), eyes.rule("r")] == ["DISABLED", None]


def test_the_targets_of_a_rule_are_read_to_the_last_page() -> None:
    """With their queues for what cannot be delivered."""
    kept = {"Id": "a", "Arn": FUNCTION, "DeadLetterConfig": {"Arn": "arn:dlq"}}
    first, second = {"Targets": [kept], "NextToken": "n"}, {"Targets": [{"Id": "b", "Arn": TOPIC}]}
    operation = "list_targets_by_rule"
    with answers(events=[(operation, first, {"Rule": "r"}), (operation, second, {"Rule": "r", "NextToken": "n"})]) as eyes:
        assert eyes.targets("r") == [Target("a", FUNCTION, "arn:dlq"), Target("b", TOPIC)]


@pytest.mark.parametrize(
    ("answer", "arn"),
    [
        ({"MaximumRetryAttempts": 2, "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": TOPIC}}}, TOPIC),
        ({"MaximumRetryAttempts": 2}, ""),
        ("ResourceNotFoundException", ""),
    ],
)
def test_a_function_shows_where_its_failures_go(answer: dict[str, Any] | str, arn: str) -> None:
    """Of the version that is called when none is named; it may have no such configuration."""
    asked = ("get_function_event_invoke_config", answer, {"FunctionName": "f", "Qualifier": "$LATEST"})
    with answers(lambda_=[asked]) as eyes:
        assert eyes.failures("f") == arn


def test_a_bucket_shows_which_functions_it_tells_of_what() -> None:
    """However S3 writes the names of filters; queues and topics are no matter."""
    rules = [{"Name": "Prefix", "Value": "inbox/"}, {"Name": "suffix", "Value": ".xml"}]
    some = {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    every = {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"]}
    queue = {"QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q", "Events": ["s3:ObjectCreated:*"]}
    answer = {"LambdaFunctionConfigurations": [some, every], "QueueConfigurations": [queue]}
    operation = "get_bucket_notification_configuration"
    with answers(s3=[(operation, answer, {"Bucket": "b"}), (operation, {}), (operation, "NoSuchBucket")]) as eyes:
        assert eyes.notifications("b") == [
            Notification(FUNCTION, frozenset({"s3:ObjectCreated:*"}), "inbox/", ".xml"),
            Notification(FUNCTION, frozenset({"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"})),
        ]
        assert eyes.notifications("b") == []
        with pytest.raises(Absent):
            eyes.notifications("b")


def test_a_queue_shows_what_waits_and_who_may_fill_it() -> None:
    """Delayed messages wait too; SQS has two words for a queue that is gone."""
    attributes = {
        "QueueArn": "arn:q",
        "ApproximateNumberOfMessages": "3",
        "ApproximateNumberOfMessagesDelayed": "1",
        "ApproximateNumberOfMessagesNotVisible": "2",
        "Policy": "{}",
        "RedrivePolicy": '{"deadLetterTargetArn": "arn:dlq"}',
        "KmsMasterKeyId": KEY,
    }
    asked = ("get_queue_attributes", {"Attributes": attributes}, {"QueueUrl": QUEUE, "AttributeNames": ["All"]})
    gone = [("get_queue_attributes", code) for code in ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")]
    with answers(sqs=[asked, *gone]) as eyes:
        assert eyes.queue(QUEUE) == Queue("arn:q", 4, 2, "{}", "arn:dlq", KEY)
        assert [eyes.queue(QUEUE), eyes.queue(QUEUE)] == [None, None]


def metrics(*values: list[float], more: str = "") -> dict[str, Any]:
    """CloudWatch's answer: values five minutes apart, the oldest first."""
    results = [
        {"Id": f"q{number}", "Timestamps": [NOW + timedelta(minutes=5 * step) for step in range(len(some))], "Values": some}
        for number, some in enumerate(values)
    ]
    return {"MetricDataResults": results} | ({"NextToken": more} if more else {})


def test_the_traffic_of_a_day_is_what_the_alarms_of_silence_look_at() -> None:
    """Account metrics without dimension, the topic's by its name, page after page."""
    asked: list[Any] = []
    client("cloudwatch").meta.events.register(
        "provide-client-params.cloudwatch.GetMetricData", lambda params, **_: asked.append(params)
    )
    page = [("get_metric_data", metrics([1], [2], [3], [], more="n")), ("get_metric_data", metrics([4], [], [], [5]))]
    with answers(cloudwatch=page) as eyes:
        seen = eyes.traffic(TOPIC, NOW)
    assert [one.value for one in seen.sends] == [1, 4]
    assert [one.value for one in seen.feedback] == [2, 3]
    assert seen.published == [Point(NOW, 5)]
    first = asked[0]
    assert first["EndTime"] - first["StartTime"] == timedelta(days=1)
    named = [one["MetricStat"]["Metric"] for one in first["MetricDataQueries"]]
    said = [(one["Namespace"], one["MetricName"], one["Dimensions"]) for one in named]
    topic = [{"Name": "TopicName", "Value": "feedback"}]
    assert said == [
        ("AWS/SES", "Send", []),
        ("AWS/SES", "Bounce", []),
        ("AWS/SES", "Complaint", []),
        ("AWS/SNS", "NumberOfMessagesPublished", topic),
    ]


@pytest.mark.parametrize("code", ["Forbidden", "InternalError"])
def test_a_metric_that_could_not_be_read_is_not_one_without_values(code: str) -> None:
    """Or mail that was sent would be none."""
    answer = {"MetricDataResults": [{"Id": "q0", "Timestamps": [], "Values": [], "StatusCode": code}]}
    with answers(cloudwatch=[("get_metric_data", answer)]) as eyes, pytest.raises(Unseen, match=code):
        eyes.traffic(TOPIC, NOW)


@pytest.mark.parametrize(("values", "oldest"), [([], None), ([400.0, 30.0], 30.0)])
def test_the_age_of_a_queue_is_its_last_value(values: list[float], oldest: float | None) -> None:
    """None where CloudWatch was told nothing of late."""
    with answers(cloudwatch=[("get_metric_data", metrics(values))]) as eyes:
        assert eyes.oldest("activity", NOW) == oldest


def test_alarms_are_found_by_the_stacks_name() -> None:
    """Metric alarms, page after page."""

    def alarm(name: str, state: str, *, actions: bool = True) -> dict[str, Any]:
        return {"AlarmName": name, "StateValue": state, "ActionsEnabled": actions}

    first = {"MetricAlarms": [alarm("mail-a", "OK")], "NextToken": "n"}
    second = {"MetricAlarms": [alarm("mail-b", "ALARM", actions=False)]}
    request = {"AlarmNamePrefix": "mail-", "MaxRecords": 100}
    asked = [("describe_alarms", first, request), ("describe_alarms", second, request | {"NextToken": "n"})]
    with answers(cloudwatch=asked) as eyes:
        assert eyes.alarms("mail") == [Alarm("mail-a", False, True), Alarm("mail-b", True, False)]


def test_the_quarantine_is_listed_to_its_end_or_ten_pages() -> None:
    """What is fresh may be on any page, since objects are named by digests; and whether there are more."""
    old, new = NOW - timedelta(days=3), NOW - timedelta(hours=2)
    more = {"Contents": [{"Key": "a", "LastModified": old}], "IsTruncated": True, "NextContinuationToken": "n"}
    last = {"Contents": [{"Key": "b", "LastModified": new}], "IsTruncated": False}
    first = {"Bucket": "b", "Prefix": "events/", "MaxKeys": 1000}
    then = first | {"ContinuationToken": "n"}
    many = [("list_objects_v2", more, first), *[("list_objects_v2", more, then)] * 9]
    some = [("list_objects_v2", more, first), ("list_objects_v2", last, then)]
    with answers(s3=[*many, *some, ("list_objects_v2", {}, first)]) as eyes:
        assert eyes.quarantine("b", NOW) == Heap(10, True, 0, old)
        assert eyes.quarantine("b", NOW) == Heap(2, False, 1, new)
        assert eyes.quarantine("b", NOW) == Heap(0, False, 0, None)


LOOKS: dict[str, tuple[str, str, str, Callable[[AwsEyes], Any]]] = {
    "sns:GetTopicAttributes": ("sns", "get_topic_attributes", "AuthorizationError", lambda eyes: eyes.topic(TOPIC)),
    "sns:ListSubscriptionsByTopic": (
        "sns",
        "list_subscriptions_by_topic",
        "AuthorizationError",
        lambda eyes: eyes.subscriptions(TOPIC),
    ),
    "sns:GetSubscriptionAttributes": ("sns", "get_subscription_attributes", "AuthorizationError", lambda eyes: eyes.delivery("a")),
    "lambda:GetFunctionConfiguration": ("lambda_", "get_function_configuration", "AccessDenied", lambda eyes: eyes.function("f")),
    "lambda:GetPolicy": ("lambda_", "get_policy", "AccessDeniedException", lambda eyes: eyes.invokers("f")),
    "lambda:ListEventSourceMappings": ("lambda_", "list_event_source_mappings", "AccessDenied", lambda eyes: eyes.sources("f")),
    "lambda:GetFunctionEventInvokeConfig": (
        "lambda_",
        "get_function_event_invoke_config",
        "AccessDeniedException",
        lambda eyes: eyes.failures("f"),
    ),
    "events:ListTargetsByRule": ("events", "list_targets_by_rule", "AccessDeniedException", lambda eyes: eyes.targets("r")),
    "s3:GetBucketNotification": (
        "s3",
        "get_bucket_notification_configuration",
        "AccessDenied",
        lambda eyes: eyes.notifications("b"),
    ),
    "ses:DescribeActiveReceiptRuleSet": (
        "ses",
        "describe_active_receipt_rule_set",
        "AccessDenied",
        lambda eyes: eyes.receipts(),
    ),
    "events:DescribeRule": ("events", "describe_rule", "AccessDeniedException", lambda eyes: eyes.rule("r")),
    "sqs:GetQueueAttributes": ("sqs", "get_queue_attributes", "AccessDenied", lambda eyes: eyes.queue(QUEUE)),
    "cloudwatch:GetMetricData": ("cloudwatch", "get_metric_data", "AccessDenied", lambda eyes: eyes.traffic(TOPIC, NOW)),
    "cloudwatch:DescribeAlarms": ("cloudwatch", "describe_alarms", "AccessDenied", lambda eyes: eyes.alarms("mail")),
    "s3:ListBucket": ("s3", "list_objects_v2", "AccessDenied", lambda eyes: eyes.quarantine("b", NOW)),
}


@pytest.mark.parametrize("right", LOOKS)
def test_a_refusal_names_the_right_that_is_missing(right: str) -> None:
    """And the service's code, never its message."""
    service, operation, code, look = LOOKS[right]
    calls: dict[str, Any] = {service: [(operation, code)]}
    with answers(**calls) as eyes, pytest.raises(Unseen) as caught:
        look(eyes)
    assert caught.value.right == right


def test_what_is_not_there_lacks_no_right() -> None:
    """Its own line says that it is gone."""
    with answers(sns=[("list_subscriptions_by_topic", "NotFound")]) as eyes, pytest.raises(Unseen, match="not exist") as caught:
        eyes.subscriptions(TOPIC)
    assert caught.value.right == ""


@pytest.mark.parametrize("code", ["Throttling", "ExpiredToken", "InternalError"])
def test_a_failure_that_is_no_refusal_lacks_no_right(code: str) -> None:
    """Whoever is woken shall not look for rights that they have."""
    with answers(sns=[("get_topic_attributes", code)]) as eyes, pytest.raises(Unseen, match=code) as caught:
        eyes.topic(TOPIC)
    assert caught.value.right == ""


def test_a_service_that_does_not_answer_is_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the kind of silence."""

    def silent(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.com")

    monkeypatch.setattr(client("events"), "describe_rule", silent)
    with pytest.raises(Unseen, match="EndpointConnectionError"):
        AwsEyes(client).rule("r")


# ---------------------------------------------------------------------- SES


@pytest.fixture
def slept() -> list[float]:
    """How long was waited each time."""
    return []


@pytest.fixture
def ses(slept: list[float]) -> SesHealth:
    """SES, on a clock that stands still."""
    return SesHealth(client("sesv2"), sleep=slept.append, monotonic=lambda: 0.0)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ({}, ConfigurationSet(True, None)),
        ({"SendingOptions": {"SendingEnabled": False}}, ConfigurationSet(False, None)),
        ({"SuppressionOptions": {"SuppressedReasons": []}}, ConfigurationSet(True, frozenset())),
        ({"SuppressionOptions": {"SuppressedReasons": ["BOUNCE"]}}, ConfigurationSet(True, frozenset({"BOUNCE"}))),
        ("NotFoundException", None),
    ],
)
def test_a_set_shows_its_switch_and_the_reasons_that_it_heeds(
    ses: SesHealth, answer: dict[str, Any] | str, seen: ConfigurationSet | None
) -> None:
    """No reasons of its own are something else than an empty list of them."""
    with answers(sesv2=[("get_configuration_set", answer, {"ConfigurationSetName": "mail"})]):
        assert ses.configuration_set("mail") == seen


def test_destinations_show_their_types_and_topics(ses: SesHealth) -> None:
    """Those that lead elsewhere have no topic; what does not say that it is on is off."""
    answer = {
        "EventDestinations": [
            {"Name": "a", "Enabled": True, "MatchingEventTypes": ["SEND"], "SnsDestination": {"TopicArn": TOPIC}},
            {"Name": "b", "MatchingEventTypes": ["BOUNCE"], "EventBridgeDestination": {"EventBusArn": "arn:bus"}},
        ]
    }
    with answers(sesv2=[("get_configuration_set_event_destinations", answer, {"ConfigurationSetName": "mail"})]):
        found = ses.destinations("mail")
    assert found == [Destination("a", True, frozenset({"SEND"}), TOPIC), Destination("b", False, frozenset({"BOUNCE"}), "")]


def test_the_account_is_asked_once(ses: SesHealth) -> None:
    """Each set may want to know what it heeds."""
    answer = {
        "SendingEnabled": True,
        "ProductionAccessEnabled": False,
        "EnforcementStatus": "HEALTHY",
        "SuppressionAttributes": {"SuppressedReasons": ["COMPLAINT"]},
    }
    with answers(sesv2=[("get_account", answer, {})]):
        assert ses.account() == ses.account() == Account(True, False, "HEALTHY", frozenset({"COMPLAINT"}))


def listed(*names: str, more: bool = False) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """SES's identities; one that is not verified cannot send."""
    found = [{"IdentityName": name, "IdentityType": "DOMAIN", "SendingEnabled": "new" not in name} for name in names]
    return "list_email_identities", {"EmailIdentities": found} | ({"NextToken": "n"} if more else {}), {"PageSize": 1000}


def test_senders_are_asked_one_a_second_and_so_many_at_most(ses: SesHealth, slept: list[float]) -> None:
    """Those that cannot send are passed over; how many are left is told, and how far it is."""
    done: list[int] = []
    asked = [
        listed("a.example", "new.example", "b.example", "c.example"),
        ("get_email_identity", {"ConfigurationSetName": "mail"}, {"EmailIdentity": "a.example"}),
        ("get_email_identity", {}, {"EmailIdentity": "b.example"}),
    ]
    with answers(sesv2=asked):
        found = ses.identities(2, done.append)
    assert found == Identities([Identity("a.example", "mail"), Identity("b.example", "")], 1)
    assert (done, slept) == ([1, 2], [PACE_SECONDS, PACE_SECONDS])


def test_none_is_asked_where_none_is_wanted(ses: SesHealth) -> None:
    """Further pages are at least one sender more."""
    with answers(sesv2=[listed("a.example", more=True)]):
        assert ses.identities(0, lambda _: None) == Identities([], 2)


def test_a_sender_that_is_gone_meanwhile_is_none(ses: SesHealth) -> None:
    """Between the list and the question."""
    with answers(sesv2=[listed("a.example"), ("get_email_identity", "NotFoundException")]):
        assert ses.identities(9, lambda _: None) == Identities([], 0)


def test_senders_that_may_be_listed_and_not_asked_are_told_of(ses: SesHealth) -> None:
    """With the right that is missing."""
    with answers(sesv2=[listed("a.example", "b.example"), ("get_email_identity", "AccessDeniedException")]):
        found = ses.identities(9, lambda _: None)
    assert (found.seen, found.left) == ([], 2)
    assert "ses:GetEmailIdentity" in found.why


@pytest.mark.parametrize(
    ("right", "operation", "look"),
    [
        ("ses:GetConfigurationSet", "get_configuration_set", lambda ses: ses.configuration_set("mail")),
        (
            "ses:GetConfigurationSetEventDestinations",
            "get_configuration_set_event_destinations",
            lambda ses: ses.destinations("mail"),
        ),
        ("ses:GetAccount", "get_account", lambda ses: ses.account()),
        ("ses:ListEmailIdentities", "list_email_identities", lambda ses: ses.identities(1, lambda _: None)),
    ],
)
def test_ses_refuses_by_the_name_of_a_right_too(
    ses: SesHealth, right: str, operation: str, look: Callable[[SesHealth], Any]
) -> None:
    """Each of its own."""
    with answers(sesv2=[(operation, "AccessDeniedException")]), pytest.raises(Unseen) as caught:
        look(ses)
    assert caught.value.right == right


# ---------------------------------------------------------------------- the tables


def test_the_last_event_is_the_newest_of_all_shards_of_today_then_yesterday() -> None:
    """A row of each shard, the newest first."""
    queries: list[dict[str, Any]] = []

    class Table:
        def query(self, **request: Any) -> dict[str, Any]:
            queries.append(request)
            day = request["ExpressionAttributeValues"][":day"]["S"]
            times = {"2026-11-23#3": "2026-11-23T23:59:00.000Z", "2026-11-23#4": "2026-11-24T00:01:00.000Z"}
            return {"Items": [{"at": {"S": times[day]}}] if day in times else []}

    table: Any = Table()
    assert DynamoRecords(table, "events", "", 8).last_event(NOW) == datetime(2026, 11, 24, 0, 1, tzinfo=UTC)
    assert len(queries) == 32
    assert {(one["IndexName"], one["Limit"], one["ScanIndexForward"]) for one in queries} == {("by_day", 1, False)}


def test_the_query_is_one_that_dynamodb_knows() -> None:
    """Against its model; an empty table has no last event."""
    with Stubber(client("dynamodb")) as stub:
        names = ("TableName", "IndexName", "KeyConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues")
        stub.add_response("query", {"Items": []}, {**dict.fromkeys(names, ANY), "ScanIndexForward": False, "Limit": 1})
        assert DynamoRecords(client("dynamodb"), "events", "", 8)._newest("2026-11-24#0") is None


QUERY = (
    "TableName",
    "IndexName",
    "KeyConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ScanIndexForward",
)


def test_recorded_mails_are_the_accounts_counters_of_the_hour() -> None:
    """Summed over the shards."""
    rows = [{"scope": {"S": f"account#{shard}"}, "item": {"S": "hour/2026-11-24T09"}, "sent": {"N": "21"}} for shard in range(2)]
    with Stubber(client("dynamodb")) as stub:
        stub.add_response("batch_get_item", {"Responses": {"reputation": rows}}, {"RequestItems": ANY})
        hour = NOW.replace(hour=9, minute=0)
        assert DynamoRecords(client("dynamodb"), "", "reputation", 2).sent([hour]) == {hour: 42}


def test_tables_that_are_not_named_or_not_readable_are_unseen() -> None:
    """With what would open them."""
    nameless = DynamoRecords(client("dynamodb"), "", "", 2)
    with pytest.raises(Unseen, match="EVENTS_TABLE"):
        nameless.last_event(NOW)
    with pytest.raises(Unseen, match="REPUTATION_TABLE"):
        nameless.sent([NOW])
    with Stubber(client("dynamodb")) as stub:
        stub.add_client_error("batch_get_item", "AccessDeniedException")
        with pytest.raises(Unseen) as caught:
            DynamoRecords(client("dynamodb"), "", "reputation", 2).sent([NOW])
        assert "dynamodb:BatchGetItem" in caught.value.right
