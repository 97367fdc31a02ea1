"""The scheduled comparison: what it counts, what it settles by itself, and what it never does."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.application.ports import EntryKey
from ses_warden.application.sync_suppression import Wish
from ses_warden.application.watch_suppression import Drift, SyncMode, SyncPolicy, Watched, watch_suppression
from ses_warden.domain.authority import Authority
from ses_warden.domain.entries import blocks
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.reconciliation import Action, Listed
from ses_warden.domain.signals import ACCOUNT, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden.errors import OutOfTime, SuppressionListError, TooManyChanges
from tests.fakes import MemoryLedger
from tests.sync_fakes import MemoryRows, MemorySesList

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
JANE = "jane@example.com"
KEY = b"a key of more than sixteen bytes"


def signal(kind: SignalKind, days: float, address: str = JANE) -> Signal:
    """A signal of so many days ago."""
    return Signal(kind, address, ACCOUNT, NOW - timedelta(days=days), address, "m", note="ticket 4711")


def ledger_of(*signals: Signal) -> MemoryLedger:
    """A table that has heard of these."""
    ledger = MemoryLedger()
    for one in signals:
        made = decide(ledger.entries_.get(EntryKey(one.address, ACCOUNT)), one)
        if made:
            ledger.entries_[EntryKey(one.address, ACCOUNT)] = made
    return ledger


def ses_of(*listed: tuple[str, float]) -> MemorySesList:
    """SES's list, since so many days."""
    return MemorySesList(NOW, {address: Listed(address, "BOUNCE", NOW - timedelta(days=days)) for address, days in listed})


def policy(mode: str = "report", authority: Authority = "ses", most: int = 50) -> SyncPolicy:
    """What an operator chose."""
    return SyncPolicy(authority, SyncMode(mode), most)


def look(
    ledger: MemoryLedger, ses: MemorySesList, chosen: SyncPolicy, seconds_left: Callable[[], float] = lambda: 900.0
) -> Watched:
    """One run."""
    return watch_suppression(MemoryRows(ledger), ses, ledger, chosen, NOW, seconds_left=seconds_left)


def people(number: int) -> list[str]:
    """So many addresses."""
    return [f"r{one}@example.com" for one in range(number)]


# What is counted


def test_a_report_counts_and_changes_nothing() -> None:
    """Each side by itself; what both refuse for different reasons is told, and is no drift."""
    ledger = ledger_of(
        signal(SignalKind.HARD_BOUNCE, 5),
        signal(SignalKind.COMPLAINT, 5, "joe@example.com"),
        signal(SignalKind.UNSUBSCRIBE, 5, "left@example.com"),
    )
    ses = ses_of(("joe@example.com", 5), ("stranger@example.com", 5))
    before = dict(ledger.entries_)
    watched = look(ledger, ses, policy())
    assert watched.drift == Drift(only_here=1, only_there=1, differs=1, unclear=0)
    assert (watched.drift.total, watched.here, watched.there, watched.error, dict(watched.done)) == (2, 3, 2, None, {})
    assert (ses.wishes, ledger.entries_) == ([], before)


@pytest.mark.parametrize(("minutes", "drift"), [(59, 0), (61, 1)])
def test_what_came_within_the_hour_is_no_drift_yet(minutes: int, drift: int) -> None:
    """The event about an address that SES has just listed may wait to be tried again, and lists are not read in one moment."""
    days = minutes / 1440
    assert look(ledger_of(), ses_of((JANE, days)), policy()).drift.total == drift
    assert look(ledger_of(signal(SignalKind.HARD_BOUNCE, days)), ses_of(), policy()).drift.total == drift


def test_what_is_new_is_not_settled_either() -> None:
    """Neither taken in nor put on SES's list."""
    ledger, ses = ledger_of(signal(SignalKind.HARD_BOUNCE, 0.01, "joe@example.com")), ses_of((JANE, 0.01))
    watched = look(ledger, ses, policy("apply"))
    assert (ses.wishes, len(ledger.entries_), watched.drift.total) == ([], 1, 0)


@pytest.mark.parametrize(("strangers", "drift", "unclear"), [(1, 0, 1), (2, 0, 2), (5, 3, 2)])
@pytest.mark.parametrize("mode", ["report", "apply"])
@pytest.mark.parametrize("authority", ["ses", "warden"])
def test_who_may_have_been_forgotten_is_no_drift(strangers: int, drift: int, unclear: int, mode: str, authority: Authority) -> None:
    """Two people were: so at most two of the strangers are they, and the others are drift. None of them is touched."""
    ledger = ledger_of(*(signal(SignalKind.HARD_BOUNCE, 5, pseudonym(KEY, one)) for one in people(2)))
    ses = ses_of(*((one, 5) for one in people(strangers)))
    before = dict(ledger.entries_), dict(ses.rows)
    watched = look(ledger, ses, policy(mode, authority))
    assert watched.drift == Drift(only_here=0, only_there=drift, differs=0, unclear=unclear)
    assert (ledger.entries_, ses.rows) == before


