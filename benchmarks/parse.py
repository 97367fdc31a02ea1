"""How long it takes to make a typed event of SES's text, against `json.loads` and against django-anymail.

The files are fixed: each sample of a type that SES documents, in both forms. What is compared takes turns within one run, and of
each the fastest round counts: what a busy machine adds is no property of the code.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import Finding, exit_code, show
from ses_warden.domain.envelopes import open_event
from ses_warden.domain.parsing import parse_event
from ses_warden_cli.samples.doors import sns_text, wrap_sns
from tests.support.samples import names, ses

ROOT = Path(__file__).resolve().parents[1]
ANYMAIL = ROOT / "environments" / "anymail" / ".venv" / "bin" / "python"
# A type of our own invention, to see what becomes of it; nobody else parses it.
_INVENTED = "unknown-type"
# AWS's documentation has one sample whose times are spelled as in no event that was ever seen.
_ODD = "identity-bounce-documented"

TOTAL_BAR, ANYMAIL_BAR = 1.25, 2.0
# Short turns, so that most of them pass without an interruption.
_REPETITIONS = 10

type Times = dict[str, int]


def measure(*, quick: bool = False) -> list[Finding]:
    """The findings of this benchmark; takes about ten seconds, or two if `quick`."""
    texts = {name: ses(name) for form in ("publishing", "identity") for name in names(form) if name != _INVENTED}
    return [*_against_json(texts, rounds=40 if quick else 120), *_against_anymail(texts, rounds=10 if quick else 40)]


def _against_json(texts: Mapping[str, str], rounds: int) -> Iterator[Finding]:
    decoded, parsed = _race(texts, rounds, json.loads, parse_event)
    ratios = {name: parsed[name] / decoded[name] for name in texts}
    each = sum(parsed.values()) / len(texts) / 1000
    worst = max(ratios, key=lambda name: ratios[name])
    usual = max(ratios.keys() - {_ODD}, key=lambda name: ratios[name])
    yield Finding(
        "parse_event ÷ json.loads, all files",
        sum(parsed.values()) / sum(decoded.values()),
        bar=TOTAL_BAR,
        note=f"{len(texts)} files, {each:.1f} µs each",
    )
    yield Finding("… the worst file", ratios[worst], note=worst)
    if worst == _ODD:
        yield Finding("… the worst but for that odd one", ratios[usual], note=usual)
    for form, start in (("identity notifications", "identity"), ("opens", "open"), ("hard bounces", "bounce-permanent")):
        chosen = [name for name in texts if name.startswith(start)]
        yield Finding(f"… {form}", sum(parsed[name] for name in chosen) / sum(decoded[name] for name in chosen))


def _against_anymail(texts: Mapping[str, str], rounds: int) -> Iterator[Finding]:
    bodies = {name: sns_text(text) for name, text in texts.items()}
    records = {name: wrap_sns(text) for name, text in texts.items()}
    best: dict[str, Times] = {}
    with _anymail(bodies) as run_theirs:
        for _ in range(rounds):
            theirs = run_theirs()
            ours, same = _race_two((records, _from_record), (bodies, _from_body), rounds=1)
            for what, times in {**theirs, "ours": ours, "same bytes": same}.items():
                best[what] = _fastest(best.get(what, {}), times)
    total = {what: sum(times.values()) for what, times in best.items()}
    yield Finding(
        "django-anymail ÷ ours",
        total["parse_events"] / total["ours"],
        bar=ANYMAIL_BAR,
        at_least=True,
        note="parse_events(request) of its webhook; ours from the record that Lambda hands over",
    )
    yield Finding(
        "… ours from the webhook's bytes", total["parse_events"] / total["same bytes"], note="SNS's JSON decoded by us as well"
    )
    yield Finding("… the whole webhook ÷ ours", total["view"] / total["ours"], note="checks, signals and response, no network")


def _from_record(record: Any) -> None:
    for envelope in open_event(record):
        parse_event(envelope.body)


def _from_body(body: str) -> None:
    # What Lambda's runtime and the envelope's opener see of an SNS notification.
    _from_record(json.loads(body))


def _race(
    arguments: Mapping[str, Any], rounds: int, first: Callable[[Any], object], second: Callable[[Any], object]
) -> tuple[Times, Times]:
    return _race_two((arguments, first), (arguments, second), rounds=rounds)


def _race_two(
    first: tuple[Mapping[str, Any], Callable[[Any], object]],
    second: tuple[Mapping[str, Any], Callable[[Any], object]],
    rounds: int,
) -> tuple[Times, Times]:
    """The fastest time (ns) of each function with each argument, in turns, without the garbage collector (as `timeit` does)."""
    best: tuple[Times, Times] = ({}, {})
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        for name in first[0]:
            for (arguments, function), times in zip((first, second), best, strict=True):
                times[name] = min(times.get(name, sys.maxsize), _time(function, arguments[name]))
        gc.enable()
    return best


def _time(function: Callable[[Any], object], argument: Any) -> int:
    # Once beforehand: what the other one left in the processor's caches is nobody's merit.
    function(argument)
    begin = time.perf_counter_ns()
    for _ in range(_REPETITIONS):
        function(argument)
    return (time.perf_counter_ns() - begin) // _REPETITIONS


def _fastest(one: Times, other: Times) -> Times:
    return {name: min(one.get(name, sys.maxsize), taken) for name, taken in other.items()}


@contextmanager
def _anymail(bodies: Mapping[str, str]) -> Iterator[Callable[[], dict[str, Times]]]:
    """A process in django-anymail's own environment, which runs a round whenever it is asked to."""
    if not ANYMAIL.exists():
        raise SystemExit("benchmarks: django-anymail's environment is missing; `scripts/setup anymail` makes it")
    command = [str(ANYMAIL), str(Path(__file__).with_name("anymail_worker.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 -- our own
        assert process.stdin
        assert process.stdout
        requests, answers = process.stdin, process.stdout

        def ask(request: object) -> Any:
            requests.write(json.dumps(request) + "\n")
            requests.flush()
            return json.loads(answers.readline())

        ask(bodies)
        yield lambda: ask("again")
        requests.close()


def main() -> int:
    """Measure and print; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    findings = measure(quick=parser.parse_args().quick)
    show("Parsing", findings)
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
