"""What the tables say of the pipeline: the newest event, and the mails recorded by the hour of their sending."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.looking import look_at
from ses_warden.adapters.rows import DAY_SHARDS
from ses_warden.domain.counters import ACCOUNT, hour
from ses_warden.errors import LedgerError, Unseen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_AT_ONCE = 8


class DynamoRecords:
    """The `Records` port. Tables that are not named cannot be seen."""

    def __init__(self, client: "DynamoDBClient", events: str, reputation: str, shards: int) -> None:
        self._client = client
        self._events = events
        self._reputation = reputation
        self._shards = shards

    def last_event(self, now: datetime) -> datetime | None:
        """See the port: a query for a row in each shard of the index by_day, of today, then of yesterday."""
        if not self._events:
            raise Unseen("the Events table is not named (--use EVENTS_TABLE=…)", "dynamodb:Query on it")
        for day in (now.astimezone(UTC).date(), (now.astimezone(UTC) - timedelta(days=1)).date()):
            shards = [f"{day}#{shard}" for shard in range(DAY_SHARDS)]
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                newest = [one for one in pool.map(self._newest, shards) if one]
            if newest:
                return max(newest)
        return None

    def sent(self, hours: Sequence[datetime]) -> Mapping[datetime, int]:
        """See the port: the account's counters, which leave the mailbox simulator out."""
        right = "dynamodb:BatchGetItem on the Reputation table"
        if not self._reputation:
            raise Unseen("the Reputation table is not named (--use REPUTATION_TABLE=…)", right)
        store = DynamoGuardStore(self._client, self._reputation, shards=self._shards)
        try:
            return {moment: store.hour(ACCOUNT, hour(moment)).sent for moment in hours}
        except LedgerError as error:
            raise Unseen(str(error), right) from error

    def _newest(self, shard: str) -> datetime | None:
        query: Any = {
            "TableName": self._events,
            "IndexName": "by_day",
            "KeyConditionExpression": "#day = :day",
            "ExpressionAttributeNames": {"#day": "day"},
            "ExpressionAttributeValues": {":day": {"S": shard}},
            "ScanIndexForward": False,
            "Limit": 1,
        }
        right = "dynamodb:Query on the Events table's index by_day"
        items = look_at(right, self._client.query, **query)["Items"]
        return datetime.fromisoformat(items[0]["at"]["S"]) if items else None
