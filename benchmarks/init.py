"""How long the functions take to start, against a handler that only imports boto3 and makes the same clients.

AWS's Runtime Interface Emulator starts the built functions (`make build` first) with AWS's runtime client, each time in
a fresh process, in turns, so that a busy machine slows all of them alike. What stands on the path is what stands there
in Lambda: the function, the layer, then boto3 and the runtime client, everything compiled.
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

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / ".aws-sam" / "build"
RUNNER = ROOT / "tests" / "support" / "lambda-rie"
# The client that ses_warden.bootstrap makes; the one for S3 waits until something must be put aside.
BASELINE = """
import boto3

client = boto3.client("dynamodb")


def lambda_handler(event: object, context: object) -> None:
    return None
"""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    # nothing listens there: the events sent need no AWS
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "EVENTS_TABLE": "events",
    "SUPPRESSION_TABLE": "suppression",
    "REPUTATION_TABLE": "reputation",
    "QUARANTINE_BUCKET": "quarantine",
    "RETENTION_DAYS": "30",
    "COUNTER_SHARDS": "8",
    "SUPPRESSION_AUTHORITY": "ses",
    "NO_FEEDBACK_DOMAINS": "gmail.com,googlemail.com",
    "POWERTOOLS_METRICS_NAMESPACE": "SesWarden",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


@dataclass
class Contestant:
    """One handler: where it is, an event that it answers without AWS, how much slower than the baseline it may be."""

    name: str
    folder: Path
    event: Path
    bar: float | None = None
    init: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)


def closure(*names: str) -> Iterator[importlib.metadata.Distribution]:
    """The installed distributions of these names and all that they require here."""
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


def make_runtime(folder: Path) -> Path:
    """An environment with the runtime's packages alone, so that the layer must bring the rest; its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for distribution in closure("awslambdaric", "boto3"):
        for file in distribution.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
    compileall.compile_dir(packages, quiet=2)
    return folder / "bin" / "python"


def start(contestant: Contestant, python: Path, runtime_log: Path) -> None:
    """Start the function once, send it its event, and add the times (ms) to the contestant's."""
    layer = BUILD / "CoreLayer" / "python"
    environment = {"PATH": os.defpath, "PYTHON": str(python), "LOG": str(runtime_log), **ENVIRONMENT}
    environment |= {"POWERTOOLS_SERVICE_NAME": contestant.name, "AWS_LAMBDA_FUNCTION_NAME": contestant.name}
    command = [RUNNER, contestant.folder, layer, Path("app.lambda_handler"), contestant.event]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    init = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", run.stderr)
    answer = re.search(r"^Duration: ([\d.]+) ms", run.stderr, re.MULTILINE)
    if run.returncode or not init or not answer or not run.stdout.strip() or "errorType" in run.stdout:
        log = runtime_log.read_text() if runtime_log.exists() else ""
        raise SystemExit(f"{contestant.name} did not start:\n{run.stdout}{run.stderr}{log}")
    contestant.init.append(float(init[1]))
    # the first duration that the emulator reports covers the start, too
    contestant.answer.append(float(answer[1]))


def report(contestants: list[Contestant]) -> bool:
    """Print the table; whether everything is within its bar."""
    baseline = contestants[0]
    print(f"{'':10} {'init ms':>8} {'fastest':>8} {'ratio':>6} {'to first answer ms':>19} {'ratio':>6} {'at most':>8}")
    good = True
    for c in contestants:
        init, answer = statistics.median(c.init), statistics.median(c.answer)
        ratio = init / statistics.median(baseline.init)
        answer_ratio = answer / statistics.median(baseline.answer)
        # a client that is made at the first event instead of at the start would only move the time
        good &= c.bar is None or max(ratio, answer_ratio) <= c.bar
        bar = "" if c.bar is None else f"{c.bar:.1f}"
        print(f"{c.name:10} {init:8.0f} {min(c.init):8.0f} {ratio:6.2f} {answer:19.0f} {answer_ratio:6.2f} {bar:>8}")
    return good


def main() -> int:
    """0 when both functions are within their bars, 1 when not, 2 when nothing is built."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=15, help="starts of each handler (default 15)")
    runs: int = parser.parse_args().runs
    if not (BUILD / "FeedbackFunction").is_dir():
        print("There is nothing built: run `make build` first.", file=sys.stderr)
        return 2
    events = ROOT / "events"
    with tempfile.TemporaryDirectory(prefix="ses-warden-init-") as name:
        folder = Path(name)
        (folder / "baseline").mkdir()
        (folder / "baseline" / "app.py").write_text(BASELINE)
        compileall.compile_dir(folder / "baseline", quiet=2)
        python = make_runtime(folder / "runtime")
        contestants = [
            Contestant("baseline", folder / "baseline", events / "sns" / "setup-validated.json"),
            Contestant("feedback", BUILD / "FeedbackFunction", events / "sns" / "setup-validated.json", 1.6),
            Contestant("activity", BUILD / "ActivityFunction", events / "sqs" / "raw" / "setup-validated.json", 1.9),
        ]
        for _ in range(runs):
            for contestant in contestants:
                start(contestant, python, folder / "log")
        print(f"Init in Lambda's runtime, medians of {runs} alternating starts")
        return 0 if report(contestants) else 1


if __name__ == "__main__":
    sys.exit(main())
