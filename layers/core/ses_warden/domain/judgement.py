"""What `assess` answers: a verdict, and for each kind of harm the judgement that it rests on, in numbers and in words."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ses_warden.domain.evidence import lower_bound
from ses_warden.domain.rates import Window

# How many mails ahead the head-room looks.
AHEAD = 1_000

_COUNTED = {"hard bounces": "mails", "complaints": "mails delivered where complaints are reported"}


class Verdict(StrEnum):
    """What to do about a scope: nothing, tell somebody, stop it; or nothing can be said, as the deliveries are not in yet."""

    HEALTHY = "healthy"
    WARN = "warn"
    PAUSE = "pause"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One kind of harm: the estimates, and the evidence against the limit where it is strongest."""

    kind: str  # `hard bounces` or `complaints`
    verdict: Verdict  # healthy, warn or pause
    limit: float
    warn: float
    recent: Window  # the last mails, as many as `Limits.window` asks for, in whole hours
    last_hour: Window  # this hour and the one before
    deciding: Window  # the window whose evidence comes nearest to what it needs
    log_odds: float  # the natural logarithm of that evidence
    log_needed: float  # and of what a pause needs there
    head_room: int  # so many more bad ones among the next `AHEAD` mails would bring a pause
    steepest: float

    @property
    def bound(self) -> float:
        """The true rate is above this, with the confidence that a pause needs, however often one looks. Worked out when asked."""
        return lower_bound(self.deciding.bad, self.deciding.mails, self.steepest, self.log_needed)

    @property
    def words(self) -> str:
        """The evidence in a sentence."""
        return describe(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The verdict on a scope, and what it rests on."""

    verdict: Verdict
    reasons: tuple[str, ...]
    bounces: Judgement
    complaints: Judgement
    watermark: datetime
    lag: timedelta
    probation: bool


def describe(judgement: Judgement) -> str:
    """A judgement in a sentence, for alerts and `status`."""
    pause = judgement.verdict is Verdict.PAUSE
    one = judgement.deciding if pause else judgement.recent
    mails = f"{one.mails:,} {_COUNTED[judgement.kind]} sent since {one.since:%Y-%m-%d %H}:00 UTC"
    sentence = f"{judgement.kind}: {one.bad:,} of {mails}, {_percent(one.rate)}"
    if pause:
        odds, needed = (_times(logarithm) for logarithm in (judgement.log_odds, judgement.log_needed))
        sentence += f": {odds} likelier above the limit of {_percent(judgement.limit)} than at it ({needed} is enough)"
        return f"{sentence}; surely above {_percent(judgement.bound)}"
    if judgement.verdict is Verdict.WARN:
        sentence += f", and warnings begin at {_percent(judgement.warn)}"
    return f"{sentence}; {judgement.head_room:,} more among the next {AHEAD:,} would bring a pause"


def _times(logarithm: float) -> str:
    return f"{math.exp(logarithm):,.0f} times" if logarithm < math.log(1e6) else "over a million times"


def _percent(rate: float) -> str:
    return f"{100 * rate:.2g} %" if rate < 0.01 else f"{100 * rate:.1f} %"  # noqa: PLR2004 - one per cent