# What is settled


def test_what_refuses_more_mail_is_done_and_no_drift_any_more() -> None:
    """Ours goes there, SES's comes in, who was released is taken off in every spelling; what is to be asked is left."""
    ledger = ledger_of(
        signal(SignalKind.HARD_BOUNCE, 5),
        signal(SignalKind.HARD_BOUNCE, 9, "free@example.com"),
        signal(SignalKind.RELEASE, 3, "free@example.com"),
        signal(SignalKind.LIST_HIT, 5, "ask@example.com"),
    )
    ses = ses_of(("stranger@example.com", 5), ("free@example.com", 9), ("Free@example.com", 8))
    watched = look(ledger, ses, policy("apply"))
    assert dict(watched.done) == {Action.ADD_THERE: 1, Action.TAKE_IN: 1, Action.REMOVE_THERE: 1}
    assert ses.rows.keys() == {JANE, "stranger@example.com"}
    assert blocks(ledger.entries_[EntryKey("stranger@example.com", ACCOUNT)], NOW)
    assert watched.drift == Drift(only_here=1, only_there=0, differs=0, unclear=0)
    assert watched.error is None


def test_where_the_table_decides_only_an_operators_release_takes_off() -> None:
    """What the table merely does not hold is left, and counted."""
    ledger = ledger_of(
        signal(SignalKind.HARD_BOUNCE, 9, "free@example.com"),
        signal(SignalKind.RELEASE, 3, "free@example.com"),
        signal(SignalKind.STRIKE, 5, "watched@example.com"),
    )
    ses = ses_of(("free@example.com", 9), ("watched@example.com", 5), ("stranger@example.com", 5))
    watched = look(ledger, ses, policy("apply", "warden"))
    assert dict(watched.done) == {Action.REMOVE_THERE: 1}
    assert ses.rows.keys() == {"watched@example.com", "stranger@example.com"}
    assert watched.drift.only_there == 2


@pytest.mark.parametrize("authority", ["ses", "warden"])
@pytest.mark.parametrize("left", [0, 1])
def test_a_table_that_was_wiped_empties_nothing(authority: Authority, left: int) -> None:
    """Not even by and by, fewer at a time than a run may change."""
    ledger = ledger_of(*(signal(SignalKind.HARD_BOUNCE, 5, one) for one in people(left)))
    ses = ses_of(*((one, 5) for one in people(10)))
    for _ in range(3):
        look(ledger, ses, policy("apply", authority))
    assert len(ses.rows) == 10


@pytest.mark.parametrize(("most", "done"), [(4, 0), (5, 5)])
def test_more_than_a_run_may_change_is_not_begun(most: int, done: int) -> None:
    """A spelling that is taken off counts as one; all is left as it was, counted, and a person is asked."""
    ledger = ledger_of(
        *(signal(SignalKind.HARD_BOUNCE, 5, one) for one in people(2)),
        signal(SignalKind.RELEASE, 3, "free@example.com"),
        signal(SignalKind.STRIKE, 5, "watched@example.com"),
    )
    ses = ses_of(("free@example.com", 9), ("Free@example.com", 9), ("stranger@example.com", 5))
    watched = look(ledger, ses, policy("apply", most=most))
    if done:
        assert watched.error is None
        assert len(ses.wishes) + len(ledger.entries_) - 4 == done
    else:
        assert isinstance(watched.error, TooManyChanges)
        assert str(watched.error).startswith("5 changes are more than a scheduled run makes by itself (4)")
        assert (ses.wishes, len(ledger.entries_), watched.drift.total) == ([], 4, 4)


SIGNALS = st.builds(
    signal,
    st.sampled_from(list(SignalKind)),
    st.integers(0, 60).map(float),
    st.sampled_from([JANE, "joe@example.com", "ann@example.org"]),
)
LISTED = st.tuples(st.sampled_from([JANE, JANE.title(), "joe@example.com", "ann@example.org"]), st.integers(0, 60).map(float))


