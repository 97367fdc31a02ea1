"""Runs all benchmarks: `python -m benchmarks [--quick] [--write]`. Ends with 1 if a bar is missed."""

import argparse
import subprocess
import sys
import warnings

from benchmarks import costs, parse, record
from benchmarks.cost_tables import Counted, table, tables
from benchmarks.function import ROOT
from benchmarks.report import Finding, exit_code, show

STARTS, QUICK_STARTS = 15, 5


def main() -> int:
    """Measure, print, and with `--write` put what was measured into docs/costs.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: the same numbers, less steady")
    parser.add_argument("--write", action="store_true", help="write the tables of docs/costs.md")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    # What the functions' libraries warn of is a matter of the tests.
    warnings.simplefilter("ignore")

    timed: list[Finding] = []
    for title, benchmark in (("Parsing", parse.measure), ("Recording", record.measure)):
        found = benchmark(quick=quick)
        show(title, found)
        timed += found
    stages = record.breakdown(quick=quick)
    show("Where the CPU time of an event goes", stages)
    counted = costs.measure()
    show("Cost", counted)
    if arguments.write:
        _write(timed, stages)
    started = _start(QUICK_STARTS if quick else STARTS)
    return exit_code([*timed, *counted]) or started


def _start(runs: int) -> int:
    """How long the functions take to start: in processes of their own, after they are built."""
    for command in (["scripts/build.py"], ["-m", "benchmarks.init", "--runs", str(runs)]):
        code = subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode  # noqa: S603 -- our own words
        if code:
            return code
    return 0


def _write(timed: list[Finding], stages: list[Finding]) -> None:
    rows = [[f.name, f.value_text, f.bar_text, f.note] for f in timed]
    parts = {
        "measured": table(["", "measured", "bar", ""], rows, [1, 2]),
        "stages": table(["stage", "CPU of an event", "share"], [[s.name, s.value_text, s.note] for s in stages], [1, 2]),
    }
    text = costs.DOCUMENT.read_text(encoding="utf-8")
    costs.DOCUMENT.write_text(costs.filled(text, parts | tables(Counted())), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
