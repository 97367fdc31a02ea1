"""Evidence that a rate is above its limit, valid however often one looks: a mixture likelihood ratio.

For each of a few higher rates, how many times likelier are the outcomes under it than under the limit? Averaged over those rates,
this is a test martingale at the limit and a supermartingale below it. So by Ville's inequality it reaches c with a probability
of at most 1/c *ever*, looked at after each mail or each minute (Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon 2021).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

ALTERNATIVES = 8
# The alternatives begin a quarter above the limit: what is nearer cannot be told from it within a window.
NEAREST = 1.25


@dataclass(frozen=True, slots=True, eq=False)  # compared and hashed as the one object that it is: `fewest` looks it up often
class Evidence:
    """The test of one limit: each alternative's weight, and what each bad and each good outcome adds (all logarithms)."""

    limit: float
    weights: tuple[float, ...]
    bad: tuple[float, ...]
    good: tuple[float, ...]

    def log_odds(self, bad: int, outcomes: int) -> float:
        """The logarithm of the evidence against the limit; negative where it speaks for the limit."""
        spared = outcomes - bad
        terms = [w + bad * b + spared * g for w, b, g in zip(self.weights, self.bad, self.good, strict=True)]
        top = max(terms)
        return top + math.log(math.fsum(math.exp(term - top) for term in terms))

    def enough(self, bad: int, outcomes: int, needed: float, least: int) -> bool:
        """Whether so many bad ones, at least `least`, are evidence of the logarithm `needed`."""
        # Below the limit each ratio is below one: no logarithm is needed to know that.
        return bad >= least and bad > self.limit * outcomes and self.log_odds(bad, outcomes) >= needed


def alternatives(limit: float, steepest: float) -> tuple[float, ...]:
    """The rates that the limit is compared with: in equal proportions from 1.25 to `steepest` times the limit, and below one."""
    growth = (steepest / NEAREST) ** (1 / (ALTERNATIVES - 1))
    return tuple(min(NEAREST * growth**step * limit, (1 + limit) / 2) for step in range(ALTERNATIVES))


@lru_cache(maxsize=64)
def evidence(limit: float, steepest: float) -> Evidence:
    """The test of a limit, made once for each limit."""
    return against(limit, steepest)


def against(limit: float, steepest: float) -> Evidence:
    """The test of a limit. Weights fall with the root of the rate: mild excess is commoner, and needs more mails to be seen."""
    rates = alternatives(limit, steepest)
    total = math.fsum(rate**-0.5 for rate in rates)
    return Evidence(
        limit=limit,
        weights=tuple(math.log(rate**-0.5 / total) for rate in rates),
        bad=tuple(math.log(rate / limit) for rate in rates),
        good=tuple(math.log((1 - rate) / (1 - limit)) for rate in rates),
    )


@lru_cache(maxsize=1 << 15)
def fewest(test: Evidence, outcomes: int, needed: float, least: int) -> int:
    """The fewest bad ones among so many outcomes that are evidence enough; one more than the outcomes where none are."""
    low, high = min(least, outcomes), outcomes + 1
    while low < high:
        middle = (low + high) // 2
        if test.enough(middle, outcomes, needed, least):
            high = middle
        else:
            low = middle + 1
    return low


def lower_bound(bad: int, outcomes: int, steepest: float, needed: float) -> float:
    """The highest rate that the evidence refutes: with the same confidence, however often one looks, the true rate is above it."""
    low, high = 0.0, bad / outcomes if outcomes else 0.0
    if bad == 0:
        return 0.0
    for _ in range(30):
        middle = (low + high) / 2
        if against(middle, steepest).log_odds(bad, outcomes) >= needed:
            low = middle
        else:
            high = middle
    return low


def wilson(bad: int, outcomes: int, deviations: float) -> tuple[float, float]:
    """Wilson's interval for a rate looked at *once*, so many standard deviations to each side; from 0 to 1 without outcomes."""
    if outcomes == 0:
        return 0.0, 1.0
    rate, square = bad / outcomes, deviations * deviations
    middle = rate + square / (2 * outcomes)
    reach = deviations * math.sqrt(rate * (1 - rate) / outcomes + square / (4 * outcomes * outcomes))
    scale = 1 + square / outcomes
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
