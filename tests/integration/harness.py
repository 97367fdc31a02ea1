"""Execution environments to record with, and the tables to look at afterwards."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

import boto3

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.wire import write_bodies
from ses_warden.application.record_events import Outcome, Policy, record_events
from ses_warden.bootstrap import recording
from ses_warden.domain.envelopes import open_event
from ses_warden_cli.samples.doors import compact
from tests.fakes import MemoryQuarantine
from tests.support.dynamo import Answer, Wire, session
from tests.support.samples import Json, make_event, ses, wrap_sns, wrap_sqs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SENT = NOW - timedelta(days=20)
RETENTION = timedelta(days=30)
SHARDS = 8
POLICY = Policy(RETENTION)

# When counters moved, and how far the lane had got then: no two recordings share these.
_MOVED = frozenset({"changed_in", "changed_at", "progress"})

type Key = tuple[str, str]
type Rows = dict[Key, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is in the tables, by key; the counters of a scope are summed over their shards."""

    events: Rows
    suppression: Rows
    reputation: Rows

    def without_versions(self) -> "Snapshot":
        """How often an entry was written depends on who came first, what it says does not."""
        entries = {key: {name: value for name, value in row.items() if name != "version"} for key, row in self.suppression.items()}
        return Snapshot(self.events, entries, self.reputation)

    def counted(self, scope: str, counter: str) -> int:
        """What a counter of a scope amounts to, over all hours and days."""
        rows = (row for (named, _), row in self.reputation.items() if named == scope)
        return sum(int(row[counter]["N"]) for row in rows if counter in row)


@dataclass(slots=True)
class Environment:
    """One execution environment of a function: a client of its own, with a wire to listen on."""

    client: "DynamoDBClient"
    ledger: DynamoLedger
    wire: Wire
    quarantine: MemoryQuarantine = field(default_factory=MemoryQuarantine)
    policy: Policy = POLICY
    pauses: list[float] = field(default_factory=list)

    def record(self, payload: Any, now: datetime = NOW) -> Outcome:
        """What a function does with the payload of an invocation."""
        return record_events(open_event(payload), ledger=self.ledger, quarantine=self.quarantine, policy=self.policy, now=now)


class World:
    """The three tables, and any number of environments that write them."""

    def __init__(self, endpoint: str, tables: Tables) -> None:
        self.tables = tables
        self._endpoint = None if endpoint == "aws" else endpoint
        self._session = boto3.Session() if endpoint == "aws" else session()
        self._client = self.client()
        self.clear()

    def client(self) -> "DynamoDBClient":
        """A new client, configured as that of the functions."""
        client = self._session.client("dynamodb", endpoint_url=self._endpoint, config=recording._DYNAMODB)
        write_bodies(client)
        return client

    def environment(
        self,
        *,
        shard: int = 0,
        before: Callable[[int, str, Any], Answer | None] | None = None,
        after: Callable[[int, str, dict[str, Any]], None] | None = None,
        waits: bool = False,
    ) -> Environment:
        """A fresh environment; `before` and `after` as `Wire` has them. Its pauses are noted, and waited for only if it `waits`."""
        client = self.client()
        pauses: list[float] = []
        sleep = time.sleep if waits else pauses.append
        ledger = DynamoLedger(client, self.tables, retention=RETENTION, shards=SHARDS, shard=shard, sleep=sleep)
        return Environment(client, ledger, Wire(client, before, after), pauses=pauses)

    def record(self, *texts: str) -> Outcome:
        """Records events in one batch, in an environment of which nothing more is asked."""
        ledger = DynamoLedger(self._client, self.tables, retention=RETENTION, shards=SHARDS)
        return record_events(
            open_event(through_queue(*texts)), ledger=ledger, quarantine=MemoryQuarantine(), policy=POLICY, now=NOW
        )

    def snapshot(self) -> Snapshot:
        """The tables as they are."""
        counters: Rows = {}
        for row in self._scan(self.tables.reputation):
            scope, item = row.pop("scope")["S"], row.pop("item")["S"]
            summed = counters.setdefault((scope if item == "seen" else scope.rpartition("#")[0], item), {})
            for name, value in row.items():
                if name in _MOVED:
                    continue
                known = int(summed[name]["N"]) if name in summed and name != "purge_at" else 0
                summed[name] = {"N": str(known + int(value["N"]))} if "N" in value else value
        events = {(row["message_id"]["S"], row["event"]["S"]): _comparable(row) for row in self._scan(self.tables.events)}
        entries = {(row["address"]["S"], row["scope"]["S"]): row for row in self._scan(self.tables.suppression)}
        return Snapshot(events, entries, counters)

    def clear(self) -> None:
        """Empties the tables."""
        keys = {
            self.tables.events: ("message_id", "event"),
            self.tables.suppression: ("address", "scope"),
            self.tables.reputation: ("scope", "item"),
        }
        for table, names in keys.items():
            for some in batched(self._scan(table), 25, strict=False):
                deletes: Any = [{"DeleteRequest": {"Key": {name: row[name] for name in names}}} for row in some]
                self._client.batch_write_item(RequestItems={table: deletes})

    def _scan(self, table: str) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [dict(item) for page in pages for item in page["Items"]]


def _comparable(row: dict[str, Any]) -> dict[str, Any]:
    """Sets have no order."""
    return {name: {"SS": sorted(value["SS"])} if "SS" in value else value for name, value in row.items()}


def event(kind: str, mail: str = "mail-1", recipients: Iterable[str] = ("jane@example.com",), days: float = 1, **more: Any) -> str:
    """The text of an SES event about a mail of 20 days ago, `days` after that mail was sent."""
    more.setdefault("sent_at", SENT)
    at = more["sent_at"] + timedelta(days=days)
    made: Json = make_event(kind, message_id=mail, recipients=list(recipients), at=at, **more)
    return compact(made)


def through_sns(text: str) -> Json:
    """As the feedback function gets it."""
    return wrap_sns(text)


def through_queue(*texts: str) -> Json:
    """As the activity function gets them: a batch."""
    return wrap_sqs(texts)


def redelivered(payload: Json, failed: Iterable[str | None]) -> Json:
    """The records of a batch that SQS delivers again."""
    again = set(failed)
    return {"Records": [record for record in payload["Records"] if record["messageId"] in again]}


# One event, told in both forms: as event publishing, and as identity notification. Both repeat the words of the receiving server.
_TOLD: Json = {"diagnosticCode": "smtp; 550 5.1.1 no such user", "status": "5.1.1", "action": "failed"}
_FULL: Json = {
    "bounceType": "Transient",
    "bounceSubType": "MailboxFull",
    "diagnosticCode": "smtp; 452 4.2.2 full",
    "status": "4.2.2",
}
_LISTED: Json = {"bounceType": "Permanent", "bounceSubType": "OnTenantSuppressionList"}
TWINS: dict[str, tuple[str, str]] = {
    "bounce": (event("Bounce", **_TOLD), event("identity-bounce", **_TOLD)),
    "strike": (event("bounce-transient-mailboxfull", **_FULL), event("identity-bounce", **_FULL)),
    "complaint": (event("Complaint"), event("identity-complaint")),
    "delivery": (event("Delivery"), event("identity-delivery")),
    "tenant's": (event("Bounce", tenant="acme", **_TOLD), event("identity-bounce", **_TOLD)),
    "tenant's list": (
        event("bounce-permanent-on-tenant-suppression-list", tenant="acme", **_LISTED),
        event("identity-bounce", **_LISTED),
    ),
    "sample": (ses("bounce-twin"), ses("identity-bounce-twin")),
}
