"""The suppression table as a sender reads it: entries by their keys, and all that suppress.

Sources: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html and API_Scan.html beside it.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.dynamo import Requests, call
from ses_warden.adapters.entries import entry_from
from ses_warden.application.ask_gate import Lookup
from ses_warden.application.ports import EntryKey
from ses_warden.domain.entries import Entry, Reason
from ses_warden.domain.snapshots import Hold
from ses_warden.errors import LedgerError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoEntryReader:
    """The port `EntryReader` on DynamoDB; the client is shared by threads, which boto3 allows.

    `consistent` reads cost twice as much and see what was written a moment ago.
    """

    def __init__(
        self, client: "DynamoDBClient", table: str, *, consistent: bool = False, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._table = table
        self._consistent = consistent
        self._requests = Requests(sleep)

    def look_up(self, keys: Collection[EntryKey]) -> Lookup:
        """See the port. Unprocessed keys are asked for again, ten times in all with random pauses that grow."""
        wanted = [{"address": {"S": address}, "scope": {"S": scope}} for address, scope in keys]
        request: Any = {self._table: {"Keys": wanted, "ConsistentRead": self._consistent}}
        entries: dict[EntryKey, Entry] = {}
        unknown: set[EntryKey] = set()
        left: Collection[EntryKey] = keys
        failure: LedgerError | None = None
        try:
            for answer in self._requests.until_processed(self._client.batch_get_item, request, "UnprocessedKeys"):
                for item in _told(answer, "Responses").get(self._table, ()):
                    key = _key(item)
                    try:
                        entries[key] = entry_from(item)
                    except (KeyError, TypeError, ValueError):
                        # What a newer version wrote may well suppress: that it cannot be read is no leave to send.
                        unknown.add(key)
                        failure = LedgerError("a row of the suppression table cannot be read: another version wrote it")
                left = [_key(item) for part in (answer.get("UnprocessedKeys") or {}).values() for item in part["Keys"]]
        except LedgerError as error:
            return Lookup(entries, unknown.union(left), error)
        return Lookup(entries, unknown, failure)

    def holds(self, segment: int, segments: int) -> Iterator[Hold]:
        """See the port: a parallel scan that transfers four attributes of the rows that suppress."""
        scan: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "#state = :suppressed",
            "ProjectionExpression": "address, #scope, #reason, expires_at",
            "ExpressionAttributeNames": {"#state": "state", "#scope": "scope", "#reason": "reason"},
            "ExpressionAttributeValues": {":suppressed": {"S": "suppressed"}},
            "Segment": segment,
            "TotalSegments": segments,
            "ConsistentRead": self._consistent,
        }
        while True:
            answer = call(self._client.scan, **scan)
            for item in _told(answer, "Items"):
                yield Hold(*_key(item), _reason(item), _expiry(item))
            if "LastEvaluatedKey" not in answer:
                return
            scan["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _told(answer: Mapping[str, Any], name: str) -> Any:
    """What an answer must say: of a proxy's page in DynamoDB's place botocore makes an empty one, and that nobody is found."""
    if name not in answer:
        raise LedgerError(f"what came in DynamoDB's place has no {name}")
    return answer[name]


def _key(item: Mapping[str, Any]) -> EntryKey:
    return EntryKey(item["address"]["S"], item["scope"]["S"])


def _reason(item: Mapping[str, Any]) -> Reason | None:
    text = item.get("reason", {}).get("S")
    return Reason(text) if text in Reason else None


def _expiry(item: Mapping[str, Any]) -> datetime | None:
    """Until when it holds; one that cannot be read holds on."""
    try:
        moment = datetime.fromisoformat(item["expires_at"]["S"])
    except (KeyError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
