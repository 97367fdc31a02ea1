"""Runs the container stage: ``tests/local/run``, or ``python -m tests.local`` where everything is set up.

Brings the Lambda runtime's image (the real one where it can be pulled, else a stand-in) and a Docker engine where none
answers, builds the stack, and runs the tests of this folder. What it started, it stops.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.emulator import ROOT
from tests.support.stack import build

BASE_IMAGE = ROOT / "tests" / "support" / "lambda-base-image"
# An engine stops its containers first.
ENGINE_STOP_SECONDS = 30


class Tally:
    """Counts the outcomes; an error while setting up or clearing away is a failure."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each phase of each test."""
        self.passed += report.when == "call" and report.passed
        self.failed += report.failed


def engine_answers() -> bool:
    """Whether there is a Docker engine."""
    if (docker := shutil.which("docker")) is None:
        return False
    return subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0  # noqa: S603 -- our own words


def stop_engine() -> None:
    """Stop the engine that the image's script started, and wait for it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    engine = int((cache / "lambda-base-image" / "dockerd.pid").read_text())
    os.kill(engine, signal.SIGTERM)
    deadline = time.monotonic() + ENGINE_STOP_SECONDS
    # a process that has ended, though nobody has asked how, has no executable any more
    while Path(f"/proc/{engine}/exe").exists() and time.monotonic() < deadline:
        time.sleep(0.1)


@contextmanager
def runtime_image() -> Iterator[str]:
    """The runtime's image in a running engine; gives `real` or `stand-in` and its name."""
    ours = not engine_answers()
    try:
        prepared = subprocess.run([BASE_IMAGE], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 -- our own script
        if prepared.returncode:
            sys.exit(prepared.returncode)
        yield prepared.stdout.strip()
    finally:
        if ours and engine_answers():
            stop_engine()


def main() -> int:
    """The exit code: pytest's, or that of a preparation that failed."""
    # SIGTERM as Ctrl-C: whatever runs is stopped on the way out
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally = Tally()
    with runtime_image() as image:
        build()
        print(f"Lambda's runtime: {image}", flush=True)  # noqa: T201 -- a program
        # the first test of each kind waits for a deployment or a first container
        code = pytest.main([str(Path(__file__).parent), "--timeout=300", *sys.argv[1:]], plugins=[tally])
    print(f"{tally.passed} passed, {tally.failed} failed")  # noqa: T201 -- a program
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
