"""How many AWS calls it takes to record events, and how much CPU time: the whole handler, on a stand-in for the network.

CPU time is told per event, and against `json.loads` of the same events: in Lambda both shrink and grow with the memory.
"""

import argparse
import gc
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.function import Function, Invocation
from benchmarks.report import Finding, exit_code, show
from benchmarks.workload import BATCH, batch, event_text
from ses_warden.adapters.rows import row_of
from ses_warden.domain.envelopes import open_event
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of, signal_of
from ses_warden.domain.parsing import parse_event
from ses_warden_cli.samples.doors import wrap_sns, wrap_sqs

CALLS_BAR, BOUNCE_CALLS_BAR, CPU_BAR = 30, 3, 9.0
_US = "µs"


def measure(*, quick: bool = False) -> list[Finding]:
    """The findings of this benchmark; takes about fifteen seconds, or five if `quick`."""
    # Mail of a few minutes ago, which counts as any other does.
    sent_at = datetime.now(UTC) - timedelta(minutes=10)
    activity = Function("activity")
    findings = [*_cpu(activity, sent_at, rounds=5 if quick else 15), *_calls_of_batches(activity, sent_at)]
    return [*findings, *_calls_of_feedback(Function("feedback"), sent_at)]


def _cpu(function: Function, sent_at: datetime, rounds: int) -> Iterator[Finding]:
    best: dict[str, int] = {}
    last: dict[str, Invocation] = {}
    function.invoke(wrap_sqs(batch("warm", sent_at, 10)))
    for number in range(rounds):
        texts = batch(f"round-{number}", sent_at)
        payload = wrap_sqs(texts)
        _keep(best, "json", _cpu_ns(_decode_all, texts))
        for what in ("new", "again"):
            gc.collect()
            last[what] = function.invoke(payload)
            _keep(best, what, last[what].cpu_ns)
        _keep(best, "json", _cpu_ns(_decode_all, texts))
        function.database.clear()
    decoded = best["json"] / BATCH
    yield Finding("json.loads of an event", decoded / 1000, _US)
    yield Finding(f"CPU of an event in a batch of {BATCH:,} new ones", best["new"] / BATCH / 1000, _US)
    yield Finding("… ÷ json.loads", best["new"] / best["json"], bar=CPU_BAR)
    yield Finding(f"CPU of an event in a batch of {BATCH:,} duplicates ÷ json.loads", best["again"] / best["json"])
    yield _calls(f"calls of a batch of {BATCH:,} new events", last["new"], CALLS_BAR)
    yield _calls(f"calls of a batch of {BATCH:,} duplicates", last["again"])


def _calls_of_batches(function: Function, sent_at: datetime) -> Iterator[Finding]:
    deliveries = [event_text("Delivery", f"delivered-{n}", sent_at) for n in range(BATCH)]
    yield _calls(f"calls of a batch of {BATCH:,} deliveries", function.invoke(wrap_sqs(deliveries)), CALLS_BAR)
    # Each configuration set and hour of sending is a counter of its own, and takes room from the rows of a transaction.
    spread = [
        event_text("Open", f"spread-{n}", sent_at - timedelta(hours=n % 24), configuration_set=f"set-{n % 10}")
        for n in range(BATCH)
    ]
    yield _calls("calls of a batch from 10 configuration sets and 24 hours", function.invoke(wrap_sqs(spread)))


def _calls_of_feedback(function: Function, sent_at: datetime) -> Iterator[Finding]:
    def run(kind: str, mail: str, recipient: str, minutes: int = 0) -> Invocation:
        at = sent_at + timedelta(minutes=minutes)
        return function.invoke(wrap_sns(event_text(kind, mail, at, recipient=recipient)))

    yield _calls("calls of a hard bounce, the first of an environment", run("Bounce", "1", "a@example.com"), BOUNCE_CALLS_BAR)
    yield _calls("calls of a hard bounce, later", run("Bounce", "2", "b@example.com"), BOUNCE_CALLS_BAR)
    yield _calls("… of an address that is in the suppression table", run("Bounce", "3", "b@example.com"))
    yield _calls("… told twice", run("Bounce", "3", "b@example.com"))
    yield _calls("calls of a complaint", run("Complaint", "4", "c@example.com"))
    strike = "bounce-transient-mailboxfull"
    yield _calls("calls of a first strike", run(strike, "5", "d@example.com"))
    yield _calls("… of a second", run(strike, "6", "d@example.com", minutes=1))
    function.invoke(wrap_sqs([event_text("Delivery", "7", sent_at + timedelta(minutes=4), recipient="e@example.com")]))
    yield _calls("… of one that a delivery has already healed", run(strike, "8", "e@example.com"))
    function.invoke(wrap_sns(event_text(strike, "9", sent_at, recipient="f@example.com")))
    healing = event_text("Delivery", "10", sent_at + timedelta(minutes=4), recipient="f@example.com")
    yield _calls("calls of a delivery that heals one", function.invoke(wrap_sqs([healing])))
    yield _calls("calls of a delivery to anybody else", run("Delivery", "11", "g@example.com"))


