"""What the guard remembers of a scope: its cohorts, recent hours by shard, older days as sums.

The counters of a scope are spread over shards, and each change of one shows its whole value. With the values by shard kept, a
change replaces its own and needs no other row to be read; as counters only grow, the greater value is the later one, so that
changes may come twice, late and in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from ses_warden.domain.counters import Counter
from ses_warden.domain.rates import Outcomes
from ses_warden.domain.reputation import REFUSED

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# Days that ended longer ago than this are kept as sums: most outcomes are in by then, and later ones are read anew.
_DETAIL = timedelta(days=2)
_LONGEST_HISTORY = timedelta(days=60)
_ANY = datetime(1970, 1, 1, tzinfo=UTC)


class Tally(NamedTuple):
    """What the guard wants to know of a cohort."""

    sent: int = 0
    hard: int = 0
    delivered: int = 0
    unreported: int = 0
    refused: int = 0
    policy: int = 0
    complaints: int = 0
    listed: int = 0

    @classmethod
    def of(cls, counts: Mapping[Counter, int]) -> Self:
        """From a row of counters."""
        return cls(
            sent=counts.get(Counter.SENT, 0),
            hard=counts.get(Counter.HARD, 0),
            delivered=counts.get(Counter.DELIVERED, 0),
            unreported=counts.get(Counter.DELIVERED_UNREPORTED, 0),
            refused=sum(counts.get(one, 0) for one in REFUSED if one is not Counter.POLICY),
            policy=counts.get(Counter.POLICY, 0),
            complaints=counts.get(Counter.COMPLAINTS, 0),
            listed=counts.get(Counter.LISTED, 0),
        )

    def plus(self, other: "Tally") -> "Tally":
        """The sum."""
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))

    def later(self, other: "Tally") -> "Tally":
        """The later of two looks at the same counters."""
        return Tally(*map(max, self, other))


class Change(NamedTuple):
    """A row of counters that moved: its values now, when it last moved, and up to when the activity lane had got by then."""

    scope: str
    shard: int
    hour: str  # of sending, `2026-11-24T10`
    tally: Tally
    at: datetime
    progress: datetime | None = None


@dataclass(slots=True)
class Rollup:
    """The cohorts of a scope. `upto`: all changes up to this moment are in what is stored."""

    upto: datetime | None = None
    since: datetime | None = None  # the hour of the first mail known
    hours: dict[str, dict[int, Tally]] = field(default_factory=dict)
    days: dict[str, Tally] = field(default_factory=dict)
    forgotten: str = ""  # days up to this one were dropped
    pending: datetime | None = None  # the earliest change that is not stored

    def take(self, change: Change) -> str | None:
        """Takes a change in. Returns the day that must be read anew, if the change concerns one that is kept as a sum."""
        day = change.hour[:10]
        new = self.upto is None or change.at > self.upto
        if day <= self.forgotten:
            return None
        if new and (self.pending is None or change.at < self.pending):
            self.pending = change.at
        if day in self.days:
            return day if new else None
        shards = self.hours.setdefault(change.hour, {})
        shards[change.shard] = change.tally.later(shards.get(change.shard, Tally()))
        self._began(change.hour)
        return None

    def replace_day(self, day: str, tally: Tally) -> None:
        """Sets what a whole day amounts to, as read from its counters."""
        self.days[day] = tally.later(self.days.get(day, Tally()))

    def compact(self, now: datetime, mails: int, complained: int) -> None:
        """Makes sums of old days, and drops what lies before the last so many outcomes and so many deliveries that may complain."""
        for hour in [hour for hour in self.hours if moment_of(hour[:10]) + DAY + _DETAIL <= now]:
            tally = self.days.get(hour[:10], Tally())
            for one in self.hours.pop(hour).values():
                tally = tally.plus(one)
            self.days[hour[:10]] = tally
            self._began(hour[:10])  # a day's sum stands for its beginning
        seen = delivered = 0
        for hour in sorted(self.hours, reverse=True):
            seen, delivered = _more(seen, delivered, _sum(self.hours[hour].values()))
        enough = False
        for day in sorted(self.days, reverse=True):
            if enough or moment_of(day) < now - _LONGEST_HISTORY:
                del self.days[day]
                self.forgotten = max(self.forgotten, day)
                continue
            # One day more than needed is kept, so that no window reaches the edge and takes it for the beginning.
            enough = seen >= mails and delivered >= complained
            seen, delivered = _more(seen, delivered, self.days[day])

    def stored(self, upto: datetime) -> None:
        """All changes up to a moment are about to be stored."""
        self.upto = max(upto, self.upto or upto)
        self.pending = None

    def cohorts(self, *, policy_is_hard: bool) -> list[Outcomes]:
        """As `assess` reads them."""
        tallies = [(moment_of(day), tally) for day, tally in self.days.items()]
        tallies += [(moment_of(hour), _sum(shards.values())) for hour, shards in self.hours.items()]
        return [outcomes_of(moment, tally, policy_is_hard=policy_is_hard) for moment, tally in tallies]

    def _began(self, period: str) -> None:
        moment = moment_of(period)
        if self.since is None or moment < self.since:
            self.since = moment


def moment_of(period: str) -> datetime:
    """The beginning of an hour (`2026-11-24T10`) or a day (`2026-11-24`)."""
    return datetime.fromisoformat(period).replace(tzinfo=UTC)


def without(cohorts: Iterable[Outcomes], others: Iterable[Outcomes]) -> list[Outcomes]:
    """The cohorts less those of scopes within, such as tenants that are paused already."""
    less: dict[datetime, Outcomes] = {}
    for other in others:
        known = less.get(other.hour, Outcomes(hour=other.hour))
        less[other.hour] = _combined(known, other, 1)
    return [_combined(one, less[one.hour], -1) if one.hour in less else one for one in cohorts]


def _combined(one: Outcomes, other: Outcomes, sign: int) -> Outcomes:
    return replace(
        one,
        sent=max(one.sent + sign * other.sent, 0),
        hard=max(one.hard + sign * other.hard, 0),
        delivered=max(one.delivered + sign * other.delivered, 0),
        unreported=max(one.unreported + sign * other.unreported, 0),
        refused=max(one.refused + sign * other.refused, 0),
        complaints=max(one.complaints + sign * other.complaints, 0),
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for one in tallies:
        total = total.plus(one)
    return total


def _more(seen: int, delivered: int, tally: Tally) -> tuple[int, int]:
    return seen + outcomes_of(_ANY, tally, policy_is_hard=False).mails, delivered + tally.delivered


def outcomes_of(moment: datetime, tally: Tally, *, policy_is_hard: bool) -> Outcomes:
    """A tally as `assess` reads it."""
    return Outcomes(
        hour=moment,
        sent=max(tally.sent - tally.listed, 0),  # a mail that a list held back has its Send event as well
        hard=tally.hard + (tally.policy if policy_is_hard else 0),
        delivered=tally.delivered,
        unreported=tally.unreported,
        refused=tally.refused + (0 if policy_is_hard else tally.policy),
        complaints=tally.complaints,
    )
