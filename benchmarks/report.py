"""Findings: what was measured, and the bar that it has to meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

TIMES, DOLLARS = "\N{MULTIPLICATION SIGN}", "$"


@dataclass(frozen=True, slots=True)
class Finding:
    """One number. `bar` is the most that it may be, or with `at_least` the least; None where it is only told."""

    name: str
    value: float
    unit: str = TIMES
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def good(self) -> bool:
        """Whether it meets its bar."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    @property
    def value_text(self) -> str:
        """The number with its unit."""
        return _text(self.value, self.unit)

    @property
    def bar_text(self) -> str:
        """The bar with its sense."""
        return "" if self.bar is None else f"{'≥' if self.at_least else '≤'} {_text(self.bar, self.unit)}"


def show(title: str, findings: Iterable[Finding]) -> None:
    """Prints a table of findings."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("measured")
    table.add_column("value", justify="right")
    table.add_column("bar", justify="right")
    table.add_column("")
    for finding in findings:
        style = "" if finding.good else "bold red"
        table.add_row(finding.name, finding.value_text, finding.bar_text, finding.note, style=style)
    Console(width=None if Console().is_terminal else 120).print(table)


def exit_code(findings: Sequence[Finding]) -> int:
    """0 if all bars are met; tells which are not."""
    missed = [finding for finding in findings if not finding.good]
    for finding in missed:
        print(f"missed: {finding.name}: {finding.value_text}, bar {finding.bar_text}")
    return 1 if missed else 0


def _text(value: float, unit: str) -> str:
    if unit == TIMES:
        return f"{value:.2f} {TIMES}"
    if unit == DOLLARS:
        return f"${value:.4f}"
    return f"{value:,.0f} {unit}".rstrip()
