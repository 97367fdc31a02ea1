"""A guard with everything that it needs on an emulator, a clock that the test moves, and the alerts that came out."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.backlog import SqsBacklog
from ses_warden.adapters.cloudwatch import CloudWatchReputation
from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.ses import SesSwitch
from ses_warden.application.guard_sending import GuardOutcome, GuardPolicy, GuardServices, guard_sending
from ses_warden.application.record_events import Policy, record_events
from ses_warden.domain.envelopes import open_event
from ses_warden.domain.guard_states import State
from ses_warden_cli.samples.doors import compact, wrap_sqs
from tests.fakes import MemoryQuarantine
from tests.integration.harness import World
from tests.support.dynamo import session
from tests.support.samples import make_event

START = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)
SHARDS = 4
MINUTE = timedelta(minutes=1)


class Guardhouse:
    """Two configuration sets, `marketing` and `receipts`, whose events are recorded by the ledger and watched by the guard."""

    def __init__(self, endpoint: str, tables: Tables, *, policy: GuardPolicy | None = None, drill: bool = False) -> None:
        """Makes the topic, the queues and the configuration sets, under names of their own; `drill`: the first is for drills."""
        World(endpoint, tables).clear()  # the tables are those of all tests
        self.tables = tables
        self.now = START
        self.policy = policy or GuardPolicy()
        self._endpoint = endpoint
        self._mails = 0
        suffix = uuid.uuid4().hex[:8]
        self.marketing, self.receipts = f"marketing-{suffix}", f"receipts-{suffix}"
        self.drill_set = self.marketing if drill else ""
        if drill:
            self.policy = replace(self.policy, drill=f"configuration-set/{self.marketing}")
        self.ses = self.client("sesv2")
        for name in (self.marketing, self.receipts):
            self.ses.create_configuration_set(ConfigurationSetName=name)
        self.sqs = self.client("sqs")
        self.activity = self.sqs.create_queue(QueueName=f"activity-{suffix}")["QueueUrl"]
        self.told = self.sqs.create_queue(QueueName=f"alerts-{suffix}")["QueueUrl"]
        self.heard = self.sqs.create_queue(QueueName=f"events-{suffix}")["QueueUrl"]
        self.topic = self.client("sns").create_topic(Name=f"alerts-{suffix}")["TopicArn"]
        self.client("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self._arn(self.told))
        rule = f"guard-{suffix}"
        self.client("events").put_rule(
            Name=rule, EventPattern=json.dumps({"source": ["ses-warden"], "detail": {"stack": [suffix]}})
        )
        self.client("events").put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": self._arn(self.heard)}])
        self.stack = suffix
        self._usual = self.services()

    def client(self, service: str) -> Any:
        """A client of the emulator."""
        made: Any = session().client  # its stubs take literal names of services only
        return made(service, endpoint_url=self._endpoint)

    @property
    def uses(self) -> dict[str, str]:
        """What `ses-warden --use` takes of it."""
        return {"REPUTATION_TABLE": self.tables.reputation, "ALERT_TOPIC_ARN": self.topic, "COUNTER_SHARDS": str(SHARDS)}

    def services(self, **others: Any) -> GuardServices:
        """What a guard needs, in an environment of its own; a test may put something else in a place."""
        usual: dict[str, Any] = {
            "store": DynamoGuardStore(self.client("dynamodb"), self.tables.reputation, shards=SHARDS),
            "switch": SesSwitch(self.client("sesv2"), sleep=lambda _: None),
            "metrics": CloudWatchReputation(self.client("cloudwatch")),
            "backlog": SqsBacklog(self.client("sqs"), self.activity),
            "alerts": AwsAlerts(self.client("sns"), self.client("events"), topic=self.topic, stack=self.stack),
        }
        return GuardServices(**{**usual, **others})

    def look(self, services: GuardServices | None = None, **more: Any) -> GuardOutcome:
        """One run of the guard, now."""
        return guard_sending(services or self._usual, self.policy, self.now, **more)

    def looks(self, times: int = 2, **more: Any) -> GuardOutcome:
        """Runs a minute apart; the outcome of the last."""
        for _ in range(times - 1):
            self.look(**more)
            self.now += MINUTE
        return self.look(**more)

    def send(
        self,
        configuration_set: str,
        delivered: int = 0,
        bounced: int = 0,
        *,
        complained: int = 0,
        tenant: str | None = None,
        shard: int = 0,
        sent_at: datetime | None = None,
        simulated: bool = False,
    ) -> None:
        """Records what became of so many mails, sent a minute ago unless told otherwise; `simulated`: to the mailbox simulator."""
        sent_at = sent_at or self.now - MINUTE
        kinds = ["Delivery"] * delivered + ["bounce-permanent-noemail"] * bounced + ["complaint-abuse"] * complained
        events = []
        for kind in kinds:
            self._mails += 1
            made = make_event(
                kind,
                message_id=f"mail-{self.stack}-{self._mails}",
                recipients=[
                    f"bounce+{self._mails}@simulator.amazonses.com"
                    if simulated
                    else f"person-{self._mails}@d{self._mails % 97}.example.com"
                ],
                at=self.now - timedelta(seconds=30),
                sent_at=sent_at,
                configuration_set=configuration_set,
                tenant=tenant,
            )
            events.append(compact(made))
        self.record(events, shard)

    def record(self, events: Sequence[str], shard: int = 0) -> None:
        """Records events as one environment of a function does."""
        ledger = DynamoLedger(
            self.client("dynamodb"), self.tables, retention=timedelta(days=30), shards=SHARDS, shard=shard, clock=lambda: self.now
        )
        outcome = record_events(
            open_event(wrap_sqs(list(events))),
            ledger=ledger,
            quarantine=MemoryQuarantine(),
            policy=Policy(timedelta(days=30), drill_set=self.drill_set),
            now=self.now,
        )
        assert outcome.error is None

    def sends(self, configuration_set: str) -> bool:
        """Whether SES lets the configuration set send."""
        options = self.ses.get_configuration_set(ConfigurationSetName=configuration_set).get("SendingOptions", {})
        return bool(options.get("SendingEnabled", True))

    def switch(self, configuration_set: str, *, on: bool) -> None:
        """What somebody does at the console."""
        self.ses.put_configuration_set_sending_options(ConfigurationSetName=configuration_set, SendingEnabled=on)

    def state(self, scope: str) -> State | None:
        """Where a scope stands."""
        return self._usual.store.states([scope]).get(scope)

    def alerts(self) -> list[str]:
        """The texts that came out of the topic since the last question."""
        return [json.loads(body)["Message"] for body in self._drain(self.told)]

    def events(self) -> list[dict[str, Any]]:
        """The events that came out of the bus since the last question."""
        return [json.loads(body) for body in self._drain(self.heard)]

    def trail(self, scope: str) -> list[tuple[str, str]]:
        """The audit trail of a scope: what was done, and by whom."""
        answer = self.client("dynamodb").query(
            TableName=self.tables.reputation,
            KeyConditionExpression="#scope = :scope AND begins_with(#item, :decision)",
            ExpressionAttributeNames={"#scope": "scope", "#item": "item"},
            ExpressionAttributeValues={":scope": {"S": scope}, ":decision": {"S": "decision/"}},
        )
        return [(item["action"]["S"], item["by"]["S"]) for item in answer["Items"]]

    def _drain(self, queue: str) -> list[str]:
        bodies: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def _arn(self, queue: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn: str = answer["Attributes"]["QueueArn"]
        return arn
