"""Compares the suppression table with SES's account-level list, and brings both together."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import batched
from typing import NamedTuple, Protocol

from ses_warden.application.ports import EntryKey, Ledger, Transaction
from ses_warden.domain.addresses import normalize
from ses_warden.domain.authority import Authority
from ses_warden.domain.entries import Entry, blocks
from ses_warden.domain.pseudonyms import is_pseudonym
from ses_warden.domain.reconciliation import Action, Listed, SesReason, Side, Step, of_late, of_stranger, reconcile
from ses_warden.domain.signals import ACCOUNT
from ses_warden.errors import LedgerBusy, SuppressionListError

_ROUNDS = 5
_AT_ONCE = 100

type Progress = Callable[[str, int, int | None], None]


class Wish(NamedTuple):
    """A change of SES's list: an address to be put there with a reason, or (None) to be taken off, spelt as it is there."""

    address: str
    reason: SesReason | None


class SesList(Protocol):
    """SES's account-level suppression list. Raises `SuppressionListError`."""

    def listed(self) -> Iterator[Listed]:
        """All addresses, in no order."""
        ...

    def change(self, wishes: Sequence[Wish], done: Callable[[int], None]) -> None:
        """Makes these changes and says how many are done; what is so already is no failure."""
        ...


class AccountRows(Protocol):
    """The rows of the suppression table."""

    def account_entries(self) -> Iterator[Entry]:
        """All entries of the scope `account`, in no order. Raises `LedgerError`."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What was compared, and the steps that are drift; `sides` counts all addresses, agreed ones too.

    `forgotten` is how many people the table holds by a hash.
    """

    authority: Authority
    here: int
    there: int
    sides: Mapping[Side, int]
    steps: Sequence[Step]
    listed: Mapping[str, Sequence[Listed]]
    forgotten: int = 0

    def count(self, action: Action) -> int:
        """How many steps are of this kind."""
        return sum(step.action is action for step in self.steps)


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done; `left` are the steps that were not: those for an operator, and those that others had overtaken."""

    done: Mapping[Action, int]
    left: Sequence[Step]


def _silent(_what: str, _done: int, _of: int | None) -> None: ...


def plan_sync(
    rows: AccountRows,
    ses: SesList,
    authority: Authority,
    now: datetime,
    progress: Progress = _silent,
    *,
    key: bytes | None = None,
    settling: timedelta | None = None,
) -> Plan:
    """Reads both lists whole, and writes nothing. `key` tells who of SES's list was forgotten here.

    What is newer than `settling` is no drift yet. Without it everything is, also what came while the lists were read.
    SES's list is held in memory, some 200 bytes an address, and 800 for each that is drift; the table is only passed through.
    """
    there, listed = _listed(ses, progress)
    sides: Counter[Side] = Counter()
    steps: list[Step] = []
    kept: dict[str, tuple[Listed, ...]] = {}
    forgotten: dict[str, bool] = {}

    def take(address: str, entry: Entry | None, spellings: tuple[Listed, ...]) -> None:
        step = reconcile(address, entry, spellings, authority, now)
        if step and entry is None:
            step = of_stranger(step, address, forgotten, key)
        if step and settling:
            step = of_late(step, entry, spellings, now - settling)
        if step:
            sides[step.side] += 1
        if step and step.is_drift:
            steps.append(step)
            kept[address] = spellings

    here = 0
    for here, entry in enumerate(rows.account_entries(), 1):
        if is_pseudonym(entry.address):
            forgotten[entry.address] = entry.released is not None and not blocks(entry, now)
        else:
            take(entry.address, entry, listed.pop(entry.address, ()))
        if here % 1000 == 0:
            progress("reading the table", here, None)
    while listed:
        address, spellings = listed.popitem()
        take(address, None, spellings)
    steps.sort(key=lambda step: (step.action, step.address))
    return Plan(authority, here, there, sides, steps, kept, len(forgotten))


def _listed(ses: SesList, progress: Progress) -> tuple[int, dict[str, tuple[Listed, ...]]]:
    """How many addresses SES lists, and their spellings by the table's keys."""
    listed: dict[str, tuple[Listed, ...]] = {}
    there = 0
    for there, one in enumerate(ses.listed(), 1):
        address = normalize(one.address).key
        listed[address] = (*listed.get(address, ()), one)
        if there % 1000 == 0:
            progress("reading SES's list", there, None)
    return there, listed


