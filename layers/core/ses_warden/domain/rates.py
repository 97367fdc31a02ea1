"""The rates of a scope: what became of its mails by the hour of sending, windows over them, and the thresholds they are held to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ses_warden.domain.evidence import wilson

# The interval shown is one of 90 %.
DEVIATIONS = 1.645
# A warning below the volume floor, or from the last hour, rests on two bad mails at least, and on odds of a thousand to one a look.
LEAST_FOR_WARNING, SURE_DEVIATIONS = 2, 3.09


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value:g}, and must be from {least:g} to {most:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of the mails that a scope sent in one hour, as far as is known. List hits and the simulator are in no number."""

    hour: datetime  # its beginning, UTC
    sent: int = 0
    hard: int = 0  # SES's global list among them
    delivered: int = 0  # to providers that report complaints
    unreported: int = 0  # delivered to providers that report none
    refused: int = 0  # soft, undetermined, policy and content refusals: an outcome, but no hard bounce
    complaints: int = 0

    @property
    def mails(self) -> int:
        """The mails that bounces are a share of: those sent, as for SES; without Send events, those whose outcome is known.

        The known outcomes alone would make a healthy sender look bad while a provider is slow to accept: bounces come at once.
        """
        return max(self.sent, self.hard + self.delivered + self.unreported + self.refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers for one kind of harm. Rates are fractions of mails."""

    pause: float  # pause when the evidence says that the rate is above this
    warn: float  # warn when the estimate reaches this
    floor: int  # with fewer mails the estimate is too rough to warn, and its lower bound decides
    least: int  # never pause for fewer bad ones than this
    window: int  # how many of the last mails are looked at
    steepest: float  # the grossest excess looked for, as a multiple of the limit
    first_share: float  # of the false pauses allowed, how many the count since the beginning may spend
    restart_cost: float  # a count begun afresh needs odds of this over the false pauses allowed

    def __post_init__(self) -> None:
        """Checks the bounds."""
        _within("pause", self.pause, 0.0001, 0.09)
        _within("warn", self.warn, 0.00001, self.pause)
        _within("floor", self.floor, 1, 1_000_000)
        _within("least", self.least, 1, 1_000)
        _within("window", self.window, 100, 1_000_000)
        _within("steepest", self.steepest, 2, 100)
        _within("first_share", self.first_share, 0.01, 1)
        _within("restart_cost", self.restart_cost, 1, 100_000)


# 80 % and 60 % of the rates at which SES reviews an account: 5 % hard bounces, 0.1 % complaints
# (https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html).
BOUNCES = Limits(
    pause=0.04, warn=0.03, floor=500, least=5, window=10_000, steepest=10, first_share=0.37, restart_cost=37
)  # fmt: skip
# Complaints are fifty times rarer, so 10,000 mails cannot tell twice the limit from the limit.
COMPLAINTS = Limits(
    pause=0.0008, warn=0.0006, floor=10_000, least=3, window=50_000, steepest=25, first_share=0.15, restart_cost=100
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """All that `assess` may be told about what is tolerable."""

    bounces: Limits = BOUNCES
    complaints: Limits = COMPLAINTS
    false_pauses: float = 0.01  # the probability, per scope and month, that a healthy one is paused
    longest_lag: timedelta = timedelta(minutes=15)  # of the activity lane, beyond which nothing is called healthy

    def __post_init__(self) -> None:
        """Checks the bounds."""
        _within("false_pauses", self.false_pauses, 0.0001, 0.02)
        _within("longest_lag in seconds", self.longest_lag.total_seconds(), 60, 86_400)


class Window(NamedTuple):
    """Mails sent from an hour on, and how many of them went wrong."""

    since: datetime
    bad: int
    mails: int

    @property
    def rate(self) -> float:
        """The estimate; 0 without mails."""
        return self.bad / self.mails if self.mails else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 90 % interval: what a single look says."""
        return wilson(self.bad, self.mails, DEVIATIONS)

    @property
    def surely(self) -> float:
        """The rate is hardly below this."""
        return wilson(self.bad, self.mails, SURE_DEVIATIONS)[0]
