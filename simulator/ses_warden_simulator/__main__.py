"""`python -m ses_warden_simulator --port 4579 --backend http://127.0.0.1:4566`"""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.errors import SetupError
from ses_warden_simulator.profiles import Profiles, load
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service

FASTEST = 1_000_000


def _speed(text: str) -> float:
    """A number by which delays may be divided: at most, a day is a tenth of a second."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number above 0 and up to {FASTEST:,}")
    return speed


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="ses-warden simulator", description="A local Amazon SES (API version 2).")
    made.add_argument("--backend", required=True, help="URL of the AWS emulator behind, such as http://127.0.0.1:4566")
    made.add_argument("--host", default="127.0.0.1", help="address of the loopback interface (default: %(default)s)")
    made.add_argument("--port", type=int, default=4579, help="port; 0 takes a free one (default: %(default)s)")
    made.add_argument("--seed", type=int, default=0, help="decides what becomes of each mail (default: %(default)s)")
    made.add_argument("--speed", type=_speed, default=1.0, help="divides all delays (default: %(default)s)")
    made.add_argument("--profiles", type=Path, help="JSON file: how the recipients of each domain behave")
    made.add_argument("--sandbox", action="store_true", help="begin in the sandbox")
    made.add_argument("--region", default="us-east-1", help="region of unsigned requests (default: %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is interrupted or terminated; the exit code is 2 when it could not start."""
    asked = parser().parse_args(arguments)
    ended = Event()
    try:
        profiles = load(asked.profiles) if asked.profiles else Profiles()
        service = Service(HttpBackend(asked.backend), Options(asked.seed, asked.speed, profiles, asked.sandbox, asked.region))
        server = Server(service, asked.port, asked.host)
    except (SetupError, OSError, OverflowError) as error:  # a port that is taken, or is none
        sys.stderr.write(f"{error}\n")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with server:
        sys.stdout.write(f"SES answers on {server.url}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