def _calls(name: str, invocation: Invocation, bar: int | None = None) -> Finding:
    made = sorted(invocation.calls.items(), key=lambda call: -call[1])
    return Finding(name, invocation.calls.total(), "", bar, note=", ".join(f"{count} {operation}" for operation, count in made))


# Where the time goes


def breakdown(*, quick: bool = False) -> list[Finding]:
    """CPU time of an event by stage, of a batch of new ones; without the garbage collector, which is a stage of its own."""
    sent_at = datetime.now(UTC) - timedelta(minutes=10)
    function = Function("activity")
    stopwatch = _Stopwatch(function)
    best: dict[str, int] = {}
    for number in range(4 if quick else 12):
        texts = batch(f"stage-{number}", sent_at)
        payload = wrap_sqs(texts)
        _keep(best, "with the collector", function.invoke(payload).cpu_ns)
        function.database.clear()
        gc.collect()
        gc.disable()
        stages = {**_stages(payload), **stopwatch.time(payload)}
        gc.enable()
        function.database.clear()
        for stage, taken in stages.items():
            _keep(best, stage, taken)
    collected, total = best.pop("with the collector"), best.pop("all")
    best["use case, metrics, the rest"] = total - sum(best.values())
    # The two are runs of their own, and may differ by less than they vary.
    best["collecting garbage"] = max(0, collected - total)
    return [Finding(stage, taken / BATCH / 1000, _US, note=f"{taken / collected:.0%}") for stage, taken in best.items()]


def _stages(payload: Any) -> Mapping[str, int]:
    """The stages that can be run alone, in ns for the whole batch."""
    times: dict[str, int] = {}

    def timed[T](name: str, stage: Callable[[], T]) -> T:
        begin = time.process_time_ns()
        result = stage()
        times[name] = time.process_time_ns() - begin
        return result

    envelopes = timed("open envelopes", lambda: open_event(payload))
    events = timed("parse", lambda: [parse_event(envelope.body) for envelope in envelopes])
    facts = timed("facts and signals", lambda: _facts(events))
    timed("rows", lambda: [row_of(fact, 0) for fact in facts])
    return times


def _facts(events: Sequence[Any]) -> list[Fact]:
    facts = [fact for event in events if isinstance(event, MailEvent) for fact in facts_of(event)]
    for fact in facts:
        signal_of(fact)
    return facts


class _Stopwatch:
    """Takes the time at botocore's own events: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html"""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._begin = self._serialised = self._stand_in = 0
        self._times = {"serialise": 0, "sign, send, read the answer": 0}
        for event, handler in (
            ("provide-client-params", self._starts),
            ("request-created", self._is_serialised),
            ("after-call", self._ends),
        ):
            function.session.events.register_first(f"{event}.dynamodb", handler)
        function.restart()

    def time(self, payload: Any) -> Mapping[str, int]:
        """The time in botocore and in all, in ns."""
        self._times = dict.fromkeys(self._times, 0)
        return {"all": self._function.invoke(payload).cpu_ns, **self._times}

    def _starts(self, **_: object) -> None:
        self._begin = time.process_time_ns()

    def _is_serialised(self, **_: object) -> None:
        self._serialised, self._stand_in = time.process_time_ns(), self._function.database.own_ns
        self._times["serialise"] += self._serialised - self._begin

    def _ends(self, **_: object) -> None:
        taken = time.process_time_ns() - self._serialised
        self._times["sign, send, read the answer"] += taken - (self._function.database.own_ns - self._stand_in)


def _decode_all(texts: Sequence[str]) -> None:
    for text in texts:
        json.loads(text)


def _cpu_ns(function: Callable[[Sequence[str]], object], argument: Sequence[str]) -> int:
    gc.collect()
    begin = time.process_time_ns()
    function(argument)
    return time.process_time_ns() - begin


def _keep(best: dict[str, int], name: str, taken: int) -> None:
    best[name] = min(best.get(name, sys.maxsize), taken)


def main() -> int:
    """Measure and print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick: bool = parser.parse_args().quick
    findings = measure(quick=quick)
    show("Recording", findings)
    show("Where the CPU time of an event goes", breakdown(quick=quick))
    return exit_code(findings)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main())
