"""The guard's ports in memory: small, and type-checked against the ports."""

from collections.abc import Callable, Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_warden.application.guard_ports import Alerts, Backlog, GuardStore, Look, Notice, Record, ReputationMetrics, Switch
from ses_warden.application.guard_sending import GuardServices
from ses_warden.domain.cohorts import Change, Rollup, Tally
from ses_warden.domain.guard_states import Account, State, Word
from ses_warden.errors import AlertError, LedgerError, MetricsError, ScopeGone, SwitchError


@dataclass
class MemoryGuardStore:
    """The guard's rows as dictionaries. `faults`: by method, the error that it raises once."""

    look: Look | None = None
    counters: dict[tuple[str, int, str], Change] = field(default_factory=dict)
    stored: dict[str, Rollup] = field(default_factory=dict)
    rows: dict[str, State] = field(default_factory=dict)
    trail: list[Record] = field(default_factory=list)
    faults: dict[str, LedgerError] = field(default_factory=dict)
    faster: list[State] = field(default_factory=list)  # written by somebody else just before the next state is saved
    days_read: list[tuple[str, str]] = field(default_factory=list)

    def count(self, change: Change) -> None:
        """A row of counters now stands at this."""
        self.counters[change.scope, change.shard, change.hour] = change

    def last_look(self) -> Look | None:
        """See the port."""
        self._fault("last_look")
        return self.look

    def save_look(self, look: Look) -> None:
        """See the port."""
        self._fault("save_look")
        self.look = look

    def changes(self, since: datetime, now: datetime) -> list[Change]:
        """See the port."""
        self._fault("changes")
        assert since <= now
        return [change for change in self.counters.values() if change.at >= since]

    def day(self, scope: str, day: str) -> Tally:
        """See the port."""
        self.days_read.append((scope, day))
        return self._total(scope, day)

    def hour(self, scope: str, hour: str) -> Tally:
        """See the port."""
        return self._total(scope, hour)

    def rollups(self, scopes: Collection[str]) -> dict[str, Rollup]:
        """See the port."""
        return {scope: deepcopy(self.stored[scope]) for scope in scopes if scope in self.stored}

    def save_rollups(self, rollups: Mapping[str, Rollup]) -> None:
        """See the port."""
        self._fault("save_rollups")
        self.stored |= deepcopy(dict(rollups))

    def states(self, scopes: Collection[str] = ()) -> dict[str, State]:
        """See the port."""
        assert not isinstance(scopes, str)
        return dict(self.rows)

    def save_state(self, state: State, record: Record | None = None) -> State | None:
        """See the port."""
        self._fault("save_state")
        if self.faster:
            other = self.faster.pop()
            self.rows[other.scope] = other
        there = self.rows.get(state.scope)
        if (there.version if there else 0) != state.version:
            return None
        self.rows[state.scope] = replace(state, version=state.version + 1)
        if record:
            self.trail.append(record)
        return self.rows[state.scope]

    def _total(self, scope: str, period: str) -> Tally:
        total = Tally()
        for (named, _, hour), change in self.counters.items():
            if named == scope and hour.startswith(period):
                total = total.plus(change.tally)
        return total

    def _fault(self, name: str) -> None:
        if name in self.faults:
            raise self.faults.pop(name)


@dataclass
class FakeSwitch:
    """SES's switches. `stuck` scopes refuse to be thrown, `broken` ones to be read, `gone` ones are not there."""

    off: set[str] = field(default_factory=set)
    stuck: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    enforcement: str = "HEALTHY"
    gone: set[str] = field(default_factory=set)
    thrown: list[tuple[str, bool]] = field(default_factory=list)
    asked: int = 0
    meanwhile: list[Callable[[], object]] = field(default_factory=list)  # what others do, each before the next throw

    def is_on(self, scope: str) -> bool:
        """See the port."""
        self._know(scope)
        if scope in self.broken:
            raise SwitchError(f"SES refused a request about {scope}: TooManyRequestsException")
        return scope not in self.off

    def turn(self, scope: str, *, on: bool) -> None:
        """See the port."""
        if self.meanwhile:
            self.meanwhile.pop(0)()
        self._know(scope)
        if scope in self.stuck:
            raise SwitchError(f"SES refused a request about {scope}: TooManyRequestsException")
        self.thrown.append((scope, on))
        if on:
            self.off.discard(scope)
        else:
            self.off.add(scope)

    def _know(self, scope: str) -> None:
        if scope in self.gone:
            raise ScopeGone(f"SES knows no {scope}")

    def account(self) -> Account:
        """See the port."""
        self.asked += 1
        return Account(self.enforcement, self.is_on("account"))


@dataclass
class FakeMetrics:
    """AWS's own rates."""

    told: dict[str, Word] = field(default_factory=dict)
    fails: bool = False
    asked: list[list[str]] = field(default_factory=list)

    def words(self, scopes: Iterable[str], now: datetime) -> dict[str, Word]:
        """See the port."""
        assert now.tzinfo
        self.asked.append(list(scopes))
        if self.fails:
            raise MetricsError("CloudWatch refused to tell the rates: Throttling")
        return {scope: self.told[scope] for scope in self.asked[-1] if scope in self.told}


@dataclass
class FakeBacklog:
    """The activity queue."""

    count: int = 0
    fails: bool = False

    def waiting(self) -> int:
        """See the port."""
        if self.fails:
            raise MetricsError("SQS refused to tell what waits: AccessDenied")
        return self.count


@dataclass
class FakeAlerts:
    """What was sent."""

    sent: list[Notice] = field(default_factory=list)
    fails: int = 0

    def send(self, notice: Notice) -> None:
        """See the port."""
        if self.fails:
            self.fails -= 1
            raise AlertError("the alert did not go out; SNS: AuthorizationError")
        self.sent.append(notice)

    def kinds(self) -> list[tuple[str, str]]:
        """The kind and scope of each alert."""
        return [(notice.kind.value, notice.scope) for notice in self.sent]


def _satisfied() -> tuple[GuardStore, Switch, ReputationMetrics, Backlog, Alerts]:
    """For the type checker: the fakes are what the ports ask for."""
    return MemoryGuardStore(), FakeSwitch(), FakeMetrics(), FakeBacklog(), FakeAlerts()


@dataclass
class World:
    """A guard's whole world in memory."""

    store: MemoryGuardStore = field(default_factory=MemoryGuardStore)
    switch: FakeSwitch = field(default_factory=FakeSwitch)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    backlog: FakeBacklog = field(default_factory=FakeBacklog)
    alerts: FakeAlerts = field(default_factory=FakeAlerts)

    def services(self) -> GuardServices:
        """What the use case takes."""
        return GuardServices(self.store, self.switch, self.metrics, self.backlog, self.alerts)
