"""What SES Warden costs, and where it meets AWS's quotas: the tables of docs/costs.md.

`python -m benchmarks.costs --write` writes them anew, `--check` says whether they are current (a unit test does so too).
"""

import argparse
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.prices import PRICES, SES, VDM
from benchmarks.report import DOLLARS, Finding, exit_code, show
from benchmarks.traffic import (
    MAILS,
    Quantities,
    Run,
    activity_run,
    alarm_metrics,
    dollars,
    feedback_run,
    parameter,
    polled_queues,
    quantities,
    total,
)
from benchmarks.workload import ACTIVITY, PER_MAIL
from ses_warden.adapters.metrics import LAG, NAMES
from ses_warden.adapters.rows import DAY_SHARDS

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "costs.md"
COST_BAR: Final = 0.01
# 240 events, in which each kind comes as often as is assumed.
_FEW_MAILS: Final = 100
# Mails a second, evenly, and how many events then make a batch.
_PACES: Final = (0.1, 1, 10, 1000)
_RATES: Final = (10, 1_000, 10_000)
_SETS: Final = (1, 3, 10)
_MONTHLY: Final = (100_000, 1_000_000, 10_000_000, 100_000_000)
_SECONDS_A_MONTH: Final = 30.4 * 86_400
# Lambda reads an idle queue with five pollers, each of which waits 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_IDLE_POLLS_A_MONTH: Final = 5 * _SECONDS_A_MONTH / 20
# VDM's price for more than this was not found.
_VDM_KNOWN: Final = 10_000_000


class Counted:
    """The runs that all tables are made of."""

    def __init__(self) -> None:
        self.activity: Run = activity_run(parameter("BatchSize"))
        self.without_tracking: Run = activity_run(parameter("BatchSize"), ("Send", "Delivery"))
        self.feedback: Run = feedback_run()
        self.by_pace: Mapping[float, Run] = {
            pace: activity_run(events_a_batch(pace), mails=_FEW_MAILS) if pace < _PACES[-1] else self.activity for pace in _PACES
        }

    @property
    def full(self) -> Quantities:
        """A thousand mails with their whole history, in full batches."""
        return total(quantities(self.activity, queued=True), self.only_feedback)

    @property
    def only_feedback(self) -> Quantities:
        """A thousand mails without the activity lane."""
        return quantities(self.feedback, queued=False)

    @property
    def untracked(self) -> Quantities:
        """A thousand mails without opens and clicks."""
        return total(quantities(self.without_tracking, queued=True), self.only_feedback)

    def at(self, pace: float) -> Quantities:
        """A thousand mails sent at that pace."""
        run = self.by_pace[pace]
        few = run is not self.activity
        return total(quantities(run, queued=True, **({"mails": _FEW_MAILS} if few else {})), self.only_feedback)


def events_a_batch(pace: float) -> int:
    """How many activity events Lambda collects in a batch at so many mails a second."""
    collected = math.floor(pace * sum(PER_MAIL[kind] for kind in ACTIVITY) * parameter("BatchWindowSeconds"))
    return min(parameter("BatchSize"), max(1, collected))


def measure(*, quick: bool = False) -> list[Finding]:
    """The findings of this benchmark; takes some seconds, also if `quick`."""
    del quick
    counted = Counted()
    full = dollars(counted.full)
    size = counted.activity.largest_row, counted.feedback.largest_row
    return [
        Finding(f"{MAILS:,} mails with full history", full, DOLLARS, bar=COST_BAR),
        Finding("… of SES's Virtual Deliverability Manager", full / VDM.of(MAILS)),
        Finding("… without opens and clicks", dollars(counted.untracked), DOLLARS),
        Finding("… without the activity lane", dollars(counted.only_feedback), DOLLARS),
        Finding("… one mail every ten seconds", dollars(counted.at(_PACES[0])), DOLLARS, note="each event a batch of its own"),
        Finding("largest row", max(size), "bytes", bar=1024),
    ]


# Tables


def tables() -> dict[str, str]:
    """The tables of the document, by the names of their places in it."""
    counted = Counted()
    return {
        "assumed": _assumed(),
        "items": _items(counted),
        "paces": _paces(counted),
        "months": _months(counted),
        "fixed": _fixed(counted),
        "quotas": _quotas(counted),
        "prices": _prices(),
    }


