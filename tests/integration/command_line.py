"""`ses-warden` as an operator runs it, with an emulator for AWS and nothing of the environment of this machine."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from typer.testing import CliRunner

from ses_warden_cli.main import app
from tests.support.emulator import ROOT, environment_at

type Done = subprocess.CompletedProcess[str]
type Run = Callable[..., Done]


def environment_of(endpoint: str, ses: str = "", **uses: str) -> dict[str, str]:
    """What the operator set: where AWS is, where SES is if elsewhere, and what `--use` takes."""
    environment = environment_at(endpoint)
    if ses:
        environment["AWS_ENDPOINT_URL_SESV2"] = ses
    if uses:
        environment["SES_WARDEN_USE"] = " ".join(f"{name}={value}" for name, value in uses.items())
    return environment


def run_here(words: Sequence[str], environment: Mapping[str, str], given: str | bytes | None = None) -> Done:
    """Runs it in this process, which is quicker; standard input is no terminal. A defect is raised."""
    others: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("AWS_", "SES_WARDEN_"))}
    result = CliRunner().invoke(app, words, env={**others, **environment}, input=given, prog_name="ses-warden")
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)


def run_apart(words: Sequence[str], environment: Mapping[str, str]) -> Done:
    """Runs it as a process of its own."""
    command, whole = process(words, environment)
    return subprocess.run(  # noqa: S603 - our own words
        command, env=whole, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def process(words: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """The command of such a process, and its environment."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    return [sys.executable, "-m", "ses_warden_cli", *words], {**kept, **environment}


def printed(result: Done, shape: Any) -> Any:
    """What a command printed with `--json`, checked against its documented shape."""
    return TypeAdapter(shape).validate_json(result.stdout)
