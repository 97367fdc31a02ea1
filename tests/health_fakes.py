"""A pipeline that is well, as the services would tell of it; each part may be changed, and each look refused."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ses_warden.application.looks import Eyes, Records, SesEyes
from ses_warden.domain.health import (
    Account,
    Alarm,
    Blueprint,
    ConfigurationSet,
    Delivery,
    Destination,
    Function,
    Heap,
    Identities,
    Identity,
    Key,
    Point,
    Queue,
    Source,
    Subscription,
    Topic,
    Traffic,
)
from ses_warden.domain.health_lanes import ACTIVITY, FEEDBACK, TRACKING
from ses_warden.errors import Unseen

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
BOTH = frozenset({"BOUNCE", "COMPLAINT"})
AWS = "arn:aws:{}:eu-west-1:111122223333:{}"


def topic(name: str) -> str:
    """The ARN of a topic of the stack."""
    return AWS.format("sns", f"mail-{name}")


def queue_url(name: str) -> str:
    """The URL of a queue of the stack."""
    return f"https://sqs.eu-west-1.amazonaws.com/111122223333/mail-{name}"


def queue_arn(url: str) -> str:
    """Its ARN."""
    return AWS.format("sqs", url.rpartition("/")[2])


def allows(service: str, action: object, resource: str) -> str:
    """A policy that lets a service of the account do something."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": resource}
    return json.dumps({"Statement": [{**statement, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}]})


def blueprint(resources: Mapping[str, str] | None = None, /, **named: str) -> Blueprint:
    """The stack `mail`; no name where it is given as empty."""
    usual = {
        "ConfigurationSetName": "mail",
        "AdditionalConfigurationSet2": "news",
        "SuppressionAuthority": "ses",
        "TrackOpensAndClicks": "true",
        "GuardMode": "active",
        "SuppressionSync": "report",
        "AuditMode": "on",
        "RecipientEvents": "plain",
        "QuarantineBucketName": "mail-quarantine",
        "EventsTableName": "mail-events",
        "ReputationTableName": "mail-reputation",
    }
    usual |= {f"{name}Arn": topic(name) for name in ("FeedbackTopic", "ActivityTopic", "AlertTopic")}
    usual |= {f"{name}Name": f"mail-{name}" for name in ("FeedbackFunction", "ActivityFunction", "GuardFunction")}
    queues = ("ActivityQueue", "FeedbackRetryQueue", "FeedbackDeadLetterQueue", "ActivityDeadLetterQueue")
    usual |= {f"{name}Url": queue_url(name) for name in queues}
    rules = ("GuardFunctionEachMinute", "TenantStatusRule", "SyncFunctionEachDay", "AuditFunctionEachDay")
    parts = {name: f"mail-{name}" for name in (*rules, "PublisherFunction", "Silence")}
    parts["PublisherDeadLetterQueue"] = queue_url("PublisherDeadLetterQueue")
    return Blueprint("mail", usual | named, parts if resources is None else resources)


