"""The main use case: SES events become rows of the ledger, exactly once, with what follows from them.

Rows, the counters that they move and the suppression entries that they change are written in one transaction; what is already there
is dropped from it and the rest goes again. So it does not matter how often, in which order, or beside whom an event is recorded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_warden.application.intake import Intake, Policy, Work, lacks
from ses_warden.application.outcome import Happening, Journal, Outcome
from ses_warden.application.ports import MOST_ACTIONS, Cohort, EntryKey, FactKey, Known, Ledger, Quarantine, Transaction
from ses_warden.domain.addresses import domain_of
from ses_warden.domain.bounces import BounceKind
from ses_warden.domain.counters import ACCOUNT, Counter, hour, scopes
from ses_warden.domain.entries import Change, Entry, change
from ses_warden.domain.envelopes import Envelope
from ses_warden.domain.facts import Fact, signal_of
from ses_warden.domain.outgoing import outgoing_of
from ses_warden.domain.signals import Signal, SignalKind
from ses_warden.domain.storms import is_storm, periods_of
from ses_warden.domain.suppression import decide, wants_last_delivery
from ses_warden.errors import LedgerBusy, LedgerError, RowRefused

__all__ = ["Happening", "Outcome", "Policy", "record_events"]

# Each round drops what was there already or takes up a newer entry, so that only a crowd of writers could need so many.
_ROUNDS = 20
# So many refused rows and none that was taken: a table with other keys, not hostile mail.
_MOST_REFUSALS = 8


def record_events(
    envelopes: Iterable[Envelope], *, ledger: Ledger, quarantine: Quarantine, policy: Policy, now: datetime
) -> Outcome:
    """Records the events in these envelopes; each failure concerns only the records named in the outcome."""
    journal = Journal()
    intake = Intake(quarantine, policy, journal)
    for envelope in envelopes:
        intake.read(envelope)
    _Recording(ledger, intake, journal, policy, now).write()
    intake.keep()
    return journal.outcome()


@dataclass(slots=True)
class _Recording:
    ledger: Ledger
    intake: Intake
    journal: Journal
    policy: Policy
    now: datetime
    # Entries as far as this invocation knows them; None: as far as it knows there is none.
    entries: dict[EntryKey, Entry | None] = field(default_factory=dict)
    # Strikes that a delivery, recorded before anybody watched the address, may have healed.
    strikes: list[Work] = field(default_factory=list)
    trouble: LedgerError | None = None
    accepted: bool = False
    refusals: int = 0

    def write(self) -> None:
        """Records what was read: transactions of up to 100 actions, then what only shows after they are committed."""
        if not self.intake.work:
            return
        bounces = [work for work in self.intake.work.values() if _is_hard_bounce(work.fact)]
        storm = self._guarded(bounces, lambda: self._storm(bounces)) or frozenset()
        for key, work in self.intake.work.items():
            work.signal = signal_of(work.fact, provisional=key in storm)
        for chunk in _chunks(self.intake.work.values()):
            self._record(chunk)
        done = [work for work in self.intake.work.values() if not work.refused and not self.journal.is_lost(work.envelopes)]
        self._guarded(done, lambda: self._heal(done))
        self._guarded(done, lambda: self._note_scopes(done))

    def _guarded[T](self, work: Sequence[Work], step: Callable[[], T]) -> T | None:
        """A failure of a step that serves several records fails all of them: what is recorded already is recognised next time."""
        if not work:
            return None
        try:
            return step()
        except LedgerError as error:
            self._lose(work, error)
            return None

    def _storm(self, bounces: Iterable[Work]) -> frozenset[FactKey]:
        """The hard bounces that are part of a burst from one recipient domain, those before them in this batch counted as well."""
        places: dict[tuple[str, str], list[Fact]] = defaultdict(list)
        for work in bounces:
            places[domain_of(work.fact.recipient), hour(work.fact.at)].append(work.fact)
        storm: set[FactKey] = set()
        for (domain, _), facts in places.items():
            keys = {EntryKey(fact.recipient, ACCOUNT) for fact in facts}
            background = self.ledger.background(domain, facts[0].at, sorted(keys))
            self.entries.update(background.entries)
            for number, fact in enumerate(facts):
                if is_storm(background.bounces._replace(recent=background.bounces.recent + number)):
                    storm.add(FactKey(fact.message_id, fact.sort_key))
        return frozenset(storm)

    def _record(self, chunk: list[Work]) -> None:
        if self.trouble:
            # The ledger is in trouble: the rest is better delivered again than tried until time runs out.
            self._lose(chunk, self.trouble)
            return
        try:
            self._commit(chunk)
        except RowRefused as refusal:
            if len(chunk) > 1:
                middle = len(chunk) // 2
                self._record(chunk[:middle])
                self._record(chunk[middle:])
            else:
                self._refuse(chunk[0], refusal)
        except LedgerError as error:
            self._lose(chunk, error)
        else:
            self.accepted = True

    def _refuse(self, work: Work, refusal: RowRefused) -> None:
        """Sets a row aside that DynamoDB will never take; where it takes none at all, the table is wrong and not the rows."""
        self.refusals += 1
        if self.refusals > _MOST_REFUSALS and not self.accepted:
            self._lose([work], LedgerError(f"DynamoDB takes no row at all: {refusal}"))
            return
        work.refused = True
        self.intake.set_aside(work.envelopes[0], str(refusal), Happening.UNPARSABLE)

    def _lose(self, works: Iterable[Work], error: LedgerError) -> None:
        """Hands the records back, to be delivered again."""
        self.trouble = self.trouble or error
        self.journal.fail((envelope for work in works for envelope in work.envelopes), error)

    def _commit(self, chunk: list[Work]) -> None:
        """Writes the facts of a chunk with all that follows from them, without those that are in the ledger already."""
        new = {FactKey(work.fact.message_id, work.fact.sort_key): work for work in chunk}
        enriched: dict[FactKey, tuple[Work, Known]] = {}
        for _ in range(_ROUNDS):
            changes = self._fold([*new.values(), *(work for work, _ in enriched.values())])
            rejected = self.ledger.transact(
                Transaction(
                    new=[work.fact for work in new.values()],
                    enriched=[(work.fact, known) for work, known in enriched.values()],
                    counts=self._movements(new.values(), enriched.values()),
                    entries=list(changes.values()),
                )
            )
            if rejected is None:
                self._committed(new.values(), enriched.values(), changes)
                return
            for key, known in rejected.known.items():
                work = new.pop(key, None) or enriched.pop(key)[0]
                if lacks(known, work.fact):
                    enriched[key] = work, known
                else:
                    self._already_there(work)
            self.entries.update(rejected.entries)
            if not new and not enriched:
                return
        raise LedgerBusy(f"other writers changed the same rows {_ROUNDS} times")

    def _fold(self, works: Iterable[Work]) -> dict[EntryKey, Entry]:
        """The entries that change by these facts. Deliveries have their turn after the commit."""
        changes: dict[EntryKey, Entry] = {}
        for work in works:
            signal = work.signal
            if signal is None or signal.kind is SignalKind.DELIVERED:
                continue
            key = EntryKey(signal.address, signal.scope)
            before = changes.get(key) or self.entries.get(key)
            after = decide(before, signal, authority=self.policy.authority)
            if after is not None and after != before:
                changes[key] = after
        return changes

    def _movements(self, new: Iterable[Work], enriched: Iterable[tuple[Work, Known]]) -> dict[Cohort, dict[Counter, int]]:
        """What the counters move by: those of all scopes of a new fact, and of the scopes that an enriched row lacked."""
        moves: dict[Cohort, dict[Counter, int]] = defaultdict(lambda: defaultdict(int))
        for work, known in [*((work, None) for work in new), *enriched]:
            fact = work.fact
            # After its rows have expired a replayed mail could not be told from a new one: it moves nothing.
            if fact.counter is None or fact.sent_at <= self.now - self.policy.retention:
                continue
            period = f"hour/{hour(fact.sent_at)}"
            counted = scopes(known.configuration_set, known.tenant) if known else ()
            for scope in fact.scopes:
                if scope not in counted:
                    moves[Cohort(scope, period)][fact.counter] += 1
            if known is None and _is_hard_bounce(fact):
                for period in periods_of(fact.at):
                    moves[Cohort(f"recipient-domain/{domain_of(fact.recipient)}", period)][fact.counter] += 1
        return moves

    def _committed(
        self,
        new: Iterable[Work],
        enriched: Iterable[tuple[Work, Known]],
        changes: Mapping[EntryKey, Entry],
    ) -> None:
        for work in new:
            fact = work.fact
            if fact.counter is not None and not fact.drill:
                self.journal.count(fact.configuration_set, fact.counter)
            self.journal.lags.append(max(0, int((self.now - fact.at).total_seconds() * 1000)))
            signal = work.signal
            if signal and wants_last_delivery(self.entries.get(EntryKey(signal.address, signal.scope)), signal):
                self.strikes.append(work)
        for work, _ in enriched:
            self.journal.count(work.fact.configuration_set, Happening.ENRICHED)
        for key, entry in changes.items():
            self._changed(key, entry)

    def _changed(self, key: EntryKey, entry: Entry) -> None:
        match change(self.entries.get(key), entry):
            case Change.SUPPRESSED:
                self.journal.count(None, Happening.SUPPRESSED)
            case Change.RELEASED:
                self.journal.count(None, Happening.RELEASED)
        self.entries[key] = replace(entry, version=entry.version + 1)

    def _already_there(self, work: Work) -> None:
        self.journal.count(work.fact.configuration_set, Happening.DUPLICATE)
        if work.signal and work.signal.kind is SignalKind.STRIKE:
            # Whoever recorded it may have died before it looked for deliveries.
            self.strikes.append(work)

    # After the commit

    def _heal(self, done: Iterable[Work]) -> None:
        """Lets deliveries end rows of strikes.

        A delivery looks for strikes, and a strike for deliveries, each after its own commit: of two that are recorded at the same
        time the later one sees the other, but for the moments by which DynamoDB's index lags behind its table. A redelivered record
        looks again, so that a crash in between loses nothing.
        """
        deliveries = {
            EntryKey(signal.address, signal.scope): signal
            for work in done
            if (signal := work.signal) and signal.kind is SignalKind.DELIVERED
        }
        watched = self.ledger.entries(deliveries.keys()) if deliveries else {}
        self.entries.update(watched)
        for work in done:
            signal = work.signal
            if signal and signal.kind is SignalKind.DELIVERED and EntryKey(signal.address, signal.scope) in watched:
                self._apply(signal, None)
        for work in self.strikes:
            if work.signal and not self.journal.is_lost(work.envelopes):
                last = self.ledger.last_delivery(work.signal.address, work.signal.at)
                if last:
                    self._apply(work.signal, last)

    def _apply(self, signal: Signal, last_delivery: datetime | None) -> None:
        key = EntryKey(signal.address, signal.scope)
        for _ in range(_ROUNDS):
            before = self.entries.get(key)
            after = decide(before, signal, authority=self.policy.authority, last_delivery=last_delivery)
            if after is None or after == before:
                return
            rejected = self.ledger.transact(Transaction(entries=[after]))
            if rejected is None:
                self._changed(key, after)
                return
            self.entries.update(rejected.entries)
        raise LedgerBusy(f"other writers changed the same entry {_ROUNDS} times")

    def _note_scopes(self, done: Sequence[Work]) -> None:
        seen = {scope for work in done for scope in work.fact.scopes}
        outgoing = outgoing_of((work.fact for work in done), self.now, self.policy.retention)
        self.ledger.note_scopes(sorted(seen), hour(self.now), outgoing)


def _is_hard_bounce(fact: Fact) -> bool:
    return fact.counter is Counter.HARD and fact.kind == BounceKind.HARD and not fact.drill


def _chunks(works: Iterable[Work]) -> Iterator[list[Work]]:
    """Cuts the work into transactions: rows, the counters that they move, and entries are the actions."""
    chunk: list[Work] = []
    cohorts: set[tuple[str, str]] = set()
    actions = 0
    for work in works:
        fact, signal = work.fact, work.signal
        period = hour(fact.sent_at)
        moved = {(scope, period) for scope in fact.scopes}
        if _is_hard_bounce(fact):
            moved |= {(domain_of(fact.recipient), period) for period in periods_of(fact.at)}
        cost = 1 if signal is None or signal.kind is SignalKind.DELIVERED else 2
        if chunk and actions + cost + len(cohorts | moved) > MOST_ACTIONS:
            yield chunk
            chunk, cohorts, actions = [], set(), 0
        chunk.append(work)
        cohorts |= moved
        actions += cost
    if chunk:
        yield chunk
