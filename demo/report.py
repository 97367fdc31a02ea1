"""What the demo shows: progress while it works, then tables of at most 100 columns."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from statistics import median
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from benchmarks.prices import VDM
from demo.bills import Bill
from demo.campaign import SETS
from demo.expected import Expected
from demo.found import Comparison, Found
from demo.second_act import HEALTHY, LOOK_SECONDS, STALE, Check, Played
from demo.stories import KINDS_OF, METRIC_OF
from ses_warden.domain.entries import Entry, State, explain
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.signals import Confidence
from ses_warden.domain.text import clean
from ses_warden.domain.timeline import Timeline
from tests.support.stack import Stack

WIDTH = 100
ENTRIES_A_REASON = 2
LONGEST_REASON = 130
DIFFERENCES_SHOWN = 5
LONGEST_DETAIL = 62
LONGEST_SEEN = 40
# Without a terminal, a line is written whenever so many percent more are done.
PLAIN_STEP = 25


def console(file: TextIO | None = None) -> Console:
    """Standard output or a file, as wide as the terminal but at most 100 columns; brackets in a text are no markup."""
    plain = Console(file=file)
    width = min(plain.width, WIDTH) if plain.is_terminal else WIDTH
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)


@contextmanager
def step(on: Console, what: str) -> Iterator[None]:
    """Says what is being done, and afterwards how long it took."""
    began = time.monotonic()
    with on.status(what) if on.is_terminal else nullcontext():
        yield
    on.print(f"  {what}: {time.monotonic() - began:.1f} s")


@dataclass
class Bars:
    """Progress bars on a terminal, now and then a line elsewhere."""

    console: Console
    progress: Progress
    tasks: dict[str, TaskID]
    said: dict[str, int]

    def add(self, name: str, total: int) -> None:
        """Another piece of work."""
        self.tasks[name] = self.progress.add_task(name, total=total)

    def show(self, name: str, done: int) -> None:
        """So much of it is done."""
        self.progress.update(self.tasks[name], completed=done)
        total = int(self.progress.tasks[self.tasks[name]].total or 1)
        percent = 100 * done // total // PLAIN_STEP * PLAIN_STEP
        if not self.console.is_terminal and percent > self.said.get(name, 0):
            self.said[name] = percent
            self.console.print(f"  {name}: {done:,} of {total:,}")


@contextmanager
def bars(on: Console) -> Iterator[Bars]:
    """Progress bars for as long as the block runs."""
    columns = (TextColumn("  {task.description:<28}"), BarColumn(30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=on, disable=not on.is_terminal) as progress:
        yield Bars(on, progress, {}, {})


def suppression_table(on: Console, entries: Sequence[Entry]) -> None:
    """How many entries there are for each reason, and the latest few with the reason in words."""
    table = _table(f"The suppression table: {len(entries)} entries", "address", "why, as the table itself explains it")
    groups: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.last_seen, entry.address), reverse=True):
        groups.setdefault(_group(entry), []).append(entry)
    for name, group in sorted(groups.items(), key=lambda item: (item[1][0].state is not State.SUPPRESSED, -len(item[1]))):
        table.add_row(Text(f"{len(group):,} {name}", style="cyan"))
        for entry in group[:ENTRIES_A_REASON]:
            table.add_row(f"  {clean(entry.address, 36)}", clean(explain(entry), LONGEST_REASON))
    on.print(table)


def _group(entry: Entry) -> str:
    """Its reason if it is suppressed, else its state."""
    name = (entry.reason or entry.state).replace("_", " ")
    return f"{name}, unsure" if entry.confidence is Confidence.LOW else name


def counts(on: Console, expected: Expected, found: Found) -> None:
    """What was published against rows, counters and metrics, one line for each counter."""
    sets = [f"…/{name}" for name in SETS]
    table = _table("Published, and what became of it", "event", "published", "distinct", "rows", "account", *sets, "metric", "")
    for column in table.columns[1:-1]:
        column.justify = "right"
    for counter, published in expected.published.most_common():
        scopes = ["account", *(f"configuration-set/{name}" for name in SETS)]
        numbers = [sum(n for cohort, n in found.counters.items() if (cohort.scope, cohort.counter) == (s, counter)) for s in scopes]
        rows = sum(n for row, n in found.rows.items() if row.kind in KINDS_OF[counter])
        metric = found.metrics[METRIC_OF[counter]]
        distinct = expected.distinct[counter]
        agrees = rows == numbers[0] == sum(numbers[1:]) == metric == distinct
        shown = [published, distinct, rows, *numbers, metric]
        table.add_row(counter.replace("_", " "), *(f"{number:,}" for number in shown), _mark(agrees=agrees))
    on.print(table)


def comparisons(on: Console, compared: Sequence[Comparison], expected: Expected, found: Found) -> None:
    """Everything that must agree, and where it does not."""
    table = _table("Compared, one by one", "", "expected", "found", "")
    table.columns[1].justify = table.columns[2].justify = "right"
    for comparison in compared:
        numbers = (f"{comparison.expected:,}", f"{comparison.found:,}")
        table.add_row(comparison.what, *numbers, _mark(agrees=not comparison.differences))
    wanted, seen = (_reasons(verdicts.values()) for verdicts in (expected.verdicts(), found.entries))
    table.add_section()
    for reason in sorted({*wanted, *seen}):
        table.add_row(f"  {reason}", str(wanted[reason]), str(seen[reason]), _mark(agrees=wanted[reason] == seen[reason]))
    table.add_section()
    for name in ("Suppressed", "Released", "Duplicates", "Enriched", "Unparsable", "SetupMessages"):
        numbers = (f"{expected.metrics[name]:,}", f"{found.metrics[name]:,}")
        table.add_row(f"  metric {name}", *numbers, _mark(agrees=numbers[0] == numbers[1]))
    on.print(table)
    for comparison in compared:
        for difference in comparison.differences[:DIFFERENCES_SHOWN]:
            on.print(Text(f"  {comparison.what}: {difference}", style="red"))
        if len(comparison.differences) > DIFFERENCES_SHOWN:
            on.print(Text(f"  … and {len(comparison.differences) - DIFFERENCES_SHOWN} more", style="red"))


def timeline(on: Console, mail: Timeline[RecordedEvent]) -> None:
    """One mail's story, as the ledger tells it."""
    last = mail.steps[-1]
    about = f"{clean(mail.recipient, 60)}: {mail.status}; opens: {mail.opens}, clicks: {mail.clicks}"
    table = _table(f"One mail's timeline\n{about}", "time (UTC)", "event", "meaning", "detail")
    for step in mail.steps:
        detail = ", ".join(f"{name}: {value}" for name, value in step.detail.items())
        table.add_row(f"{step.at:%H:%M:%S.%f}"[:-3], step.type, step.kind, clean(detail, LONGEST_DETAIL))
    on.print(table)
    on.print(Text(f"message {last.message_id}, configuration set {last.configuration_set}", style="dim"))


