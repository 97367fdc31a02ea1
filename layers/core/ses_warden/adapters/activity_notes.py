"""Rows of the Reputation table that say what was seen: scopes by the hour, outgoing addresses and domains by the day.

They stand outside the transactions, each written once an hour or day by each execution environment.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.dynamo import Requests
from ses_warden.domain.outgoing import Outgoing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
_ROWS_OF_A_CALL = 25
# A year of reports can be held against them.
KEPT = timedelta(days=400)
# So many addresses and domains of a day an environment notes at the most: SES's pools have some hundreds of addresses, and a
# sender with thousands of domains shall not pay for each of them in each environment.
MOST_A_DAY = 1_000
# A replay brings days by the hundred: what was noted of the first of them is forgotten, and at worst noted again.
_MOST_DAYS = 30
ADDRESSES, DOMAINS = "outgoing-ip", "outgoing-domain"


class ActivityNotes:
    """Writes the notes of one execution environment, and remembers which it has written."""

    def __init__(self, client: "DynamoDBClient", table: str, requests: Requests) -> None:
        self._client = client
        self._table = table
        self._requests = requests
        self._scopes: set[tuple[str, str]] = set()
        self._outgoing: dict[date, set[Outgoing]] = {}

    def note(self, scopes: Collection[str], hour: str, outgoing: Collection[Outgoing]) -> None:
        """Writes those that are missing: the scopes all, of the rest what the last call has room for.

        An address that is in use is seen again in the next batch, so that a batch never takes more than one call for it.
        """
        missing = [scope for scope in scopes if (scope, hour) not in self._scopes]
        room = -len(missing) % _ROWS_OF_A_CALL or (0 if missing else _ROWS_OF_A_CALL)
        new = self._new(outgoing)[:room]
        rows = [{"scope": {"S": scope}, "item": {"S": "seen"}, "active_hour": {"S": hour}} for scope in missing]
        rows += [outgoing_row(one) for one in new]
        for some in batched(rows, _ROWS_OF_A_CALL, strict=False):
            request: Any = {self._table: [{"PutRequest": {"Item": row}} for row in some]}
            for _ in self._requests.until_processed(self._client.batch_write_item, request, "UnprocessedItems"):
                pass
        if missing:
            # An environment may live for many hours, and no hour comes again.
            self._scopes = {one for one in self._scopes if one[1] >= hour} | {(scope, hour) for scope in missing}
        for one in new:
            self._outgoing.setdefault(one.day, set()).add(one)
        while len(self._outgoing) > _MOST_DAYS:
            del self._outgoing[next(iter(self._outgoing))]

    def _new(self, outgoing: Collection[Outgoing]) -> list[Outgoing]:
        found = [one for one in outgoing if one not in self._outgoing.get(one.day, ())]
        return sorted(one for one in found if len(self._outgoing.get(one.day, ())) < MOST_A_DAY)


def outgoing_row(one: Outgoing) -> dict[str, Any]:
    """A note: addresses by day; domains by name, its labels turned round, so that a domain and those below it are neighbours."""
    day = one.day.isoformat()
    purge_at = datetime(one.day.year, one.day.month, one.day.day, tzinfo=UTC) + KEPT
    scope, item = (ADDRESSES, f"{day}#{one.address}") if one.address else (DOMAINS, f"{turned(one.domain)}#{day}")
    return {"scope": {"S": scope}, "item": {"S": item}, "purge_at": {"N": str(int(purge_at.timestamp()))}}


def turned(domain: str) -> str:
    """The labels of a domain the other way round: `com.example.news`."""
    return ".".join(reversed(domain.split(".")))
