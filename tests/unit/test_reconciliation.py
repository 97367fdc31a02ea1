"""What is done about an address on which our table and SES's list do not agree."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.application.ports import EntryKey, Rejected, Transaction
from ses_warden.application.sync_suppression import Wish, apply_sync, plan_sync, refuse_to_empty
from ses_warden.domain.authority import Authority
from ses_warden.domain.entries import Entry, Reason, blocks
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.reconciliation import Action, Listed, Side, reconcile
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden.errors import LedgerBusy, SuppressionListError
from tests.fakes import MemoryLedger
from tests.sync_fakes import MemoryRows, MemorySesList

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
JANE = "jane@example.com"
type Days = float


def signal(kind: SignalKind, days: Days, *, mail: str = "m", low: bool = False, address: str = JANE) -> Signal:
    """A signal of so many days ago."""
    confidence = Confidence.LOW if low else Confidence.HIGH
    return Signal(kind, address, ACCOUNT, NOW - timedelta(days=days), address, mail, confidence=confidence, note="ticket 4711")


def entry(*signals: Signal) -> Entry | None:
    """What they amount to."""
    made: Entry | None = None
    for one in signals:
        made = decide(made, one)
    return made


def listed(days: Days, reason: Literal["BOUNCE", "COMPLAINT"] = "BOUNCE", address: str = JANE) -> Listed:
    """On SES's list since so many days."""
    return Listed(address, reason, NOW - timedelta(days=days))


BOUNCED = entry(signal(SignalKind.HARD_BOUNCE, 5))
COMPLAINED = entry(signal(SignalKind.COMPLAINT, 5))
BLOCKED = entry(signal(SignalKind.BLOCK, 5))
RELEASED = entry(signal(SignalKind.HARD_BOUNCE, 5), signal(SignalKind.RELEASE, 3))
AGAIN = entry(signal(SignalKind.HARD_BOUNCE, 5), signal(SignalKind.RELEASE, 3), signal(SignalKind.HARD_BOUNCE, 1, mail="n"))
GUESSED = entry(signal(SignalKind.COMPLAINT, 5, low=True))
STORM = entry(signal(SignalKind.HARD_BOUNCE, 0.5, low=True))
STORM_OVER = entry(signal(SignalKind.HARD_BOUNCE, 5, low=True))
RESTING = entry(signal(SignalKind.GLOBAL_LIST, 5))
RESTED = entry(signal(SignalKind.GLOBAL_LIST, 20))
WATCHED = entry(signal(SignalKind.STRIKE, 5))
HIT = entry(signal(SignalKind.LIST_HIT, 5))
NO_SPAM = entry(signal(SignalKind.COMPLAINT, 5), signal(SignalKind.NOT_SPAM, 1))
UNSUBSCRIBED = entry(signal(SignalKind.UNSUBSCRIBE, 5))
SIMULATED = entry(signal(SignalKind.HARD_BOUNCE, 5, address="bounce@simulator.amazonses.com"))

