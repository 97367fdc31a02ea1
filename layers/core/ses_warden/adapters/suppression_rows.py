"""The suppression table read whole, or by address."""

from collections.abc import Iterator
from typing import Any

from ses_warden.adapters.dynamo import paged
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
        found = paged(
            self._client.scan,
            TableName=self._table,
            FilterExpression="#scope = :account",
            ExpressionAttributeNames={"#scope": "scope"},
            ExpressionAttributeValues={":account": {"S": ACCOUNT}},
        )
        yield from map(entry_from, found)

    def all_entries(self) -> Iterator[Entry]:
        """See the port."""
        yield from map(entry_from, paged(self._client.scan, TableName=self._table, FilterExpression="attribute_exists(facts)"))

    def of_address(self, address: str) -> tuple[list[Entry], list[Deed]]:
        """See the port."""
        found = paged(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="address = :address",
            ExpressionAttributeValues={":address": {"S": address}},
            ConsistentRead=True,
        )
        entries: list[Entry] = []
        deeds: list[Deed] = []
        for item in found:
            if item["scope"]["S"].startswith(AUDIT):
                deeds.append(deed_from(item))
            else:
                entries.append(entry_from(item))
        return entries, deeds
