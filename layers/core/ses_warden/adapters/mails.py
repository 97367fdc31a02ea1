"""The events table read for searches: by mail, by recipient, and by day of sending.

Reads are consistent only eventually, as indexes are. Source:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import batched
from threading import Event
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.dynamo import call
from ses_warden.adapters.rows import DAY_SHARDS, parse_row, timestamp
from ses_warden.application.side_by_side import side_by_side
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.search import Clue

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# So many queries at once; botocore keeps ten connections.
_AT_ONCE = 8


class DynamoMails:
    """The `Mails` port on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def of_day(self, day: date) -> Iterator[Sequence[Clue]]:
        """See the port: a query a shard; the shard of a row comes from its mail's id, so a mail is in one of them."""
        for some in batched(range(DAY_SHARDS), _AT_ONCE, strict=False):
            queries = [self._index("by_day", "#key = :key", {"#key": "day"}, f"{day}#{shard}") for shard in some]
            yield from self._at_once(queries, _clue)

    def of_recipient(self, recipient: str, since: datetime) -> Sequence[Clue]:
        """See the port."""
        query = self._index("by_recipient", "#key = :key AND #at >= :since", {"#key": "recipient", "#at": "at"}, recipient)
        query["ExpressionAttributeValues"][":since"] = {"S": timestamp(since)}
        [clues] = self._at_once([query], _clue)
        return clues

    def rows(self, message_ids: Sequence[str]) -> Iterable[Sequence[RecordedEvent]]:
        """See the port: a query a mail."""
        condition = {"TableName": self._table, "KeyConditionExpression": "message_id = :id"}
        return self._at_once([{**condition, "ExpressionAttributeValues": {":id": {"S": each}}} for each in message_ids], parse_row)

    def _index(self, index: str, condition: str, names: Mapping[str, str], key: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": dict(names),
            "ExpressionAttributeValues": {":key": {"S": key}},
        }

    def _at_once[T](self, queries: Sequence[dict[str, Any]], made: Callable[[Mapping[str, Any]], T]) -> list[list[T]]:
        """What is made of the items of each query, all of its pages."""

        def read(query: dict[str, Any], broken_off: Event) -> list[T]:
            return [made(item) for item in self._pages(query, broken_off)]

        return side_by_side(read, queries, threads=_AT_ONCE)

    def _pages(self, query: dict[str, Any], broken_off: Event) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while not broken_off.is_set():
            answer = call(self._client.query, **query, **start)
            yield from answer["Items"]
            if not answer.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _clue(item: Mapping[str, Any]) -> Clue:
    part, event_type, _ = item["event"]["S"].split("#", 2)
    return Clue(
        message_id=item["message_id"]["S"],
        part=part,
        type=event_type,
        kind=item["kind"]["S"],
        at=datetime.fromisoformat(item["at"]["S"]),
        sender=item["sender"]["S"] if "sender" in item else None,
        subject=item["subject"]["S"] if "subject" in item else None,
        tags=tuple(item["tags"]["SS"]) if "tags" in item else (),
    )
