"""Erases what is known of a person; whoever must not be mailed stays so, under a keyed hash."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from ses_warden.application.import_suppression import Record, import_records
from ses_warden.application.operate_suppression import SuppressionRows
from ses_warden.application.ports import Deed, FactKey, Ledger
from ses_warden.domain.addresses import Address
from ses_warden.domain.entries import Entry, blocks
from ses_warden.domain.forgetting import bare_signals
from ses_warden.errors import LedgerBusy, NothingToDo

# The index lags behind the table by moments, and events may go on arriving.
_ROUNDS = 10


class PersonRows(Protocol):
    """What the tables hold about a recipient."""

    def events_of(self, address: str) -> Sequence[FactKey]:
        """The keys of the events about this recipient, as the index has them."""
        ...

    def erase_events(self, keys: Sequence[FactKey]) -> None:
        """Deletes them."""
        ...

    def erase_entry(self, entry: Entry) -> bool:
        """Deletes the entry if it still has its version."""
        ...

    def erase_deeds(self, deeds: Sequence[Deed]) -> None:
        """Deletes them from the audit trail."""
        ...


class Forgotten(NamedTuple):
    """How many rows were, or would be, erased, and the scopes in which a hash goes on being suppressed."""

    events: int
    entries: int
    deeds: int
    kept: list[str]


def plan_forgetting(recipient: Address, now: Callable[[], datetime], rows: SuppressionRows, person: PersonRows) -> Forgotten:
    """What `forget` would do."""
    held, deeds = rows.of_address(recipient.key)
    return Forgotten(len(set(person.events_of(recipient.key))), len(held), len(deeds), _holding(held, now))


def forget(
    recipient: Address,
    key: bytes | None,
    now: Callable[[], datetime],
    ledger: Ledger,
    *,
    let_go: bool,
    rows: SuppressionRows,
    person: PersonRows,
    wait: Callable[[], None],
) -> Forgotten:
    """Keeps the hash first, then erases: whoever is interrupted loses no suppression, and may begin again.

    Raises `NothingToDo` for who must not be mailed, where there is neither a key to keep that by nor leave to let them go: then
    what was suppressed last is still there. Raises `LedgerBusy` where events about the person go on arriving.
    """
    erased, entries, trail, kept = set[FactKey](), 0, 0, set[str]()
    for _ in range(_ROUNDS):
        held, deeds = rows.of_address(recipient.key)
        holding = [] if let_go else [entry for entry in held if blocks(entry, now())]
        if holding and key is None:
            raise NothingToDo(
                f"suppressed in {', '.join(entry.scope for entry in holding)}: give --key-file to keep that by a hash, or --let-go"
            )
        for entry in holding:
            import_records([Record(0, list(bare_signals(entry, key or b"")))], ledger, lambda _: None)
            kept.add(entry.scope)
        # An entry that has changed since it was read stays for the next round.
        entries += sum(person.erase_entry(entry) for entry in held)
        person.erase_deeds(deeds)
        trail += len(deeds)
        found = person.events_of(recipient.key)
        new = [one for one in found if one not in erased]
        person.erase_events(new)
        erased.update(new)
        if not held and not deeds and not found:
            return Forgotten(len(erased), entries, trail, sorted(kept))
        wait()
    raise LedgerBusy("rows about this person go on appearing: events still arrive, or the index lags; the same again erases them")


def _holding(held: Sequence[Entry], now: Callable[[], datetime]) -> list[str]:
    return sorted(entry.scope for entry in held if blocks(entry, now()))
