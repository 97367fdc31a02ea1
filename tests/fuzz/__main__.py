"""Looks for payloads that break something, for as long as it is given: `python -m tests.fuzz --seconds 600`."""

import argparse
import os
import random
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.fuzz.checks import withstands
from tests.fuzz.payloads import events, payloads, wrapped

ROUND = 400
# Broken payloads are large, and some are drawn in vain.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much]


def one_round(strategy: SearchStrategy[Any], check: Callable[[Any], None], number: int) -> None:
    """Tries some hundred examples; raises what the smallest failing one raises, and prints it."""

    @seed(number)
    @settings(max_examples=ROUND, deadline=None, database=None, print_blob=True, suppress_health_check=SLOW)
    @given(strategy)
    def run(example: Any) -> None:
        check(example)

    run()


def main() -> None:
    """Rounds of examples, each from a seed of its own, until the time is over."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="how long to look (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="to begin as an earlier run did")  # noqa: S311
    arguments = parser.parse_args()
    os.environ |= {"POWERTOOLS_METRICS_NAMESPACE": "SesWarden", "POWERTOOLS_SERVICE_NAME": "fuzz"}
    end = time.monotonic() + arguments.seconds
    rounds = 0
    print(f"looking for {arguments.seconds} s, from seed {arguments.seed}", flush=True)  # noqa: T201
    while time.monotonic() < end:
        one_round(payloads(), withstands, arguments.seed + rounds)
        one_round(events(), lambda text: withstands(wrapped("queue", [text])), arguments.seed + rounds)
        rounds += 1
    print(f"{rounds * 2 * ROUND} payloads, nothing broke")  # noqa: T201


if __name__ == "__main__":
    main()
