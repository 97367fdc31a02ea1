"""The guard's use case: look at what changed, judge it, warn, pause, and say so.

Each run is a function of the tables: nothing is remembered in between but what is stored. Two runs at once do no harm, since a
state is written over the version it was made from.
"""

from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ses_warden.application.deeds import Deeds
from ses_warden.application.guard_ports import Alerts, Backlog, GuardStore, Look, ReputationMetrics, Switch
from ses_warden.application.look_back import FARTHEST, OVERLAP, lay_over, look_back
from ses_warden.application.notices import enforcement_notice
from ses_warden.domain.cohorts import Change, Rollup, moment_of, without
from ses_warden.domain.counters import ACCOUNT, hour
from ses_warden.domain.guard import LEASE, judge, step
from ses_warden.domain.guard_states import Action, Decision, Facts, Finding, Mode, State, Status, Word
from ses_warden.domain.judgement import Assessment
from ses_warden.domain.precedence import is_off, narrower, narrowest_first, spoken_for, weighs
from ses_warden.domain.rates import Outcomes, Thresholds
from ses_warden.errors import AlertError, LedgerError, MetricsError, ScopeGone, SwitchError, WardenError

# Changes are stored in the rollup within this time; each run looks back to the earliest that is not.
STORED_WITHIN = timedelta(minutes=30)
ASK_AWS_EVERY = timedelta(minutes=5)
# From the moment something happens to a mail, SES, SNS and the batch window take up to so long.
SETTLING = timedelta(seconds=20)
# An environment of the activity function that wrote nothing for so long says nothing about the lane any more.
_FRESH = timedelta(minutes=2)
# SES takes one such request a second, and each pause is two; what is left over, the next run does.
MOST_PAUSES = 12
MOST_RECONCILED = 8
# In half an hour all of 60,000 scopes have their turn.
MOST_STORED = 2_000


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """What the operator chose. `mode` is that of configuration sets and tenants; `drill` the scope of fire drills."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    mode: Mode = Mode.ACTIVE
    account_mode: Mode = Mode.DRY_RUN
    policy_refusals_are_hard: bool = False
    drill: str | None = None

    def mode_of(self, scope: str) -> Mode:
        """The mode for a scope; with the guard off, the account is left alone too."""
        return self.account_mode if scope == ACCOUNT and self.mode is not Mode.OFF else self.mode


@dataclass(frozen=True, slots=True)
class GuardOutcome:
    """What a run found and did. `errors` are failures that did not end it, and must not be kept quiet."""

    assessments: Mapping[str, Assessment]
    states: Mapping[str, State]
    decisions: Sequence[Decision]
    lag: timedelta
    changed: int
    errors: Sequence[WardenError]

    def count(self, action: Action) -> int:
        """How often a run did something."""
        return Tally(decision.action for decision in self.decisions)[action]


@dataclass(frozen=True, slots=True)
class GuardServices:
    """What the guard works with."""

    store: GuardStore
    switch: Switch
    metrics: ReputationMetrics
    backlog: Backlog
    alerts: Alerts


def guard_sending(services: GuardServices, policy: GuardPolicy, now: datetime, *, ask_aws: bool = False) -> GuardOutcome:
    """One look at everything that changed. `ask_aws`: AWS's own rates now, whenever they were asked for last."""
    return _Run(services, policy, now, ask_aws=ask_aws).run()


