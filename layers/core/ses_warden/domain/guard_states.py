"""Where a scope stands with the guard, what a run knows of it, and what follows from a deed. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ses_warden.domain.judgement import Assessment
from ses_warden.domain.rates import Outcomes, Thresholds
from ses_warden.domain.sending_status import SendingStatus

OUTSIDE = "somebody outside SES Warden"
AWS = "AWS"
GUARD = "the guard"
# Warned scopes are healthy again below this part of the warning level: rates near it would come and go.
CALM = 0.8


class Mode(StrEnum):
    """Whether the guard looks at all, only says what it would do, or does it."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ACTIVE = "active"


class Status(StrEnum):
    """Where a scope stands. `pausing`: decided, and not yet known to be done."""

    HEALTHY = "healthy"
    WARNED = "warned"
    PAUSING = "pausing"
    PAUSED = "paused"
    PROBATION = "probation"


class Action(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    NOTE = "note"  # keep the new state, and tell nobody
    WARN = "warn"
    WOULD_PAUSE = "would-pause"  # dry run
    PAUSE = "pause"  # throw the switch, read it back, and only then call the scope paused
    PAUSED = "paused"  # the switch is off
    RESUMED = "resumed"  # on again: on probation
    HEALED = "healed"  # a warning or a probation is over
    MARK = "mark"  # the first of AWS's rates after a resumption


@dataclass(frozen=True, slots=True)
class Word:
    """AWS's own rates of a scope, fractions; None where CloudWatch has no value."""

    bounces: float | None = None
    complaints: float | None = None

    def is_calm(self, thresholds: Thresholds) -> bool:
        """Whether both rates are well below the warning levels."""
        levels = ((self.bounces, thresholds.bounces), (self.complaints, thresholds.complaints))
        return all((rate or 0) < CALM * limits.warn for rate, limits in levels)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The bad outcomes as they were when they first looked too many, until the deliveries of that time are known too."""

    at: datetime
    bad: tuple[Outcomes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a scope stands, since when and why. `version` 0: no row yet."""

    scope: str
    status: Status = Status.HEALTHY
    since: datetime | None = None
    reason: str = ""
    by: str = GUARD
    version: int = 0
    counting_from: datetime | None = None  # of a resumption
    before: Outcomes | None = None  # what that hour had counted before it
    suspicion: Suspicion | None = None
    aws_mark: Word | None = None  # AWS's rates at the resumption
    warned_at: datetime | None = None
    would_pause: bool = False  # a dry run said so
    untold: Action | None = None  # an alert that is still to be sent
    failures: int = 0  # attempts to throw the switch that failed


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done about a scope, and the state that says so."""

    action: Action
    state: State


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, and whether it must wait for deliveries that are still under way."""

    assessment: Assessment
    suspicion: Suspicion | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run knows of a scope beside its state."""

    finding: Finding | None = None  # None: nothing of it changed
    word: Word | None = None  # None: AWS has no rates of it
    switch: bool | None = None  # None: nobody looked
    cohort: Outcomes | None = None  # what was sent in this hour so far
    told: SendingStatus | None = None  # SES said so of the switch
    excused: bool = False  # a narrower scope is paused: AWS's rates of the wider one are its doing


# What follows a deed


def switched_off(state: State, now: datetime) -> State:
    """The switch was thrown and read back: paused."""
    return replace(state, status=Status.PAUSED, since=now, untold=Action.PAUSED, failures=0)


def not_switched_off(state: State) -> State:
    """The switch could not be thrown: still to be done."""
    return replace(state, failures=state.failures + 1)


def told(state: State) -> State:
    """The alert was sent."""
    return replace(state, untold=None)


def resumed(state: State, by: str, reason: str, now: datetime, cohort: Outcomes | None) -> State:
    """On probation: counting begins now, without what the cohort of this hour (None: nothing) has counted so far."""
    return replace(
        state,
        status=Status.PROBATION,
        since=now,
        by=by,
        reason=reason,
        counting_from=now,
        before=cohort,
        suspicion=None,
        aws_mark=None,
        warned_at=None,
        would_pause=False,
        untold=Action.RESUMED,
        failures=0,
    )


def paused_by_hand(state: State, by: str, reason: str, now: datetime) -> State:
    """An operator's decision to pause; the switch is still to be thrown."""
    return replace(state, status=Status.PAUSING, since=now, by=by, reason=reason, suspicion=None, failures=0, would_pause=False)


@dataclass(frozen=True, slots=True)
class Account:
    """What SES says of the account. `enforcement`: HEALTHY, PROBATION, SHUTDOWN, or what AWS may add; `sending`: its own switch."""

    enforcement: str
    sending: bool
