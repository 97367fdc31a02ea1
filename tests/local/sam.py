"""The built functions in the Lambda runtime's container, one invocation at a time or kept warm."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
SAM = ROOT / "environments" / "sam" / ".venv" / "bin" / "sam"
TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"
START_SECONDS = 120
STOP_SECONDS = 30

type Call = Callable[[str, bytes], Any]


class InvocationError(AssertionError):
    """A function raised, crashed, ran out of memory or time, or did not start; the message has what was printed."""


@dataclass(frozen=True)
class Sam:
    """SAM CLI on the built template: the functions' variables, and the environment whose credentials it passes on."""

    variables: Mapping[str, str]
    environment: Mapping[str, str]

    def invoke(self, function: str, event: Path) -> Any:
        """What a cold function answers to an event file."""
        with self._arguments() as arguments:
            command = [str(SAM), "local", "invoke", function, "--event", str(event), *arguments]
            run = subprocess.run(command, env=self._environment(), cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 -- ours
        # SAM exits with 0 whatever became of the function: after a crash or a time-out it prints nothing
        return _answer(run.stdout, run.stderr)

    @contextmanager
    def serving(self, log: Path) -> Iterator[Call]:
        """A caller of warm functions, which are started once and stopped, with their containers, at the end."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        with self._arguments() as arguments, log.open("wb") as output:
            command = [str(SAM), "local", "start-lambda", "--port", port, "--warm-containers=EAGER", "--no-watch"]
            command += arguments
            server = subprocess.Popen(  # noqa: S603 -- our own words
                command, env=self._environment(), cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )
            try:
                _wait_for(int(port), server, log)
                yield _caller(port, log)
            finally:
                # SAM removes its containers on SIGTERM
                _stop(server)

    @contextmanager
    def _arguments(self) -> Iterator[list[str]]:
        with tempfile.NamedTemporaryFile("w", prefix="ses-warden-", suffix=".json") as file:
            json.dump({"Parameters": dict(self.variables)}, file)
            file.flush()
            # --skip-pull-image: no registry knows a stand-in for the base image
            yield ["--template", str(TEMPLATE), "--env-vars", file.name, "--skip-pull-image"]

    def _environment(self) -> dict[str, str]:
        # SAM lets the shell's variables win over the template's, so none but these may be there
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PATH", "HOME", "DOCKER_"))}
        return {**kept, "SAM_CLI_TELEMETRY": "0", "LANG": "C.UTF-8", **self.environment}


def _answer(stdout: str, log: str) -> Any:
    if not stdout.strip():
        raise InvocationError(f"the function answered nothing\n{log}")
    answer = json.loads(stdout)
    # neither SAM's exit code nor FunctionError tells, as the runtime's client adds fields that SAM does not expect
    if isinstance(answer, dict) and "errorType" in answer:
        raise InvocationError(f"the function raised {answer}\n{log}")
    return answer


def _caller(port: str, log: Path) -> Call:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, read_timeout=120)
    client = boto3.client("lambda", endpoint_url=f"http://127.0.0.1:{port}", region_name="eu-west-1", config=config)

    def call(function: str, payload: bytes) -> Any:
        before = log.stat().st_size
        answer = client.invoke(FunctionName=function, Payload=payload)["Payload"].read().decode()
        with log.open(errors="replace") as lines:
            lines.seek(before)
            return _answer(answer, lines.read())

    return call


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise InvocationError(f"sam local start-lambda did not start\n{log.read_text(errors='replace')}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
