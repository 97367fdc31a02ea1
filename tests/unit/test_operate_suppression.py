"""What a bulk release undoes, and what came in between; and that forgetting loses no suppression that begins amid it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.forget_person import PersonRows, forget
from ses_warden.application.import_suppression import Record, import_records
from ses_warden.application.operate_suppression import Order, Released, SuppressionRows, is_undone, release, release_entry
from ses_warden.application.ports import Deed, EntryKey, FactKey
from ses_warden.domain.addresses import read_address
from ses_warden.domain.entries import Entry, blocks
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.reconciliation import Listed
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind
from ses_warden.errors import NothingToDo, SuppressionListError
from tests.fakes import MemoryLedger

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OUTAGE = NOW - timedelta(hours=3)
JANE = "jane@outage.example"
KEY = b"a key of more than sixteen bytes"
ORDER = Order("joe", "their outage", NOW)


def signal(kind: SignalKind, hours: float, *, low: bool = False) -> Signal:
    """A signal of so many hours ago."""
    sure = Confidence.LOW if low else Confidence.HIGH
    return Signal(kind, JANE, ACCOUNT, NOW - timedelta(hours=hours), JANE, f"m{hours}", confidence=sure, note="why")


def tell(ledger: MemoryLedger, *signals: Signal) -> Entry:
    """The entry after these."""
    import_records([Record(1, signals)], ledger, lambda _: None)
    return ledger.entries_[EntryKey(JANE, ACCOUNT)]


@pytest.mark.parametrize(
    ("told", "undone"),
    [
        ([signal(SignalKind.HARD_BOUNCE, 2)], True),
        ([signal(SignalKind.HARD_BOUNCE, 2, low=True)], True),
        ([signal(SignalKind.GLOBAL_LIST, 2)], True),
        ([signal(SignalKind.HARD_BOUNCE, 4)], False),
        ([signal(SignalKind.COMPLAINT, 2)], False),
        ([signal(SignalKind.HARD_BOUNCE, 2), signal(SignalKind.COMPLAINT, 1)], False),
        ([signal(SignalKind.HARD_BOUNCE, 2), signal(SignalKind.BLOCK, 1)], False),
        ([signal(SignalKind.HARD_BOUNCE, 2), signal(SignalKind.UNSUBSCRIBE, 1)], False),
        ([signal(SignalKind.HARD_BOUNCE, 2), signal(SignalKind.RELEASE, 1)], False),
        # Held back since before the outage, and for another reason than it.
        ([signal(SignalKind.GLOBAL_LIST, 48), signal(SignalKind.HARD_BOUNCE, 2)], False),
        # Long over before the outage.
        ([signal(SignalKind.GLOBAL_LIST, 24 * 30), signal(SignalKind.HARD_BOUNCE, 2)], True),
    ],
)
def test_a_bulk_release_undoes_what_the_outage_alone_did(told: list[Signal], undone: bool) -> None:
    """Not what recipients or operators decided, nor what held before."""
    assert is_undone(tell(MemoryLedger(), *told), OUTAGE, NOW) is undone


@pytest.mark.parametrize("kind", [SignalKind.COMPLAINT, SignalKind.BLOCK, SignalKind.UNSUBSCRIBE])
def test_what_came_after_the_list_was_made_is_not_released(kind: SignalKind) -> None:
    """SES's list may take an hour to change: each row is looked at again."""
    ledger = MemoryLedger()
    listed = tell(ledger, signal(SignalKind.HARD_BOUNCE, 2))
    now = tell(ledger, signal(kind, -0.5))
    assert release_entry(listed, OUTAGE, ORDER, ledger) is None
    assert ledger.entries_[EntryKey(JANE, ACCOUNT)] == now
    assert blocks(now, NOW)


@dataclass
class MemoryTables:
    """The person's rows beside a ledger in memory; `arriving` come after the first look, one each time."""

    ledger: MemoryLedger
    arriving: list[Signal] = field(default_factory=list[Signal])

    def all_entries(self) -> Iterator[Entry]:
        """All."""
        yield from self.ledger.entries_.values()

    def of_address(self, address: str) -> tuple[list[Entry], list[Deed]]:
        """Those there are before the next arrives."""
        found = [entry for key, entry in self.ledger.entries_.items() if key.address == address]
        if self.arriving:
            tell(self.ledger, self.arriving.pop(0))
        return found, []

    def events_of(self, address: str) -> Sequence[FactKey]:  # noqa: ARG002 - the port
        """None."""
        return ()

    def erase_events(self, keys: Sequence[FactKey]) -> None:
        """Nothing."""

    def erase_entry(self, entry: Entry) -> bool:
        """If it is still of that version."""
        key = EntryKey(entry.address, entry.scope)
        if self.ledger.entries_[key].version != entry.version:
            return False
        del self.ledger.entries_[key]
        return True

    def erase_deeds(self, deeds: Iterable[Deed]) -> None:
        """Nothing."""


def _checked(tables: MemoryTables) -> tuple[SuppressionRows, PersonRows]:
    return tables, tables


