"""Probabilities without simulation: that a count ever reaches its evidence, looked at after every single outcome."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.guard_twin import NEVER, Floats, Rule
from ses_warden.domain.rates import Limits

HALF = 0.5
RESTARTS = 720  # in a month, one an hour


def reached(needs: NDArray[np.int32], rate: float, outcomes: int) -> Floats:
    """For 0 … so many outcomes the probability that the bad ones have by then been as many as are enough."""
    most = int(needs[: outcomes + 1][needs[: outcomes + 1] < NEVER].max())
    chance = np.zeros(most + 1)  # of each number of bad ones, not having been enough so far
    chance[0] = 1
    total, found = 0.0, np.zeros(outcomes + 1)
    for outcome in range(1, outcomes + 1):
        moved = chance * (1 - rate)
        moved[1:] += chance[:-1] * rate
        enough = min(int(needs[outcome]), most + 1)
        total += moved[enough:].sum()
        moved[enough:] = 0
        chance = moved
        found[outcome] = total
    return found


def median(found: Floats) -> float:
    """The outcomes by which half have reached it."""
    return float(np.searchsorted(found, HALF)) if found[-1] >= HALF else float("inf")


def frontier(limits: Limits, allowed: float, stale: Sequence[float]) -> list[list[str]]:
    """By the odds that a restart needs: bounds on a month's false pauses at four rates, and the delay after health."""
    rows = []
    # The last is what would keep the promise at the limit itself.
    for odds in (500, 1_000, 2_000, limits.restart_cost / allowed, 8_000, 16_000, RESTARTS / (limits.first_share * allowed)):
        rule = Rule.of(replace(limits, restart_cost=odds * allowed), allowed, limits.window)
        month = [RESTARTS * reached(rule.restart, rate, limits.window)[-1] for rate in (0.025, 0.03, 0.035, 0.04)]
        delays = [median(reached(rule.restart, rate, 4_000)) / median(reached(rule.first, rate, 4_000)) for rate in stale]
        rows.append([f"{odds:,.0f}", *(f"{share:.2%}" for share in month), *(f"{delay:.2f}" for delay in delays)])
    return rows


def complaint_rows(limits: Limits, allowed: float) -> list[list[str]]:
    """False pauses at healthy rates and at the limit; at higher ones the median mails until the pause."""
    rule = Rule.of(limits, allowed, limits.window)
    rows = []
    for rate in (0.0003, 0.0005, 0.0006, limits.pause, 0.0015, 0.003, 0.005, 0.01):
        first, restart = (reached(needs, rate, limits.window) for needs in (rule.first, rule.restart))
        if rate <= limits.pause:
            rows.append([f"{rate:.2%}", f"{first[-1]:.3%}", f"{RESTARTS * restart[-1]:.2%}", "", ""])
        else:
            rows.append([f"{rate:.2%}", "", "", f"{median(first):,.0f}", f"{median(restart):,.0f}"])
    return rows
