"""From where mail of ours went out, as the functions have noted it in the Reputation table (`activity_notes.py` writes it)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.activity_notes import ADDRESSES, DOMAINS, turned
from ses_warden.adapters.dynamo import paged
from ses_warden.domain.outgoing import is_within

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# What comes after all digits in a sort key that begins with a day.
_END = "~"


class DynamoOutgoing:
    """The port `OutgoingSeen`: one query for the addresses of some days, one for a domain, one for the first day of all."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def addresses(self, first: date, last: date) -> frozenset[str]:
        """See the port."""
        found = self._items(
            "#scope = :scope AND #item BETWEEN :first AND :last",
            {":scope": ADDRESSES, ":first": first.isoformat(), ":last": f"{last.isoformat()}{_END}"},
        )
        return frozenset(item.partition("#")[2] for item in found)

    def domains(self, domain: str, first: date, last: date) -> frozenset[str]:
        """See the port."""
        begin, end = first.isoformat(), last.isoformat()
        noted = self._items("#scope = :scope AND begins_with(#item, :name)", {":scope": DOMAINS, ":name": turned(domain)})
        found = (item.partition("#")[::2] for item in noted)
        return frozenset(name for key, day in found if begin <= day <= end and is_within(name := turned(key), domain))

    def since(self) -> date | None:
        """See the port."""
        for item in self._items("#scope = :scope", {":scope": ADDRESSES}, Limit=1):
            return date.fromisoformat(item.partition("#")[0])
        return None

    def _items(self, condition: str, values: Mapping[str, str], **more: Any) -> Iterator[str]:
        found = paged(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#scope": "scope", "#item": "item"} if "#item" in condition else {"#scope": "scope"},
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            **more,
        )
        return (item["item"]["S"] for item in found)
