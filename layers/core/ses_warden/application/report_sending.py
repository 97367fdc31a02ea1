"""What operators ask: where each scope stands, on what evidence, and how much room it has. Nothing is written."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ses_warden.application.guard_ports import GuardStore
from ses_warden.application.guard_sending import GuardPolicy
from ses_warden.application.look_back import FARTHEST, lay_over, look_back
from ses_warden.domain.cohorts import without
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard import judge
from ses_warden.domain.guard_states import Mode, State, Status, Word
from ses_warden.domain.judgement import Assessment, Judgement, Verdict
from ses_warden.domain.precedence import spoken_for, weighs, widest_first
from ses_warden.domain.rates import Outcomes

# The guard looks each minute; its alarm comes after so many without a look.
SILENT = timedelta(minutes=5)
_FINDINGS = frozenset({Status.WARNED, Status.PAUSING, Status.PAUSED})


class SeenScopes(Protocol):
    """The scopes that were mailed from."""

    def seen(self, since: datetime, now: datetime) -> set[str]:
        """Those of which something was recorded since then. Raises `LedgerError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one scope stands. `assessment` None: nothing was counted, or nobody counts; `word`: AWS's own rates, where notable."""

    scope: str
    state: State
    assessment: Assessment | None
    word: Word | None
    cohorts: Sequence[Outcomes]  # the oldest first; hours, and days as sums before them
    named: bool = False  # the operator asked for it by name

    @property
    def is_stranger(self) -> bool:
        """Whether nothing is known of it though it was asked for: its name may be misspelt."""
        return self.named and not self.state.version and not self.cohorts

    @property
    def is_finding(self) -> bool:
        """Whether somebody should look: it is warned or paused, or cannot be called healthy."""
        verdict = self.assessment.verdict if self.assessment else Verdict.HEALTHY
        found = self.state.status in _FINDINGS or self.state.would_pause or self.is_stranger
        return found or verdict is not Verdict.HEALTHY

    @property
    def nearest(self) -> Judgement | None:
        """The kind of harm with the least head-room; None where it is paused, or nothing was counted."""
        if self.assessment is None or self.state.status in (Status.PAUSING, Status.PAUSED):
            return None
        return min(self.assessment.bounces, self.assessment.complaints, key=lambda judgement: judgement.head_room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where all scopes asked for stand. `looked_at`: the guard's last run; `enforcement`: what AWS called the account then."""

    at: datetime
    mode: Mode
    account_mode: Mode
    looked_at: datetime | None
    enforcement: str | None
    standings: Sequence[Standing]

    @property
    def guard_is_silent(self) -> bool:
        """Whether the guard should have looked, and has not."""
        return self.mode is not Mode.OFF and (self.looked_at is None or self.at - self.looked_at > SILENT)

    @property
    def is_finding(self) -> bool:
        """Whether somebody should look at any of it."""
        troubled = self.enforcement not in (None, "HEALTHY")
        return self.guard_is_silent or troubled or any(one.is_finding for one in self.standings)


def report_sending(store: GuardStore, seen: SeenScopes, policy: GuardPolicy, now: datetime, scopes: Collection[str] = ()) -> Report:
    """Reports on these scopes; without any, on the account, all that have a state, and all that mailed in the last day."""
    look = store.last_look()
    states = store.states(scopes)
    asked = set(scopes) or {ACCOUNT, *states, *seen.seen(now - FARTHEST, now)}
    narrower = {scope for scope, state in states.items() if weighs(state)}
    wanted = asked | narrower
    rollups = store.rollups(wanted)
    # As the guard: what moved since the rollups were stored is laid over them.
    changes = (change for change in store.changes(look_back(look, now), now) if change.scope in wanted)
    lay_over(rollups, changes, store, policy.thresholds, now)
    # Deliveries are known as far as the guard's last look knew them; one that never looked does not hold anything back.
    watermark = look.progress if look and look.progress else now
    cohorts = {
        scope: sorted(rollup.cohorts(policy_is_hard=policy.policy_refusals_are_hard), key=lambda one: one.hour)
        for scope, rollup in rollups.items()
    }
    standings = []
    for scope in sorted(asked, key=widest_first):
        state = states.get(scope) or State(scope=scope)
        begin = rollups[scope].since if scope in rollups else None
        assessment = None
        if begin is not None:
            counted = without(
                cohorts[scope], spoken_for(scope, states.values(), lambda other: cohorts.get(other, ()), policy.drill)
            )
            assessment = judge(counted, state, policy.thresholds, now, watermark=watermark, since=begin).assessment
        word = look.words.get(scope) if look else None
        known = cohorts.get(scope, [])
        standing = Standing(scope=scope, state=state, assessment=assessment, word=word, cohorts=known, named=scope in scopes)
        standings.append(standing)
    return Report(
        at=now,
        mode=policy.mode,
        account_mode=policy.mode_of(ACCOUNT),
        looked_at=look.at if look else None,
        enforcement=look.enforcement if look else None,
        standings=standings,
    )