def lag(on: Console, rows: Sequence[float], entries: Sequence[float], reported: Sequence[float]) -> None:
    """How long live events took."""
    table = _table("Lag of live events, in milliseconds", "from the event to", "events", "median", "longest")
    measured = [
        ("a row of the activity lane (on AWS: and up to BatchWindowSeconds)", [1000 * s for s in rows]),
        ("an address suppressed by the feedback lane", [1000 * s for s in entries]),
        ("the metric Lag, as the functions report it", list(reported)),
    ]
    for name, values in measured:
        if values:
            table.add_row(name, str(len(values)), f"{median(values):,.0f}", f"{max(values):,.0f}")
    on.print(table)


def calls(on: Console, made: Mapping[str, int], messages: int) -> None:
    """The functions' AWS calls, counted on the wire."""
    table = _table("AWS calls of both functions", "operation", "calls", "a thousand messages")
    for operation, count in Counter(made).most_common():
        table.add_row(operation, f"{count:,}", f"{1000 * count / messages:,.0f}")
    on.print(table)


def bill(on: Console, counted: Bill, lasting: Bill) -> None:
    """What a thousand mails cost, item by item."""
    table = _table("Cost of 1,000 mails, without SES's own", "", "as it ran here", "$", "as on AWS", "$")
    for column in table.columns[1:]:
        column.justify = "right"
    for (name, here, cost_here), (_, there, cost_there) in zip(counted.lines(), lasting.lines(), strict=True):
        table.add_row(name, f"{here:,.4g}", f"{cost_here:.5f}", f"{there:,.4g}", f"{cost_there:.5f}")
    table.add_section()
    table.add_row("all", "", f"{counted.dollars:.4f}", "", f"{lasting.dollars:.4f}", style="bold")
    on.print(table)
    note = (
        "As it ran here: every second event came twice, and the emulator hands over at most ten messages at once. As on AWS: "
        "by one batch of up to 1,000 new events and by single bounces, as many as this campaign has, which is a bad one. "
        f"SES's own Virtual Deliverability Manager costs ${VDM.dollars:.2f} for 1,000 mails."
    )
    on.print(Text(note, style="dim"))


