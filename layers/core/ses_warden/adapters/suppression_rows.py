"""The suppression table read whole."""

from collections.abc import Iterator
from typing import Any

from ses_warden.adapters.dynamo import call
from ses_warden.adapters.entries import entry_from
from ses_warden.domain.entries import Entry
from ses_warden.domain.signals import ACCOUNT


class DynamoAccountRows:
    """The `AccountRows` port on DynamoDB: a scan, one megabyte at a time."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def account_entries(self) -> Iterator[Entry]:
        """See the port."""
        scan: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": "#scope = :account",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":account": {"S": ACCOUNT}},
        }
        while True:
            answer = call(self._client.scan, **scan)
            yield from map(entry_from, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            scan["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