@dataclass
class Health(SesEyes, Eyes, Records):
    """All of it, well. `denied` are the names of looks that are refused; the other fields are what is seen in their place."""

    denied: frozenset[str] = frozenset()
    sets: dict[str, ConfigurationSet] = field(
        default_factory=lambda: {name: ConfigurationSet(sends=True, suppressed=BOTH) for name in ("mail", "news")}
    )
    keys: dict[str, str] = field(default_factory=dict[str, str])
    queues: dict[str, Queue] = field(default_factory=dict[str, Queue])
    rules: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    functions: dict[str, Function | None] = field(default_factory=dict[str, "Function | None"])
    recorded: int = 100
    last: datetime | None = NOW - timedelta(minutes=40)
    policies: dict[str, str] = field(default_factory=dict[str, str])
    looks: list[str] = field(default_factory=list[str])

    def _look(self, name: str) -> None:
        self.looks.append(name)
        if name in self.denied:
            raise Unseen("AccessDenied", f"right:{name}")

    def configuration_set(self, name: str) -> ConfigurationSet | None:
        self._look("configuration_set")
        return self.sets.get(name)

    def destinations(self, name: str) -> Sequence[Destination]:  # noqa: ARG002
        self._look("destinations")
        return [
            Destination("mail-feedback", enabled=True, types=FEEDBACK, topic=topic("FeedbackTopic")),
            Destination("mail-activity", enabled=True, types=ACTIVITY | TRACKING, topic=topic("ActivityTopic")),
        ]

    def account(self) -> Account:
        self._look("account")
        return Account(sends=True, production=True, enforcement="HEALTHY", suppressed=BOTH)

    def identities(self, most: int, progress: Callable[[int], None]) -> Identities:
        self._look("identities")
        progress(1)
        return Identities([Identity("example.com", "")][:most], 0)

    def topic(self, arn: str) -> Topic | None:
        self._look("topic")
        service = "cloudwatch.amazonaws.com" if "Alert" in arn else "ses.amazonaws.com"
        return Topic(self.policies.get(arn, allows(service, "sns:Publish", arn)), self.keys.get(arn, ""))

    def key(self, key: str) -> Key:
        self._look("key")
        return Key(allows(key, "kms:*", "*"), "Enabled")

    def subscriptions(self, topic: str) -> Sequence[Subscription]:
        self._look("subscriptions")
        name = topic.rpartition("-")[2]
        protocol, endpoint = {
            "FeedbackTopic": ("lambda", AWS.format("lambda", "function:mail-FeedbackFunction")),
            "ActivityTopic": ("sqs", queue_arn(queue_url("ActivityQueue"))),
        }.get(name, ("https", "https://pager.example.com"))
        return [Subscription(f"{topic}:1", protocol, endpoint)]

    def delivery(self, subscription: str) -> Delivery:  # noqa: ARG002
        self._look("delivery")
        return Delivery("arn:dlq", filtered=False)

    def function(self, name: str) -> Function | None:
        self._look("function")
        return self.functions.get(name, Function(AWS.format("lambda", f"function:{name}"), "Active", "", "Successful", None))

    def invokers(self, function: str) -> str:
        self._look("invokers")
        return allows("sns.amazonaws.com", "lambda:InvokeFunction", AWS.format("lambda", f"function:{function}"))

    def sources(self, function: str) -> Sequence[Source]:
        self._look("sources")
        queues = {"mail-FeedbackFunction": "FeedbackRetryQueue", "mail-ActivityFunction": "ActivityQueue"}
        stream = AWS.format("dynamodb", "table/mail-suppression/stream/2026")
        return [Source(queue_arn(queue_url(queues[function])) if function in queues else stream, "Enabled", "OK")]

    def rule(self, name: str) -> str | None:
        self._look("rule")
        return self.rules.get(name, "ENABLED")

    def queue(self, url: str) -> Queue | None:
        self._look("queue")
        arn = queue_arn(url)
        return self.queues.get(url, Queue(arn, 0, 0, allows("sns.amazonaws.com", "sqs:SendMessage", arn), "arn:dlq"))

    def oldest(self, queue: str, now: datetime) -> float | None:  # noqa: ARG002
        self._look("oldest")
        return None

    def alarms(self, stack: str) -> Sequence[Alarm]:  # noqa: ARG002
        self._look("alarms")
        return [Alarm("mail-Silence", speaks=False, actions=True), Alarm("mail-two-Silence", speaks=True, actions=True)]

    def quarantine(self, bucket: str, now: datetime) -> Heap:  # noqa: ARG002
        self._look("quarantine")
        return Heap(0, more=False, fresh=0, newest=None)

    def traffic(self, topic: str, now: datetime) -> Traffic:  # noqa: ARG002
        self._look("traffic")
        point = [Point(now - timedelta(minutes=45), 100)]
        return Traffic(sends=point, feedback=point, published=point)

    def last_event(self, now: datetime) -> datetime | None:  # noqa: ARG002
        self._look("last_event")
        return self.last

    def sent(self, hours: Sequence[datetime]) -> Mapping[datetime, int]:
        self._look("sent")
        return dict.fromkeys(hours, self.recorded)


LOOKS = [name for port in (SesEyes, Eyes, Records) for name in vars(port) if not name.startswith("_")]
