"""What SNS, KMS, Lambda, EventBridge, SQS, S3 and CloudWatch say of a stack's resources."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_warden.adapters.looking import look, look_at
from ses_warden.adapters.receipt_rules import SesReceiptRules
from ses_warden.application.check_inbox import RuleSet
from ses_warden.domain.health import (
    Alarm,
    Delivery,
    Function,
    Heap,
    Key,
    Notification,
    Point,
    Queue,
    Source,
    Subscription,
    Target,
    Topic,
    Traffic,
)
from ses_warden.errors import Absent, Unseen

_DAY = timedelta(days=1)
_PERIOD = timedelta(minutes=5)
_PAGE = 1000
_MOST_PAGES = 10
_PREFIX = "events/"
# SQS tells CloudWatch each minute, and late: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/
_RECENT = timedelta(minutes=15)


class AwsEyes:
    """The `Eyes` port; `client` makes boto3's client of a service, when it is first asked."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._made: dict[str, Any] = {}
        self._make = client
        self._functions: dict[str, Function | None] = {}

    def topic(self, arn: str) -> Topic | None:
        """See the port."""
        answer = look("sns:GetTopicAttributes", self._of("sns").get_topic_attributes, TopicArn=arn)
        said = answer["Attributes"] if answer else {}
        return Topic(said.get("Policy", ""), said.get("KmsMasterKeyId", "")) if answer else None

    def key(self, key: str) -> Key:
        """See the port. Only its description knows an alias and its state; without the right to that, its policy is read alone."""
        try:
            described = look_at("kms:DescribeKey", self._of("kms").describe_key, KeyId=key)["KeyMetadata"]
        except Absent:
            raise
        except Unseen:
            if "alias/" in key:
                raise
            described = {}
        if described.get("KeyManager") == "AWS":
            return Key("", described.get("KeyState", ""), aws=True)
        name = described.get("Arn", key)
        policy = look_at("kms:GetKeyPolicy", self._of("kms").get_key_policy, KeyId=name, PolicyName="default")["Policy"]
        return Key(policy, described.get("KeyState", ""))

    def subscriptions(self, topic: str) -> list[Subscription]:
        """See the port."""
        operation = self._of("sns").list_subscriptions_by_topic
        found: list[Subscription] = []
        page: dict[str, str] = {}
        while True:
            answer = look_at("sns:ListSubscriptionsByTopic", operation, TopicArn=topic, **page)
            some = (Subscription(one["SubscriptionArn"], one["Protocol"], one["Endpoint"]) for one in answer["Subscriptions"])
            found += [one for one in some if one.arn != "Deleted"]  # SNS shows those for some days
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}

    def delivery(self, subscription: str) -> Delivery:
        """See the port."""
        operation = self._of("sns").get_subscription_attributes
        said = look_at("sns:GetSubscriptionAttributes", operation, SubscriptionArn=subscription)["Attributes"]
        return Delivery(_dead_letters(said), said.get("FilterPolicy", "").strip() not in ("", "{}"))

    def function(self, name: str) -> Function | None:
        """See the port; it is asked once, as several looks begin with it."""
        if name not in self._functions:
            self._functions[name] = self._function(name)
        return self._functions[name]

    def _function(self, name: str) -> Function | None:
        functions = self._of("lambda")
        seen = look("lambda:GetFunctionConfiguration", functions.get_function_configuration, FunctionName=name)
        if seen is None:
            return None
        try:
            limits = look_at("lambda:GetFunctionConcurrency", functions.get_function_concurrency, FunctionName=name)
        except Unseen:
            limits = {}
        return Function(
            seen["FunctionArn"],
            seen.get("State", ""),
            seen.get("StateReason", ""),
            seen.get("LastUpdateStatus", ""),
            limits.get("ReservedConcurrentExecutions"),
        )

    def invokers(self, function: str) -> str:
        """See the port; empty where nobody may invoke it."""
        answer = look("lambda:GetPolicy", self._of("lambda").get_policy, FunctionName=function)
        return str(answer["Policy"]) if answer else ""

    def sources(self, function: str) -> list[Source]:
        """See the port."""
        operation = self._of("lambda").list_event_source_mappings
        found: list[Source] = []
        page: dict[str, str] = {}
        while True:
            answer = look_at("lambda:ListEventSourceMappings", operation, FunctionName=function, **page)
            found += [
                Source(
                    one.get("EventSourceArn", ""),
                    one.get("State", ""),
                    one.get("LastProcessingResult", ""),
                    one.get("UUID", ""),
                    _on_failure(one),
                )
                for one in answer["EventSourceMappings"]
            ]
            if not answer.get("NextMarker"):
                return found
            page = {"Marker": answer["NextMarker"]}

    def failures(self, function: str) -> str:
        """See the port: the ARN that asynchronous calls which failed are given up to. Empty for none, and without a function."""
        operation = self._of("lambda").get_function_event_invoke_config
        # SAM makes it for this version; so are the calls of rules, topics and buckets.
        named = {"FunctionName": function, "Qualifier": "$LATEST"}
        return _on_failure(look("lambda:GetFunctionEventInvokeConfig", operation, **named) or {})

    def rule(self, name: str) -> str | None:
        """See the port: its state."""
        answer = look("events:DescribeRule", self._of("events").describe_rule, Name=name)
        return str(answer["State"]) if answer else None

    def targets(self, rule: str) -> list[Target]:
        """See the port."""
        found: list[Target] = []
        page: dict[str, str] = {}
        while True:
            answer = look_at("events:ListTargetsByRule", self._of("events").list_targets_by_rule, Rule=rule, **page)
            found += [Target(one["Id"], one["Arn"], one.get("DeadLetterConfig", {}).get("Arn", "")) for one in answer["Targets"]]
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}

    def queue(self, url: str) -> Queue | None:
        """See the port."""
        answer = look("sqs:GetQueueAttributes", self._of("sqs").get_queue_attributes, QueueUrl=url, AttributeNames=["All"])
        if answer is None:
            return None
        said = answer["Attributes"]
        return Queue(
            said.get("QueueArn", ""),
            int(said.get("ApproximateNumberOfMessages", 0)) + int(said.get("ApproximateNumberOfMessagesDelayed", 0)),
            int(said.get("ApproximateNumberOfMessagesNotVisible", 0)),
            said.get("Policy", ""),
            _dead_letters(said),
            said.get("KmsMasterKeyId", ""),
        )

    def oldest(self, queue: str, now: datetime) -> float | None:
        """See the port: the last value of the last minutes, in seconds."""
        dimensions = {"QueueName": queue}
        [points] = self._metrics([("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", dimensions)], now - _RECENT, now)
        return points[-1].value if points else None

    def alarms(self, stack: str) -> list[Alarm]:
        """See the port: metric alarms whose names begin with the stack's, as CloudFormation names them."""
        operation = self._of("cloudwatch").describe_alarms
        found: list[Alarm] = []
        page: dict[str, str] = {}
        while True:
            answer = look_at("cloudwatch:DescribeAlarms", operation, AlarmNamePrefix=f"{stack}-", MaxRecords=100, **page)
            found += [
                Alarm(one["AlarmName"], one["StateValue"] == "ALARM", one["ActionsEnabled"]) for one in answer["MetricAlarms"]
            ]
            if not answer.get("NextToken"):
                return found
            page = {"NextToken": answer["NextToken"]}

    def quarantine(self, bucket: str, now: datetime) -> Heap:
        """See the port: ten pages of it at most. Objects are named by digests, so that new ones are on any page."""
        operation = self._of("s3").list_objects_v2
        moments: list[datetime] = []
        page: dict[str, str] = {}
        more = True
        for _ in range(_MOST_PAGES):
            answer = look_at("s3:ListBucket", operation, Bucket=bucket, Prefix=_PREFIX, MaxKeys=_PAGE, **page)
            moments += [one["LastModified"].astimezone(UTC) for one in answer.get("Contents", ())]
            more = bool(answer.get("NextContinuationToken"))
            if not more:
                break
            page = {"ContinuationToken": answer["NextContinuationToken"]}
        fresh = [one for one in moments if one >= now - _DAY]
        return Heap(len(moments), more, len(fresh), max(moments, default=None))

    def notifications(self, bucket: str) -> list[Notification]:
        """See the port: those that go to functions."""
        operation = self._of("s3").get_bucket_notification_configuration
        answer = look_at("s3:GetBucketNotification", operation, Bucket=bucket)
        return [_notification(one) for one in answer.get("LambdaFunctionConfigurations", ())]

    def receipts(self) -> RuleSet | None:
        """See the port: SES's active receipt rules."""
        return SesReceiptRules(self._of("ses")).active()

    def traffic(self, topic: str, now: datetime) -> Traffic:
        """See the port: four metrics of a day, those that the alarms Silence and FeedbackSilence are made of."""
        none: dict[str, str] = {}
        wanted = [("AWS/SES", name, "Sum", none) for name in ("Send", "Bounce", "Complaint")]
        wanted.append(("AWS/SNS", "NumberOfMessagesPublished", "Sum", {"TopicName": topic.rpartition(":")[2] or "-"}))
        sends, bounces, complaints, published = self._metrics(wanted, now - _DAY, now)
        return Traffic(sends, [*bounces, *complaints], published, _PERIOD)

    def _metrics(self, wanted: list[tuple[str, str, str, dict[str, str]]], start: datetime, end: datetime) -> list[list[Point]]:
        """The points of each metric, the oldest first."""
        queries = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                    },
                    "Period": int(_PERIOD.total_seconds()),
                    "Stat": stat,
                },
            }
            for number, (namespace, name, stat, dimensions) in enumerate(wanted)
        ]
        found: list[list[Point]] = [[] for _ in wanted]
        asked: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": start, "EndTime": end, "ScanBy": "TimestampAscending"}
        while True:
            answer = look_at("cloudwatch:GetMetricData", self._of("cloudwatch").get_metric_data, **asked)
            for one in answer["MetricDataResults"]:
                # Without values, as where nothing happened.
                if one.get("StatusCode") in ("Forbidden", "InternalError"):
                    raise Unseen(one["StatusCode"], "")
                pairs = zip(one.get("Timestamps", ()), one.get("Values", ()), strict=False)
                found[int(one["Id"][1:])] += [Point(at.astimezone(UTC), float(value)) for at, value in pairs]
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]

    def _of(self, service: str) -> Any:
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]


def _dead_letters(attributes: dict[str, str]) -> str:
    """The ARN in a redrive policy."""
    try:
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    except ValueError:
        return ""
    return str(policy.get("deadLetterTargetArn", "")) if isinstance(policy, dict) else ""


def _on_failure(said: Mapping[str, Any]) -> str:
    """The ARN in the configuration of a function's asynchronous calls, or of an event source mapping."""
    return str(said.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""))


def _notification(said: Mapping[str, Any]) -> Notification:
    """S3 writes the names of filters in capitals or not."""
    rules = said.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    filters = {one["Name"].lower(): one["Value"] for one in rules}
    return Notification(said["LambdaFunctionArn"], frozenset(said["Events"]), filters.get("prefix", ""), filters.get("suffix", ""))