# Our entry, SES's, and with each authority: what to do, and which word of the reason says why.
CASES: dict[str, tuple[Entry | None, list[Listed], tuple[Action, str] | None, tuple[Action, str] | None]] = {
    "on neither": (None, [], None, None),
    "released, and on neither": (RELEASED, [], None, None),
    "watched, and not there": (WATCHED, [], None, None),
    "run out, and not there": (RESTED, [], None, None),
    "bounced": (BOUNCED, [], (Action.ADD_THERE, "hard_bounce"), (Action.LEAVE, "need not")),
    "complained": (COMPLAINED, [], (Action.ADD_THERE, "complaint"), (Action.LEAVE, "need not")),
    "blocked by hand": (BLOCKED, [], (Action.ADD_THERE, "manual"), (Action.LEAVE, "need not")),
    "bounced since its release": (AGAIN, [], (Action.ADD_THERE, "hard_bounce"), (Action.LEAVE, "need not")),
    "one of several complained": (GUESSED, [], (Action.LEAVE, "not sure"), (Action.LEAVE, "need not")),
    "bounced in a storm": (STORM, [], (Action.LEAVE, "for a while"), (Action.LEAVE, "need not")),
    "resting": (RESTING, [], (Action.LEAVE, "for a while"), (Action.LEAVE, "need not")),
    "unsubscribed": (UNSUBSCRIBED, [], (Action.LEAVE, "unsubscribed"), (Action.LEAVE, "need not")),
    "was on SES's list": (HIT, [], (Action.ASK, "no longer"), (Action.LEAVE, "need not")),
    "a stranger": (None, [listed(9)], (Action.TAKE_IN, "not in the table"), (Action.REMOVE_THERE, "not in the table")),
    "both": (BOUNCED, [listed(5)], (Action.LEAVE, "both"), (Action.LEAVE, "both")),
    "both, for another reason": (BOUNCED, [listed(5, "COMPLAINT")], (Action.LEAVE, "different"), (Action.LEAVE, "different")),
    "both, by hand here": (BLOCKED, [listed(5, "COMPLAINT")], (Action.LEAVE, "both refuse it"), (Action.LEAVE, "both refuse it")),
    "both, a while here": (RESTING, [listed(5)], (Action.LEAVE, "both"), (Action.LEAVE, "both")),
    "released since": (RELEASED, [listed(5)], (Action.REMOVE_THERE, "released"), (Action.REMOVE_THERE, "released")),
    "released in that second": (RELEASED, [listed(3)], (Action.REMOVE_THERE, "released"), (Action.REMOVE_THERE, "released")),
    "listed since its release": (RELEASED, [listed(1)], (Action.ASK, "again"), (Action.REMOVE_THERE, "lets it through")),
    "listed on both sides of its release": (
        RELEASED,
        [listed(5), listed(1, address="Jane@example.com")],
        (Action.ASK, "again"),
        (Action.REMOVE_THERE, "lets it through"),
    ),
    "under watch here": (WATCHED, [listed(5)], (Action.TAKE_IN, "under watch"), (Action.REMOVE_THERE, "under watch")),
    "a storm that is over": (STORM_OVER, [listed(5)], (Action.TAKE_IN, "is over"), (Action.REMOVE_THERE, "is over")),
    "run out here": (RESTED, [listed(2)], (Action.TAKE_IN, "is over"), (Action.REMOVE_THERE, "is over")),
    "no spam after all": (NO_SPAM, [listed(5, "COMPLAINT")], (Action.ASK, "through"), (Action.REMOVE_THERE, "through")),
}


@pytest.mark.parametrize("authority", ["ses", "warden"])
@pytest.mark.parametrize("case", CASES)
def test_each_difference_has_its_step(case: str, authority: Authority) -> None:
    """The table of this module, for both authorities."""
    ours, theirs, by_ses, by_warden = CASES[case]
    expected = by_ses if authority == "ses" else by_warden
    step = reconcile(JANE, ours, theirs, authority, NOW)
    assert (step is None) is (expected is None)
    if step and expected:
        assert step.action is expected[0]
        assert expected[1] in step.why


def test_the_simulator_is_not_put_on_the_list() -> None:
    """It is never refused by SES, and never counted here."""
    step = reconcile("bounce@simulator.amazonses.com", SIMULATED, [], "ses", NOW)
    assert step
    assert step.action is Action.LEAVE


@pytest.mark.parametrize(("ours", "reason"), [(BOUNCED, "BOUNCE"), (COMPLAINED, "COMPLAINT"), (BLOCKED, "BOUNCE")])
def test_ses_is_told_the_nearest_of_its_two_reasons(ours: Entry, reason: str) -> None:
    """What is blocked by hand is put there as a bounce: SES lifts complaints by itself when the recipient says "not spam"."""
    step = reconcile(JANE, ours, [], "ses", NOW)
    assert step
    assert step.reason == reason


