"""Which scopes were mailed from lately, from the sparse index of the Reputation table."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ses_warden.adapters.dynamo import paged
from ses_warden.domain.cohorts import HOUR
from ses_warden.domain.counters import hour

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoSeenScopes:
    """The `SeenScopes` port: a query of the index by_activity for each hour."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def seen(self, since: datetime, now: datetime) -> set[str]:
        """See the port."""
        found: set[str] = set()
        moment = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        while moment <= now:
            found |= self._seen_in(hour(moment))
            moment += HOUR
        return found

    def _seen_in(self, period: str) -> set[str]:
        found = paged(
            self._client.query,
            TableName=self._table,
            IndexName="by_activity",
            KeyConditionExpression="active_hour = :hour",
            ExpressionAttributeValues={":hour": {"S": period}},
        )
        return {item["scope"]["S"] for item in found}
