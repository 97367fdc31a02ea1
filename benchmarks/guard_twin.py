"""The guard's rule once more, over whole arrays of senders at once; proved equal to `assess` on random histories.

It shares no arithmetic with the domain: the evidence is turned round into tables, the fewest bad outcomes among n that are enough.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from ses_warden.domain.assessment import HOUR, assess
from ses_warden.domain.rates import BOUNCES, COMPLAINTS, Limits, Outcomes, Thresholds

type Ints = NDArray[np.int64]
type Floats = NDArray[np.float64]
type Truths = NDArray[np.bool_]

NEVER = np.int32(2**30)
HEALTHY, WARN, PAUSE = range(3)


def fewest_bad(limit: float, rates: Floats, weights: Floats, log_needed: float, *, most: int, least: int = 1) -> NDArray[np.int32]:
    """For 0 … `most` outcomes the fewest bad ones whose averaged likelihood ratio against the limit reaches what is needed."""
    outcomes = np.arange(most + 1)
    low, high = np.minimum(least, outcomes), outcomes + 1
    per_bad, per_good, log_weights = np.log(rates / limit), np.log1p(-rates) - np.log1p(-limit), np.log(weights)
    while (low < high).any():
        bad = (low + high) // 2
        terms = log_weights[:, None] + np.outer(per_bad, bad) + np.outer(per_good, outcomes - bad)
        top = terms.max(axis=0)
        enough = (bad >= least) & (bad > limit * outcomes) & (top + np.log(np.exp(terms - top).sum(axis=0)) >= log_needed)
        open_ = low < high
        high = np.where(open_ & enough, bad, high)
        low = np.where(open_ & ~enough, bad + 1, low)
    return np.where(low > outcomes, NEVER, low).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Rule:
    """Our rule for one kind of harm, as tables: what the count since the beginning needs, and what one begun afresh needs."""

    limits: Limits
    first: NDArray[np.int32]
    restart: NDArray[np.int32]

    @staticmethod
    def of(limits: Limits, false_pauses: float, most: int) -> "Rule":
        """Reckons the tables for up to `most` outcomes in a window."""
        rates = limits.pause * np.geomspace(1.25, limits.steepest, 8)
        weights = rates**-0.5 / (rates**-0.5).sum()
        first, restart = -np.log(limits.first_share * false_pauses), np.log(limits.restart_cost / false_pauses)
        return Rule(
            limits,
            fewest_bad(limits.pause, rates, weights, first, most=most, least=limits.least),
            fewest_bad(limits.pause, rates, weights, restart, most=most, least=limits.least),
        )

    def verdicts(self, bad: Ints, mails: Ints, begun: Ints) -> Ints:
        """One verdict for each row of hourly counts, the last hour last; counting began in the hour numbered `begun`."""
        bads, totals, windows = self._windows(bad, mails, begun)
        paused = self._paused(bads, totals, windows, begun)
        rows = np.arange(len(bad))
        longest = windows.argmax(axis=1)
        hour_ago = np.maximum(bad.shape[1] - 2, longest)
        recent, mails = bads[rows, longest], totals[rows, longest]
        warned = (mails >= self.limits.floor) & (recent / np.maximum(mails, 1) >= self.limits.warn)
        for start in (longest, hour_ago):
            warned |= (bads[rows, start] > 1) & (wilson_bound(bads[rows, start], totals[rows, start], 3.09) >= self.limits.warn)
        return np.where(paused, PAUSE, np.where(warned, WARN, HEALTHY))

    def pausing(self, bad: Ints, mails: Ints, begun: Ints) -> Truths:
        """Whether the verdict is a pause."""
        return self._paused(*self._windows(bad, mails, begun), begun)

    def _windows(self, bad: Ints, mails: Ints, begun: Ints) -> tuple[Ints, Ints, Truths]:
        """For each hour the outcomes from it on, and whether it is one of those that the last mails reach back to."""
        counted = np.arange(bad.shape[1]) >= begun[:, None]
        bads = np.cumsum(np.where(counted, bad, 0)[:, ::-1], axis=1)[:, ::-1]
        totals = np.cumsum(np.where(counted, mails, 0)[:, ::-1], axis=1)[:, ::-1]
        later = np.concatenate([totals[:, 1:], np.zeros((len(totals), 1), np.int64)], axis=1)
        return bads, totals, counted & (later < self.limits.window)

    def _paused(self, bads: Ints, totals: Ints, windows: Truths, begun: Ints) -> Truths:
        known = np.minimum(totals, len(self.first) - 1)  # what is longer is no window
        is_first = np.arange(bads.shape[1]) == begun[:, None]
        return (windows & (bads >= np.where(is_first, self.first[known], self.restart[known]))).any(axis=1)


def wilson_bound(bad: Ints, mails: Ints, deviations: float) -> Floats:
    """The lower end of Wilson's interval."""
    n = np.maximum(mails, 1)
    rate, square = bad / n, deviations**2
    reach = deviations * np.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    return (rate + square / (2 * n) - reach) / (1 + square / n)


def disagreements(rng: np.random.Generator, histories: int) -> int:
    """In how many of so many random histories the twin and `assess` differ, in either kind's verdict."""
    thresholds, end = Thresholds(), datetime(2026, 11, 24, 12, tzinfo=UTC)
    bounces, complaints = (Rule.of(one, thresholds.false_pauses, 80_000) for one in (BOUNCES, COMPLAINTS))
    different = 0
    for chunk in range(0, histories, 500):
        rows, hours = min(500, histories - chunk), int(rng.integers(1, 100))
        volume = np.exp(rng.uniform(0, np.log(2_000), (rows, 1)))
        mails = rng.poisson(volume * rng.gamma(0.5, 2, (rows, hours)))
        # Around the limits, since elsewhere both would agree whatever they reckon; some change half way.
        change = np.where(np.arange(hours) > rng.integers(0, hours + 1, (rows, 1)), rng.choice([0.3, 1, 2, 4], (rows, 1)), 1)
        hard = rng.binomial(mails, np.minimum(0.04 * np.exp(rng.normal(0, 0.7, (rows, 1))) * change, 1))
        delivered = rng.binomial(mails - hard, 0.8)
        refused = rng.binomial(mails - hard - delivered, 0.5)  # of the rest nothing is known yet
        complained = rng.binomial(delivered, np.minimum(0.0008 * np.exp(rng.normal(0, 1, (rows, 1))) * change, 1))
        begun = rng.integers(0, hours, rows) * rng.integers(0, 2, rows)
        twins = bounces.verdicts(hard, mails, begun), complaints.verdicts(complained, delivered, begun)
        for row in range(rows):
            cohorts = [
                Outcomes(
                    hour=end - HOUR * (hours - 1 - hour),
                    sent=int(mails[row, hour]),
                    hard=int(hard[row, hour]),
                    delivered=int(delivered[row, hour]),
                    refused=int(refused[row, hour]),
                    complaints=int(complained[row, hour]),
                )
                for hour in range(hours)
            ]
            now = end + timedelta(minutes=int(rng.integers(1, 60)))
            found = assess(cohorts, thresholds, now, watermark=now, since=cohorts[begun[row]].hour)
            ours = (
                ("healthy", "warn", "pause").index(found.bounces.verdict),
                ("healthy", "warn", "pause").index(found.complaints.verdict),
            )
            different += ours != (twins[0][row], twins[1][row])
    return different
