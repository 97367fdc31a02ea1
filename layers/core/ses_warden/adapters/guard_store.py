"""The guard's rows: what moved, the cohorts of each scope, where each scope stands, and the audit trail.

All of them are in the Reputation table, under the bare name of their scope; its counters are under `<scope>#<shard>`.
"""

import json
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_warden.adapters.dynamo import PASSING, Requests, call, paged, translated
from ses_warden.adapters.guard_rows import look_from, look_item, record_item, state_from, state_item
from ses_warden.adapters.rows import timestamp
from ses_warden.application.guard_ports import Look, Record
from ses_warden.domain.cohorts import HOUR, Change, Rollup, Tally
from ses_warden.domain.counters import Counter, hour
from ses_warden.domain.guard_states import State
from ses_warden.errors import LedgerBusy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# In the index by_activity, beside the hours in which scopes were seen: the scopes that have a state.
GUARDED = "guarded"
_TRIES = 4
_ROLLUP_KEPT = timedelta(days=90)


class DynamoGuardStore:
    """The `GuardStore` port on DynamoDB. `shards` is over how many partition keys the counters of a scope are spread."""

    def __init__(self, client: "DynamoDBClient", table: str, *, shards: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._shards = shards
        self._requests = Requests(sleep)

    def last_look(self) -> Look | None:
        """See the port."""
        key = {"scope": {"S": "guard"}, "item": {"S": "look"}}
        answer = call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        return look_from(answer["Item"]) if "Item" in answer else None

    def save_look(self, look: Look) -> None:
        """See the port."""
        call(self._client.put_item, TableName=self._table, Item=look_item(look))

    def changes(self, since: datetime, now: datetime) -> list[Change]:
        """See the port: a query of the index by_change for each hour and shard."""
        found: list[Change] = []
        moment = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while moment <= now:
            for shard in range(self._shards):
                found.extend(self._changes_of(f"{hour(moment)}#{shard}", since))
            moment += HOUR
        return found

    def day(self, scope: str, day: str) -> Tally:
        """See the port: the counters of 24 hours in all shards."""
        keys = [
            {"scope": {"S": f"{scope}#{shard}"}, "item": {"S": f"hour/{day}T{number:02}"}}
            for number in range(24)
            for shard in range(self._shards)
        ]
        return self._total(keys, consistent=False)

    def hour(self, scope: str, hour: str) -> Tally:
        """See the port."""
        keys = [{"scope": {"S": f"{scope}#{shard}"}, "item": {"S": f"hour/{hour}"}} for shard in range(self._shards)]
        return self._total(keys, consistent=True)

    def rollups(self, scopes: Collection[str]) -> dict[str, Rollup]:
        """See the port: 100 keys a call."""
        keys = [{"scope": {"S": scope}, "item": {"S": "rollup"}} for scope in scopes]
        return {item["scope"]["S"]: _rollup(item["cohorts"]["B"]) for item in self._read(keys, consistent=False)}

    def save_rollups(self, rollups: Mapping[str, Rollup]) -> None:
        """See the port: 25 rows a call."""
        for some in batched(rollups.items(), 25, strict=False):
            puts = [{"PutRequest": {"Item": _rollup_item(scope, rollup)}} for scope, rollup in some]
            request: Any = {self._table: puts}
            for _ in self._requests.until_processed(self._client.batch_write_item, request, "UnprocessedItems"):
                pass

    def states(self, scopes: Collection[str] = ()) -> dict[str, State]:
        """See the port: the index names them, the table says how they stand."""
        found = paged(
            self._client.query,
            TableName=self._table,
            IndexName="by_activity",
            KeyConditionExpression="active_hour = :guarded",
            ExpressionAttributeValues={":guarded": {"S": GUARDED}},
        )
        named = {item["scope"]["S"] for item in found} | set(scopes)
        keys = [{"scope": {"S": scope}, "item": {"S": "state"}} for scope in sorted(named)]
        states = map(state_from, self._read(keys, consistent=True))
        return {state.scope: state for state in states}

    def save_state(self, state: State, record: Record | None = None) -> State | None:
        """See the port. Conflicts are tried again: the other writer may have failed."""
        saved = replace(state, version=state.version + 1)
        put: dict[str, Any] = {"TableName": self._table, "Item": {**state_item(saved), "active_hour": {"S": GUARDED}}}
        if state.version:
            put["ConditionExpression"] = "version = :version"
            put["ExpressionAttributeValues"] = {":version": {"N": str(state.version)}}
        else:
            put["ConditionExpression"] = "attribute_not_exists(#scope)"
            put["ExpressionAttributeNames"] = {"#scope": "scope"}
        actions: Any = [{"Put": put}]
        if record:
            actions.append({"Put": {"TableName": self._table, "Item": record_item(record)}})
        for attempt in range(_TRIES):
            if attempt:
                self._requests.pause(attempt)
            try:
                self._client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                codes = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
                if "ConditionalCheckFailed" in codes:
                    return None
                if not codes & PASSING:
                    raise translated(error) from error
            else:
                return saved
        raise LedgerBusy(f"the state of {state.scope} met conflicts or throttling {_TRIES} times")

    def _total(self, keys: Collection[Any], *, consistent: bool) -> Tally:
        total = Tally()
        for item in self._read(keys, consistent=consistent):
            total = total.plus(_tally(item))
        return total

    def _changes_of(self, partition: str, since: datetime) -> Iterator[Change]:
        found = paged(
            self._client.query,
            TableName=self._table,
            IndexName="by_change",
            KeyConditionExpression="changed_in = :changed_in AND changed_at >= :since",
            ExpressionAttributeValues={":changed_in": {"S": partition}, ":since": {"S": timestamp(since)}},
        )
        for item in found:
            scope, _, shard = item["scope"]["S"].rpartition("#")
            progress = item.get("progress")
            yield Change(
                scope=scope,
                shard=int(shard),
                hour=item["item"]["S"].removeprefix("hour/"),
                tally=_tally(item),
                at=datetime.fromisoformat(item["changed_at"]["S"]),
                progress=datetime.fromisoformat(progress["S"]) if progress else None,
            )

    def _read(self, keys: Collection[Any], *, consistent: bool) -> Iterator[Any]:
        for some in batched(keys, 100, strict=False):
            request: Any = {self._table: {"Keys": some, "ConsistentRead": consistent}}
            for answer in self._requests.until_processed(self._client.batch_get_item, request, "UnprocessedKeys"):
                yield from answer["Responses"].get(self._table, ())


_COUNTERS = {counter.value: counter for counter in Counter}


def _tally(item: Mapping[str, Any]) -> Tally:
    return Tally.of({_COUNTERS[name]: int(value["N"]) for name, value in item.items() if name in _COUNTERS})


def _rollup(data: bytes) -> Rollup:
    stored = json.loads(zlib.decompress(data))
    return Rollup(
        upto=_moment(stored["upto"]),
        since=_moment(stored["since"]),
        hours={key: {int(shard): Tally(*tally) for shard, tally in shards.items()} for key, shards in stored["hours"].items()},
        days={day: Tally(*tally) for day, tally in stored["days"].items()},
        forgotten=stored["forgotten"],
    )


def _rollup_item(scope: str, rollup: Rollup) -> dict[str, Any]:
    stored = {
        "upto": rollup.upto.isoformat() if rollup.upto else None,
        "since": rollup.since.isoformat() if rollup.since else None,
        "hours": rollup.hours,
        "days": rollup.days,
        "forgotten": rollup.forgotten,
    }
    purge_at = int(((rollup.upto or datetime.now(UTC)) + _ROLLUP_KEPT).timestamp())
    return {
        "scope": {"S": scope},
        "item": {"S": "rollup"},
        "cohorts": {"B": zlib.compress(json.dumps(stored, separators=(",", ":")).encode())},
        "purge_at": {"N": str(purge_at)},
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
