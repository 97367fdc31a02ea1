"""A pipeline that is well, as the services would tell of it; each part may be changed, and each look refused."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ses_warden.application.check_inbox import ReceiptRule, RuleSet
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
    Notification,
    Point,
    Queue,
    Source,
    Subscription,
    Target,
    Topic,
    Traffic,
)
from ses_warden.domain.health_lanes import ACTIVITY, FEEDBACK, TRACKING
from ses_warden.errors import Unseen

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
BOTH = frozenset({"BOUNCE", "COMPLAINT"})
AWS = "arn:aws:{}:eu-west-1:111122223333:{}"
FUNCTIONS = [f"{name}Function" for name in ("Feedback", "Activity", "Guard", "Sync", "Audit", "DmarcReports")]
# Where what fails goes: from topics' subscriptions, queues and functions.
FAILURES = {
    "FeedbackTopic": "FeedbackRetryQueue",
    "ActivityTopic": "ActivityDeadLetterQueue",
    "ActivityQueue": "ActivityDeadLetterQueue",
    "FeedbackRetryQueue": "FeedbackDeadLetterQueue",
    "FeedbackFunction": "FeedbackRetryQueue",
    "DmarcReportsFunction": "DmarcReportsDeadLetterQueue",
    "PublisherFunction": "PublisherDeadLetterQueue",
}
STARTERS = [f"{name}.amazonaws.com" for name in ("sns", "events", "s3", "lambda.alarms.cloudwatch")]


def topic(name: str) -> str:
    """The ARN of a topic of the stack."""
    return AWS.format("sns", f"mail-{name}")


def queue_url(name: str) -> str:
    """The URL of a queue of the stack."""
    return f"https://sqs.eu-west-1.amazonaws.com/111122223333/mail-{name}"


def queue_arn(url: str) -> str:
    """Its ARN."""
    return AWS.format("sqs", url.rpartition("/")[2])


def function_arn(name: str) -> str:
    """The ARN of a function of the stack."""
    return AWS.format("lambda", f"function:mail-{name}")


def allows(service: object, action: object, resource: str) -> str:
    """A policy that lets a service of the account, or several, do something."""
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
        "DmarcReports": "on",
        "DmarcReceiptRuleSetName": "mail-dmarc",
        "MailBucketName": "mail-reports",
        "QuarantineBucketName": "mail-quarantine",
        "EventsTableName": "mail-events",
        "ReputationTableName": "mail-reputation",
    }
    usual |= {f"{name}Arn": topic(name) for name in ("FeedbackTopic", "ActivityTopic", "AlertTopic")}
    usual |= {f"{name}Name": f"mail-{name}" for name in FUNCTIONS}
    queues = (
        "ActivityQueue",
        "FeedbackRetryQueue",
        *(f"{name}DeadLetterQueue" for name in ("Feedback", "Activity", "DmarcReports")),
    )
    usual |= {f"{name}Url": queue_url(name) for name in queues}
    rules = ("GuardFunctionEachMinute", "TenantStatusRule", "SyncFunctionEachDay", "AuditFunctionEachDay")
    others = ("PublisherFunction", "Silence", "AccountBounceRatePause")
    parts = {name: f"mail-{name}" for name in (*rules, *others)}
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
    failing: dict[str, str] = field(default_factory=dict[str, str])
    led: dict[str, list[Target]] = field(default_factory=dict[str, list[Target]])
    told: list[Notification] | None = None
    rule_set: str = "mail-dmarc"
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

    def delivery(self, subscription: str) -> Delivery:
        self._look("delivery")
        return Delivery(self._gives_up_to(subscription.split(":")[5]), filtered=False)

    def _gives_up_to(self, name: str) -> str:
        """An ARN; of whatever has no queue for that, the alerts' topic."""
        queue = FAILURES.get(name.removeprefix("mail-"))
        return self.failing.get(name, queue_arn(queue_url(queue)) if queue else topic("AlertTopic"))

    def function(self, name: str) -> Function | None:
        self._look("function")
        return self.functions.get(name, Function(AWS.format("lambda", f"function:{name}"), "Active", "", "Successful", None))

    def invokers(self, function: str) -> str:
        self._look("invokers")
        arn = AWS.format("lambda", f"function:{function}")
        return self.policies.get(arn, allows(STARTERS, "lambda:InvokeFunction", arn))

    def failures(self, function: str) -> str:
        self._look("failures")
        return self._gives_up_to(function)

    def sources(self, function: str) -> Sequence[Source]:
        self._look("sources")
        queues = {"mail-FeedbackFunction": "FeedbackRetryQueue", "mail-ActivityFunction": "ActivityQueue"}
        stream = AWS.format("dynamodb", "table/mail-suppression/stream/2026")
        return [
            Source(
                queue_arn(queue_url(queues[function])) if function in queues else stream,
                "Enabled",
                "OK",
                "u-1",
                self._gives_up_to(function),
            )
        ]

    def rule(self, name: str) -> str | None:
        self._look("rule")
        return self.rules.get(name, "ENABLED")

    def targets(self, rule: str) -> Sequence[Target]:
        self._look("targets")
        if "SesEvents" in rule:
            return self.led.get(rule, [Target("1", queue_arn(queue_url("ActivityQueue")), self._gives_up_to("mail-ActivityQueue"))])
        [name] = [one for one in ("Guard", "Sync", "Audit") if one in rule.replace("TenantStatus", "Guard")]
        return self.led.get(rule, [Target("1", function_arn(f"{name}Function"))])

    def queue(self, url: str) -> Queue | None:
        self._look("queue")
        arn = queue_arn(url)
        given_up = self._gives_up_to(url.rpartition("/")[2])
        return self.queues.get(url, Queue(arn, 0, 0, allows(STARTERS, "sqs:SendMessage", arn), given_up))

    def oldest(self, queue: str, now: datetime) -> float | None:  # noqa: ARG002
        self._look("oldest")
        return None

    def alarms(self, stack: str) -> Sequence[Alarm]:  # noqa: ARG002
        self._look("alarms")
        return [Alarm("mail-Silence", speaks=False, actions=True), Alarm("mail-two-Silence", speaks=True, actions=True)]

    def quarantine(self, bucket: str, now: datetime) -> Heap:  # noqa: ARG002
        self._look("quarantine")
        return Heap(0, more=False, fresh=0, newest=None)

    def notifications(self, bucket: str) -> Sequence[Notification]:  # noqa: ARG002
        self._look("notifications")
        created = frozenset({"s3:ObjectCreated:*"})
        return [Notification(function_arn("DmarcReportsFunction"), created, "inbox/")] if self.told is None else self.told

    def receipts(self) -> RuleSet | None:
        self._look("receipts")
        rule = ReceiptRule("mail-dmarc", enabled=True, recipients=("reports.example",), stores=(("mail-reports", "inbox/"),))
        return RuleSet(self.rule_set, (rule,)) if self.rule_set else None

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
