"""How long the functions take to start, against a handler that only imports boto3 and makes the same client.

AWS's Runtime Interface Emulator starts the built functions with AWS's runtime client, each time in a fresh process, in turns,
so that a busy machine slows all of them alike. What stands on the path is what stands there in Lambda: the function, the layer,
then boto3 and the runtime client, everything compiled.
"""

import argparse
import compileall
import importlib.metadata
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.function import ENVIRONMENT, ROOT
from benchmarks.report import Finding, exit_code, show
from tests.support.functions import GUARD_USUAL

BUILD = ROOT / ".aws-sam" / "build"
RUNNER = ROOT / "tests" / "support" / "lambda-rie"
# Events that are answered without AWS: a set-up message, and for a guard that is off a tenant's switch.
_SETUP, _QUEUED_SETUP, _TENANT = "sns/setup-validated.json", "sqs/raw/setup-validated.json", "tenants/disabled-by-aws.json"
_GUARD = {
    "GUARD_MODE": "off",
    "GUARD_ACCOUNT_MODE": "off",
    **GUARD_USUAL,
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "ACTIVITY_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/111122223333/activity",
}
# What ses_warden.bootstrap.recording makes; the client for S3 waits until something must be put aside.
BASELINE = """
import boto3

client = boto3.client("dynamodb")


def lambda_handler(event: object, context: object) -> None:
    return None
"""
RUNS = 15


@dataclass
class Contestant:
    """A handler, an event that it answers without AWS, the most that it may take in baselines, and its times (ms)."""

    name: str
    folder: Path
    event: str
    bar: float | None = None
    init: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)


def measure(runs: int = RUNS) -> list[Finding]:
    """The medians of so many starts; of the init alone, and of all that passes until the first event is answered."""
    with tempfile.TemporaryDirectory(prefix="ses-warden-init-") as name:
        folder = Path(name)
        python = _runtime(folder / "runtime")
        # A copy, so that a build meanwhile changes nothing.
        shutil.copytree(BUILD, folder / "build")
        (folder / "baseline").mkdir()
        (folder / "baseline" / "app.py").write_text(BASELINE)
        compileall.compile_dir(folder / "baseline", quiet=2)
        baseline = Contestant("baseline", folder / "baseline", _SETUP)
        functions = [
            Contestant("feedback", folder / "build" / "FeedbackFunction", _SETUP, 1.6),
            Contestant("activity", folder / "build" / "ActivityFunction", _QUEUED_SETUP, 1.9),
            # No bar: it runs each minute, and nobody waits for it. It makes five clients.
            Contestant("guard", folder / "build" / "GuardFunction", _TENANT),
        ]
        for _ in range(runs):
            for contestant in (baseline, *functions):
                _start(contestant, python, folder)
    return [finding for function in functions for finding in _compare(function, baseline)]


def _compare(function: Contestant, baseline: Contestant) -> Iterator[Finding]:
    # A client that is made at the first event instead of at the start would only move the time: hence both.
    for what, times, base in (
        ("init", function.init, baseline.init),
        ("init and first answer", function.answer, baseline.answer),
    ):
        own, other = statistics.median(times), statistics.median(base)
        yield Finding(
            f"{function.name}: {what}", own / other, bar=function.bar, note=f"{own:.0f} ms, with boto3 alone {other:.0f} ms"
        )


def _start(contestant: Contestant, python: Path, folder: Path) -> None:
    """Start a handler once, send it its event, and add the times that the emulator reports."""
    log = folder / "log"
    environment = ENVIRONMENT | _GUARD | {"PATH": os.defpath, "PYTHON": str(python), "LOG": str(log)}
    # Nothing listens there: the events need no AWS.
    environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_LAMBDA_FUNCTION_NAME": contestant.name}
    layer, event = folder / "build" / "CoreLayer" / "python", ROOT / "events" / contestant.event
    command = [str(RUNNER), str(contestant.folder), str(layer), "app.lambda_handler", str(event)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    init = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", run.stderr)
    answer = re.search(r"^Duration: ([\d.]+) ms", run.stderr, re.MULTILINE)
    if run.returncode or not init or not answer or not run.stdout.strip() or "errorType" in run.stdout:
        raise SystemExit(f"benchmarks: the {contestant.name} function did not start:\n{run.stdout}{run.stderr}")
    contestant.init.append(float(init[1]))
    # The first duration that the emulator reports begins with the init.
    contestant.answer.append(float(answer[1]))


def _runtime(folder: Path) -> Path:
    """The interpreter of a new environment with what Lambda's runtime has, so that the layer must bring the rest."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for distribution in _closure("awslambdaric", "boto3"):
        for file in distribution.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    compileall.compile_dir(packages, quiet=2)
    return folder / "bin" / "python"


def _closure(*names: str) -> Iterator[importlib.metadata.Distribution]:
    """The installed distributions of these names, and of all that they require."""
    todo, seen = list(names), set[str]()
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in seen:
            continue
        seen.add(name)
        distribution = importlib.metadata.distribution(name)
        yield distribution
        requirements = (Requirement(text) for text in distribution.requires or ())
        todo += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]


def main() -> int:
    """Measure and print; 1 if a bar is missed, 2 if nothing is built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"starts of each handler (default {RUNS})")
    runs: int = parser.parse_args().runs
    if not (BUILD / "FeedbackFunction").is_dir():
        print("There is nothing built: run `make build` first.", file=sys.stderr)
        return 2
    findings = measure(runs)
    show(f"Starting, in Lambda's runtime (medians of {runs} alternating starts)", findings)
    return exit_code(findings)


if __name__ == "__main__":
    sys.exit(main())
