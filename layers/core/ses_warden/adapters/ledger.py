"""The ledger in DynamoDB: the only code that reads or writes the three tables.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.activity_notes import ActivityNotes
from ses_warden.adapters.dynamo import PASSING, REFUSALS, TRIES, Requests, call, paged, translated
from ses_warden.adapters.entries import deed_item, entry_from, item_from
from ses_warden.adapters.rows import Row, row_of, timestamp
from ses_warden.application.ports import Background, Cohort, EntryKey, FactKey, Known, Rejected, Transaction
from ses_warden.domain.counters import ACCOUNT, WATCHED, Counter, hour
from ses_warden.domain.entries import Entry
from ses_warden.domain.facts import Fact
from ses_warden.domain.outgoing import Outgoing
from ses_warden.domain.storms import DomainBounces, habit_periods, recent_periods
from ses_warden.errors import LedgerBusy, LedgerError, RowRefused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Hard bounces of one recipient domain are few, and read before each of them: not spread as wide as a scope's counters.
_DOMAIN_SHARDS = 8

# Counters are small, and the guard's longest windows reach back months.
_COUNTERS_KEPT = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the three tables."""

    events: str
    suppression: str
    reputation: str


class DynamoLedger:
    """The `Ledger` port on DynamoDB.

    The counters of a scope are spread over `shards` partition keys, of which this process writes `shard` alone: DynamoDB takes
    1,000 writes a second of a partition, and two environments that move one row at the same time make each other wait.
    `retention` is the life of an event row from the sending of the mail.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        tables: Tables,
        *,
        retention: timedelta,
        shards: int = 1,
        shard: int = 0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._tables = tables
        self._retention = retention
        self._shards = shards
        self._shard = shard
        self._clock = clock
        self._requests = Requests(sleep)
        self._notes = ActivityNotes(client, tables.reputation, self._requests)

    def transact(self, transaction: Transaction) -> Rejected | None:
        """See the port. Conflicts with other writers are tried again."""
        actions = list(self._actions(transaction))
        request = [action for action, _ in actions]
        for attempt in range(TRIES):
            if attempt:
                self._requests.pause(attempt)
            try:
                # Each try carries a token of its own, which botocore makes: a rebuilt request under a used token is refused.
                self._client.transact_write_items(TransactItems=request)
            except ClientError as error:
                reasons = error.response.get("CancellationReasons")
                if reasons is None:
                    raise translated(error) from error
                codes = {str(reason.get("Code")) for reason in reasons}
                if codes & REFUSALS:
                    raise RowRefused(f"DynamoDB refused a row: {', '.join(sorted(codes & REFUSALS))}") from error
                if "ConditionalCheckFailed" in codes:
                    return self._rejected(actions, reasons)
                if not codes & PASSING:
                    raise LedgerError(f"DynamoDB cancelled a transaction: {', '.join(sorted(codes))}") from error
            except BotoCoreError as error:
                raise LedgerBusy(f"DynamoDB did not answer: {type(error).__name__}") from error
            else:
                return None
        raise LedgerBusy(f"a transaction of {len(request)} actions met conflicts or throttling {TRIES} times")

    def entries(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, Entry]:
        """See the port: 100 keys a call."""
        table = self._tables.suppression
        found: dict[EntryKey, Entry] = {}
        for some in batched(keys, 100, strict=False):
            request: Any = {table: {"Keys": [_entry_key(key) for key in some], "ConsistentRead": True}}
            for answer in self._requests.until_processed(self._client.batch_get_item, request, "UnprocessedKeys"):
                for item in answer["Responses"].get(table, ()):
                    entry = entry_from(item)
                    found[EntryKey(entry.address, entry.scope)] = entry
        return found

    def last_delivery(self, recipient: str, since: datetime) -> datetime | None:
        """See the port: one query of the index `by_recipient`, which is consistent only eventually."""
        latest_first = paged(
            self._client.query,
            TableName=self._tables.events,
            IndexName="by_recipient",
            KeyConditionExpression="recipient = :recipient AND #at >= :since",
            FilterExpression="kind = :delivered",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={
                ":recipient": {"S": recipient},
                ":since": {"S": timestamp(since)},
                ":delivered": {"S": "delivered"},
            },
            ScanIndexForward=False,
        )
        return next((datetime.fromisoformat(item["at"]["S"]) for item in latest_first), None)

    def background(self, domain: str, at: datetime, keys: Collection[EntryKey]) -> Background:
        """See the port: the domain's counters of nine periods in all their shards, and the entries, 100 keys a call."""
        recent, habit = recent_periods(at), habit_periods(at)
        counters, suppression = self._tables.reputation, self._tables.suppression
        wanted = [
            (counters, {"scope": {"S": f"recipient-domain/{domain}#{shard}"}, "item": {"S": period}})
            for period in (*recent, *habit)
            for shard in range(min(self._shards, _DOMAIN_SHARDS))
        ]
        counted: dict[str, int] = dict.fromkeys((*recent, *habit), 0)
        entries: dict[EntryKey, Entry] = {}
        for some in batched([*wanted, *((suppression, _entry_key(key)) for key in keys)], 100, strict=False):
            request: Any = {}
            for table, key in some:
                request.setdefault(table, {"Keys": []})["Keys"].append(key)
            for answer in self._requests.until_processed(self._client.batch_get_item, request, "UnprocessedKeys"):
                for item in answer["Responses"].get(counters, ()):
                    counted[item["item"]["S"]] += int(item.get(Counter.HARD, {"N": "0"})["N"])
                for entry in map(entry_from, answer["Responses"].get(suppression, ())):
                    entries[EntryKey(entry.address, entry.scope)] = entry
        bounces = DomainBounces(sum(counted[period] for period in recent), tuple(counted[period] for period in habit))
        return Background(bounces, entries)

    def note_scopes(self, scopes: Collection[str], hour: str, outgoing: Collection[Outgoing] = ()) -> None:
        """See the port: rows of their own."""
        self._notes.note(scopes, hour, outgoing)

    def _actions(self, transaction: Transaction) -> Iterator[tuple[Any, Fact | Entry | None]]:
        """The actions of the request, each with what it stands for, since DynamoDB names the refused ones by their position."""
        events = self._tables.events
        for fact in transaction.new:
            yield (
                {
                    "Put": {
                        "TableName": events,
                        "Item": row_of(fact, self._purge_at(fact)),
                        "ConditionExpression": "attribute_not_exists(message_id)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
                fact,
            )
        for fact, known in transaction.enriched:
            yield {"Update": _enrichment(events, row_of(fact, self._purge_at(fact)), known)}, fact
        moved = self._moved(transaction)
        for cohort, counts in transaction.counts.items():
            yield {"Update": self._increment(cohort, counts, moved)}, None
        for entry in transaction.entries:
            yield {"Put": _versioned_put(self._tables.suppression, entry)}, entry
        for deed in transaction.deeds:
            yield {"Put": {"TableName": self._tables.suppression, "Item": deed_item(deed)}}, None

    def _purge_at(self, fact: Fact) -> int:
        return int((fact.sent_at + self._retention).timestamp())

    def _moved(self, transaction: Transaction) -> dict[str, Any]:
        """By these attributes of the counters the guard finds what moved, and how far the activity lane has got.

        docs/decisions/0013-guard.md says why.
        """
        now = self._clock()
        values = {"changed_in": {"S": f"{hour(now)}#{self._shard}"}, "changed_at": {"S": timestamp(now)}}
        delivered = max((fact.at for fact in transaction.new if fact.type == "Delivery"), default=None)
        return {**values, "progress": {"S": timestamp(delivered)}} if delivered else values

    def _increment(self, cohort: Cohort, counts: Mapping[Counter, int], moved: Mapping[str, Any]) -> dict[str, Any]:
        names = {f"#{number}": counter.value for number, counter in enumerate(counts)}
        values: Any = {f":{number}": {"N": str(count)} for number, count in enumerate(counts.values())}
        sets: dict[str, Any] = {"purge_at": {"N": str(_counter_purge_at(cohort.period))}}
        if not WATCHED.isdisjoint(counts) and not cohort.scope.startswith("recipient-domain/"):
            sets |= {name: value for name, value in moved.items() if name != "progress" or cohort.scope == ACCOUNT}
        values |= {f":{name}": value for name, value in sets.items()}
        added = ", ".join(f"#{number} :{number}" for number in range(len(counts)))
        shard = self._shard % _DOMAIN_SHARDS if cohort.scope.startswith("recipient-domain/") else self._shard
        return {
            "TableName": self._tables.reputation,
            "Key": {"scope": {"S": f"{cohort.scope}#{shard}"}, "item": {"S": cohort.period}},
            "UpdateExpression": f"SET {', '.join(f'{name} = :{name}' for name in sets)} ADD {added}",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _rejected(self, actions: list[tuple[Any, Fact | Entry | None]], reasons: Iterable[Any]) -> Rejected:
        known: dict[FactKey, Known] = {}
        entries: dict[EntryKey, Entry | None] = {}
        for (_, subject), reason in zip(actions, reasons, strict=True):
            if reason.get("Code") != "ConditionalCheckFailed":
                continue
            item = reason.get("Item")
            match subject:
                case Fact():
                    known[FactKey(subject.message_id, subject.sort_key)] = _known(item or self._row(subject))
                case Entry():
                    key = EntryKey(subject.address, subject.scope)
                    entries[key] = entry_from(item) if item else self.entries([key]).get(key)
        return Rejected(known, entries)

    def _row(self, fact: Fact) -> Mapping[str, Any]:
        """The row of a fact, where DynamoDB gave none with its refusal."""
        key = {"message_id": {"S": fact.message_id}, "event": {"S": fact.sort_key}}
        answer = call(self._client.get_item, TableName=self._tables.events, Key=key, ConsistentRead=True)
        item: Mapping[str, Any] = answer.get("Item", {})
        return item


def _entry_key(key: EntryKey) -> dict[str, Any]:
    return {"address": {"S": key.address}, "scope": {"S": key.scope}}


def _versioned_put(table: str, entry: Entry) -> dict[str, Any]:
    """Stores the entry with the next version, if the one that it was made from is still there."""
    action: dict[str, Any] = {
        "TableName": table,
        "Item": item_from(replace(entry, version=entry.version + 1)),
        "ConditionExpression": "attribute_not_exists(address)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if entry.version:
        action["ConditionExpression"] = "version = :version"
        action["ExpressionAttributeValues"] = {":version": {"N": str(entry.version)}}
    return action


_SCOPE_ATTRIBUTES = ("configuration_set", "tenant")


def _known(item: Mapping[str, Any]) -> Known:
    return Known(*(item[name]["S"] if name in item else None for name in _SCOPE_ATTRIBUTES))


def _enrichment(table: str, row: Row, known: Known) -> dict[str, Any]:
    """Lays the richer copy of a fact over its row, if that still lacks the scopes that it lacked."""
    key = {name: row.pop(name) for name in ("message_id", "event")}
    names = {f"#{number}": name for number, name in enumerate(row)}
    values: dict[str, Any] = {f":{number}": value for number, value in enumerate(row.values())}
    conditions = ["attribute_exists(message_id)"]
    for name, value in zip(_SCOPE_ATTRIBUTES, known, strict=True):
        if value is None:
            conditions.append(f"attribute_not_exists({name})")
        else:
            conditions.append(f"{name} = :known_{name}")
            values[f":known_{name}"] = {"S": value}
    return {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET " + ", ".join(f"{name} = {name.replace('#', ':')}" for name in names),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _counter_purge_at(period: str) -> int:
    """Periods are `hour/2026-11-24T10` and `day/2026-11-24`."""
    begin = datetime.fromisoformat(period.partition("/")[2]).replace(tzinfo=UTC)
    return int((begin + _COUNTERS_KEPT).timestamp())
