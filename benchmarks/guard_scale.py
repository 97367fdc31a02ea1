"""One run of the guard over ten thousand scopes that all moved: ``python -m benchmarks.guard_scale [SCOPES [SHARDS]]``.

Bars: at most 50 seconds and 500 calls of AWS, in the first run (which reads a day back), in a usual one, and in one that stores.
Scopes are tenants; each moved in every shard, in this hour, which is the worst case for the index that the guard reads.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.ledger import Tables
from ses_warden.adapters.rows import timestamp
from ses_warden.application.guard_sending import STORED_WITHIN, GuardPolicy, guard_sending
from tests.integration import guardhouse
from tests.integration.guardhouse import Guardhouse
from tests.support.dynamo import table_shapes
from tests.support.emulator import Emulator

MOST_SECONDS, MOST_CALLS = 50, 500
SERVICES = ("dynamodb", "sesv2", "cloudwatch", "sqs", "sns", "events")


def rows(scopes: int, shards: int, now: datetime, numbers: random.Random) -> Iterator[dict[str, Any]]:
    """The counters of every scope in every shard, as they stand now."""
    for number in range(scopes):
        for shard in range(shards):
            mails = numbers.randrange(5, 40)
            yield {
                "scope": {"S": f"tenant/t{number:05}#{shard}"},
                "item": {"S": f"hour/{now:%Y-%m-%dT%H}"},
                "sent": {"N": str(mails)},
                "delivered": {"N": str(mails - 1)},
                "hard": {"N": str(int(numbers.random() < 0.1))},  # noqa: PLR2004 -- one mail in two hundred
                "purge_at": {"N": "1800000000"},
                "changed_in": {"S": f"{now:%Y-%m-%dT%H}#{shard}"},
                "changed_at": {"S": timestamp(now)},
            }


def measure(house: Guardhouse, shards: int) -> tuple[float, float, Counter[str]]:
    """One run: seconds, seconds of this process's processor, and the calls that it made."""
    calls: Counter[str] = Counter()
    store = DynamoGuardStore(house.client("dynamodb"), house.tables.reputation, shards=shards)
    services = house.services(store=store)
    for client in (store._client, services.switch._client, services.metrics._client, services.backlog._client):  # type: ignore[attr-defined] # noqa: SLF001
        for service in SERVICES:
            client.meta.events.register(f"before-call.{service}", lambda model, **_: calls.update([model.name]))
    began, used = time.monotonic(), time.process_time()
    outcome = guard_sending(services, GuardPolicy(), house.now)
    seconds, processor = time.monotonic() - began, time.process_time() - used
    assert not outcome.errors
    return seconds, processor, calls


def main() -> int:
    """Measure three runs; 1 if a bar falls short."""
    scopes, shards = (int(argument) for argument in [*sys.argv[1:], *("10000", "8")[len(sys.argv) - 1 :]])
    guardhouse.SHARDS = shards
    numbers = random.Random(1)  # noqa: S311 -- no secret
    failed = False
    with Emulator() as emulator:
        client: Any = emulator.client("dynamodb")
        for name, shape in table_shapes().items():
            client.create_table(TableName=name, **shape)
        house = Guardhouse(emulator.endpoint, Tables("EventsTable", "SuppressionTable", "ReputationTable"))
        for what, later, moving in (
            ("first run", timedelta(), shards),
            ("usual run", timedelta(minutes=1), shards),
            ("storing run", STORED_WITHIN, 1),  # what moved in the other shards has waited long enough
        ):
            house.now += later
            for some in batched(rows(scopes, moving, house.now, numbers), 25, strict=False):
                client.batch_write_item(RequestItems={"ReputationTable": [{"PutRequest": {"Item": row}} for row in some]})
            seconds, processor, calls = measure(house, shards)
            holds = seconds <= MOST_SECONDS and calls.total() <= MOST_CALLS
            failed |= not holds
            told = ", ".join(f"{name} {count}" for name, count in calls.most_common())
            print(f"{'ok  ' if holds else 'FAIL'} {what}: {scopes:,} scopes, {shards} shards: {seconds:.1f} s", end=" ")
            print(f"({processor:.1f} s of it in the guard), {calls.total()} calls: {told}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
