"""A stand-in for DynamoDB behind botocore's HTTP layer: what is measured includes serialising, signing and parsing, but no network.

It knows as much of DynamoDB as the ledger uses: transactions of puts with the ledger's two conditions and of updates (which it
does not keep), the batch calls, and the query for a delivery. It counts calls and what they would be charged.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from benchmarks.capacity import STORED_OVERHEAD, TRANSACTION, Item, read_units, size_of, write_units
from tests.support.template import load, of_type, resolve

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index: the attributes that an item must have to be in it, and those that it holds."""

    keys: frozenset[str]
    attributes: frozenset[str]

    def entry(self, item: Item) -> Item | None:
        """What the index holds of an item."""
        return {name: item[name] for name in self.attributes & item.keys()} if self.keys <= item.keys() else None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as `template.yaml` makes it."""

    keys: tuple[str, ...]
    indexes: Mapping[str, Index]

    def key(self, item: Item) -> tuple[str, ...]:
        """The values of the key attributes."""
        return tuple(item[name]["S"] for name in self.keys)


@dataclass(slots=True)
class Usage:
    """What would be charged. `stored` and `index_stored` are bytes of rows that are kept, with DynamoDB's overhead."""

    calls: Counter[str] = field(default_factory=Counter)
    write_units: int = 0
    index_write_units: int = 0
    read_units: float = 0.0
    stored: int = 0
    index_stored: int = 0


class DynamoDb:
    """Answers requests in place of the network.

    `usage` is what they would be charged, `largest_row` the size of the largest item in bytes, and `own_ns` the CPU time that this
    stand-in took itself, to be left out of what is measured.
    """

    def __init__(self) -> None:
        self.tables = _tables()
        # As text: items as objects would weigh on the garbage collector of the process that is measured.
        self._items: dict[str, dict[tuple[str, ...], str]] = {name: {} for name in self.tables}
        self.usage = Usage()
        self.largest_row = 0
        self.own_ns = 0

    def clear(self) -> None:
        """Forgets all items."""
        for items in self._items.values():
            items.clear()

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """The answer to a request: a handler of botocore's event `before-send`."""
        begin = time.process_time_ns()
        operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
        self.usage.calls[operation] += 1
        status, answer = self._answer(operation, json.loads(_text(request.body)))
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        response = AWSResponse(str(request.url), status, headers, _Body(json.dumps(answer).encode()))
        self.own_ns += time.process_time_ns() - begin
        return response

    def _answer(self, operation: str, request: Json) -> tuple[HTTPStatus, Json]:
        match operation:
            case "TransactWriteItems":
                return self._transact(request["TransactItems"])
            case "BatchGetItem":
                return HTTPStatus.OK, {"Responses": {name: self._get(name, part) for name, part in request["RequestItems"].items()}}
            case "BatchWriteItem":
                for name, writes in request["RequestItems"].items():
                    for write in writes:
                        self._put(name, write["PutRequest"]["Item"], factor=1)
                return HTTPStatus.OK, {}
            case "Query":
                return HTTPStatus.OK, self._query(request)
        raise NotImplementedError(operation)

    def _transact(self, actions: list[Json]) -> tuple[HTTPStatus, Json]:
        reasons = [self._refusal(action["Put"]) if "Put" in action else None for action in actions]
        if any(reasons):
            # A cancelled transaction is charged as well, but reaches no index.
            self.usage.write_units += TRANSACTION * sum(write_units(_written(action)) for action in actions)
            return HTTPStatus.BAD_REQUEST, {
                "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
                "CancellationReasons": [reason or {"Code": "None"} for reason in reasons],
            }
        for action in actions:
            if "Put" in action:
                self._put(action["Put"]["TableName"], action["Put"]["Item"], factor=TRANSACTION)
            else:
                self.usage.write_units += TRANSACTION * write_units(_written(action))
        return HTTPStatus.OK, {}

    def _refusal(self, put: Json) -> Json | None:
        """Why a put's condition fails, if it does."""
        there = self._find(put["TableName"], put["Item"])
        if put["ConditionExpression"] == "version = :version":
            holds = there is not None and there["version"] == put["ExpressionAttributeValues"][":version"]
        else:
            assert put["ConditionExpression"].startswith("attribute_not_exists("), put["ConditionExpression"]
            holds = there is None
        found = {"Item": there} if there else {}
        return None if holds else {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", **found}

    def _put(self, name: str, item: Item, factor: int) -> None:
        table, usage, size = self.tables[name], self.usage, size_of(item)
        old = self._find(name, item)
        self._items[name][table.key(item)] = json.dumps(item)
        self.largest_row = max(self.largest_row, size)
        usage.write_units += factor * write_units(max(size, size_of(old or {})))
        usage.stored += _kept(item) - _kept(old)
        for index in table.indexes.values():
            entry, before = index.entry(item), index.entry(old or {})
            usage.index_stored += _kept(entry) - _kept(before)
            if entry and entry != before:
                usage.index_write_units += write_units(size_of(entry))

    def _find(self, name: str, item: Item) -> Item | None:
        """The item with the key of this one."""
        text = self._items[name].get(self.tables[name].key(item))
        found: Item | None = json.loads(text) if text else None
        return found

    def _get(self, name: str, part: Json) -> list[Item]:
        found = [self._find(name, key) for key in part["Keys"]]
        consistent = part.get("ConsistentRead", False)
        self.usage.read_units += sum(read_units(size_of(item or {}), consistent=consistent) for item in found)
        return [item for item in found if item]

    def _query(self, request: Json) -> Json:
        """The ledger's one query: the latest delivery to a recipient."""
        assert request["IndexName"] == "by_recipient"
        values = request["ExpressionAttributeValues"]
        rows = [
            item
            for item in map(json.loads, self._items[request["TableName"]].values())
            if item.get("recipient") == values[":recipient"]
            and item["at"]["S"] >= values[":since"]["S"]
            and item["kind"] == values[":delivered"]
        ]
        self.usage.read_units += read_units(sum(map(size_of, rows)), consistent=False)
        return {"Items": sorted(rows, key=lambda row: row["at"]["S"], reverse=True)}


class _Body:
    """The raw body of a response, as urllib3 has it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._content


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _kept(item: Item | None) -> int:
    return size_of(item) + STORED_OVERHEAD if item else 0


def _written(action: Json) -> int:
    """The bytes that an action writes; of a counter's row, what moves is nearly all of it."""
    [(kind, parameters)] = action.items()
    return size_of(parameters["Item"] if kind == "Put" else parameters["Key"])


def _tables() -> dict[str, Table]:
    """The tables of the template, by logical id."""
    tables = of_type(resolve(load()), "AWS::DynamoDB::Table")
    return {name: Table(_names(table["KeySchema"]), _indexes(table)) for name, table in tables.items()}


def _names(schema: list[Json]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in schema)


def _indexes(table: Json) -> dict[str, Index]:
    keys = _names(table["KeySchema"])
    indexes: dict[str, Index] = {}
    for index in table.get("GlobalSecondaryIndexes", ()):
        own = _names(index["KeySchema"])
        projected = index["Projection"].get("NonKeyAttributes", ())
        indexes[index["IndexName"]] = Index(frozenset(own), frozenset({*keys, *own, *projected}))
    return indexes
