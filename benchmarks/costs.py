"""What a thousand mails cost; `--write` writes the tables of docs/costs.md, `--check` says whether they are current."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.cost_tables import PACES, Counted, table, tables
from benchmarks.prices import VDM
from benchmarks.report import DOLLARS, Finding, exit_code, show
from benchmarks.traffic import MAILS, dollars

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "costs.md"
COST_BAR, ROW_BAR = 0.01, 1024


def measure() -> list[Finding]:
    """The findings of this benchmark; takes about ten seconds."""
    counted = Counted()
    full = dollars(counted.full)
    return [
        Finding(f"{MAILS:,} mails with full history", full, DOLLARS, bar=COST_BAR),
        Finding("… ÷ SES's Virtual Deliverability Manager", full / VDM.of(MAILS)),
        Finding("… without opens and clicks", dollars(counted.untracked), DOLLARS),
        Finding("… without the activity lane", dollars(counted.only_feedback), DOLLARS),
        Finding("… at one mail in ten seconds", dollars(counted.at(PACES[0])), DOLLARS, note="each event is a batch of its own"),
        Finding("largest row", max(counted.activity.largest_row, counted.feedback.largest_row), "bytes", bar=ROW_BAR),
    ]


def write(**measured: Sequence[Sequence[str]]) -> None:
    """Writes the document's tables anew, and those of what was measured, if they are given, by name and head first."""
    parts = {name: table(head, rows, (1, 2)) for name, (head, *rows) in measured.items()} | tables(Counted())
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), parts), encoding="utf-8")


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The document with these tables in their places, `<!-- name -->` to `<!-- /name -->`."""
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        places = re.findall(f"{begin}.*?{end}", text, re.DOTALL)
        if len(places) != 1:
            raise SystemExit(f"costs: {DOCUMENT.name} has {len(places)} places for the table {name!r}")
        text = text.replace(places[0], f"{begin}{part}\n{end}")
    return text


def main() -> int:
    """Print the findings, or write or check the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--write", action="store_true", help="write the tables of docs/costs.md")
    choice.add_argument("--check", action="store_true", help="say whether they are current")
    arguments = parser.parse_args()
    if not (arguments.write or arguments.check):
        findings = measure()
        show("Cost", findings)
        return exit_code(findings)
    if arguments.write:
        write()
        return 0
    current = DOCUMENT.read_text(encoding="utf-8")
    wanted = filled(current, tables(Counted()))
    if current != wanted:
        changed = [new for old, new in zip(current.splitlines(), wanted.splitlines(), strict=False) if old != new]
        print("docs/costs.md is out of date: run `python -m benchmarks.costs --write`. It would say:", *changed[:5], sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
