"""DynamoDB from a client's point of view: what an item weighs, what is refused, and how a test comes between.

`Wire` listens on one boto3 client. It notes each call, and lets a test answer in the server's place, die before the call is
sent, or die after the server has done it. `Rules` are DynamoDB's own, for tests without a server.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.support import template
from tests.support.emulator import CREDENTIALS, REGION

# What a table is made of; the rest (encryption, backups, expiry) changes nothing that a test could see.
SHAPE = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LONGEST_HASH_KEY, LONGEST_RANGE_KEY = 2048, 1024
LARGEST_ITEM = 400 * 1024
MOST_DIGITS = 38
MOST_ACTIONS, MOST_READ, MOST_WRITTEN = 100, 100, 25

type Item = Mapping[str, Mapping[str, Any]]
type Answer = tuple[int, dict[str, Any]]


@cache
def session() -> boto3.Session:
    """With no account's credentials; one for all, as each reads botocore's models anew."""
    keys = CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"]
    return boto3.Session(*keys, region_name=REGION)


class Crash(Exception):
    """The process dies here: nothing of ours may catch it."""


def item_bytes(item: Item) -> int:
    """What DynamoDB bills an item as; of sets it says nothing, so they are taken for lists, which weigh more.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            return len(content.lstrip("-")) // 2 + 2 + int(content.startswith("-"))
        case "B":
            return len(content)
        case "BOOL":
            return 1
        case "SS":
            return 3 + sum(1 + len(text.encode()) for text in content)
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in content)
    raise AssertionError(f"no attribute of ours has the type {kind}")


@cache
def table_shapes() -> dict[str, dict[str, Any]]:
    """What CreateTable needs of each table of template.yaml, by logical id."""
    tables = template.of_type(template.resolve(template.load(), DmarcReports="on"), "AWS::DynamoDB::Table")
    return {logical: {key: table[key] for key in SHAPE if key in table} for logical, table in tables.items()}


def success(**answer: Any) -> Answer:
    """An answer that a test gives in the server's place."""
    return 200, {"ResponseMetadata": {"HTTPStatusCode": 200}, **answer}


def failure(code: str, status: int = 400, **more: Any) -> Answer:
    """A refusal; its message holds an address, as those of DynamoDB may hold keys."""
    error = {"Code": code, "Message": "The item jane@example.com was refused"}
    return status, {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}, **more}


