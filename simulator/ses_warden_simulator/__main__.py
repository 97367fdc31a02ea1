"""`python -m ses_warden_simulator --port 4579 --backend http://127.0.0.1:4566`; `ses-warden simulator` is the same."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ses_warden_simulator.errors import SetupError
from ses_warden_simulator.program import FASTEST, HOST, PORT, REGION, Asked, serve


def _speed(text: str) -> float:
    """A number by which delays may be divided."""
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= FASTEST:
        raise argparse.ArgumentTypeError(f"must be a number above 0 and up to {FASTEST:,}")
    return speed


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m ses_warden_simulator", description="A local Amazon SES (API version 2).")
    made.add_argument("--backend", required=True, help="URL of the AWS emulator behind, such as http://127.0.0.1:4566")
    made.add_argument("--host", default=HOST, help="address of the loopback interface (default: %(default)s)")
    made.add_argument("--port", type=int, default=PORT, help="port; 0 takes a free one (default: %(default)s)")
    made.add_argument("--seed", type=int, default=0, help="decides what becomes of each mail (default: %(default)s)")
    made.add_argument("--speed", type=_speed, default=1.0, help="divides all delays (default: %(default)s)")
    made.add_argument("--profiles", type=Path, help="JSON file: how the recipients of each domain behave")
    made.add_argument("--sandbox", action="store_true", help="begin in the sandbox")
    made.add_argument("--region", default=REGION, help="region of unsigned requests (default: %(default)s)")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until it is interrupted or terminated; the exit code is 2 when it could not start."""
    asked = Asked(**vars(parser().parse_args(arguments)))
    try:
        serve(asked, _say)
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _say(url: str) -> None:
    sys.stdout.write(f"SES answers on {url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
