"""How near the account comes to its daily quota: at worst in the last day, and by the end of this one.

SES counts the last 24 hours at any moment, so use falls by what was sent a day ago while it rises by what is sent now. Its
number is of this moment; the course of it is counted from CloudWatch's metric `AWS/SES Send`, in steps of five minutes.

The metric counts mails, the quota recipients, and not those of SES's mailbox simulator: the metric is scaled to SES's own number
for the last 24 hours.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

STEP = timedelta(minutes=5)
DAY = timedelta(days=1)
# What is asked of CloudWatch: the window of 24 hours, as it was at any moment of the last 24.
REACH = 2 * DAY
HOURS = 3
# CloudWatch has the last minutes incomplete.
LAG = STEP
# A mail has 50 recipients at most (https://docs.aws.amazon.com/ses/latest/dg/quotas.html): above that the metric does not show yet
# what SES's number shows.
_MOST_SCALE = 50.0


@dataclass(frozen=True, slots=True)
class Course:
    """The use of the daily quota over time, in recipients within 24 hours."""

    peak: float  # the highest of the last 24 hours
    pace: float  # recipients an hour, mean of the last hours
    slowest: float  # of these hours
    fastest: float
    until: datetime  # the end of the day, UTC
    expected: float  # the highest until then, at the pace of the last hours
    low: float  # … of the slowest
    high: float  # … of the fastest
    full_at: datetime | None  # when the quota is used up, at the pace


def course(day: float, sent: float, metric: Mapping[datetime, float], now: datetime) -> Course | None:
    """How use went and goes on, from mails by the five minutes in which they were sent; None where the counts do not agree.

    `day` is the quota, `sent` SES's number for the last 24 hours, `now` in UTC.
    """
    counts: dict[datetime, float] = defaultdict(float)
    for moment, count in metric.items():
        if count > 0 and math.isfinite(count):
            counts[_floor(moment)] += count
    first = beginning(now)
    steps = [counts[first + STEP * number] for number in range(REACH // STEP)]
    window = DAY // STEP
    seen = sum(steps[-window:])
    scale = sent / seen if seen else 1.0
    if (sent and not seen) or scale > _MOST_SCALE:
        return None
    mails = [count * scale for count in steps]
    until = datetime(now.year, now.month, now.day, tzinfo=UTC) + DAY
    left = max(-(-(until - now) // STEP), 1)
    hour = timedelta(hours=1) // STEP
    complete = mails[: -(LAG // STEP)]
    hours = [sum(complete[-hour * (number + 1) : len(complete) - hour * number]) for number in range(HOURS)]
    pace = sum(hours) / HOURS

    def highest(an_hour: float) -> float:
        return max(_ahead(sent, mails[-window:], an_hour / hour, left))

    ahead = _ahead(sent, mails[-window:], pace / hour, left)
    full = next((number for number, use in enumerate(ahead) if use >= day), None)
    return Course(
        peak=max([sent, *_behind(mails, window)]),
        pace=pace,
        slowest=min(hours),
        fastest=max(hours),
        until=until,
        expected=max(ahead),
        low=highest(min(hours)),
        high=highest(max(hours)),
        full_at=None if full is None else min(now + STEP * full, until),
    )


def beginning(now: datetime) -> datetime:
    """Since when the mails are to be counted: CloudWatch's steps begin at whole five minutes."""
    return _floor(now - REACH)


def _floor(moment: datetime) -> datetime:
    """The step in which a moment is."""
    return moment.replace(minute=moment.minute - moment.minute % (STEP // timedelta(minutes=1)), second=0, microsecond=0)


def _behind(mails: list[float], window: int) -> list[float]:
    """The use at the end of each step of the last day."""
    total = sum(mails[:window])
    uses = [total]
    for gone, come in zip(mails, mails[window:], strict=False):
        total += come - gone
        uses.append(total)
    return uses


def _ahead(sent: float, last_day: list[float], a_step: float, steps: int) -> list[float]:
    """The use now and at the end of each step to come: a day ago's goes, the pace comes."""
    uses = [sent]
    for gone in last_day[:steps]:
        uses.append(max(uses[-1] - gone + a_step, 0.0))
    return uses
