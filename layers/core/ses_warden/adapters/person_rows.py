"""All rows about a recipient, to be erased.

Source of the limits: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

import time
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from botocore.exceptions import ClientError

from ses_warden.adapters.dynamo import Requests, paged, translated
from ses_warden.adapters.entries import deed_item
from ses_warden.adapters.failures import code_of
from ses_warden.application.ports import Deed, FactKey
from ses_warden.domain.entries import Entry


class DynamoPersonRows:
    """The `PersonRows` port on DynamoDB."""

    def __init__(self, client: Any, events: str, suppression: str) -> None:
        self._client = client
        self._events = events
        self._suppression = suppression
        self._requests = Requests(time.sleep)

    def events_of(self, address: str) -> Sequence[FactKey]:
        """See the port."""
        found = paged(
            self._client.query,
            TableName=self._events,
            IndexName="by_recipient",
            KeyConditionExpression="recipient = :recipient",
            ExpressionAttributeValues={":recipient": {"S": address}},
            ProjectionExpression="message_id, event",
        )
        return [FactKey(item["message_id"]["S"], item["event"]["S"]) for item in found]

    def erase_events(self, keys: Sequence[FactKey]) -> None:
        """See the port."""
        self._delete(self._events, ({"message_id": {"S": one.message_id}, "event": {"S": one.sort_key}} for one in keys))

    def erase_entry(self, entry: Entry) -> bool:
        """See the port."""
        try:
            self._client.delete_item(
                TableName=self._suppression,
                Key={"address": {"S": entry.address}, "scope": {"S": entry.scope}},
                ConditionExpression="version = :version",
                ExpressionAttributeValues={":version": {"N": str(entry.version)}},
            )
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise translated(error) from error
        return True

    def erase_deeds(self, deeds: Sequence[Deed]) -> None:
        """See the port."""
        rows = (deed_item(one) for one in deeds)
        self._delete(self._suppression, ({name: row[name] for name in ("address", "scope")} for row in rows))

    def _delete(self, table: str, keys: Iterable[dict[str, Any]]) -> None:
        for some in batched(keys, 25, strict=False):
            request: Any = {table: [{"DeleteRequest": {"Key": key}} for key in some]}
            for _ in self._requests.until_processed(self._client.batch_write_item, request, "UnprocessedItems"):
                pass