def _assumed() -> str:
    names = {"Bounce": "hard bounces", "Other": "soft bounces, out-of-office replies, complaints, not-spam reports"}
    rows = [[names.get(kind, f"`{kind}`"), f"{share:g}"] for kind, share in PER_MAIL.items()]
    return _table(["event", "for each mail"], [*rows, ["together", f"{sum(PER_MAIL.values()):g}"]])


def _items(counted: Counted) -> str:
    columns = (counted.full, counted.untracked, counted.only_feedback)
    rows = [
        [PRICES[name].thing, _quantity(quantity), *(f"{PRICES[name].of(column[name]):.5f}" for column in columns)]
        for name, quantity in counted.full.items()
    ]
    sums = [f"**{dollars(column):.4f}**" for column in columns]
    head = ["", f"for {MAILS:,} mails", "$, full history", "$, no opens and clicks", "$, feedback lane alone"]
    return _table(head, [*rows, ["**together**", "", *sums]])


def _paces(counted: Counted) -> str:
    rows = [[f"{pace:,g}", f"{events_a_batch(pace):,}", f"{dollars(counted.at(pace)):.4f}"] for pace in _PACES]
    return _table(["mails a second", "events in a batch", f"$ for {MAILS:,} mails"], rows)


def _months(counted: Counted) -> str:
    rows = []
    for mails in _MONTHLY:
        pace = max((pace for pace in _PACES if pace <= mails / _SECONDS_A_MONTH), default=_PACES[0])
        fixed = _fixed_dollars(counted, 1)
        vdm = f"{VDM.of(mails):,.0f}" if mails <= _VDM_KNOWN else "(price not found)"
        evenly, bursts = (mails / MAILS * dollars(used) + fixed for used in (counted.at(pace), counted.full))
        rows.append([f"{mails:,}", f"{bursts:,.2f}", f"{evenly:,.2f}", vdm, f"{SES.of(mails):,.0f}"])
    head = ["mails a month", "$, sent in bursts", "$, sent evenly", "$, VDM", "$, SES itself"]
    return _table(head, rows)


def _fixed(counted: Counted) -> str:
    alarms, queues = alarm_metrics(), polled_queues()
    by_set, common = _metrics(counted)
    most_by_set, most_common = _all_metrics()
    idle = PRICES["sqs_requests"].of(queues * _IDLE_POLLS_A_MONTH)
    rows = [
        [f"alarms: {alarms} metrics watched", *[f"{PRICES['alarms'].of(alarms):.2f}"] * len(_SETS)],
        [f"asking {queues} empty queues for messages", *[f"{idle:.2f}"] * len(_SETS)],
        [
            f"metrics: {by_set} a configuration set and {common} more, in the traffic assumed",
            *(f"{PRICES['metrics'].of(by_set * sets + common):.2f}" for sets in _SETS),
        ],
        ["**together**", *(f"**{_fixed_dollars(counted, sets):.2f}**" for sets in _SETS)],
        [
            f"if all {most_by_set} + {most_common} metrics had a value in each hour",
            *(f"+{PRICES['metrics'].of((most_by_set - by_set) * sets + most_common - common):.2f}" for sets in _SETS),
        ],
        ["a key of your own (`UseCustomerManagedKey`)", *[f"+{PRICES['keys'].of(1):.2f}"] * len(_SETS)],
    ]
    return _table(["$ a month", *(f"{sets} configuration set{'s' * (sets > 1)}" for sets in _SETS)], rows)


def _fixed_dollars(counted: Counted, sets: int) -> float:
    by_set, common = _metrics(counted)
    idle = PRICES["sqs_requests"].of(polled_queues() * _IDLE_POLLS_A_MONTH)
    return PRICES["alarms"].of(alarm_metrics()) + idle + PRICES["metrics"].of(by_set * sets + common)


def _metrics(counted: Counted) -> tuple[int, int]:
    """How many metrics there are for each configuration set, and how many for all together."""
    found = counted.activity.metrics | counted.feedback.metrics
    by_set = sum(any(value.startswith("configuration_set=") for value in values) for values, _ in found)
    return by_set, len(found) - by_set