def cancelled(*codes: str) -> Answer:
    """A transaction that was cancelled, with a reason for each of its actions."""
    return failure("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


class Wire:
    """What passes between one client and DynamoDB.

    `before` is asked ahead of each call with its number, name and request, and may answer in the server's place or raise;
    `after` is told of each answer that the server gave, and may change it or raise.
    """

    def __init__(
        self,
        client: Any,
        before: Callable[[int, str, Any], Answer | None] | None = None,
        after: Callable[[int, str, dict[str, Any]], None] | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.requests: list[Any] = []
        self._before = before
        self._after = after
        client.meta.events.register("before-call.dynamodb", self._sending)
        client.meta.events.register("after-call.dynamodb", self._answered)

    def _sending(self, model: Any, params: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]] | None:
        number = len(self.calls)
        request = json.loads(params["body"])
        self.calls.append(model.name)
        self.requests.append(request)
        answer = self._before(number, model.name, request) if self._before else None
        return None if answer is None else (AWSResponse("", answer[0], HTTPHeaders(), None), answer[1])

    def _answered(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        if self._after:
            self._after(len(self.calls) - 1, model.name, parsed)


class Death:
    """Dies at one call: before it is sent, or after it was done and before the answer is read."""

    def __init__(self, at: int, *, done: bool, error: Exception | None = None) -> None:
        self.at = at
        self.done = done
        self.error = error or Crash()
        self.struck = False

    def before(self, number: int, _name: str, _request: Any) -> None:
        """For `Wire`."""
        if number == self.at and not self.done:
            self.struck = True
            raise self.error

    def after(self, number: int, _name: str, _answer: Any) -> None:
        """For `Wire`."""
        if number == self.at and self.done:
            self.struck = True
            raise self.error


def answers_lost() -> Exception:
    """What botocore raises when the line stays silent after the request was sent."""
    return ReadTimeoutError(endpoint_url="https://dynamodb.example")


def line_cut() -> Exception:
    """What botocore raises, and tries again, when the line is cut."""
    return ConnectionClosedError(endpoint_url="https://dynamodb.example")


class Rules:
    """DynamoDB's rules for requests without DynamoDB: answers as if all was stored, or refuses as it would.

    `before` is for `Wire`. What the rules forbid outright (an empty batch, two actions on one item) fails the test, since no
    payload may lead to such a request; keys and items that are too large are refused, as a payload may well lead to them.
    """

    def __init__(self) -> None:
        self.keys = {logical: _keys_of(shape) for logical, shape in table_shapes().items()}
        self.stored: dict[tuple[str, ...], Item] = {}

    def before(self, _number: int, name: str, request: Any) -> Answer:
        """Answers in DynamoDB's place. Tables are called by their logical ids."""
        match name:
            case "TransactWriteItems":
                return self._transact(request["TransactItems"])
            case "BatchWriteItem":
                puts = [(table, put["PutRequest"]["Item"]) for table, puts in request["RequestItems"].items() for put in puts]
                assert 0 < len(puts) <= MOST_WRITTEN
                return failure("ValidationException") if any(self._refuses(*put) for put in puts) else success(UnprocessedItems={})
            case "BatchGetItem":
                keys = [(table, key) for table, part in request["RequestItems"].items() for key in part["Keys"]]
                assert 0 < len(keys) <= MOST_READ
                if any(self._refuses(*key) for key in keys):
                    return failure("ValidationException")
                found: dict[str, list[Item]] = {}
                for table, key in keys:
                    if item := self.stored.get(self._key(table, key)):
                        found.setdefault(table, []).append(item)
                return success(Responses=found, UnprocessedKeys={})
            case "Query" | "GetItem":
                return success(Items=[])
        raise AssertionError(f"the ledger has no business with {name}")

    def _transact(self, actions: list[dict[str, Any]]) -> Answer:
        assert 0 < len(actions) <= MOST_ACTIONS
        items = list(self._written(actions))
        assert len({self._key(table, item) for table, item in items}) == len(items), "two actions on one item"
        refused = [self._refuses(table, item) for table, item in items]
        if any(refused):
            return cancelled(*("ValidationError" if one else "None" for one in refused))
        # Of an update only the key is known here.
        self.stored.update({self._key(table, item): item for table, item in items if len(item) > len(self.keys[table][0])})
        return success()

    def _written(self, actions: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Item]]:
        for action in actions:
            ((kind, body),) = action.items()
            if kind == "Put":
                yield body["TableName"], body["Item"]
            else:
                assert kind == "Update"
                names = body.get("ExpressionAttributeNames", {})
                assert body["UpdateExpression"]
                assert set(names) <= {word.strip(",") for word in body["UpdateExpression"].split()}, "an unused name"
                yield body["TableName"], body["Key"]

    def _key(self, table: str, item: Item) -> tuple[str, ...]:
        return (table, *(item[name]["S"] for name, _ in self.keys[table][0]))

    def _refuses(self, table: str, item: Item) -> bool:
        """Whether DynamoDB would refuse to store an item."""
        own, *indexes = self.keys[table]
        assert all(item[name]["S"] for name, _ in own)
        keys = [*own, *(key for index in indexes for key in index if key[0] in item)]
        assert all(item[name]["S"] for name, _ in keys), "an empty key of an index"
        for value in item.values():
            _check_value(value)
        too_long = any(len(item[name]["S"].encode()) > limit for name, limit in keys)
        return too_long or item_bytes(item) > LARGEST_ITEM


def _keys_of(shape: Mapping[str, Any]) -> list[list[tuple[str, int]]]:
    """Name and longest value of the keys of a table, then of each index."""
    limits = {"HASH": LONGEST_HASH_KEY, "RANGE": LONGEST_RANGE_KEY}
    schemas = [shape["KeySchema"], *(index["KeySchema"] for index in shape.get("GlobalSecondaryIndexes", ()))]
    return [[(key["AttributeName"], limits[key["KeyType"]]) for key in schema] for schema in schemas]


def _check_value(value: Mapping[str, Any]) -> None:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            content.encode()
        case "N":
            assert len(str(int(content)).lstrip("-")) <= MOST_DIGITS
        case "SS":
            assert content
            assert len(set(content)) == len(content)
        case "L":
            for each in content:
                _check_value(each)
        case _:
            raise AssertionError(f"no attribute of ours has the type {kind}")
