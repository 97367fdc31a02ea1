"""Asking before sending: N recipients against a table of N, on the emulator: ``python -m benchmarks.gate [RECIPIENTS]``.

Bars: at most 1.5 times the time of bare BatchGetItem calls for exactly the keys that the gate asks for, by as many threads with a
client configured alike; less than 200 MB of memory with an iterator as input; by a snapshot at least 20 times as fast. Half of the
recipients are in the table, in one of the two scopes that are asked for.
"""

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import batched
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.report import Finding, exit_code, show
from benchmarks.scan_server import ScanServer
from ses_warden.adapters.entries import item_from
from ses_warden.domain.addresses import Address
from ses_warden.domain.bounces import BounceKind
from ses_warden.domain.signals import bounce_signal
from ses_warden.domain.suppression import decide
from ses_warden.gate import Snapshot, SuppressionGate
from tests.support.dynamo import table_shapes
from tests.support.emulator import Emulator

RECIPIENTS, QUICK_RECIPIENTS = 100_000, 10_000
WORKERS = 8
SCOPE = "configuration-set/marketing"
TABLE = "SuppressionTable"
SLOWER, MEGABYTES, FASTER = 1.5, 200, 20
# The machine may be busy: all are timed in turns, and of each the fastest turn counts.
ROUNDS = 5


def recipients(number: int, begin: int = 0) -> Iterator[str]:
    """So many addresses, made one at a time."""
    return (f"Recipient.{n}@Host-{n % 97}.example.net" for n in range(begin, begin + number))


def row(n: int) -> dict[str, Any]:
    """The nth row, as a hard bounce makes it; every second one names no recipient of ours."""
    address = next(recipients(1, n)).lower()
    key = address if n % 2 else f"other-{address}"
    signal = bounce_signal(
        BounceKind.HARD,
        Address(key, key, True),
        at=datetime(2026, 11, 20, tzinfo=UTC),
        message_id=f"0102019{n:053}",
        status="5.1.1",
        diagnostic="smtp; 550-5.1.1 The email account that you tried to reach does not exist",
    )
    assert signal
    entry = decide(None, signal)
    assert entry
    return item_from(entry)


def rows(number: int) -> Iterator[dict[str, Any]]:
    """So many rows."""
    return map(row, range(number))


def fill(client: Any, number: int) -> None:
    """Puts the rows into the table, by several threads."""

    def put(some: tuple[dict[str, Any], ...]) -> None:
        client.batch_write_item(RequestItems={TABLE: [{"PutRequest": {"Item": row}} for row in some]})

    with ThreadPoolExecutor(WORKERS) as pool:
        for part in batched(batched(rows(number), 25, strict=False), 400, strict=False):
            list(pool.map(put, part))


def client_of(endpoint: str) -> Any:
    """A client with the gate's own configuration, for the gate and for the bare calls."""
    config = Config(retries={"mode": "standard", "max_attempts": 4}, max_pool_connections=WORKERS + 2, parameter_validation=False)
    return boto3.Session("test", "test", region_name="eu-west-1").client("dynamodb", endpoint_url=endpoint, config=config)


def by_gate(client: Any, number: int) -> tuple[float, int]:
    """Seconds, and how many were refused."""
    gate = SuppressionGate(TABLE, on_error="raise", workers=WORKERS, client=client)
    began = time.perf_counter()
    refused = sum(not verdict.allowed for verdict in gate.verdicts(recipients(number), scope=SCOPE))
    return time.perf_counter() - began, refused


def requests_of(endpoint: str, number: int) -> list[Any]:
    """What the gate asks for, call by call."""
    noted: list[Any] = []
    client = client_of(endpoint)
    client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", lambda params, **_: noted.append(params))
    by_gate(client, number)
    return noted


def bare(client: Any, requests: list[Any]) -> float:
    """Seconds for the same calls, and nothing made of their answers."""
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        # In parts, so that no answer is kept for longer than in the gate.
        for part in batched(requests, WORKERS * 50, strict=False):
            for answer in pool.map(lambda request: client.batch_get_item(**request), part):
                assert not answer["UnprocessedKeys"]
    return time.perf_counter() - began


def take(client: Any, number: int) -> tuple[float, Snapshot]:
    """Seconds to take a snapshot, and it: of the emulator's table, or of as many rows from a server that can page through them."""
    if number > RECIPIENTS:
        with ScanServer(row, number) as server:
            return _take(client_of(server.endpoint))
    return _take(client)


def _take(client: Any) -> tuple[float, Snapshot]:
    began = time.perf_counter()
    snapshot = SuppressionGate(TABLE, on_error="raise", workers=WORKERS, client=client).snapshot()
    return time.perf_counter() - began, snapshot


def by_snapshot(snapshot: Snapshot, number: int) -> tuple[float, int]:
    """Seconds, and how many were refused."""
    began = time.perf_counter()
    refused = sum(not verdict.allowed for verdict in snapshot.verdicts(recipients(number), scope=SCOPE))
    return time.perf_counter() - began, refused


def memory(endpoint: str, number: int) -> float:
    """The most memory (MB) of a process that does nothing but ask for so many recipients."""
    command = [sys.executable, "-m", "benchmarks.gate", str(number), "--child", endpoint]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 -- our own words
    return float(done.stdout)


def most_memory() -> float:
    """Of this process since its start (MB). `ru_maxrss` begins with what the parent had: the two share memory until the exec."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(*, quick: bool = False, number: int | None = None, rounds: int = ROUNDS) -> list[Finding]:
    """All of it, on an emulator of its own."""
    number = number or (QUICK_RECIPIENTS if quick else RECIPIENTS)
    with Emulator() as emulator:
        client = client_of(emulator.endpoint)
        client.create_table(TableName=TABLE, **table_shapes()[TABLE])
        fill(client, number)
        requests = requests_of(emulator.endpoint, number)
        asked = sum(len(request["RequestItems"][TABLE]["Keys"]) for request in requests)
        taking, snapshot = take(client, number)
        times: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            seconds, refused = by_gate(client, number)
            looking, held = by_snapshot(snapshot, number)
            assert refused == held == number // 2
            times.append((seconds, bare(client, requests), looking))
        gate_seconds, bare_seconds, looking = map(min, zip(*times, strict=True))
        most = memory(emulator.endpoint, number)
    timed = f"{gate_seconds:.1f} s and {bare_seconds:.1f} s, {number:,} recipients, {len(requests):,} calls by {WORKERS} threads"
    snapped = f"{looking:.2f} s; taking it {taking:.1f} s"
    return [
        Finding("gate, against bare calls", gate_seconds / bare_seconds, bar=SLOWER, note=timed),
        Finding("keys for each recipient", asked / number, unit="", note="account and configuration set"),
        Finding("memory with an iterator", most, unit="MB", bar=MEGABYTES),
        Finding("snapshot, faster than the gate", gate_seconds / looking, bar=FASTER, at_least=True, note=snapped),
    ]


def main() -> int:
    """Measure and print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipients", type=int, nargs="?", default=RECIPIENTS, help=f"and rows (default {RECIPIENTS:,})")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often all are timed (default {ROUNDS})")
    parser.add_argument("--child", metavar="ENDPOINT", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        by_gate(client_of(arguments.child), arguments.recipients)
        print(most_memory())
        return 0
    findings = measure(number=arguments.recipients, rounds=arguments.rounds)
    show("Asking before sending", findings)
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
