"""What the guard does when SES says that a tenant was switched: the row follows, and people hear who did it and why.

Tenants are too many to be asked one after the other, at the one request a second that SES takes.
"""

from datetime import datetime, timedelta

from ses_warden.application.deeds import Deeds
from ses_warden.application.guard_sending import GuardOutcome, GuardPolicy, GuardServices
from ses_warden.domain.cohorts import moment_of, outcomes_of
from ses_warden.domain.counters import hour
from ses_warden.domain.guard import reconciled
from ses_warden.domain.guard_states import Action, Facts, Mode, State
from ses_warden.domain.sending_status import SendingStatus
from ses_warden.errors import LedgerBusy, ScopeGone, SwitchError, WardenError

_ROUNDS = 5


def hear_status(status: SendingStatus, services: GuardServices, policy: GuardPolicy, now: datetime) -> GuardOutcome:
    """Notes a switch that was thrown elsewhere; our own, and what the row says already, change nothing.

    Raises `LedgerError` when DynamoDB does not serve it, `AlertError` when the alert must wait for the next run.
    """
    errors: list[WardenError] = []
    deeds = Deeds(services.store, services.switch, services.alerts, policy.mode_of, now)
    if policy.mode is not Mode.OFF:
        _note(status, services, policy, deeds, errors)
    return GuardOutcome({}, deeds.states, deeds.decisions, timedelta(), 0, errors)


def _note(status: SendingStatus, services: GuardServices, policy: GuardPolicy, deeds: Deeds, errors: list[WardenError]) -> None:
    scope, now, store = status.scope, deeds.now, services.store
    for _ in range(_ROUNDS):
        state = store.states([scope]).get(scope) or State(scope=scope)
        try:
            # Events may come late or out of order: the switch itself is right.
            sends = services.switch.is_on(scope)
        except ScopeGone:
            return
        except SwitchError as error:
            errors[:] = [error]
            if state.since and status.at and status.at <= state.since:
                return
            sends = status.sends
        this_hour = hour(now)
        cohort = outcomes_of(moment_of(this_hour), store.hour(scope, this_hour), policy_is_hard=policy.policy_refusals_are_hard)
        told = status if status.sends is sends else None
        decision = reconciled(state, Facts(switch=sends, cohort=cohort, told=told), now)
        if decision.action is Action.NOTHING:
            return
        saved = deeds.save(decision)
        if saved:
            if saved.untold:
                deeds.tell(saved)
            return
    raise LedgerBusy(f"others changed the state of {scope} {_ROUNDS} times")
