"""The simulator as a program: what it may be told, and how it runs until it is ended."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final

from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.errors import SetupError
from ses_warden_simulator.profiles import Profiles, load
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service

HOST: Final = "127.0.0.1"
PORT: Final = 4579
REGION: Final = "us-east-1"
FASTEST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What it was told. `backend` is the emulator's URL; `speed` divides delays, and port 0 takes a free one."""

    backend: str
    host: str = HOST
    port: int = PORT
    seed: int = 0
    speed: float = 1.0
    profiles: Path | None = None
    sandbox: bool = False
    region: str = REGION


def serve(asked: Asked, ready: Callable[[str], None]) -> None:
    """Runs until it is interrupted or terminated; `ready` hears the URL. Raises `SetupError` where it cannot start."""
    ended = Event()
    if not 0 < asked.speed <= FASTEST:  # at most, a day is a tenth of a second
        raise SetupError(f"--speed must be a number above 0 and up to {FASTEST:,}")
    profiles = load(asked.profiles) if asked.profiles else Profiles()
    options = Options(asked.seed, asked.speed, profiles, asked.sandbox, asked.region)
    service = Service(HttpBackend(asked.backend), options)
    try:
        server = Server(service, asked.port, asked.host)
    except (OSError, OverflowError) as error:  # a port that is taken, or is none
        raise SetupError(f"It cannot listen on port {asked.port} of {asked.host}: {error}") from error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with server:
        ready(server.url)
        ended.wait()
