"""What an operator does about who must not be mailed: block, release, undo in bulk; in the table, and on SES's own list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ses_warden.application.ports import Deed, EntryKey, Ledger, Transaction
from ses_warden.domain.addresses import Address, domain_of
from ses_warden.domain.entries import Entry, Reason, blocks
from ses_warden.domain.exchange import signals_of
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.reconciliation import Listed
from ses_warden.domain.signals import ACCOUNT, operator_signal
from ses_warden.domain.suppression import decide
from ses_warden.errors import LedgerBusy, NothingToDo

_TRIES = 5
_SECOND = timedelta(seconds=1)
# What people decided, the recipient or an operator, no bulk release undoes.
_DECIDED = frozenset({Reason.COMPLAINT, Reason.UNSUBSCRIBE, Reason.MANUAL})


class SuppressionRows(Protocol):
    """The suppression table, read whole or by address."""

    def all_entries(self) -> Iterator[Entry]:
        """Every entry, in no order."""
        ...

    def of_address(self, address: str) -> tuple[list[Entry], list[Deed]]:
        """The entries of an address key in all scopes, and what operators did about it, oldest first."""
        ...


class Refusals(Protocol):
    """SES's account-level list, asked by address; it is case-sensitive. Raises `SuppressionListError`."""

    def find(self, spellings: Iterable[str]) -> list[Listed]:
        """Those that are on it."""
        ...

    def remove(self, spellings: Iterable[str]) -> list[str]:
        """Takes them off it; those that were on it."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """Who decides what, when and why."""

    by: str
    note: str
    at: datetime


class Released(NamedTuple):
    """What a release changed: entries as they are now, and the spellings that were on SES's list."""

    entries: list[Entry]
    unlisted: list[str]


def block(recipient: Address, scope: str, order: Order, ledger: Ledger) -> Entry:
    """Holds mail to the address back until somebody releases it. Raises `NothingToDo` where an operator did so already."""
    entry = _decree(EntryKey(recipient.key, scope), recipient, order, ledger, to_block=True)
    if entry is None:
        raise NothingToDo("nothing is known of it")
    return entry


def known_of(rows: SuppressionRows, recipient: Address, key: bytes | None) -> tuple[list[Entry], list[Deed]]:
    """The entries of an address and what operators did about it; with the key also what was kept by a hash of it."""
    held, deeds = rows.of_address(recipient.key)
    if key:
        hashed, more = rows.of_address(pseudonym(key, recipient.key))
        return [*held, *hashed], [*deeds, *more]
    return held, deeds


def release(
    recipient: Address,
    scope: str | None,
    order: Order,
    ledger: Ledger,
    *,
    rows: SuppressionRows,
    refusals: Refusals | None,
    key: bytes | None = None,
) -> Released:
    """Lets an address be mailed again, in the table first, then on SES's own list.

    Without a scope, in all scopes but those of contact lists: whom the recipient told, only who names the list overrules. Without
    `refusals` SES's list stays as it is. With the `key` also what is held by a hash of the address, which stays a hash.
    Raises `NothingToDo` where nobody holds the address back, and `SuppressionListError` where the table was changed and SES's list
    could not be; the same again then does what is left.
    """
    held, _ = known_of(rows, recipient, key)
    chosen = [EntryKey(one.address, one.scope) for one in held if blocks(one, order.at) and _meant(one.scope, scope)]
    listed = refusals.find(spellings_of(recipient, held)) if refusals and scope in (None, ACCOUNT) else []
    if listed and ACCOUNT not in (one.scope for one in chosen):
        # The table learns of it, so that no sync puts it back: by the hash, where there is no more than that.
        known = {one.address for one in held if one.scope == ACCOUNT}
        chosen.append(EntryKey(recipient.key if recipient.key in known or not known else known.pop(), ACCOUNT))
    if not chosen:
        others = sorted({one.scope for one in held if blocks(one, order.at)})
        where = f"; it is held back in {', '.join(others)}: name that with --scope" if others else ""
        raise NothingToDo(f"nothing holds this address back{where}")
    entries = [_decree(one, _named(one, recipient), order, ledger, to_block=False) for one in chosen]
    return Released(list(filter(None, entries)), refusals.remove(one.address for one in listed) if refusals else [])


def spellings_of(recipient: Address, held: Iterable[Entry]) -> list[str]:
    """All ways in which the address may stand on SES's list."""
    known = {recipient.key, recipient.original, *(one for entry in held if entry.scope == ACCOUNT for one in entry.spellings)}
    return sorted(known - {""})


def undone_by(rows: SuppressionRows, domain: str, since: datetime, now: datetime) -> Iterator[Entry]:
    """The entries of a recipient domain that a bulk release undoes; see `is_undone`."""
    return (entry for entry in rows.all_entries() if domain_of(entry.address) == domain and is_undone(entry, since, now))


def is_undone(entry: Entry, since: datetime, now: datetime) -> bool:
    """Whether a bulk release undoes it: of the account, suppressed by itself, and by nothing that came before `since`."""
    if entry.scope != ACCOUNT or not blocks(entry, now) or entry.reason in _DECIDED:
        return False
    before: Entry | None = None
    for signal in signals_of(entry):
        before = decide(before, signal) if signal.at < since else before
    return not blocks(before, now)


def release_entry(entry: Entry, since: datetime, order: Order, ledger: Ledger) -> Entry | None:
    """Releases one of many in the table alone; None where meanwhile something came that a bulk release does not undo."""
    recipient = Address(entry.address, entry.original, valid=True)
    return _decree(
        EntryKey(entry.address, entry.scope),
        recipient,
        order,
        ledger,
        to_block=False,
        still=lambda now: now is not None and is_undone(now, since, order.at),
    )


def _named(key: EntryKey, recipient: Address) -> Address:
    """The recipient as the row may name it: where that is a hash, by nothing else."""
    return recipient if key.address == recipient.key else Address(key.address, "", valid=True)


def _meant(scope: str, chosen: str | None) -> bool:
    return scope == chosen if chosen else not scope.startswith("contact-list/")


def _decree(
    key: EntryKey,
    recipient: Address,
    order: Order,
    ledger: Ledger,
    *,
    to_block: bool,
    still: Callable[[Entry | None], bool] = lambda _: True,
) -> Entry | None:
    """The entry as it was written; None, and nothing written, where the row is no longer what it is about."""
    for _ in range(_TRIES):
        entry = ledger.entries([key]).get(key)
        if not still(entry):
            return None
        if to_block and entry and blocks(entry, order.at) and entry.reason is Reason.MANUAL:
            raise NothingToDo(f"it is blocked by an operator already: {entry.blocked.note if entry.blocked else ''}")
        # After all that is known, also where other clocks go before this one: a release that holds nobody free is none.
        at = max(order.at, entry.last_seen + _SECOND) if entry and entry.last_seen else order.at
        signal = operator_signal(recipient, block=to_block, at=at, note=order.note, scope=key.scope)
        after = decide(entry, signal)
        if after is None:
            return None
        deed = Deed(key.address, key.scope, order.at, "block" if to_block else "release", order.by, signal.note)
        if ledger.transact(Transaction(entries=[after], deeds=[deed])) is None:
            return after
    raise LedgerBusy("the entry changed under our hands again and again; try once more")
