"""What the commands about sending print with `--json`. Rates are fractions."""

from typing import NotRequired, TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class Switched(TypedDict):
    """What `pause` and `resume` print."""

    scope: str
    status: str
    since: str | None
    by: str
    reason: str
    alert_owed: bool  # the alert did not go out yet; the guard sends it


@with_config(ConfigDict(extra="forbid", strict=True))
class Rate(TypedDict):
    """One kind of harm."""

    bad: int  # among the last mails
    mails: int
    since: str  # the hour in which the first of them was sent
    rate: float
    low: float  # the true rate is between these with 90 %
    high: float
    warn: float
    limit: float  # paused when the evidence says that the rate is above it
    head_room: int  # so many more bad ones among the next 1,000 would bring a pause
    evidence: str


@with_config(ConfigDict(extra="forbid", strict=True))
class AwsRates(TypedDict):
    """AWS's own rates, where they are near a warning."""

    bounces: float | None
    complaints: float | None


@with_config(ConfigDict(extra="forbid", strict=True))
class Period(TypedDict):
    """What became of the mail of an hour or a day (`status --plot`)."""

    begin: str
    mails: int
    hard_bounces: int
    delivered: int  # where complaints are reported
    complaints: int


@with_config(ConfigDict(extra="forbid", strict=True))
class Standing(TypedDict):
    """Where a scope stands."""

    scope: str
    status: str  # healthy, warned, pausing, paused, probation
    verdict: str | None  # healthy, warn, pause, unknown; null: nothing was counted
    finding: bool
    since: str | None
    by: str
    reason: str
    would_pause: bool  # a dry run would have paused it
    bounces: Rate | None
    complaints: Rate | None
    head_room: int | None  # the lesser of both; null where it is paused, or nothing was counted
    aws: AwsRates | None
    history: NotRequired[list[Period]]


@with_config(ConfigDict(extra="forbid", strict=True))
class Guard(TypedDict):
    """The guard itself."""

    mode: str  # off, dry-run, active
    account_mode: str
    looked_at: str | None
    silent: bool  # it should have looked, and has not


@with_config(ConfigDict(extra="forbid", strict=True))
class Status(TypedDict):
    """What `status` prints."""

    at: str
    finding: bool
    guard: Guard
    enforcement: str | None  # what AWS calls the account: HEALTHY, PROBATION, SHUTDOWN
    scopes: list[Standing]
