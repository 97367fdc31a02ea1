"""The experiments with simulated senders: each returns numbers, and knows no bar."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from benchmarks.guard_senders import MINUTES_A_DAY, Delays, Senders, Watch, by_campaign, clairvoyant, sent, watched
from benchmarks.guard_twin import Floats, Ints, Rule

MONTH = 30 * MINUTES_A_DAY
OURS, SPRT = "ours", "SPRT that knows the rate"
COMPARED = "months that the other rules watch"
WITHIN = "ours, the campaign within the limit"
HEALTHY = 0.01  # the bounces of a sender before its list goes stale
_SLOW = (20, 1.2)  # minutes: a tenth takes more than an hour and a half
LATE = {
    "prompt": Delays(),
    "bounces late": Delays(bad=_SLOW),
    "deliveries late": Delays(good=_SLOW),
    "… were the known outcomes the mails": Delays(good=_SLOW, by_sent=False),
    "activity lane 10 minutes behind": Delays(lane=10),
    "… were bounces not held back": Delays(lane=10, aligned=False),
    "1 minute behind, not held back": Delays(lane=1, aligned=False),
}
CELLS = 4_000_000  # sender-minutes held at once


class Watches(NamedTuple):
    """Our rule's tables, the other rules, and what the SPRT is given."""

    bounces: Rule
    complaints: Rule
    others: Mapping[str, Watch]
    limit: float
    odds: float


def false_pauses(
    rng: np.random.Generator, watches: Watches, volume: float, rates: tuple[float, float], months: int
) -> dict[str, int]:
    """Of so many healthy sender-months with these rates of bounces and of complaints, how many each rule pauses.

    The other rules, which are slow to reckon, watch the first third of them: `COMPARED`.
    """
    counts = dict.fromkeys((OURS, "bounces", "complaints", COMPARED, *watches.others), 0)
    rate, complaint_rate = rates
    for begin in range(0, months, 24):
        shape = min(24, months - begin), MONTH
        senders = sent(rng, volume, rate, shape)
        good = senders.mails - senders.bad
        complaints = np.minimum(rng.poisson(volume / MINUTES_A_DAY * (1 - rate) * complaint_rate, shape), good)
        bounced = watched(watches.bounces)(senders) < MONTH
        complained = watched(watches.complaints)(Senders(good, complaints)) < MONTH
        found = {OURS: bounced | complained, "bounces": bounced, "complaints": complained}
        if begin < months / 3:
            found |= {name: watch(senders) < MONTH for name, watch in watches.others.items()}
            found[COMPARED] = np.ones(shape[0], bool)
        for name, paused in found.items():
            counts[name] += int(paused.sum())
    return counts


class Stops(NamedTuple):
    """At how many mails of a stale list senders were paused, and how many of them were bad; infinite where they were not."""

    new: Floats
    new_bad: Floats
    after: Floats  # after healthy sending, the stale list beginning with an hour
    after_bad: Floats
    amid: Floats  # the same, beginning at half past
    amid_bad: Floats

    def median(self, what: str) -> float:
        """The median of one of these."""
        return float(np.quantile(getattr(self, what), 0.5, method="lower"))