def test_what_is_taken_in_is_known_by_its_spelling() -> None:
    """The entry says that it is on SES's list, since when, and how it is written there."""
    step = reconcile(JANE, None, [listed(9, address="Jane@Example.com")], "ses", NOW)
    assert step
    assert step.entry
    assert (step.entry.reason, step.entry.since, step.entry.spellings) == (
        Reason.SES_LIST,
        NOW - timedelta(days=9),
        ("Jane@Example.com",),
    )
    assert blocks(step.entry, NOW)


def test_every_spelling_is_taken_off() -> None:
    """SES would go on refusing whatever the case, as long as one of them is there."""
    step = reconcile(JANE, RELEASED, [listed(9), listed(8, address="Jane@example.com")], "ses", NOW)
    assert step
    assert (step.action, step.side, step.spellings) == (Action.REMOVE_THERE, Side.THERE, ("Jane@example.com", JANE))


ADDRESSES = st.sampled_from([JANE, "joe@example.com", "ann@example.org"])
SIGNALS = st.builds(
    lambda kind, days, mail, low, address: signal(kind, days, mail=mail, low=low, address=address),
    st.sampled_from(list(SignalKind)),
    st.integers(0, 60).map(float),
    st.sampled_from("abcd"),
    st.booleans(),
    ADDRESSES,
)
CHANGE_CASE: list[Callable[[str], str]] = [str.lower, str.capitalize, str.upper]
LISTED = st.builds(
    lambda address, spell, days, reason: listed(days, reason, spell(address)),
    ADDRESSES,
    st.sampled_from(CHANGE_CASE),
    st.integers(0, 60).map(float),
    st.sampled_from(["BOUNCE", "COMPLAINT"]),
)
WORLDS = st.tuples(st.lists(SIGNALS, max_size=12), st.lists(LISTED, max_size=5), st.sampled_from(["ses", "warden"]))


def world(signals: list[Signal], there: list[Listed]) -> tuple[MemoryLedger, MemorySesList]:
    """Both lists."""
    ledger = MemoryLedger()
    for one in signals:
        key = EntryKey(one.address, ACCOUNT)
        made = decide(ledger.entries_.get(key), one)
        if made:
            ledger.entries_[key] = made
    return ledger, MemorySesList(NOW, {one.address: one for one in there})


@given(WORLDS)
def test_a_second_sync_finds_nothing_to_do(given_: tuple[list[Signal], list[Listed], Authority]) -> None:
    """Whatever happened before, all that is left is for an operator, and the next plan asks the same."""
    signals, there, authority = given_
    ledger, ses = world(signals, there)
    first = apply_sync(plan_sync(MemoryRows(ledger), ses, authority, NOW), ledger, ses, NOW)
    before, wishes = dict(ledger.entries_), list(ses.wishes)
    plan = plan_sync(MemoryRows(ledger), ses, authority, NOW)
    assert {step.action for step in plan.steps} <= {Action.ASK}
    assert {step.address for step in plan.steps} == {step.address for step in first.left}
    apply_sync(plan, ledger, ses, NOW)
    assert (ledger.entries_, ses.wishes) == (before, wishes)


@given(WORLDS)
def test_nothing_that_is_released_comes_back(given_: tuple[list[Signal], list[Listed], Authority]) -> None:
    """Whom an operator released, and who did nothing since, is neither put on SES's list nor suppressed here."""
    signals, there, authority = given_
    ledger, ses = world(signals, there)
    free = {key.address for key, one in ledger.entries_.items() if one.released and not blocks(one, NOW)}
    apply_sync(plan_sync(MemoryRows(ledger), ses, authority, NOW), ledger, ses, NOW)
    assert not free & {wish.address.lower() for wish in ses.wishes if wish.reason}
    assert not [address for address in free if blocks(ledger.entries_[EntryKey(address, ACCOUNT)], NOW)]


@given(WORLDS)
def test_with_our_authority_ses_refuses_nobody_else(given_: tuple[list[Signal], list[Listed], Authority]) -> None:
    """Afterwards SES's list holds nobody whom the table lets through."""
    signals, there, _ = given_
    ledger, ses = world(signals, there)
    apply_sync(plan_sync(MemoryRows(ledger), ses, "warden", NOW), ledger, ses, NOW)
    assert all(blocks(ledger.entries_.get(EntryKey(address.lower(), ACCOUNT)), NOW) for address in ses.rows)


