"""The storm breaker: when hard bounces from one recipient domain are the provider's fault.

A provider whose directory is down answers 5.1.1 for everybody. Each of these bounces looks like a true one; only their number does
not. So those amid a burst far above the domain's habit are provisional: they suppress for a day, and not for good.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

# Below this many in the hours of a burst, no count is unusual.
LEAST = 25
# A burst is this many times what the domain's busiest day of the last week had.
TIMES_THE_BUSIEST_DAY = 5
HABIT_DAYS = 7


class DomainBounces(NamedTuple):
    """Hard bounces from one recipient domain: in this hour and the one before, and on each of the seven days before today."""

    recent: int
    days: tuple[int, ...]


def is_storm(bounces: DomainBounces) -> bool:
    """Whether a hard bounce now is one of a burst far above the domain's habit."""
    return bounces.recent >= LEAST and bounces.recent > TIMES_THE_BUSIEST_DAY * max(bounces.days, default=0)


def periods_of(at: datetime) -> tuple[str, str]:
    """The periods in which a bounce is counted for its domain: the hour and the day in which it *arrived*."""
    moment = at.astimezone(UTC)
    return moment.strftime("hour/%Y-%m-%dT%H"), moment.strftime("day/%Y-%m-%d")


def recent_periods(at: datetime) -> tuple[str, ...]:
    """The hours that a burst is looked for in."""
    return periods_of(at)[0], periods_of(at - timedelta(hours=1))[0]


def habit_periods(at: datetime) -> tuple[str, ...]:
    """The days that say what the domain's habit is."""
    return tuple(periods_of(at - timedelta(days=days))[1] for days in range(1, HABIT_DAYS + 1))
