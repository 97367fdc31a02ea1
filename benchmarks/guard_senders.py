"""Simulated senders, minute by minute, and the rules that watch them: at which minute does each first say pause?

A sender is two arrays, a row each, a column each minute: the outcomes that become known, and the bad ones among them. Columns begin
with an hour. A rule gives each row's first minute of pausing, or the number of columns where it never does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from benchmarks.guard_twin import NEVER, Floats, Ints, Rule, Truths, fewest_bad

MINUTES_A_DAY = 1_440
LEAST_FOR_WILSON = 100


class Senders(NamedTuple):
    """Outcomes by minute, and the bad ones among them."""

    mails: Ints
    bad: Ints

    @property
    def minutes(self) -> int:
        """How long they are watched."""
        return int(self.mails.shape[1])

    def until(self, minute: Ints) -> tuple[Floats, Floats]:
        """The outcomes, and the bad ones, to the end of each row's minute; infinite where it is beyond the last."""
        rows, last = np.arange(len(minute)), np.clip(minute, 0, self.minutes - 1)
        mails, bad = (np.cumsum(counts, axis=1)[rows, last] for counts in self)
        return np.where(minute < self.minutes, mails, np.inf), np.where(minute < self.minutes, bad, np.inf)

    def between(self, begin: int, end: int | None = None) -> "Senders":
        """The same from a minute on, or for some minutes."""
        return Senders(self.mails[:, begin:end], self.bad[:, begin:end])

    def then(self, later: "Senders") -> "Senders":
        """These, and afterwards those."""
        return Senders(np.hstack([self.mails, later.mails]), np.hstack([self.bad, later.bad]))


type Watch = Callable[[Senders], Ints]


def sent(rng: np.random.Generator, per_day: float, rate: Floats | float, shape: tuple[int, int]) -> Senders:
    """Senders of so many mails a day, with one rate, or with one for each minute."""
    volume, rates = per_day / MINUTES_A_DAY, rate if isinstance(rate, float) else np.broadcast_to(rate, shape)
    # Poisson numbers of bad and of good ones are the same as a Poisson number of mails, each bad with the same probability.
    bad = rng.poisson(volume * rates, shape)
    return Senders(bad + rng.poisson(volume * (1 - rates), shape), bad)


def watched(rule: Rule, *, begun: bool = True) -> Watch:
    """Our rule; the count since the beginning may be out of sight."""

    def watch(senders: Senders) -> Ints:
        # Only a look after a bad outcome can newly pause: good ones weaken all evidence.
        total, bads = np.cumsum(senders.mails, axis=1), np.cumsum(senders.bad, axis=1)
        starts = np.arange(0, senders.minutes + 60, 60)
        zero = np.zeros((len(total), 1), np.int64)
        before, bad_before = np.hstack([zero, total])[:, starts[:-1]], np.hstack([zero, bads])[:, starts[:-1]]
        rows, minutes = np.nonzero(senders.bad)
        known, bad, hours = total[rows, minutes], bads[rows, minutes], minutes // 60
        pauses = np.zeros(len(rows), bool)
        live = np.arange(len(rows))
        for back in range(starts.size):
            hour = hours[live] - back
            inside = hour >= 0
            if back:  # an hour counts among the last mails while those after it are not enough
                inside &= known[live] - before[rows[live], np.minimum(hour + 1, before.shape[1] - 1)] < rule.limits.window
            live, hour = live[inside], hour[inside]
            if not live.size:
                break
            mails = known[live] - before[rows[live], hour]
            needed = rule.restart[mails]
            if begun:
                needed = np.where(hour == 0, rule.first[mails], needed)
            pauses[live[bad[live] - bad_before[rows[live], hour] >= needed]] = True
        return first_of(len(total), senders.minutes, rows[pauses], minutes[pauses])

    return watch


def first_of(rows: int, never: int, hit_rows: Ints, hit_minutes: Ints) -> Ints:
    """Each row's earliest minute among the hits."""
    first = np.full(rows, never, np.int64)
    np.minimum.at(first, hit_rows, hit_minutes)
    return first


def earliest(hits: Truths) -> Ints:
    """Each row's first true column, or their number."""
    return np.where(hits.any(axis=1), hits.argmax(axis=1), hits.shape[1])


def last_mails(senders: Senders, minutes: Ints, most: int) -> tuple[Ints, Ints]:
    """For each row and each of these minutes the last so many outcomes, and the bad ones among them."""
    total, bads = np.cumsum(senders.mails, axis=1), np.cumsum(senders.bad, axis=1)
    mails, bad = np.empty((2, len(total), minutes.size), np.int64)
    for row in range(len(total)):
        now = total[row, minutes]
        begin = np.searchsorted(total[row], now - most, side="left")
        outside = now > most
        mails[row] = now - np.where(outside, total[row, begin], 0)
        bad[row] = bads[row, minutes] - np.where(outside, bads[row, begin], 0)
    return mails, bad


def recipe(representative: int) -> Watch:
    """The SES guide's: alarm on 5 % of the last 10,000 mails, each five minutes, an hour late; from so many mails on."""

    def watch(senders: Senders) -> Ints:
        looks = np.arange(4, max(senders.minutes - 60, 5), 5)
        mails, bad = last_mails(senders, looks, 10_000)
        first = earliest((bad >= 0.05 * mails) & (mails >= min(representative, 9_900)) & (bad > 0))
        return np.where(first < looks.size, np.append(looks, senders.minutes)[first] + 60, senders.minutes)

    return watch


