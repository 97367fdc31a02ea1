"""What the use cases need from the world; `adapters` has each of these for AWS, `tests/fakes.py` for unit tests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from ses_warden.domain.counters import Counter
from ses_warden.domain.entries import Entry
from ses_warden.domain.facts import Fact
from ses_warden.domain.outgoing import Outgoing
from ses_warden.domain.storms import DomainBounces

# DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
MOST_ACTIONS = 100


class FactKey(NamedTuple):
    """The key of a row of the Events table."""

    message_id: str
    sort_key: str


class EntryKey(NamedTuple):
    """The key of a row of the Suppression table: an address key and `account`, `contact-list/NAME`, …"""

    address: str
    scope: str


class Cohort(NamedTuple):
    """The key of a row of the Reputation table: a scope and `hour/…` of sending, or another period."""

    scope: str
    period: str


class Known(NamedTuple):
    """What the row of a fact that is already in the ledger says of its scopes."""

    configuration_set: str | None
    tenant: str | None


class Deed(NamedTuple):
    """What an operator did about an address in a scope: the audit trail of the suppression table. `act`: `block` or `release`."""

    address: str
    scope: str
    at: datetime
    act: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """What is written together, or not at all.

    `new` rows must not be there yet; `enriched` rows must still lack what they lacked when they were read; each entry must still
    have the version that it carries (0: must not be there yet) and is stored with the next one. `deeds` go to the audit trail.
    """

    new: Collection[Fact] = ()
    enriched: Collection[tuple[Fact, Known]] = ()
    counts: Mapping[Cohort, Mapping[Counter, int]] = field(default_factory=dict)
    entries: Collection[Entry] = ()
    deeds: Collection[Deed] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why nothing was written: rows that are there already, and entries as they are now (None: gone)."""

    known: Mapping[FactKey, Known]
    entries: Mapping[EntryKey, Entry | None]


class Background(NamedTuple):
    """How many hard bounces came from a recipient domain lately and on the days before, and entries of its addresses."""

    bounces: DomainBounces
    entries: Mapping[EntryKey, Entry]


class Ledger(Protocol):
    """The three tables."""

    def transact(self, transaction: Transaction) -> Rejected | None:
        """Writes all of it (None), or nothing.

        Raises `LedgerBusy` when conflicts or throttling outlast the retries, `RowRefused` for a row that DynamoDB will never take.
        """
        ...

    def entries(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, Entry]:
        """The entries that exist among these, read consistently."""
        ...

    def last_delivery(self, recipient: str, since: datetime) -> datetime | None:
        """When a mail was last delivered to the recipient, if that was at `since` or later."""
        ...

    def background(self, domain: str, at: datetime, keys: Collection[EntryKey]) -> Background:
        """What a hard bounce is seen against; the entries among `keys` may be a moment old."""
        ...

    def note_scopes(self, scopes: Collection[str], hour: str, outgoing: Collection[Outgoing] = ()) -> None:
        """Notes that something happened in these scopes in this hour, so that the guard need not scan for them.

        And from where mail went out, by which DMARC reports are read; what finds no room is noted another time.
        """
        ...


class Quarantine(Protocol):
    """Where payloads go that cannot be read, to be replayed after a fix."""

    def keep(self, body: str, reason: str) -> None:
        """Keeps the payload with the reason; the same payload twice is kept once."""
        ...
