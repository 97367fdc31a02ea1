"""Takes records into the suppression table, a hundred at a time: what is there already changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import NamedTuple

from ses_warden.application.ports import EntryKey, Ledger, Transaction
from ses_warden.domain.entries import Entry
from ses_warden.domain.exchange import repeats
from ses_warden.domain.signals import Signal
from ses_warden.domain.suppression import decide
from ses_warden.errors import LedgerBusy

_AT_ONCE = 100
_TRIES = 6
_FAULTS_KEPT = 1000


class Record(NamedTuple):
    """A record of a file: its line, and what it says, or why it cannot be read; `undated` has no time of its own."""

    line: int
    signals: Sequence[Signal]
    fault: str = ""
    undated: bool = False


class Fault(NamedTuple):
    """A record that was left out."""

    line: int
    why: str


@dataclass(slots=True)
class Taken:
    """What became of the records. `line` is the last that was taken in; of the faults the first thousand are kept."""

    records: int = 0
    changed: int = 0
    unread: int = 0
    line: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])


def import_records(records: Iterable[Record], ledger: Ledger, progress: Callable[[Taken], None]) -> Taken:
    """Folds the records into the table. Raises `LedgerError`; the same again then goes on where it stopped."""
    taken = Taken()
    for some in batched(records, _AT_ONCE, strict=False):
        taken.changed += _fold([(signal, record.undated) for record in some for signal in record.signals], ledger)
        taken.records += sum(not record.fault for record in some)
        for record in some:
            if record.fault:
                taken.unread += 1
                taken.faults += [Fault(record.line, record.fault)] if len(taken.faults) < _FAULTS_KEPT else []
        taken.line = some[-1].line
        progress(taken)
    return taken


def _fold(signals: Sequence[tuple[Signal, bool]], ledger: Ledger) -> int:
    """How many entries the signals changed."""
    open_keys = list(dict.fromkeys(EntryKey(signal.address, signal.scope) for signal, _ in signals))
    changed = 0
    for _ in range(_TRIES):
        before = ledger.entries(open_keys)
        wanted = set(open_keys)
        after: dict[EntryKey, Entry | None] = {key: before.get(key) for key in open_keys}
        for signal, undated in signals:
            key = EntryKey(signal.address, signal.scope)
            if key in wanted and not (undated and repeats(after[key], signal)):
                after[key] = decide(after[key], signal)
        moved = [entry for key, entry in after.items() if entry is not None and entry != before.get(key)]
        open_keys = []
        for some in batched(moved, _AT_ONCE, strict=False):
            if ledger.transact(Transaction(entries=some)) is None:
                changed += len(some)
            else:
                open_keys += [EntryKey(entry.address, entry.scope) for entry in some]
        if not open_keys:
            return changed
    raise LedgerBusy("entries changed under our hands again and again; the same import again goes on from here")
