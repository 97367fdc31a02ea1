"""What the guard and operators do to a scope: write it down, throw the switch, tell people. A crash in between heals."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_warden.application.guard_ports import Alerts, GuardStore, Record, Switch
from ses_warden.application.notices import failure_notice, notice_of
from ses_warden.domain.guard_states import Action, Decision, Mode, State, Status, not_switched_off, switched_off, told
from ses_warden.errors import ScopeGone, SwitchError

# Of a failing pause these attempts alert, and then each thirtieth: once in half an hour.
_ALERTING = (1, 5)
_ALERTING_EVERY = 30


@dataclass(slots=True)
class Deeds:
    """Deeds at one moment. `states` and `decisions` tell what came of them."""

    store: GuardStore
    switch: Switch
    alerts: Alerts
    mode_of: Callable[[str], Mode]
    now: datetime
    states: dict[str, State] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    def save(self, decision: Decision) -> State | None:
        """Writes a decision down. None: somebody else was faster, and does it."""
        state = decision.state
        record = None
        if decision.action not in (Action.NOTE, Action.MARK):
            mode = self.mode_of(state.scope)
            record = Record(state.scope, self.now, decision.action, state.status, state.by, state.reason, mode)
        saved = self.store.save_state(state, record)
        if saved:
            self.states[state.scope] = saved
            self.decisions.append(replace(decision, state=saved))
        return saved

    def pause(self, decision: Decision) -> State | None:
        """Claims the episode, throws the switch, and calls the scope paused only when the switch is seen to be off.

        None: somebody else claimed it first, or resumed the scope meanwhile. Raises `SwitchError`; the claim then stands, and the
        next run takes it up.
        """
        claimed = self.save(decision)
        if claimed is None:
            return None
        try:
            self.switch.turn(claimed.scope, on=False)
        except ScopeGone as gone:
            # Nothing is sent through what is not there; should it be made again, it is found switched on.
            claimed = replace(claimed, reason=f"{claimed.reason}; {gone}")
        except SwitchError as error:
            if self._failed(claimed, error):
                raise
            self._give_way(claimed.scope)
            return None
        done = self.save(Decision(Action.PAUSED, switched_off(claimed, self.now)))
        if done:
            self.tell(done)
        else:
            self._give_way(claimed.scope)
        return done

    def tell(self, state: State) -> None:
        """Sends the alert that a state owes, and only then forgets that it was to be sent: rather twice than never."""
        self.alerts.send(notice_of(state, self.now))
        saved = self.store.save_state(told(state))
        if saved:
            self.states[state.scope] = saved

    def _failed(self, claimed: State, error: SwitchError) -> State | None:
        failed = self.store.save_state(not_switched_off(claimed))
        if failed is None:
            return None
        self.states[failed.scope] = failed
        if failed.failures in _ALERTING or failed.failures % _ALERTING_EVERY == 0:
            self.alerts.send(failure_notice(failed, str(error), self.now))
        return failed

    def _give_way(self, scope: str) -> None:
        """Who changed the state while the switch was thrown has the last word: if it is to be on, it may be we who left it off."""
        state = self.store.states([scope]).get(scope)
        if state is None:
            return
        self.states[scope] = state
        if state.status not in (Status.PAUSED, Status.PAUSING):
            self.switch.turn(scope, on=True)
