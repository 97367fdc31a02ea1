"""What the guard needs from the world."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ses_warden.domain.cohorts import Change, Rollup, Tally
from ses_warden.domain.guard_states import Account, Action, Mode, State, Word


@dataclass(frozen=True, slots=True)
class Look:
    """What the guard's last run left for the next."""

    at: datetime
    asked_aws: datetime | None = None
    enforcement: str | None = None
    progress: datetime | None = None  # up to when the activity lane had got
    words: Mapping[str, Word] = field(default_factory=dict)  # AWS's rates, as of `asked_aws`
    unstored: datetime | None = None  # the earliest change that no rollup holds yet


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the audit trail: what was decided about a scope, by whom and why."""

    scope: str
    at: datetime
    action: Action
    status: str
    by: str
    reason: str
    mode: Mode


class GuardStore(Protocol):
    """The guard's rows in the Reputation table. Every method raises `LedgerError` when DynamoDB does not serve it."""

    def last_look(self) -> Look | None:
        """What the last run left."""
        ...

    def save_look(self, look: Look) -> None:
        """Leaves it for the next run."""
        ...

    def changes(self, since: datetime, now: datetime) -> list[Change]:
        """The rows of counters that moved since then."""
        ...

    def day(self, scope: str, day: str) -> Tally:
        """What a day's mail of a scope amounts to, read from its counters."""
        ...

    def hour(self, scope: str, hour: str) -> Tally:
        """The same for an hour, read consistently."""
        ...

    def rollups(self, scopes: Collection[str]) -> dict[str, Rollup]:
        """The cohorts of these scopes as they were stored."""
        ...

    def save_rollups(self, rollups: Mapping[str, Rollup]) -> None:
        """Stores them."""
        ...

    def states(self, scopes: Collection[str] = ()) -> dict[str, State]:
        """The states of all scopes that have one, and of these even if they were made just now; read consistently."""
        ...

    def save_state(self, state: State, record: Record | None = None) -> State | None:
        """Stores a state over the version it was made from, with its line of the audit trail.

        Returns it with its new version; None if somebody else was faster.
        """
        ...


class Switch(Protocol):
    """The switches of SES. Every method raises `SwitchError` when SES does not serve it, `ScopeGone` for what it does not know."""

    def is_on(self, scope: str) -> bool:
        """Whether the scope may send, as far as its own switch goes, and for a tenant AWS's."""
        ...

    def turn(self, scope: str, *, on: bool) -> None:
        """Throws the switch and reads it back; raises `SwitchError` also where it does not stand as it should then."""
        ...

    def account(self) -> Account:
        """What SES says of the account."""
        ...


class ReputationMetrics(Protocol):
    """AWS's own rates."""

    def words(self, scopes: Iterable[str], now: datetime) -> dict[str, Word]:
        """The last values for the account and configuration sets; a scope without values has no word. Raises `MetricsError`."""
        ...


class Backlog(Protocol):
    """The queue of the activity lane."""

    def waiting(self) -> int:
        """About how many events have not been recorded yet. Raises `MetricsError`."""
        ...


class NoticeKind(StrEnum):
    """What an alert is about; also the detail type of the event on the bus."""

    WARNED = "Sending Warned"
    WOULD_PAUSE = "Sending Would Be Paused"
    PAUSED = "Sending Paused"
    NOT_PAUSED = "Sending Pause Failed"
    RESUMED = "Sending Resumed"
    ENFORCEMENT = "Enforcement Status Changed"
    DOMAINS = "Domain Audit Changed"
    DMARC_REFUSED = "DMARC Report Refused"
    ACCOUNT = "Account Changed"


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert: for a person, who is awake since a minute ago, and for machines."""

    kind: NoticeKind
    scope: str
    at: datetime
    reason: str
    done: str  # what the guard did
    next: str  # what the reader can do
    by: str
    status: str
    episode: str  # the same for all copies of one alert


class Alerts(Protocol):
    """Where alerts go."""

    def send(self, notice: Notice) -> None:
        """To the topic and the event bus. Raises `AlertError`."""
        ...