def test_a_row_that_changed_since_the_plan_is_left() -> None:
    """It was blocked when the plan was made, and an operator released it before it was carried out."""
    ledger, ses = world([signal(SignalKind.HARD_BOUNCE, 5)], [])
    plan = plan_sync(MemoryRows(ledger), ses, "ses", NOW)
    assert RELEASED
    ledger.entries_[EntryKey(JANE, ACCOUNT)] = RELEASED
    applied = apply_sync(plan, ledger, ses, NOW)
    assert ([step.address for step in applied.left], ses.wishes, dict(applied.done)) == ([JANE], [], {})


@dataclass
class Slow(MemorySesList):
    """SES's list, whose changes take so long that `meanwhile` happens; then, where `fails`, it is not known how they ended."""

    meanwhile: Callable[[], None] = lambda: None
    fails: bool = False

    def change(self, wishes: Sequence[Wish], done: Callable[[int], None]) -> None:
        """As an import job."""
        super().change(wishes, done)
        happens, self.meanwhile = self.meanwhile, lambda: None
        happens()
        if wishes and self.fails:
            self.fails = False
            raise SuppressionListError("the job is COMPLETED, 3 addresses failed")


@pytest.mark.parametrize("fails", [False, True])
def test_who_is_released_while_ses_adds_them_is_taken_off_again(*, fails: bool) -> None:
    """Also where the job failed; those whom nobody released stay, and one whose row is gone has nobody's word."""
    people = [JANE, "joe@example.com", "ann@example.org"]
    ledger, _ = world([signal(SignalKind.HARD_BOUNCE, 5, address=one) for one in people], [])

    def meanwhile() -> None:
        assert RELEASED
        ledger.entries_[EntryKey(JANE, ACCOUNT)] = RELEASED
        del ledger.entries_[EntryKey("ann@example.org", ACCOUNT)]

    ses = Slow(NOW, meanwhile=meanwhile, fails=fails)
    with pytest.raises(SuppressionListError) if fails else nullcontext():
        apply_sync(plan_sync(MemoryRows(ledger), ses, "ses", NOW), ledger, ses, NOW)
    assert ses.rows.keys() == {"joe@example.com", "ann@example.org"}


@pytest.mark.parametrize(("authority", "there"), [("ses", {JANE}), ("warden", set())])
def test_who_bounces_while_ses_takes_them_off_is_put_back(authority: Authority, there: set[str]) -> None:
    """They had been released, and are held for good by now; where the table decides, SES's list need not know."""
    ledger, _ = world([signal(SignalKind.HARD_BOUNCE, 5), signal(SignalKind.RELEASE, 3)], [])

    def meanwhile() -> None:
        assert AGAIN
        ledger.entries_[EntryKey(JANE, ACCOUNT)] = AGAIN

    ses = Slow(NOW, {JANE: listed(9)}, meanwhile=meanwhile)
    apply_sync(plan_sync(MemoryRows(ledger), ses, authority, NOW), ledger, ses, NOW)
    assert ses.rows.keys() == there


class Raced(MemoryLedger):
    """Another writer is always a step ahead, so many times, and writes what `writes` makes of the address."""

    writes: tuple[Signal, ...] = ()
    times: int = 1

    def transact(self, transaction: Transaction) -> Rejected | None:
        """The other one comes first."""
        if self.times:
            self.times -= 1
            key = EntryKey(JANE, ACCOUNT)
            before = self.entries_.get(key)
            made = entry(*self.writes)
            assert made
            self.entries_[key] = replace(made, version=before.version + 1 if before else 1)
        return super().transact(transaction)


