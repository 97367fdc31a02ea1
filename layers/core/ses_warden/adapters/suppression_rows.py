"""The suppression table read whole, or by address."""

from collections.abc import Iterator, Mapping
from typing import Any

from ses_warden.adapters.dynamo import call
from ses_warden.adapters.entries import AUDIT, deed_from, entry_from
from ses_warden.application.ports import Deed
from ses_warden.domain.entries import Entry
from ses_warden.domain.signals import ACCOUNT


class DynamoSuppressionRows:
    """The ports `AccountRows` and `SuppressionRows` on DynamoDB: scans go one megabyte at a time."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def account_entries(self) -> Iterator[Entry]:
        """See the port."""
        condition = {
            "FilterExpression": "#scope = :account",
            "ExpressionAttributeNames": {"#scope": "scope"},
            "ExpressionAttributeValues": {":account": {"S": ACCOUNT}},
        }
        yield from map(entry_from, self._pages(self._client.scan, **condition))

    def all_entries(self) -> Iterator[Entry]:
        """See the port."""
        yield from map(entry_from, self._pages(self._client.scan, FilterExpression="attribute_exists(facts)"))

    def of_address(self, address: str) -> tuple[list[Entry], list[Deed]]:
        """See the port."""
        query = {
            "KeyConditionExpression": "address = :address",
            "ExpressionAttributeValues": {":address": {"S": address}},
            "ConsistentRead": True,
        }
        entries: list[Entry] = []
        deeds: list[Deed] = []
        for item in self._pages(self._client.query, **query):
            if item["scope"]["S"].startswith(AUDIT):
                deeds.append(deed_from(item))
            else:
                entries.append(entry_from(item))
        return entries, deeds

    def _pages(self, operation: Any, **request: Any) -> Iterator[Mapping[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            answer = call(operation, TableName=self._table, **request, **start)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
