"""Looks, on a schedule, at where the suppression table and SES's list differ; on request settles what is safe without a person.

Whatever a run does, nobody can be mailed after it who could not be before, unless an operator had released them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ses_warden.application.ports import Ledger
from ses_warden.application.sync_suppression import AccountRows, Plan, Progress, SesList, apply_sync, plan_sync
from ses_warden.domain.authority import Authority
from ses_warden.domain.reconciliation import Action, Side, Step
from ses_warden.errors import OutOfTime, TooManyChanges, WardenError

# An event that fails is tried again for half an hour, then an alarm speaks: what is older than this will not settle itself.
SETTLING = timedelta(hours=1)


class SyncMode(StrEnum):
    """What the schedule does: nothing, look, or also settle."""

    OFF = "off"
    REPORT = "report"
    APPLY = "apply"


@dataclass(frozen=True, slots=True)
class SyncPolicy:
    """Whose list is the truth, and how many changes a run may make; with more to make it makes none."""

    authority: Authority
    mode: SyncMode
    most_changes: int
    settling: timedelta = SETTLING


@dataclass(frozen=True, slots=True)
class Drift:
    """In how many addresses the two do not agree, and should. `differs` refuse both, for different reasons: no drift.

    `unclear` are addresses that SES's list alone has, and that may be people who were forgotten; as many as were forgotten.
    """

    only_here: int
    only_there: int
    differs: int
    unclear: int

    @property
    def total(self) -> int:
        """What somebody has to settle, or the next run."""
        return self.only_here + self.only_there


@dataclass(frozen=True, slots=True)
class Watched:
    """What a run found, did and left. `error`: why what it should have settled is not; the drift is true all the same."""

    here: int
    there: int
    drift: Drift
    done: Mapping[Action, int] = field(default_factory=dict)
    error: WardenError | None = None


def watch_suppression(
    rows: AccountRows, ses: SesList, ledger: Ledger, policy: SyncPolicy, now: datetime, *, seconds_left: Callable[[], float]
) -> Watched:
    """One run. Raises `WardenError` where either list could not be read to its end: then nothing is known of any drift."""
    on_time = _on_time(seconds_left)
    plan = plan_sync(rows, ses, policy.authority, now, on_time, settling=policy.settling)
    if policy.mode is not SyncMode.APPLY:
        return _watched(plan, plan.steps)
    safe = [step for step in plan.steps if is_safe(step)]
    try:
        _refuse_too_many(safe, policy.most_changes)
        applied = apply_sync(replace(plan, steps=safe), ledger, ses, now, on_time)
    except WardenError as error:
        return replace(_watched(plan, plan.steps), error=error)
    left = [*applied.left, *(step for step in plan.steps if not is_safe(step))]
    return replace(_watched(plan, left), done=applied.done)


def is_safe(step: Step) -> bool:
    """Whether it needs no person: it refuses more mail, or takes off SES's list whom an operator has released.

    What the table merely does not hold stays on SES's list, also where the table decides: it may have lost it.
    """
    return step.action in (Action.ADD_THERE, Action.TAKE_IN) or (step.action is Action.REMOVE_THERE and step.ordered)


def _refuse_too_many(steps: Sequence[Step], most: int) -> None:
    changes = sum(len(step.spellings) if step.action is Action.REMOVE_THERE else 1 for step in steps)
    if changes > most:
        raise TooManyChanges(
            f"{changes:,} changes are more than a scheduled run makes by itself ({most:,}), so it made none: look at them with "
            "`ses-warden suppression sync`, and make them with --apply"
        )


def _watched(plan: Plan, left: Sequence[Step]) -> Watched:
    strangers = sum(step.unclear for step in left)
    unclear = min(strangers, plan.forgotten)
    drift = Drift(
        only_here=sum(step.side is Side.HERE for step in left),
        only_there=sum(step.side is Side.THERE for step in left) - unclear,
        differs=plan.sides.get(Side.DIFFERS, 0),
        unclear=unclear,
    )
    return Watched(plan.here, plan.there, drift)


def _on_time(seconds_left: Callable[[], float]) -> Progress:
    """Raises `OutOfTime`, so that a run ends in order, with the reason in its log, before Lambda ends it."""

    def look(what: str, done: int, of: int | None) -> None:
        if seconds_left() <= 0:
            progress = f"{done:,}" if of is None else f"{done:,} of {of:,}"
            raise OutOfTime(
                f"the time of a scheduled run was over while {what}, after {progress}: use `ses-warden suppression sync`"
            )

    return look
