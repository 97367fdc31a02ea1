"""The suppression table into a file and back: N rows on the emulator: ``python -m benchmarks.suppression [ROWS]``.

Bars: an export in less than 150 MB of memory; an import of it into an empty table in less, and nothing lost or changed.
``python -m benchmarks.suppression --export 1000000`` only exports, from a server that pages through a million rows.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.gate import TABLE, client_of, fill, most_memory, row, rows
from benchmarks.report import Finding, exit_code, show
from benchmarks.scan_server import ScanServer
from ses_warden.adapters.entries import entry_from
from ses_warden.application.ports import EntryKey
from ses_warden.application.sync_suppression import plan_sync
from ses_warden.domain.reconciliation import Listed
from tests.fakes import MemoryLedger
from tests.support.dynamo import table_shapes
from tests.support.emulator import CREDENTIALS, REGION, Emulator
from tests.sync_fakes import MemoryRows, MemorySesList

ROWS, QUICK_ROWS = 100_000, 10_000
MEGABYTES = 150
_COPY = f"{TABLE}Copy"


def command(endpoint: str, table: str, *words: str) -> tuple[float, float]:
    """Seconds, and the most memory (MB), of a `ses-warden suppression` command."""
    environment = {
        **os.environ,
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "SES_WARDEN_USE": f"SUPPRESSION_TABLE={table}",
    }
    began = time.perf_counter()
    child = [sys.executable, "-m", "benchmarks.suppression", "--child", *words]
    done = subprocess.run(child, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 -- our own words
    return time.perf_counter() - began, float(done.stdout.splitlines()[-1])


def run_child(words: list[str]) -> None:
    """Run the command in this process, and print the most memory that it took."""
    from ses_warden_cli.main import app  # noqa: PLC0415 - in the child alone

    try:
        app(["suppression", *words], prog_name="ses-warden")
    except SystemExit as end:
        if end.code:
            raise
    print(most_memory())


def measure(*, quick: bool = False, number: int | None = None) -> list[Finding]:
    """All of it, on an emulator of its own."""
    number = number or (QUICK_ROWS if quick else ROWS)
    shape: dict[str, Any] = table_shapes()[TABLE]
    with Emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        client = client_of(emulator.endpoint)
        for table in (TABLE, _COPY):
            client.create_table(TableName=table, **shape)
        fill(client, number)
        first, second = Path(folder) / "first.jsonl", Path(folder) / "second.jsonl"
        exporting, most = command(emulator.endpoint, TABLE, "export", str(first))
        importing, most_in = command(emulator.endpoint, _COPY, "import", str(first))
        command(emulator.endpoint, _COPY, "export", str(second))
        # In no order, and each row was written once: the same version.
        lost = len(set(first.read_text().splitlines()) ^ set(second.read_text().splitlines()))
        size = first.stat().st_size / 1024**2
    return [
        Finding("memory of an export", most, unit="MB", bar=MEGABYTES, note=f"{number:,} rows, {exporting:.0f} s, {size:.0f} MB"),
        Finding("memory of an import", most_in, unit="MB", bar=MEGABYTES, note=f"{importing:.0f} s"),
        Finding("rows that differ afterwards", lost, unit="", bar=0),
        *comparing(number),
    ]


def exporting(number: int) -> list[Finding]:
    """An export alone."""
    with ScanServer(row, number) as server, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        seconds, most = command(server.endpoint, TABLE, "export", str(file))
        size = file.stat().st_size / 1024**2
        with file.open() as lines:
            found = len({hash(line) for line in lines})
    return [
        Finding("memory of an export", most, unit="MB", bar=MEGABYTES, note=f"{number:,} rows, {seconds:.0f} s, {size:.0f} MB"),
        Finding("rows that are missing", number - found, unit="", bar=0),
    ]


def comparing(number: int) -> list[Finding]:
    """A plan of `suppression sync` over lists that are all there: all agree, or all differ."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    findings: list[Finding] = []
    for name, differs in (("all alike", False), ("all differ", True)):
        ledger, ses = MemoryLedger(), MemorySesList(now)
        for item in islice(rows(2 * number), 1, None, 2):
            entry = entry_from(item)
            if not differs:
                ledger.entries_[EntryKey(entry.address, entry.scope)] = entry
            ses.rows[entry.address] = Listed(entry.address, "BOUNCE", now)
        began = time.perf_counter()
        plan_sync(MemoryRows(ledger), ses, "ses", now)
        seconds = time.perf_counter() - began
        tracemalloc.start()
        plan = plan_sync(MemoryRows(ledger), ses, "ses", now)
        each = tracemalloc.get_traced_memory()[1] / number
        tracemalloc.stop()
        assert (len(plan.steps), plan.there) == (number if differs else 0, number)
        findings.append(Finding(f"sync, {name}: memory of an address", each, unit="bytes", note=f"{number:,} in {seconds:.1f} s"))
    return findings


def main() -> int:
    """Measure and print; 1 if a bar is missed."""
    if sys.argv[1:2] == ["--child"]:
        run_child(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=ROWS, help=f"default {ROWS:,}")
    parser.add_argument("--export", action="store_true", help="only an export, of as many rows as one likes")
    arguments = parser.parse_args()
    findings = exporting(arguments.rows) if arguments.export else measure(number=arguments.rows)
    show("The suppression table into a file and back", findings)
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