def _in_last(counts: Ints, minutes: int) -> Ints:
    total = np.cumsum(counts, axis=1)
    total[:, minutes:] -= total[:, :-minutes].copy()
    return total


def floors(senders: Senders) -> Ints:
    """Fixed floors: 200 mails and 20 bounces at 10 % in an hour, or 1,000 and 50 at 5 % in a day."""
    mails, bad = _in_last(senders.mails, 60), _in_last(senders.bad, 60)
    hit = (mails >= 200) & (bad >= 20) & (bad >= 0.10 * mails)  # noqa: PLR2004 - the rule's own numbers
    mails, bad = _in_last(senders.mails, MINUTES_A_DAY), _in_last(senders.bad, MINUTES_A_DAY)
    return earliest(hit | (mails >= 1_000) & (bad >= 50) & (bad >= 0.05 * mails))  # noqa: PLR2004 - the rule's own numbers


def wilson(limit: float) -> Watch:
    """Wilson's lower bound at 99 % above the limit, over the last 10,000 mails or the last hour, of at least 100 mails."""

    def enough(bad: Ints, mails: Ints) -> Truths:
        # The bound is above the limit where the estimate is so many standard deviations above it.
        deviation = np.sqrt(limit * (1 - limit) * mails)
        return (mails >= LEAST_FOR_WILSON) & (bad - limit * mails >= 2.326 * deviation)

    def watch(senders: Senders) -> Ints:
        mails, bad = last_mails(senders, np.arange(senders.minutes), 10_000)
        hit = enough(bad, mails)
        return earliest(hit | enough(_in_last(senders.bad, 60), _in_last(senders.mails, 60)))

    return watch


def clairvoyant(limit: float, rate: float, odds: float, begins: int = 0) -> Watch:
    """The sequential test that knows the rate, and the minute in which it begins."""

    def watch(senders: Senders) -> Ints:
        rest = senders.between(begins)
        total, bads = np.cumsum(rest.mails, axis=1), np.cumsum(rest.bad, axis=1)
        most = int(total.max())
        needs = fewest_bad(limit, np.array([rate]), np.ones(1), np.log(odds), most=most)
        return earliest(bads >= np.minimum(needs[total], NEVER)) + begins

    return watch


def by_campaign(per_day: float, shape: tuple[int, int], size: int, draw: Callable[[int], Floats]) -> Floats:
    """Rates by minute: each campaign of so many mails has one of its own, drawn by a function of how many are needed."""
    rows, minutes = shape
    number = (np.arange(minutes) * per_day / MINUTES_A_DAY // size).astype(int)
    return draw(rows * (number[-1] + 1)).reshape(rows, -1)[:, number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How late things become known. Of outcomes the median in minutes and the spread of its logarithm."""

    good: tuple[float, float] = (0, 0)
    bad: tuple[float, float] = (0, 0)
    lane: int = 0  # minutes that Send and Delivery events wait in the activity lane, where bounces do not
    aligned: bool = True  # the bad outcomes are taken as of the time up to which the others are known
    by_sent: bool = True  # the mails are those sent, not those whose outcome is known


class Late(NamedTuple):
    """A sender whose outcomes are late."""

    per_day: float
    rate: float
    delays: Delays

    def pauses(self, rng: np.random.Generator, rule: Rule, shape: tuple[int, int]) -> Ints:
        """Our rule, looking at hourly cohorts as `assess` does: each row's first minute of pausing."""
        (rows, minutes), late = shape, self.delays
        counts = rng.poisson(self.per_day / MINUTES_A_DAY, shape).ravel()
        row, sent_at = np.repeat(np.arange(rows), minutes).repeat(counts), np.tile(np.arange(minutes), rows).repeat(counts)
        bad = rng.random(sent_at.size) < self.rate
        known_at = sent_at + np.where(bad, _late(rng, late.bad, bad.size), _late(rng, late.good, bad.size) + late.lane)
        if late.aligned:
            known_at[bad] += late.lane
        streams = [
            _by_minute(row[some], sent_at[some] // 60, at[some], minutes)
            for some, at in ((bad, known_at), (~bad, known_at), (np.full(bad.size, late.by_sent), sent_at + late.lane))
        ]
        state = np.zeros((3, rows, -(-minutes // 60)), np.int64)
        paused = np.full(rows, minutes)
        for minute in range(minutes):
            for matrix, (rows_, cohorts, ends) in zip(state, streams, strict=True):
                some = slice(ends[minute], ends[minute + 1])
                np.add.at(matrix, (rows_[some], cohorts[some]), 1)
            bads, goods, all_sent = state[:, :, : minute // 60 + 1]
            found = rule.pausing(bads, np.maximum(all_sent, bads + goods), np.zeros(rows, np.int64))
            paused[found & (paused == minutes)] = minute
        return paused


def _by_minute(row: Ints, cohort: Ints, known_at: Ints, minutes: int) -> tuple[Ints, Ints, Ints]:
    order = np.argsort(known_at, kind="stable")
    return row[order], cohort[order], np.searchsorted(known_at[order], np.arange(minutes + 1))


def _late(rng: np.random.Generator, delay: tuple[float, float], size: int) -> Ints:
    median, spread = delay
    return (median * rng.lognormal(0, spread, size)).astype(np.int64) if median else np.zeros(size, np.int64)
