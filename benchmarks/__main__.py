"""Runs all benchmarks: `python -m benchmarks [--quick] [--write]`. Ends with 1 if a bar is missed."""

import argparse
import subprocess
import sys
import warnings
from pathlib import Path

from benchmarks import parse
from benchmarks.report import Finding, exit_code, show

ROOT = Path(__file__).resolve().parents[1]
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
    # What is started is the stack as it is now; says so itself if it cannot be built.
    if subprocess.run([sys.executable, "scripts/build.py"], cwd=ROOT, check=False).returncode:
        return 1

    parsing = parse.measure(quick=quick)
    show("Parsing", parsing)
    # Only now: in a process that has boto3 and all the rest in memory, parsing takes a little longer, and not always the same.
    from benchmarks import costs, gate, init, record, suppression  # noqa: PLC0415

    recording = record.measure(quick=quick)
    show("Recording", recording)
    stages = record.breakdown(quick=quick)
    show("Where the CPU time of an event goes", stages)
    counted = costs.measure()
    show("Cost", counted)
    asking = gate.measure(quick=quick)
    show("Asking before sending", asking)
    moving = suppression.measure(quick=quick)
    show("The suppression table into a file and back", moving)
    starting = init.measure(QUICK_STARTS if quick else STARTS)
    show("Starting", starting)
    if arguments.write:
        costs.write(measured=_measured([*parsing, *recording, *starting]), stages=_stages(stages))
    return exit_code([*parsing, *recording, *counted, *asking, *moving, *starting])


def _measured(findings: list[Finding]) -> list[list[str]]:
    return [["", "measured", "bar", ""], *([f.name, f.value_text, f.bar_text, f.note] for f in findings)]


def _stages(stages: list[Finding]) -> list[list[str]]:
    return [["stage", "CPU of an event", "share"], *([stage.name, stage.value_text, stage.note] for stage in stages)]


if __name__ == "__main__":
    sys.exit(main())