def forgotten(tables: MemoryTables, key: bytes | None, *, let_go: bool = False) -> list[str]:
    """In which scopes a hash is kept."""
    jane = read_address(JANE)
    return forget(jane, key, lambda: NOW, tables.ledger, let_go=let_go, rows=tables, person=tables, wait=lambda: None).kept


@pytest.mark.parametrize("known", [[], [signal(SignalKind.STRIKE, 5)], [signal(SignalKind.HARD_BOUNCE, 5)]])
def test_a_suppression_that_begins_amid_forgetting_is_kept_by_its_hash(known: list[Signal]) -> None:
    """Whatever was known before, and in whichever round it comes."""
    ledger = MemoryLedger()
    if known:
        tell(ledger, *known)
    tables = MemoryTables(ledger, [signal(SignalKind.STRIKE, 1), signal(SignalKind.COMPLAINT, 0)])
    if not known:
        # Nothing is found in the first look, and it ends there: what comes later is recorded like any other event.
        assert forgotten(tables, KEY) == []
        assert tell(ledger, signal(SignalKind.COMPLAINT, 0))
        return
    assert forgotten(tables, KEY) == [ACCOUNT]
    [kept] = ledger.entries_.values()
    assert (kept.address, blocks(kept, NOW)) == (pseudonym(KEY, JANE), True)


def test_without_a_key_a_suppression_that_begins_amid_it_is_not_erased() -> None:
    """The command ends with a refusal, and the suppression is there."""
    ledger = MemoryLedger()
    tell(ledger, signal(SignalKind.STRIKE, 5))
    with pytest.raises(NothingToDo, match="--key-file"):
        forgotten(MemoryTables(ledger, [signal(SignalKind.COMPLAINT, 0)]), None)
    assert blocks(ledger.entries_[EntryKey(JANE, ACCOUNT)], NOW)
    assert forgotten(MemoryTables(ledger), None, let_go=True) == []
    assert ledger.entries_ == {}


# Who was forgotten is found by the key


@dataclass
class MemoryRefusals:
    """SES's list, by exact spelling."""

    listed: set[str]
    fails: bool = False

    def find(self, spellings: Iterable[str]) -> list[Listed]:
        """Those that are on it."""
        return [Listed(one, "BOUNCE", NOW - timedelta(days=9)) for one in spellings if one in self.listed]

    def remove(self, spellings: Iterable[str]) -> list[str]:
        """Taken off, if SES will."""
        if self.fails:
            raise SuppressionListError("SES refused a request about its suppression list: TooManyRequestsException")
        gone = [one for one in spellings if one in self.listed]
        self.listed -= set(gone)
        return gone


def forgotten_jane() -> MemoryTables:
    """Jane bounced and was forgotten."""
    ledger = MemoryLedger()
    tell(ledger, signal(SignalKind.HARD_BOUNCE, 5))
    tables = MemoryTables(ledger)
    forgotten(tables, KEY)
    return tables


def let(tables: MemoryTables, key: bytes | None, refusals: MemoryRefusals) -> Released:
    """Releases Jane."""
    return release(read_address(JANE), None, ORDER, tables.ledger, rows=tables, refusals=refusals, key=key)


def test_a_release_by_the_key_names_nobody_and_empties_sess_list() -> None:
    """The row stays a hash, without a spelling, and no row is made that names the person."""
    tables, refusals = forgotten_jane(), MemoryRefusals({JANE})
    done = let(tables, KEY, refusals)
    [row] = tables.ledger.entries_.values()
    assert (row.address, row.spellings, blocks(row, NOW)) == (pseudonym(KEY, JANE), (), False)
    assert (done.entries, done.unlisted, refusals.listed) == ([row], [JANE], set())
    with pytest.raises(NothingToDo):
        let(tables, KEY, refusals)


def test_a_release_by_the_key_that_ses_did_not_follow_is_finished_by_the_same_again() -> None:
    """The table was changed first, and still no row names the person."""
    tables, refusals = forgotten_jane(), MemoryRefusals({JANE}, fails=True)
    with pytest.raises(SuppressionListError):
        let(tables, KEY, refusals)
    refusals.fails = False
    assert let(tables, KEY, refusals).unlisted == [JANE]
    assert [row.address for row in tables.ledger.entries_.values()] == [pseudonym(KEY, JANE)]


def test_both_rows_of_somebody_who_came_back_are_released() -> None:
    """Forgotten once, and bounced since by name."""
    tables = forgotten_jane()
    tell(tables.ledger, signal(SignalKind.HARD_BOUNCE, 1))
    done = let(tables, KEY, MemoryRefusals(set()))
    assert {row.address for row in done.entries} == {JANE, pseudonym(KEY, JANE)}
    assert not any(blocks(row, NOW) for row in tables.ledger.entries_.values())


@pytest.mark.parametrize("key", [None, b"another key, as long as it"])
def test_without_the_key_a_release_finds_nobody(key: bytes | None) -> None:
    """And changes nothing."""
    tables = forgotten_jane()
    before = dict(tables.ledger.entries_)
    with pytest.raises(NothingToDo, match="nothing holds"):
        let(tables, key, MemoryRefusals(set()))
    assert tables.ledger.entries_ == before
