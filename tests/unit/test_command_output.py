"""Where the output of a command goes: a reader that has seen enough, a full disk, a terminal that knows few letters."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import sys
import typer
from ses_warden.errors import NothingToDo
from ses_warden_cli import show
from ses_warden_cli.commands import command

app = typer.Typer()

@app.command()
@command
def speak(connection, way: str, lines: int, *, as_json: bool) -> bool:
    if way == "refuse":
        raise NothingToDo("there is nothing to do")
    for _ in range(lines):
        if way == "rich":
            show.console().print(show.plain("Größe 😀"))
        else:
            sys.stdout.write("Größe 😀\\n")
    return False

app()
"""


def speak(way: str, lines: str, *more: str, **options: Any) -> tuple[int, Any, Any]:
    """Exit code, output and complaints."""
    told = subprocess.run([sys.executable, "-c", PROGRAM, way, lines, *more], check=False, timeout=60, **options)  # noqa: S603 - our own
    return told.returncode, told.stdout, told.stderr


@pytest.mark.parametrize(("way", "lines"), [("rich", "1"), ("rich", "2000"), ("plain", "1"), ("plain", "100000")])
def test_a_reader_that_has_seen_enough_is_no_finding(way: str, lines: str) -> None:
    """`| head`: quietly, and with the code that says that not all was told."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        assert speak(way, lines, stdout=gone, stderr=subprocess.PIPE) == (2, None, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_refusal_that_cannot_be_written_is_a_failure_too(stream: str) -> None:
    """Whichever of the two it goes to, and no traceback in the other."""
    with Path("/dev/full").open("w") as full:
        ways = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}
        code, told, said = speak("refuse", "1", *(["--json"] if stream == "stdout" else []), **ways)
    assert code == 2
    assert b"Traceback" not in (told or b"") + (said or b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("way", ["rich", "plain"])
def test_a_full_disk_is_told_in_a_sentence(way: str) -> None:
    """As a failure, not as a traceback."""
    with Path("/dev/full").open("w") as full:
        code, _, said = speak(way, "1", stdout=full, stderr=subprocess.PIPE)
    assert (code, said.strip()) == (2, b"The output could not be written: No space left on device")


@pytest.mark.parametrize("way", ["rich", "plain"])
def test_a_letter_that_the_output_does_not_know_is_spelt_out(way: str) -> None:
    """A subject has any letter, a file on Windows some 200."""
    code, told, said = speak(way, "1", capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert (code, said) == (0, b"")
    assert told.decode("cp1252").strip() == "Größe \\U0001f600"
