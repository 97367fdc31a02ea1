"""What a thousand mails make AWS do: the requests of the real code, counted by the stand-in for DynamoDB and from its log."""

import json
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from typing import Any, Final

from benchmarks.dynamodb import Usage
from benchmarks.function import Function
from benchmarks.prices import GIGABYTE, PRICES
from benchmarks.workload import ACTIVITY, PER_MAIL, batch, feedback
from ses_warden.adapters.metrics import emit
from ses_warden.bootstrap.recording import services
from ses_warden_cli.samples.doors import wrap_sns, wrap_sqs
from tests.support.template import Json, load, of_type, resolve

type Quantities = Mapping[str, float]

# Fixed, so that each run counts the same.
NOW: Final = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SENT_AT: Final = NOW - timedelta(minutes=5)
SAMPLE_MAILS: Final = 2500
MAILS: Final = 1000

# What is assumed and not counted. SQS gives a poller ten messages at a time; both they and a publish are charged by 64 KB.
MESSAGES_A_RECEIVE: Final = 10
SECONDS_AN_EVENT: Final = 0.001
SECONDS_A_CALL: Final = 0.010
# Lambda's own START, END and REPORT lines.
RUNTIME_LOG_BYTES: Final = 330
# Rows live for RetentionDays, and up to two days until DynamoDB gets round to deleting them; a month has 30.4 days.
MONTHS_KEPT: Final = 32 / 30.4
MONTHS_LOGGED: Final = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """Invocations of one function: the mails and events that they were about, and what they used and wrote."""

    mails: int
    invocations: int
    events: int
    usage: Usage
    log: str
    largest_row: int

    @property
    def seconds(self) -> float:
        """How long they are assumed to take."""
        return self.events * SECONDS_AN_EVENT + self.usage.calls.total() * SECONDS_A_CALL

    @property
    def metrics(self) -> set[tuple[tuple[str, ...], str]]:
        """The metrics in the log, each a name with its dimensions' values."""
        found: set[tuple[tuple[str, ...], str]] = set()
        for line in map(json.loads, self.log.splitlines()):
            for directive in line["_aws"]["CloudWatchMetrics"]:
                values = tuple(f"{name}={line[name]}" for names in directive["Dimensions"] for name in sorted(names))
                found |= {(values, metric["Name"]) for metric in directive["Metrics"]}
        return found


def memory_gb() -> float:
    """The functions' memory."""
    size: int = _stack()["Globals"]["Function"]["MemorySize"]
    return size / 1024


def activity_run(batch_size: int, kinds: Sequence[str] = ACTIVITY, mails: int = SAMPLE_MAILS) -> Run:
    """The activity events of so many mails, in batches of that size."""
    events = batch("mail", SENT_AT, round(mails * sum(PER_MAIL[kind] for kind in kinds)), kinds)
    payloads = [wrap_sqs(events[start : start + batch_size]) for start in range(0, len(events), batch_size)]
    return _run("activity", payloads, mails, len(events))


def feedback_run(mails: int = SAMPLE_MAILS) -> Run:
    """The feedback events of so many mails, one at a time, as SNS hands them over."""
    events = feedback("mail", SENT_AT, mails)
    return _run("feedback", map(wrap_sns, events), mails, len(events))


def quantities(run: Run, *, queued: bool) -> Quantities:
    """What a run is charged for, for a thousand mails, by the names of the prices. `queued`: the events came through a queue."""
    fills = math.ceil(run.events / run.invocations / MESSAGES_A_RECEIVE) * run.invocations
    log_bytes = len(run.log.encode()) + run.invocations * RUNTIME_LOG_BYTES
    usage = run.usage
    used = {
        "sns_publishes": run.events,
        # Each message is sent, then received and deleted with its neighbours.
        "sqs_requests": run.events + 2 * fills if queued else 0,
        "lambda_runs": run.invocations,
        "lambda_gb_seconds": run.seconds * memory_gb(),
        "write_units": usage.write_units,
        "index_write_units": usage.index_write_units,
        "read_units": usage.read_units,
        "stored_gb_months": (usage.stored + usage.index_stored) / GIGABYTE * MONTHS_KEPT,
        "recoverable_gb_months": usage.stored / GIGABYTE * MONTHS_KEPT,
        "log_gb": log_bytes / GIGABYTE,
        "log_gb_months": log_bytes / GIGABYTE * MONTHS_LOGGED,
    }
    return {name: used[name] * MAILS / run.mails for name in PRICES if name in used}


def total(*lanes: Quantities) -> Quantities:
    """The sum of the lanes."""
    return {name: sum(lane[name] for lane in lanes) for name in lanes[0]}


def dollars(used: Quantities) -> float:
    """What these quantities cost."""
    return sum(PRICES[name].of(quantity) for name, quantity in used.items())


def alarm_metrics() -> int:
    """The alarms of the template, counted as CloudWatch charges them: by the metrics that they look at."""
    alarms = of_type(_stack(), "AWS::CloudWatch::Alarm").values()
    return sum(len([metric for metric in alarm.get("Metrics", ()) if "MetricStat" in metric]) or 1 for alarm in alarms)


def polled_queues() -> int:
    """The queues that Lambda polls."""
    functions = of_type(_stack(), "AWS::Serverless::Function").values()
    return sum(event["Type"] == "SQS" for function in functions for event in function["Events"].values())


def parameter(name: str) -> int:
    """The default of a parameter of the template."""
    return int(_stack()["Parameters"][name]["Default"])


@cache
def _stack() -> Json:
    """The template with its defaults."""
    return resolve(load())


def _run(name: str, payloads: Iterable[Any], mails: int, events: int) -> Run:
    function = Function(name)
    at_that_time = replace(services(), clock=lambda: NOW)
    log, invocations = StringIO(), 0
    with redirect_stdout(log), warnings.catch_warnings(action="ignore"):
        for payload in payloads:
            outcome = at_that_time.record(payload)
            assert not outcome.error
            emit(outcome)
            invocations += 1
    return Run(mails, invocations, events, function.database.usage, log.getvalue(), function.database.largest_row)