@dataclass(slots=True)
class _Run:
    services: GuardServices
    policy: GuardPolicy
    now: datetime
    ask_aws: bool
    look: Look = field(init=False)
    deeds: Deeds = field(init=False)
    rollups: dict[str, Rollup] = field(default_factory=dict)
    words: dict[str, Word] = field(default_factory=dict)
    switches: dict[str, bool] = field(default_factory=dict)
    assessments: dict[str, Assessment] = field(default_factory=dict)
    errors: list[WardenError] = field(default_factory=list)
    paused: int = 0

    def run(self) -> GuardOutcome:
        store = self.services.store
        self.look = store.last_look() or Look(self.now - FARTHEST)
        if self.policy.mode is Mode.OFF:
            return GuardOutcome({}, {}, (), timedelta(), 0, ())
        changes = store.changes(look_back(self.look, self.now), self.now)
        seen = {change.scope for change in changes}
        known = store.states(seen if len(seen) <= MOST_PAUSES else ())
        self.deeds = Deeds(store, self.services.switch, self.services.alerts, self.policy.mode_of, self.now, known)
        self.rollups = store.rollups(seen | {scope for scope, state in self.deeds.states.items() if weighs(state)})
        reread = lay_over(self.rollups, changes, store, self.policy.thresholds, self.now)
        watermark = self._watermark(changes)
        recent = {change.scope for change in changes if change.at >= min(self.look.at, self.now) - OVERLAP}
        asked, enforcement = self._ask_aws(seen)
        self._reconcile()
        spoken_of = {*recent, *self.deeds.states, *self.words, *self.switches}
        for scope in sorted(spoken_of, key=narrowest_first):
            self._guard(scope, watermark, changed=scope in recent)
        unstored = self._store(reread)
        self._try(lambda: store.save_look(Look(self.now, asked, enforcement, watermark, self._notable(), unstored)))
        return GuardOutcome(
            self.assessments,
            self.deeds.states,
            self.deeds.decisions,
            max(self.now - watermark, timedelta()),
            len(recent),
            self.errors,
        )

    # What is known

    def _watermark(self, changes: Iterable[Change]) -> datetime:
        """Up to when all deliveries are known: almost to now if nothing waits, else as far as the slowest busy writer has got."""
        known = self.look.progress
        if known is None or known > self.now:
            known = self.now - FARTHEST
        settled = self.now - SETTLING
        try:
            waiting = self.services.backlog.waiting()
        except MetricsError as error:
            self.errors.append(error)
            waiting = 1
        if not waiting:
            return settled
        progress: dict[int, datetime] = {}
        for change in changes:
            if change.scope == ACCOUNT and change.progress and change.at >= self.now - _FRESH:
                progress[change.shard] = max(change.progress, progress.get(change.shard, change.progress))
        return min(settled, max(known, min(progress.values(), default=known)))

    def _ask_aws(self, seen: Collection[str]) -> tuple[datetime | None, str | None]:
        """AWS's own rates and its enforcement, every five minutes or when something must know; else as they were."""
        unmarked = any(
            state.status is Status.PROBATION and state.aws_mark is None and state.since and self.now < state.since + ASK_AWS_EVERY
            for state in self.deeds.states.values()
        )
        asked = self.look.asked_aws
        self.words = dict(self.look.words)
        if not (self.ask_aws or unmarked or asked is None or not asked <= self.now < asked + ASK_AWS_EVERY):
            return asked, self.look.enforcement
        try:
            scopes = {ACCOUNT, *seen, *self.deeds.states, *self.words}
            self.words = self.services.metrics.words(sorted(s for s in scopes if not s.startswith("tenant/")), self.now)
        except MetricsError as error:
            self.errors.append(error)
        enforcement = self.look.enforcement
        try:
            account = self.services.switch.account()
            self.switches[ACCOUNT] = account.sending
            if enforcement not in (None, account.enforcement):
                self.services.alerts.send(enforcement_notice(str(enforcement), account.enforcement, self.now))
            enforcement = account.enforcement
        except (SwitchError, AlertError) as error:
            self.errors.append(error)
        return self.now, enforcement

    def _notable(self) -> dict[str, Word]:
        """The rates of AWS's that are worth a thought until it is asked again."""
        return {scope: word for scope, word in self.words.items() if not word.is_calm(self.policy.thresholds)}

    def _reconcile(self) -> None:
        """Reads back some of the switches that should be off, others with each run."""
        off = sorted(
            state.scope for state in self.deeds.states.values() if state.status is Status.PAUSED and state.scope != ACCOUNT
        )
        start = int(self.now.timestamp()) // 60 * MOST_RECONCILED % len(off) if off else 0
        for scope in (off[start:] + off[:start])[:MOST_RECONCILED]:
            try:
                self.switches[scope] = self.services.switch.is_on(scope)
            except ScopeGone:
                self.switches[scope] = False
            except SwitchError as error:
                self.errors.append(error)

    # What is done

    def _guard(self, scope: str, watermark: datetime, *, changed: bool) -> None:
        state = self.deeds.states.get(scope) or State(scope=scope)
        facts = Facts(
            finding=self._finding(state, watermark) if changed or state.version else None,
            word=self.words.get(scope),
            switch=self.switches.get(scope),
            cohort=self._this_hour(scope),
            excused=any(is_off(other) for other in narrower(scope, self.deeds.states.values(), self.policy.drill)),
        )
        decision = step(state, facts, self.policy.mode_of(scope), self.now, self.policy.thresholds)
        self._try(lambda: self._act(decision, state))

    def _finding(self, state: State, watermark: datetime) -> Finding | None:
        rollup = self.rollups.get(state.scope)
        if rollup is None or rollup.since is None:
            return None
        excepted = spoken_for(state.scope, self.deeds.states.values(), self._cohorts, self.policy.drill)
        cohorts = without(self._cohorts(state.scope), excepted)
        finding = judge(cohorts, state, self.policy.thresholds, self.now, watermark=watermark, since=rollup.since)
        self.assessments[state.scope] = finding.assessment
        return finding

    def _cohorts(self, scope: str) -> list[Outcomes]:
        rollup = self.rollups.get(scope)
        return rollup.cohorts(policy_is_hard=self.policy.policy_refusals_are_hard) if rollup else []

    def _this_hour(self, scope: str) -> Outcomes | None:
        begin = moment_of(hour(self.now))
        return next((one for one in self._cohorts(scope) if one.hour == begin), None)

    def _act(self, decision: Decision, before: State) -> None:
        if decision.action is Action.NOTHING:
            if before.untold and before.since and before.since + LEASE <= self.now:
                # Whoever owed this alert did not come to send it.
                self.deeds.tell(before)
        elif decision.action is Action.PAUSE:
            # Whoever carries it out, and even if nobody can yet: wider scopes are not paused for the same mail.
            self.deeds.states[before.scope] = decision.state
            if self.paused < MOST_PAUSES:
                self.paused += 1
                self.deeds.pause(decision)
        else:
            saved = self.deeds.save(decision)
            if saved and saved.untold:
                self.deeds.tell(saved)

    def _store(self, reread: Collection[str]) -> datetime | None:
        """Stores what has waited long enough, the longest first, and what would otherwise be read anew each time.

        Returns since when the rest waits.
        """
        waiting = sorted((rollup.pending, scope) for scope, rollup in self.rollups.items() if rollup.pending)
        due = [scope for pending, scope in waiting if pending <= self.now - STORED_WITHIN and scope not in reread]
        stored = {scope: self.rollups[scope] for scope in (*reread, *due)[:MOST_STORED]}
        earliest = waiting[0][0] if waiting else None
        for rollup in stored.values():
            rollup.stored(self.now - OVERLAP)
        if not self._try(lambda: self.services.store.save_rollups(stored)):
            return earliest
        return min((rollup.pending for rollup in self.rollups.values() if rollup.pending), default=None)

    def _try(self, step: Callable[[], None]) -> bool:
        """The failure of one scope is not that of the others."""
        try:
            step()
        except (LedgerError, AlertError, SwitchError) as error:
            self.errors.append(error)
            return False
        return True