def _all_metrics() -> tuple[int, int]:
    """The same at the most: each name for each configuration set, and for what came without one."""
    names = set(NAMES.values())
    return len(names), len(names | {LAG})


def _quotas(counted: Counted) -> str:
    """Where the rates meet what AWS allows."""
    activity, feedback = counted.activity, counted.feedback
    used = counted.full
    activity_events = sum(PER_MAIL[kind] for kind in ACTIVITY)
    seconds = activity.seconds / activity.invocations
    feedback_seconds = feedback.seconds / feedback.invocations
    window = parameter("BatchWindowSeconds")
    commits = activity.usage.calls["TransactWriteItems"] / activity.events * activity_events

    def running(rate: float) -> int:
        return math.ceil(rate * activity_events / activity.events * activity.invocations * seconds)

    def row(what: str, value: Mapping[int, float], quota: str, moves: str) -> list[str]:
        return [what, *(f"{math.ceil(value[rate]):,}" for rate in _RATES), quota, moves]

    def by_rate(per_mail: float) -> Mapping[int, float]:
        return {rate: rate * per_mail for rate in _RATES}

    rows = [
        row("SNS: publishes a second", by_rate(sum(PER_MAIL.values())), "30,000 in us-east-1, less elsewhere", "AWS, on request"),
        row(
            "SQS: messages being collected or recorded",
            by_rate(activity_events * (window + seconds)),
            "120,000 in flight",
            "`BatchWindowSeconds`",
        ),
        row(
            "Lambda: activity functions at once",
            {rate: running(rate) for rate in _RATES},
            f"`ActivityMaximumConcurrency`, {parameter('ActivityMaximumConcurrency')}; 1,000 for the account",
            "`ActivityMaximumConcurrency`",
        ),
        row(
            "Lambda: feedback functions at once",
            by_rate((sum(PER_MAIL.values()) - activity_events) * feedback_seconds),
            "1,000 for the account",
            "`FeedbackReservedConcurrency`; AWS, on request",
        ),
        row(
            "DynamoDB: write units a second, `EventsTable`",
            by_rate(used["write_units"] / MAILS),
            "4,000 at once when new, 40,000 for a table",
            "`EventsTableWarmWriteUnits`; AWS, on request",
        ),
        row(
            "DynamoDB: write units a second, its busier index",
            by_rate(sum(PER_MAIL.values())),
            "4,000 at once when new, 40,000",
            "`EventsTableWarmWriteUnits`; AWS, on request",
        ),
        row("DynamoDB: write units a second of one key of `by_day`", by_rate(1 / DAY_SHARDS), "1,000", "(16 keys a day, fixed)"),
        row(
            "DynamoDB: writes a second to one scope's counters",
            by_rate(commits),
            f"500 for each of `CounterShards`, {parameter('CounterShards')}",
            "`CounterShards`",
        ),
        row(
            "environments that write one counter's row",
            {rate: running(rate) / parameter("CounterShards") for rate in _RATES},
            "1; beyond it they make each other wait",
            "`CounterShards`",
        ),
    ]
    return _table(["", *(f"{rate:,}/s" for rate in _RATES), "quota", "moved by"], rows)


def _prices() -> str:
    prices = [*PRICES.values(), SES, VDM]
    return _table(["", "$", "for each", "from"], [[p.thing, f"{p.dollars:g}", p.unit, p.read] for p in prices])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, aligned, *rows))


def _quantity(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= MAILS / 100 else f"{quantity:.2g}"


# The document


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The document with these tables in their places, `<!-- name -->` to `<!-- /name -->`."""
    for name, table in parts.items():
        place = re.compile(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text, places = place.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", text)
        if places != 1:
            raise SystemExit(f"costs: {DOCUMENT.name} has {places} places for the table {name!r}")
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
    current = DOCUMENT.read_text(encoding="utf-8")
    wanted = filled(current, tables())
    if arguments.write:
        DOCUMENT.write_text(wanted, encoding="utf-8")
    elif current != wanted:
        stale = [new for old, new in zip(current.splitlines(), wanted.splitlines(), strict=False) if old != new]
        print("docs/costs.md is out of date; `python -m benchmarks.costs --write` would write, among others:", *stale[:5], sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