def stops(rng: np.random.Generator, watches: Watches, volume: float, rate: float, repeats: int) -> dict[str, Stops]:
    """Senders whose list is stale from the first mail, and such as were healthy before."""
    # As long as the slowest rule needs, and healthy for longer than the longest window reaches back.
    horizon, lead = (60 * int(np.ceil(max(mails / volume * 24, 4))) for mails in (12_000 if watches.others else 3_000, 11_000))
    size = max(1, CELLS // (lead + horizon))
    found: dict[str, list[tuple[Floats, ...]]] = {}
    for begin in range(0, repeats, size):
        rows = min(size, repeats - begin)
        new, healthy = sent(rng, volume, rate, (rows, horizon)), sent(rng, volume, HEALTHY, (rows, lead + 30))
        histories = (new, 0), (healthy.between(0, lead).then(new), lead), (healthy.then(new), lead + 30)
        for name, rules in _rules(watches, rate, lead).items():
            numbers: list[Floats] = []
            for watch, (senders, change) in zip(rules, histories, strict=True):
                minute = watch(senders) - change
                # One paused while it was still healthy is a false pause, and no quick one.
                numbers += (counted[minute >= 0] for counted in new.until(minute))
            found.setdefault(name, []).append(tuple(numbers))
    return {name: Stops(*(np.concatenate(parts) for parts in zip(*chunks, strict=True))) for name, chunks in found.items()}


def _rules(watches: Watches, rate: float, lead: int) -> dict[str, tuple[Watch, Watch, Watch]]:
    restarted = watched(watches.bounces, begun=False)
    known = [clairvoyant(watches.limit, rate, watches.odds, begins) for begins in (0, lead, lead + 30)]
    return {
        OURS: (watched(watches.bounces), restarted, restarted),
        SPRT: (known[0], known[1], known[2]),
        **{name: (watch, watch, watch) for name, watch in watches.others.items()},
    }


def drift(rng: np.random.Generator, watches: Watches, rows: int) -> dict[str, Ints]:
    """10,000 mails a day, from 1 to 8 % in ten days, two days before at 1 %: the minute of the pause since the drift began."""
    rates = np.concatenate([np.full(2 * MINUTES_A_DAY, HEALTHY), np.linspace(HEALTHY, 0.08, 10 * MINUTES_A_DAY)])
    senders = sent(rng, 10_000, rates, (rows, rates.size))
    return {name: watch(senders) - 2 * MINUTES_A_DAY for name, watch in _all(watches).items()}


def bad_campaign(rng: np.random.Generator, watches: Watches, rows: int, size: int) -> dict[str, Floats]:
    """Every tenth campaign at 15 %, the others at 1 %, 10,000 mails a day: at which mail of the first bad one the pause came."""
    lead = 5 * size * MINUTES_A_DAY // 10_000
    good, bad = sent(rng, 10_000, HEALTHY, (rows, lead)), sent(rng, 10_000, 0.15, (rows, size * MINUTES_A_DAY // 10_000))
    after = sent(rng, 10_000, HEALTHY, (rows, lead))
    senders = good.then(bad).then(after)
    return {name: bad.until(watch(senders) - lead)[0] for name, watch in _all(watches).items()}


class Clumps(NamedTuple):
    """Senders whose campaigns have rates of their own."""

    volume: float
    size: int  # mails of a campaign
    mean: float
    correlation: float  # of two outcomes in a campaign

    def rates(self, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
        """The rate of each minute, beta-distributed by campaign."""
        weight = 1 / self.correlation - 1
        return by_campaign(
            self.volume, shape, self.size, lambda number: rng.beta(self.mean * weight, (1 - self.mean) * weight, number)
        )


def clumped(rng: np.random.Generator, watches: Watches, clumps: Clumps, months: int) -> dict[str, float]:
    """The share of such sender-months that each rule pauses; and ours where the campaign then under way was within the limit."""
    counts = dict.fromkeys((OURS, WITHIN, *watches.others), 0)
    for begin in range(0, months, 24):
        shape = min(24, months - begin), MONTH
        rates = clumps.rates(rng, shape)
        senders = sent(rng, clumps.volume, rates, shape)
        for name, watch in _all(watches).items():
            first = watch(senders)
            counts[name] += int((first < MONTH).sum())
            if name == OURS:
                under_way = rates[np.arange(shape[0]), np.minimum(first, MONTH - 1)]
                counts[WITHIN] += int(((first < MONTH) & (under_way <= watches.limit)).sum())
    return {name: count / months for name, count in counts.items()}


def _all(watches: Watches) -> dict[str, Watch]:
    return {OURS: watched(watches.bounces), **watches.others}