@given(st.lists(SIGNALS, max_size=10), st.lists(LISTED, max_size=4), st.sampled_from(["ses", "warden"]))
def test_nobody_is_mailed_afterwards_whom_no_operator_released(
    signals: list[Signal], listed: list[tuple[str, float]], authority: Authority
) -> None:
    """Whatever came before: who was refused by either list still is, but for those whom an operator let go."""
    ledger, ses = ledger_of(*signals), ses_of(*listed)

    def refused() -> set[str]:
        held = {key.address for key, one in ledger.entries_.items() if blocks(one, NOW)}
        return held | {address.lower() for address in ses.rows}

    before, released = refused(), {key.address for key, one in ledger.entries_.items() if one.released}
    first = look(ledger, ses, policy("apply", authority))
    assert before - refused() <= released
    again = look(ledger, ses, policy("apply", authority))
    assert (again.drift, dict(again.done)) == (first.drift, {})


# What goes wrong


class Broken(MemorySesList):
    """SES's list that fails after so many addresses, or at a change."""

    after: int = 99
    changes: bool = True

    def listed(self) -> Iterator[Listed]:
        """As far as it goes."""
        for number, one in enumerate(super().listed()):
            if number == self.after:
                raise SuppressionListError("SES refused a request about its suppression list: TooManyRequestsException")
            yield one

    def change(self, wishes: object, done: object) -> None:  # noqa: ARG002 - as the port says
        """Refused."""
        raise SuppressionListError("SES refused a request about its suppression list: TooManyRequestsException")


def test_a_list_that_could_not_be_read_to_its_end_is_no_drift() -> None:
    """It is an error: what is missing would look as if the table alone had it, and be put there once more."""
    ses = Broken(NOW, ses_of((JANE, 5), ("joe@example.com", 5)).rows)
    ses.after = 1
    with pytest.raises(SuppressionListError):
        look(ledger_of(signal(SignalKind.HARD_BOUNCE, 5, "joe@example.com")), ses, policy("apply"))
    assert ses.wishes == []


def test_a_change_that_fails_is_told_beside_the_drift() -> None:
    """The comparison was right; the next run goes on."""
    watched = look(ledger_of(signal(SignalKind.HARD_BOUNCE, 5)), Broken(NOW), policy("apply"))
    assert isinstance(watched.error, SuppressionListError)
    assert watched.drift.total == 1


@pytest.mark.parametrize(("seconds", "reading"), [(0.0, "SES's list, after 1,000"), (1.0, "the table, after 1,000")])
def test_time_that_runs_out_is_an_error_and_no_drift(seconds: float, reading: str) -> None:
    """And says how far it came."""
    ledger = ledger_of(*(signal(SignalKind.HARD_BOUNCE, 5, one) for one in people(1000)))
    left = iter([seconds, 0.0])
    with pytest.raises(OutOfTime, match=f"over while reading {reading}"):
        look(ledger, ses_of(*((one, 5) for one in people(1000))), policy(), lambda: next(left))


def test_time_that_runs_out_amid_the_changes_leaves_the_rest_to_the_next_run() -> None:
    """What is done stays done."""
    ledger, ses = ledger_of(*(signal(SignalKind.HARD_BOUNCE, 5, one) for one in people(5))), ses_of()
    left = iter([9.0, 9.0, 9.0, 0.0])
    watched = look(ledger, ses, policy("apply"), lambda: next(left))
    assert isinstance(watched.error, OutOfTime)
    assert "changing SES's list, after 3 of 5" in str(watched.error)
    assert ses.wishes == [Wish(one, "BOUNCE") for one in people(3)]
    assert dict(look(ledger, ses, policy("apply")).done) == {Action.ADD_THERE: 2}


def test_a_release_that_is_gone_by_the_time_of_the_change_takes_nothing_off() -> None:
    """The row was deleted under its hands: then the table decides, which no schedule does."""
    ledger = ledger_of(signal(SignalKind.HARD_BOUNCE, 9), signal(SignalKind.RELEASE, 3))
    ses = ses_of((JANE, 9))

    class Vanishing(MemoryRows):
        def account_entries(self) -> Iterator[object]:  # type: ignore[override]
            yield from list(super().account_entries())
            self.ledger.entries_.clear()

    rows = Vanishing(ledger)
    watched = watch_suppression(rows, ses, ledger, policy("apply", "warden"), NOW, seconds_left=lambda: 900)  # type: ignore[arg-type]
    assert (list(ses.rows), watched.drift.total, dict(watched.done)) == ([JANE], 1, {})


def test_settling_may_be_chosen() -> None:
    """For tests that cannot wait an hour."""
    chosen = replace(policy(), settling=timedelta(0))
    assert look(ledger_of(), ses_of((JANE, 0)), chosen).drift.total == 1
