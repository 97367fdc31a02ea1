"""Probabilities without simulation: that a count ever reaches its evidence, looked at after every single outcome."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.guard_twin import NEVER, Floats

HALF = 0.5


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
