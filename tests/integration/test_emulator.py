"""The emulator that tests, demo and benchmarks start: it is empty when asked to be, and leaves nothing behind."""

import io
import os
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import emulator
from tests.support.emulator import ROOT, Emulator, EmulatorError
from tests.support.stack import wait_for

# Starts an emulator and, in it, a function that is still busy when the program is ended.
PROGRAM = """
import sys, time
from tests.support.emulator import Emulator

with Emulator() as emulator:
    functions = emulator.client("lambda")
    code, role = {"ZipFile": bytes.fromhex(sys.argv[1])}, "arn:aws:iam::000000000000:role/r"
    functions.create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="app.busy", Code=code)
    functions.invoke(FunctionName="f", InvocationType="Event")
    while not (queues := emulator.client("sqs").list_queues().get("QueueUrls")):
        time.sleep(0.05)
    print(emulator.port, queues[0].rpartition("/")[2], flush=True)
    time.sleep(60)
"""
# Says by the name of a queue in which process group it runs.
FUNCTION = """
import os, time, boto3

def busy(event, context):
    boto3.client("sqs").create_queue(QueueName=str(os.getpgrp()))
    time.sleep(60)
"""


def function_code() -> bytes:
    """The function, zipped."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", FUNCTION)
    return buffer.getvalue()


def gone(group: int) -> bool:
    """Whether no process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_outlives_the_program_that_started_the_emulator(number: signal.Signals, tmp_path: Path) -> None:
    """Emulator and functions end, and their files vanish, when their starter is interrupted, terminated or killed."""
    command = [sys.executable, "-c", PROGRAM, function_code().hex()]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as program:  # noqa: S603 -- above
        assert program.stdout is not None
        port, group = program.stdout.readline().split()
        assert not gone(int(group))
        assert list(tmp_path.iterdir())
        program.send_signal(number)
    wait_for(lambda: gone(int(group)), "end of the process group", seconds=10)
    wait_for(lambda: not list(tmp_path.iterdir()), "deletion of the files", seconds=10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=1)


def test_a_reset_emulator_is_empty() -> None:
    """After reset() no resource is left."""
    with Emulator() as started:
        sqs = started.client("sqs")
        sqs.create_queue(QueueName="q")
        started.reset()
        assert not sqs.list_queues().get("QueueUrls")


def test_an_emulator_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error ends with what the program said before it gave up."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no module named ministack; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(emulator, "PYTHON", broken)
    with pytest.raises(EmulatorError, match="no module named ministack"):
        Emulator().start()