def second_act(on: Console, played: Played) -> None:
    """At which mail a stale list was stopped, what that spared, and what was checked."""
    on.print(Text(f"\nA program mails two lists through a local SES: {STALE} a stale one, {HEALTHY} a good one", style="bold"))
    table = _table(None, STALE, "mails", "to addresses that are gone")
    table.columns[1].justify = table.columns[2].justify = "right"
    table.add_row("on the list", f"{played.listed:,}", f"{played.listed_bad:,}")
    table.add_row("sent until the guard paused it", f"{played.sent:,}", f"{played.sent_bad:,}")
    table.add_row("spared", f"{played.listed - played.sent:,}", f"{played.spared:,}", style="bold")
    on.print(table)
    on.print(Text(f"The guard: {clean(played.reason, 2 * LONGEST_REASON)}"))
    note = f"Paused after {played.seconds:.0f} s and {played.looks} looks, {LOOK_SECONDS:g} s apart; on AWS it looks once a minute."
    on.print(Text(note, style="dim"))
    checked = _table("Checked", "", "", "")
    checked.show_header = False
    for check in played.checks:
        answer = Text("yes", style="green") if check.holds else Text("NO", style="bold red")
        checked.add_row(check.what, answer, clean(check.seen, LONGEST_SEEN))
    on.print(checked)


def verdict(on: Console, compared: Sequence[Comparison], checks: Sequence[Check], seconds: float) -> None:
    """Whether everything agrees, and the guard did what it should."""
    differing = [comparison.what for comparison in compared if comparison.differences]
    false = [check.what for check in checks if not check.holds]
    if differing:
        on.print(Text(f"DIFFERS: {', '.join(differing)} ({seconds:.0f} s)", style="bold red"))
    if false:
        on.print(Text(f"NOT SO: {', '.join(false)} ({seconds:.0f} s)", style="bold red"))
    if not differing and not false:
        text = f"Everything agrees with what was published, and the guard did what it should ({seconds:.0f} s)."
        on.print(Text(text, style="bold green"))


def kept(on: Console, stack: Stack, ses_url: str) -> None:
    """How to look around in a stack that is kept."""
    variables = {name: value for name, value in stack.emulator.env().items() if name != "AWS_EC2_METADATA_DISABLED"}
    variables["AWS_ENDPOINT_URL_SESV2"] = ses_url
    on.print("The stack is kept until Ctrl-C. In another terminal:", *(f"export {n}={v}" for n, v in variables.items()), sep="\n  ")
    for table in ("EventsTable", "SuppressionTable", "ReputationTable"):
        on.print(f"  aws dynamodb scan --table-name {stack.resources[table]}", soft_wrap=True)


def _reasons(verdicts: Any) -> Counter[str]:
    return Counter(f"{verdict.state} {' '.join(filter(None, verdict[1:3]))}".strip() for verdict in verdicts)


def _mark(*, agrees: bool) -> Text:
    return Text("agrees", style="green") if agrees else Text("DIFFERS", style="bold red")


def _table(title: str | None, *columns: str) -> Table:
    title = title and f"\n{title}"
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", pad_edge=False, box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
