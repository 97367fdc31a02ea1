"""What operators do: resume a scope on probation, or pause it themselves."""

from datetime import datetime

from ses_warden.application.deeds import Deeds
from ses_warden.application.guard_ports import Alerts, GuardStore, Switch
from ses_warden.domain.cohorts import moment_of, outcomes_of
from ses_warden.domain.counters import hour
from ses_warden.domain.guard import LEASE
from ses_warden.domain.guard_states import Action, Decision, Mode, State, Status, paused_by_hand, resumed
from ses_warden.errors import LedgerBusy, NothingToDo

_ROUNDS = 5


def resume_sending(
    scope: str,
    *,
    by: str,
    reason: str,
    store: GuardStore,
    switch: Switch,
    alerts: Alerts,
    now: datetime,
    policy_refusals_are_hard: bool = False,
) -> State:
    """Switches a paused scope on again and puts it on probation; counting begins now.

    The switch goes first: should this end in between, the guard finds it on, and puts the scope on probation itself. Raises
    `NothingToDo` when the scope is not paused, `SwitchError` when SES does not serve.
    """
    deeds = Deeds(store, switch, alerts, _by_hand, now)
    thrown = False
    for _ in range(_ROUNDS):
        state = store.states([scope]).get(scope) or State(scope=scope)
        if state.status in (Status.PAUSED, Status.PAUSING):
            # Also in a later round: whoever was faster may have paused it anew.
            switch.turn(scope, on=True)
            thrown = True
        elif not thrown:
            raise NothingToDo(f"{scope} is {state.status}, not paused; `ses-warden status` shows what is")
        this_hour = hour(now)
        before = outcomes_of(moment_of(this_hour), store.hour(scope, this_hour), policy_is_hard=policy_refusals_are_hard)
        saved = deeds.save(Decision(Action.RESUMED, resumed(state, by, reason, now, before)))
        if saved:
            deeds.tell(saved)
            return deeds.states[scope]
    raise LedgerBusy(f"others changed the state of {scope} {_ROUNDS} times")


def pause_sending(scope: str, *, by: str, reason: str, store: GuardStore, switch: Switch, alerts: Alerts, now: datetime) -> State:
    """Pauses a scope by an operator's decision; also one that is called paused while SES shows its switch on.

    Raises `NothingToDo` when it is paused already or somebody resumes it meanwhile, `SwitchError` when SES fails, its
    `ScopeGone` when SES does not know the scope: before anything is written, since the guard would try to carry that out for ever.
    """
    deeds = Deeds(store, switch, alerts, _by_hand, now)
    for _ in range(_ROUNDS):
        state = store.states([scope]).get(scope) or State(scope=scope)
        sends = switch.is_on(scope)
        if state.status is Status.PAUSED and not sends:
            raise NothingToDo(f"{scope} is paused already, since {state.since} by {state.by}")
        # A claim that somebody made just now is left to them: two who took over each other's would go on with that for ever.
        if state.status is Status.PAUSING and not state.failures and state.since and state.since <= now < state.since + LEASE:
            raise NothingToDo(f"{scope} is being paused, since {state.since} by {state.by}; `ses-warden status` shows what is")
        if deeds.pause(Decision(Action.PAUSE, paused_by_hand(state, by, reason, now))):
            return deeds.states[scope]
        if deeds.decisions and (last := deeds.states.get(scope)):
            # Who decided otherwise while the switch was thrown saw this pause: it is not for us to undo that.
            raise NothingToDo(f"{scope} is {last.status} by {last.by}, who came while it was being paused")
    raise LedgerBusy(f"others changed the state of {scope} {_ROUNDS} times")


def _by_hand(_scope: str) -> Mode:
    """An operator's word counts in every mode."""
    return Mode.ACTIVE
