"""What the last look at a domain or the account left for the next: a row each in the Reputation table, outside of its indexes."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ses_warden.adapters.dynamo import call
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.text import clean, mask_addresses

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# The partition key of all of them; the guard's rows are under scopes, of which none is called so.
PARTITION = "watch"
# Who has not looked for so long hears everything anew.
_KEPT = timedelta(days=90)
# An item of DynamoDB has at most 400 KB; what was bad is told of again when it is mended.
_MOST, _LONGEST = 200, 400


class DynamoMemory:
    """The `Memory` port on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def last(self, subject: str) -> Sequence[Finding] | None:
        """See the port. Read consistently: Lambda's second try shall not tell what the first has told."""
        key = {"scope": {"S": PARTITION}, "item": {"S": subject}}
        item = call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None:
            return None
        return [Finding(code, Standing(standing), where, what) for code, standing, where, what in json.loads(item["bad"]["S"])]

    def keep(self, subject: str, findings: Sequence[Finding], now: datetime) -> None:
        """See the port."""
        bad = [[one.code, one.standing.value, one.where, clean(mask_addresses(one.what), _LONGEST)] for one in findings]
        item = {
            "scope": {"S": PARTITION},
            "item": {"S": subject},
            "at": {"S": now.isoformat()},
            "bad": {"S": json.dumps(bad[:_MOST], ensure_ascii=False)},
            "purge_at": {"N": str(int((now + _KEPT).timestamp()))},
        }
        call(self._client.put_item, TableName=self._table, Item=item)
