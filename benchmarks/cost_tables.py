"""The tables of docs/costs.md, in Markdown, from counted requests, the template and the list prices."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from benchmarks.capacity import TRANSACTION
from benchmarks.prices import PRICES, SES, VDM, Price
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
from ses_warden.adapters.guard_metrics import GUARD_METRICS
from ses_warden.adapters.metrics import LAG, NAMES
from ses_warden.adapters.rows import DAY_SHARDS
from ses_warden.application.guard_sending import ASK_AWS_EVERY
from ses_warden.application.outcome import Happening

# Mails a second, evenly; the slowest and the one that fills batches, and some between.
PACES: Final = (0.1, 1, 10, 100)
RATES: Final = (10, 1_000, 10_000)
_SETS: Final = (1, 3, 10)
_MONTHLY: Final = (100_000, 1_000_000, 10_000_000, 100_000_000)
_SECONDS_A_MONTH: Final = 30.4 * 86_400
# VDM's price for more mails than this was not found.
_VDM_KNOWN: Final = 10_000_000
# As few mails as have each kind of event as often as is assumed, and as few as fill a batch without opens and clicks.
_FEW_MAILS, _SOME_MAILS = 100, 500
# Lambda reads an idle queue with five pollers, each of which waits 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
_IDLE_POLLS_A_MONTH: Final = 5 * _SECONDS_A_MONTH / 20
# The guard runs each minute with 1 GB; a third of a second is assumed. It asks CloudWatch for two rates of each scope.
_GUARD_RUNS_A_MONTH: Final = _SECONDS_A_MONTH / 60
_GUARD_GB_SECONDS: Final = _GUARD_RUNS_A_MONTH / 3
_RATES_ASKED: Final = 2
# … of a configuration set: two rates, the head-room, whether it is paused; of the account the same.
_GUARD_BY_SET: Final = 4
# What is counted without a configuration set at all times.
_COMMON: Final = (
    Happening.SUPPRESSED,
    Happening.RELEASED,
    Happening.UNKNOWN_EVENT,
    Happening.UNPARSABLE,
    Happening.SETUP_MESSAGE,
)
# Write units a second of one partition key; a transaction takes two for each write.
_KEY_UNITS: Final = 1000
_ACTIVITY_EVENTS: Final = sum(PER_MAIL[kind] for kind in ACTIVITY)
_EVENTS: Final = sum(PER_MAIL.values())


class Counted:
    """The runs that all tables are made of."""

    def __init__(self) -> None:
        batch = parameter("BatchSize")
        self.activity: Run = activity_run(batch)
        self.feedback: Run = feedback_run()
        self._without_tracking: Run = activity_run(batch, ("Send", "Delivery"), _SOME_MAILS)
        sizes = {pace: events_a_batch(pace) for pace in PACES}
        self._by_pace: Mapping[float, Run] = {
            pace: self.activity if size == batch else activity_run(size, mails=_FEW_MAILS) for pace, size in sizes.items()
        }

    @property
    def full(self) -> Quantities:
        """A thousand mails with their whole history, in full batches."""
        return self._with_feedback(self.activity)

    @property
    def untracked(self) -> Quantities:
        """A thousand mails without opens and clicks."""
        return self._with_feedback(self._without_tracking)

    @property
    def only_feedback(self) -> Quantities:
        """A thousand mails without the activity lane."""
        return quantities(self.feedback, queued=False)

    def at(self, pace: float) -> Quantities:
        """A thousand mails sent at one of the paces."""
        return self._with_feedback(self._by_pace[pace])

    def metrics(self) -> tuple[int, int]:
        """How many metrics this traffic has for each configuration set, and how many more for all together."""
        found = self.activity.metrics | self.feedback.metrics
        by_set = sum(any(value.startswith("configuration_set=") for value in values) for values, _ in found)
        return by_set, len(found) - by_set

    def fixed(self, sets: int) -> float:
        """Dollars a month for a stack with so many configuration sets, whatever is sent."""
        by_set, common = self.metrics()
        metrics = PRICES["metrics"].of(by_set * sets + common)
        return PRICES["alarms"].of(alarm_metrics()) + _idle_dollars() + metrics + _guard_dollars(sets) + PRICES["dashboards"].of(1)

    def _with_feedback(self, run: Run) -> Quantities:
        return total(quantities(run, queued=True), self.only_feedback)


def events_a_batch(pace: float) -> int:
    """How many activity events Lambda collects in a batch at so many mails a second."""
    collected = math.floor(pace * _ACTIVITY_EVENTS * parameter("BatchWindowSeconds"))
    return min(parameter("BatchSize"), max(1, collected))


def tables(counted: Counted) -> dict[str, str]:
    """The tables by the names of their places in the document."""
    return {
        "assumed": _assumed(),
        "items": _items(counted),
        "paces": _paces(counted),
        "months": _months(counted),
        "fixed": _fixed(counted),
        "quotas": _quotas(counted),
        "prices": _prices(),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table in Markdown; `numbers` are the columns that are aligned to the right."""
    right = set(numbers)
    rules = ["---:" if column in right else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def _assumed() -> str:
    names = {"Bounce": "hard bounces", "Other": "soft bounces, out-of-office replies, complaints, not-spam reports"}
    rows = [[names.get(kind, f"`{kind}`"), f"{share:g}"] for kind, share in PER_MAIL.items()]
    return table(["event", "for each mail"], [*rows, ["together", f"{_EVENTS:g}"]], [1])


def _items(counted: Counted) -> str:
    columns = (counted.full, counted.untracked, counted.only_feedback)
    rows = [
        [PRICES[name].thing, _quantity(quantity), *(f"{PRICES[name].of(column[name]):.5f}" for column in columns)]
        for name, quantity in counted.full.items()
    ]
    sums = [f"**{dollars(column):.4f}**" for column in columns]
    head = ["", f"for {MAILS:,} mails", "$, full history", "$, no opens and clicks", "$, feedback lane alone"]
    return table(head, [*rows, ["**together**", "", *sums]], range(1, 5))


def _paces(counted: Counted) -> str:
    rows = [[f"{pace:g}", f"{events_a_batch(pace):,}", f"{dollars(counted.at(pace)):.4f}"] for pace in PACES]
    return table(["mails a second", "events in a batch", f"$ for {MAILS:,} mails"], rows, range(3))


def _months(counted: Counted) -> str:
    rows: list[list[str]] = []
    for mails in _MONTHLY:
        pace = max((pace for pace in PACES if pace <= mails / _SECONDS_A_MONTH), default=PACES[0])
        bursts, evenly = (mails / MAILS * dollars(used) + counted.fixed(1) for used in (counted.full, counted.at(pace)))
        vdm = f"{VDM.of(mails):,.0f}" if mails <= _VDM_KNOWN else "not known"
        rows.append([f"{mails:,}", f"{bursts:,.2f}", f"{evenly:,.2f}", vdm, f"{SES.of(mails):,.0f}"])
    return table(["mails a month", "$, sent in bursts", "$, sent evenly", "$, VDM", "$, SES itself"], rows, range(5))


def _fixed(counted: Counted) -> str:
    by_set, common = counted.metrics()
    names = set(NAMES.values())
    most_by_set, most_common = len(names - {NAMES[happening] for happening in _COMMON}), len(names | {LAG})
    per_metric = PRICES["metrics"].of

    def row(what: str, cost: Callable[[int], float], text: str = "{:.2f}") -> list[str]:
        return [what, *(text.format(cost(sets)) for sets in _SETS)]

    rows = [
        row(f"alarms, which watch {alarm_metrics()} metrics", lambda _: PRICES["alarms"].of(alarm_metrics())),
        row(f"asking {polled_queues()} empty queues for messages", lambda _: _idle_dollars()),
        row(
            f"metrics: {by_set} a configuration set and {common} more, in the traffic assumed",
            lambda sets: per_metric(by_set * sets + common),
        ),
        row(
            f"the guard: its runs, and {_GUARD_BY_SET} metrics a configuration set and {len(GUARD_METRICS)} more",
            _guard_dollars,
        ),
        row("a dashboard", lambda _: PRICES["dashboards"].of(1)),
        row("**together**", counted.fixed, "**{:.2f}**"),
        row(
            f"if all {most_by_set} and {most_common} metrics had a value in each hour",
            lambda sets: per_metric((most_by_set - by_set) * sets + most_common - common),
            "+{:.2f}",
        ),
        row("a key of your own (`UseCustomerManagedKey`)", lambda _: PRICES["keys"].of(1), "+{:.2f}"),
    ]
    return table(["$ a month", *(f"{sets} configuration set{'s' * (sets > 1)}" for sets in _SETS)], rows, range(1, 4))


def _quotas(counted: Counted) -> str:
    """Where the rates meet what AWS allows."""
    activity, feedback = counted.activity, counted.feedback
    seconds, feedback_seconds = (run.seconds / run.invocations for run in (activity, feedback))
    batches, commits = (
        count / activity.events * _ACTIVITY_EVENTS for count in (activity.invocations, activity.usage.calls["TransactWriteItems"])
    )
    concurrency, shards, window = map(parameter, ("ActivityMaximumConcurrency", "CounterShards", "BatchWindowSeconds"))

    def running(rate: float) -> int:
        return math.ceil(rate * batches * seconds)

    def in_flight(rate: float) -> float:
        # A batch waits for its window, or until it is full.
        collecting = min(rate * _ACTIVITY_EVENTS * window, running(rate) * parameter("BatchSize"))
        return collecting + rate * _ACTIVITY_EVENTS * seconds

    warm = "`EventsTableWarmWriteUnits`; AWS, on request"
    rows: list[tuple[str, Callable[[float], float], str, str]] = [
        ("SNS: publishes a second", lambda rate: rate * _EVENTS, "by Region, at most 30,000", "AWS, on request"),
        ("SQS: messages taken and not yet recorded", in_flight, "120,000", "`BatchSize`, `BatchWindowSeconds`"),
        ("Lambda: activity function, at once", running, f"{concurrency}; 1,000 an account", "`ActivityMaximumConcurrency`"),
        (
            "Lambda: feedback function, at once",
            lambda rate: rate * (_EVENTS - _ACTIVITY_EVENTS) * feedback_seconds,
            "1,000 an account",
            "`FeedbackReservedConcurrency`",
        ),
        ("DynamoDB: write units a second, events table", lambda rate: rate * TRANSACTION * _EVENTS, "4,000 when new; 40,000", warm),
        ("… its index `by_recipient`", lambda rate: rate * _EVENTS, "4,000 when new; 40,000", warm),
        ("… one key of its index `by_day`", lambda rate: rate / DAY_SHARDS, f"{_KEY_UNITS:,}", f"nothing: {DAY_SHARDS} keys a day"),
        (
            "DynamoDB: transactions a second on one scope's counters",
            lambda rate: rate * commits,
            f"{shards * _KEY_UNITS // TRANSACTION:,}",
            "`CounterShards`",
        ),
        (
            "Lambda environments that share a counter's row",
            lambda rate: running(rate) / shards,
            "1, or they wait for each other",
            "`CounterShards`",
        ),
    ]
    cells = [[what, *(f"{math.ceil(need(rate)):,}" for rate in RATES), quota, moves] for what, need, quota, moves in rows]
    return table(["", *(f"{rate:,} mails/s" for rate in RATES), "limit", "moved by"], cells, range(1, 4))


def _prices() -> str:
    def row(price: Price) -> list[str]:
        return [price.thing, f"{price.dollars:.10f}".rstrip("0").rstrip("."), price.unit, price.read]

    return table(["", "$", "for each", "from"], map(row, [*PRICES.values(), SES, VDM]), [1])


def _guard_dollars(sets: int) -> float:
    """The guard's runs and metrics in a month; what it reads and logs is less than its runs."""
    asked = _RATES_ASKED * (sets + 1) * _SECONDS_A_MONTH / ASK_AWS_EVERY.total_seconds()
    return (
        PRICES["lambda_runs"].of(_GUARD_RUNS_A_MONTH)
        + PRICES["lambda_gb_seconds"].of(_GUARD_GB_SECONDS)
        + PRICES["metrics_asked"].of(asked)
        + PRICES["metrics"].of(_GUARD_BY_SET * sets + len(GUARD_METRICS))
    )


def _idle_dollars() -> float:
    return PRICES["sqs_requests"].of(polled_queues() * _IDLE_POLLS_A_MONTH)


def _quantity(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= MAILS / 100 else f"{quantity:.6f}".rstrip("0")
