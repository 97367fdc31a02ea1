"""The ports in memory: small, and type-checked against the ports, so that they cannot drift from them."""

from collections import Counter as Tally
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_warden.application.ports import (
    MOST_ACTIONS,
    Background,
    Cohort,
    EntryKey,
    FactKey,
    Known,
    Ledger,
    Quarantine,
    Rejected,
    Transaction,
)
from ses_warden.domain.counters import Counter
from ses_warden.domain.entries import Entry
from ses_warden.domain.facts import Fact
from ses_warden.domain.outgoing import Outgoing
from ses_warden.domain.storms import DomainBounces, habit_periods, recent_periods
from ses_warden.errors import QuarantineError, WardenError


class Fault(Exception):
    """A process that dies between two calls."""


@dataclass
class MemoryLedger:
    """The ledger as dictionaries. `faults` are raised one after another, a None standing for a call that goes well."""

    rows: dict[FactKey, Fact] = field(default_factory=dict)
    entries_: dict[EntryKey, Entry] = field(default_factory=dict)
    counters: dict[Cohort, Tally[Counter]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    outgoing: set[Outgoing] = field(default_factory=set)
    faults: list[WardenError | Fault | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def transact(self, transaction: Transaction) -> Rejected | None:
        """All or nothing, as DynamoDB does it."""
        self._call("transact")
        known: dict[FactKey, Known] = {}
        entries: dict[EntryKey, Entry | None] = {}
        for fact in transaction.new:
            if row := self.rows.get(_key(fact)):
                known[_key(fact)] = Known(row.configuration_set, row.tenant)
        for fact, lacking in transaction.enriched:
            row = self.rows[_key(fact)]
            if (row.configuration_set, row.tenant) != lacking:
                known[_key(fact)] = Known(row.configuration_set, row.tenant)
        for entry in transaction.entries:
            there = self.entries_.get(EntryKey(entry.address, entry.scope))
            if (there.version if there else 0) != entry.version:
                entries[EntryKey(entry.address, entry.scope)] = there
        _check_shape(transaction)
        if known or entries:
            return Rejected(known, entries)
        for fact in [*transaction.new, *(fact for fact, _ in transaction.enriched)]:
            self.rows[_key(fact)] = fact
        for cohort, counts in transaction.counts.items():
            self.counters.setdefault(cohort, Tally()).update(counts)
        for entry in transaction.entries:
            self.entries_[EntryKey(entry.address, entry.scope)] = replace(entry, version=entry.version + 1)
        return None

    def entries(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, Entry]:
        """Those that exist."""
        self._call("entries")
        return {key: self.entries_[key] for key in keys if key in self.entries_}

    def last_delivery(self, recipient: str, since: datetime) -> datetime | None:
        """From the rows, as the index has them."""
        self._call("last_delivery")
        times = [row.at for row in self.rows.values() if row.recipient == recipient and row.type == "Delivery" and row.at >= since]
        return max(times, default=None)

    def background(self, domain: str, at: datetime, keys: Collection[EntryKey]) -> Background:
        """From the counters of the domain, and the entries."""
        self._call("background")

        def count(period: str) -> int:
            return self.counters.get(Cohort(f"recipient-domain/{domain}", period), Tally())[Counter.HARD]

        bounces = DomainBounces(sum(map(count, recent_periods(at))), tuple(map(count, habit_periods(at))))
        return Background(bounces, {key: self.entries_[key] for key in keys if key in self.entries_})

    def note_scopes(self, scopes: Collection[str], hour: str, outgoing: Collection[Outgoing] = ()) -> None:
        """Which scopes were noted for which hour, and from where mail went out."""
        self._call("note_scopes")
        self.seen |= {(scope, hour) for scope in scopes}
        self.outgoing |= set(outgoing)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        fault = self.faults.pop(0) if self.faults else None
        if fault:
            raise fault


@dataclass
class MemoryQuarantine:
    """What was set aside, with the reasons."""

    kept: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    def keep(self, body: str, reason: str) -> None:
        """The same payload twice is kept once."""
        if self.broken:
            raise QuarantineError("S3 did not take a payload")
        self.kept[body] = reason


def _key(fact: Fact) -> FactKey:
    return FactKey(fact.message_id, fact.sort_key)


def _check_shape(transaction: Transaction) -> None:
    """DynamoDB refuses more than 100 actions, and two on one item."""
    rows = [*map(_key, transaction.new), *(_key(fact) for fact, _ in transaction.enriched)]
    keys = [EntryKey(entry.address, entry.scope) for entry in transaction.entries]
    assert len(set(rows)) == len(rows)
    assert len(set(keys)) == len(keys)
    assert len(rows) + len(transaction.counts) + len(keys) + len(transaction.deeds) <= MOST_ACTIONS


def _satisfied() -> tuple[Ledger, Quarantine]:
    """For the type checker: the fakes are what the ports ask for."""
    return MemoryLedger(), MemoryQuarantine()
