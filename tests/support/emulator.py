"""An AWS emulator (MiniStack) of our own: a free port, a process group and a folder that vanish with us.

Used by tests, the demo and benchmarks alike::

    with Emulator() as emulator:
        emulator.client("sns").create_topic(Name="t")
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, BinaryIO, Self

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "environments" / "emulator" / ".venv" / "bin" / "python"
GUARD = Path(__file__).with_name("guard.py")
REGION = "eu-west-1"
# Keys that no AWS account would take, in case a call should ever leave the machine.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
START_ATTEMPTS = 3
START_SECONDS = 60
LOG_BYTES = 64 * 1024


def environment_at(endpoint: str, region: str = REGION) -> dict[str, str]:
    """The environment variables with which any AWS tool calls an emulator, and nothing of the user's account."""
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class EmulatorError(RuntimeError):
    """The emulator did not start, or does not answer; the message ends with the end of its log."""


class Emulator:
    """MiniStack for as long as the `with` block runs; its functions run on Python 3.13, as processes of this machine."""

    def __init__(self, bind_host: str = "127.0.0.1", region: str = REGION) -> None:
        """Prepare, without starting; `bind_host` is the one interface listened on, and the host in all addresses."""
        self.bind_host = bind_host
        self.region = region
        self.port = 0
        self._guard: subprocess.Popen[bytes] | None = None
        self._log: BinaryIO | None = None
        self._last_log = ""

    def __enter__(self) -> Self:
        """Start and wait until it answers."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop, whatever happened."""
        self.stop()

    @property
    def endpoint(self) -> str:
        """The URL of every service."""
        return f"http://{self.bind_host}:{self.port}"

    def env(self) -> dict[str, str]:
        """The environment variables with which any AWS tool calls this emulator alone."""
        return environment_at(self.endpoint, self.region)

    def client(self, service: str) -> Any:
        """A new boto3 client of this emulator; annotate the variable with its class from boto3-stubs."""
        config = Config(retries={"max_attempts": 3, "mode": "standard"}, max_pool_connections=32)
        session: Any = self._session  # its stubs take literal names of services only
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def start(self) -> None:
        """Start on a free port; another process may take it first, so that is tried again."""
        if not PYTHON.exists():
            raise EmulatorError("the emulator's environment is missing: run `scripts/setup emulator` (or `make setup`)")
        for attempt in range(START_ATTEMPTS):
            self._spawn()
            if self._answers():
                return
            self.stop()
            if attempt == START_ATTEMPTS - 1:
                raise EmulatorError(f"MiniStack did not start on {self.endpoint}\n{self.log_tail()}")

    def stop(self) -> None:
        """End the whole process group and delete its folder; harmless when it is not running."""
        if self._guard is None or self._log is None:
            return
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()
        self._guard.wait()
        self._last_log = self.log_tail()
        self._log.close()
        self._guard = self._log = None

    def reset(self) -> None:
        """Empty it: every resource of every service is gone, in milliseconds."""
        if (status := self._request("POST", "reset")) != HTTPStatus.OK:
            raise EmulatorError(f"MiniStack was not reset (HTTP {status})\n{self.log_tail()}")

    def log_tail(self, lines: int = 60) -> str:
        """The last lines that MiniStack logged, also after it was stopped."""
        if self._log is None:
            return "\n".join(self._last_log.splitlines()[-lines:])
        descriptor = self._log.fileno()
        # pread, as the emulator writes through the same file offset.
        end = os.pread(descriptor, LOG_BYTES, max(0, os.fstat(descriptor).st_size - LOG_BYTES))
        return "\n".join(end.decode(errors="replace").splitlines()[-lines:])

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session("test", "test", region_name=self.region)

    def _spawn(self) -> None:
        with socket.socket() as probe:
            probe.bind((self.bind_host, 0))
            self.port = probe.getsockname()[1]
        folder = tempfile.mkdtemp(prefix="ses-warden-emulator-")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 -- stop() closes it
        # Nothing of the user's environment: handlers inherit it, and would find a profile or a proxy there.
        environment = {
            **CREDENTIALS,
            "PATH": f"{PYTHON.parent}:{os.defpath}",
            "HOME": folder,
            "TMPDIR": folder,
            "LANG": "C.UTF-8",
            "BIND_HOST": self.bind_host,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": self.bind_host,
            "MINISTACK_REGION": self.region,
        }
        self._guard = subprocess.Popen(  # noqa: S603 -- our own words
            [sys.executable, str(GUARD), folder, str(PYTHON), "-m", "ministack"],
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )

    def _answers(self) -> bool:
        assert self._guard is not None
        deadline = time.monotonic() + START_SECONDS
        while self._guard.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, HTTPException):
                if self._request("GET", "health") == HTTPStatus.OK:
                    return self._guard.poll() is None
            time.sleep(0.05)
        return False

    def _request(self, method: str, path: str) -> int:
        connection = HTTPConnection(self.bind_host, self.port, timeout=30)
        try:
            connection.request(method, f"/_ministack/{path}")
            return connection.getresponse().status
        finally:
            connection.close()