def refuse_to_empty(plan: Plan) -> None:
    """Raises `SuppressionListError` where an empty table, a wrong one perhaps, would empty SES's list."""
    if plan.authority == "warden" and not plan.here and plan.count(Action.REMOVE_THERE):
        raise SuppressionListError(
            f"the table holds nobody, so all {plan.there:,} addresses would be taken off SES's list: take them in first "
            "(--authority ses), or look whether it is the right table"
        )


def apply_sync(plan: Plan, ledger: Ledger, ses: SesList, now: datetime, progress: Progress = _silent) -> Applied:
    """Does what the plan says, each step decided again on the row as it is by then: what changed meanwhile is left.

    First the table learns, then SES's list is changed, then the rows are looked at once more. Raises `WardenError`; what was done
    until then stays, and another run goes on from there.
    """
    left = [step for step in plan.steps if step.action is Action.ASK]
    steps = [step for step in plan.steps if step.action is not Action.ASK]
    done: Counter[Action] = Counter()
    changing: list[Step] = []
    for some in batched(steps, _AT_ONCE, strict=False):
        known = ledger.entries([EntryKey(step.address, ACCOUNT) for step in some])
        for step in some:
            entry = known.get(EntryKey(step.address, ACCOUNT))
            again = reconcile(step.address, entry, plan.listed[step.address], plan.authority, now)
            if again is None or (again.action, again.ordered) != (step.action, step.ordered):
                left.append(step)
                continue
            if step.action is Action.TAKE_IN:
                if not _take_in(again, entry, plan, ledger, now):
                    left.append(step)
                    continue
            else:
                changing.append(again)
            done[step.action] += 1
        progress("changing the table", done.total(), len(steps))
    wishes = [wish for step in changing for wish in _wishes(step)]
    if wishes:
        try:
            ses.change(wishes, lambda changed: progress("changing SES's list", changed, len(wishes)))
        finally:
            # It takes minutes, import jobs even longer: what the table has learnt since then wins, also where a change failed.
            ses.change(list(_overtaken(changing, plan.authority, ledger, now)), lambda _: None)
    return Applied(done, left)


def _overtaken(steps: Sequence[Step], authority: Authority, ledger: Ledger, now: datetime) -> Iterator[Wish]:
    """What undoes changes: who was put on SES's list and released since leaves it; who was taken off and is held now comes back."""
    for some in batched(steps, _AT_ONCE, strict=False):
        known = ledger.entries([EntryKey(step.address, ACCOUNT) for step in some])
        for step in some:
            entry = known.get(EntryKey(step.address, ACCOUNT))
            if step.action is Action.ADD_THERE:
                if entry and entry.released and not blocks(entry, now):
                    yield Wish(step.address, None)
                continue
            again = reconcile(step.address, entry, (), authority, now)
            if again and again.action is Action.ADD_THERE:
                yield from _wishes(again)


def _wishes(step: Step) -> Iterable[Wish]:
    if step.action is Action.ADD_THERE:
        return [Wish(step.address, step.reason)]
    return [Wish(spelling, None) for spelling in step.spellings]


def _take_in(step: Step, entry: Entry | None, plan: Plan, ledger: Ledger, now: datetime) -> bool:
    """Writes the entry; where another writer came first, what that wrote is decided upon. False: nothing is to be taken in then."""
    made = step.entry
    for _ in range(_ROUNDS):
        if made is None:
            return False
        rejected = ledger.transact(Transaction(entries=[replace(made, version=entry.version if entry else 0)]))
        if rejected is None:
            return True
        entry = rejected.entries[EntryKey(step.address, ACCOUNT)]
        again = reconcile(step.address, entry, plan.listed[step.address], plan.authority, now)
        made = again.entry if again else None
    raise LedgerBusy(f"others changed an entry {_ROUNDS} times; run it again")