@pytest.mark.parametrize(
    ("writes", "done", "reason"),
    [
        ((signal(SignalKind.STRIKE, 1),), {Action.TAKE_IN: 1}, Reason.SES_LIST),
        ((signal(SignalKind.RELEASE, 1),), {}, None),
        ((signal(SignalKind.HARD_BOUNCE, 1),), {}, Reason.HARD_BOUNCE),
    ],
)
def test_what_another_writer_wrote_is_decided_upon(
    writes: tuple[Signal, ...], done: dict[Action, int], reason: Reason | None
) -> None:
    """A stranger on SES's list bounces, is watched or is released in that very moment: nothing of it is overwritten."""
    ledger, ses = Raced(), MemorySesList(NOW, {JANE: listed(9)})
    ledger.writes = writes
    applied = apply_sync(plan_sync(MemoryRows(ledger), ses, "ses", NOW), ledger, ses, NOW)
    assert dict(applied.done) == done
    assert len(applied.left) == 1 - len(done)
    assert ledger.entries_[EntryKey(JANE, ACCOUNT)].reason is reason


def test_a_race_that_never_ends_is_given_up() -> None:
    """In words, after a few rounds."""
    ledger, ses = Raced(), MemorySesList(NOW, {JANE: listed(9)})
    ledger.writes, ledger.times = (signal(SignalKind.STRIKE, 1),), 99
    with pytest.raises(LedgerBusy, match="run it again"):
        apply_sync(plan_sync(MemoryRows(ledger), ses, "ses", NOW), ledger, ses, NOW)


KEY = b"a key of more than sixteen bytes"


@pytest.mark.parametrize("authority", ["ses", "warden"])
@pytest.mark.parametrize(
    ("key", "action"),
    [(KEY, None), (None, Action.ASK), (b"another key, as long as that", "as a stranger")],
    ids=["key", "none", "other"],
)
def test_who_was_forgotten_stays_on_sess_list_and_out_of_the_table(
    authority: Authority, key: bytes | None, action: Action | str | None
) -> None:
    """With the key it is no drift; without one an operator is asked; a stranger is treated as such once it is known to be one."""
    ledger = MemoryLedger()
    hashed = entry(signal(SignalKind.HARD_BOUNCE, 5, address=pseudonym(KEY, JANE)))
    assert hashed
    ledger.entries_[EntryKey(hashed.address, ACCOUNT)] = hashed
    ses = MemorySesList(NOW, {JANE: listed(5)})
    plan = plan_sync(MemoryRows(ledger), ses, authority, NOW, key=key)
    stranger = Action.TAKE_IN if authority == "ses" else Action.REMOVE_THERE
    wanted = stranger if action == "as a stranger" else action
    assert [step.action for step in plan.steps] == ([wanted] if wanted else [])
    if key != b"another key, as long as that":
        apply_sync(plan, ledger, ses, NOW)
        assert (list(ses.rows), list(ledger.entries_)) == ([JANE], [EntryKey(hashed.address, ACCOUNT)])


@pytest.mark.parametrize("authority", ["ses", "warden"])
def test_who_was_forgotten_and_then_released_is_asked_about(authority: Authority) -> None:
    """The release was by the hash, and SES's list was not changed: a person finishes it, who knows the address and the key."""
    ledger, address = MemoryLedger(), pseudonym(KEY, JANE)
    hashed = entry(signal(SignalKind.HARD_BOUNCE, 5, address=address), signal(SignalKind.RELEASE, 3, address=address))
    assert hashed
    ledger.entries_[EntryKey(address, ACCOUNT)] = hashed
    [step] = plan_sync(MemoryRows(ledger), MemorySesList(NOW, {JANE: listed(5)}), authority, NOW, key=KEY).steps
    assert (step.action, "--key-file" in step.why) == (Action.ASK, True)


def test_an_empty_table_does_not_empty_sess_list() -> None:
    """It may be the wrong one."""
    ses = MemorySesList(NOW, {JANE: listed(5)})
    with pytest.raises(SuppressionListError, match="the table holds nobody"):
        refuse_to_empty(plan_sync(MemoryRows(MemoryLedger()), ses, "warden", NOW))
    refuse_to_empty(plan_sync(MemoryRows(MemoryLedger()), ses, "ses", NOW))
