"""An entry is a fold that no order and no repetition disturbs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ses_warden.domain.authority import Authority
from ses_warden.domain.bounces import BounceKind
from ses_warden.domain.entries import Entry, Reason, State, blocks, explain, keep_until
from ses_warden.domain.signals import Confidence, Signal, SignalKind
from ses_warden.domain.suppression import decide
from tests.support.signals import (
    DAY,
    HOUR,
    JANE,
    NOW,
    bounced,
    complained,
    fold,
    held,
    of_sample,
    ordered,
    some,
    struck,
)

MOMENTS = st.integers(0, 60 * 24).map(lambda hour: NOW + hour * HOUR) | st.sampled_from([NOW, NOW + DAY])
SIGNALS = st.builds(
    Signal,
    kind=st.sampled_from(SignalKind),
    address=st.just(JANE.key),
    scope=st.just("account"),
    at=MOMENTS,
    original=st.sampled_from(["jane@example.com", "Jane@example.com", "JANE@example.com", "jAne@example.com", "janE@example.com"]),
    message_id=st.sampled_from(["a", "b", "c", "d"]),
    status=st.sampled_from(["", "5.1.1"]),
    confidence=st.sampled_from(Confidence),
    note=st.sampled_from(["", "asked"]),
)
# Long rows of one kind, to meet the bounds of what an entry keeps.
FLOODS = st.lists(
    st.builds(
        Signal,
        kind=st.sampled_from(
            [SignalKind.STRIKE, SignalKind.STRIKE, SignalKind.HARD_BOUNCE, SignalKind.NOT_SPAM, SignalKind.DELIVERED]
        ),
        address=st.just(JANE.key),
        scope=st.just("account"),
        at=MOMENTS,
        message_id=st.sampled_from(["a", "b"]),
    ),
    min_size=60,
    max_size=200,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SIGNALS, max_size=14), st.data(), st.sampled_from(["ses", "warden"]))
def test_no_order_and_no_repetition_makes_another_entry(signals: list[Signal], data: st.DataObject, authority: Authority) -> None:
    """Any permutation, with any of them repeated, folds to the same entry; and all of them again change nothing."""
    entry = fold(signals, authority)
    repeated = data.draw(st.lists(st.sampled_from(signals), max_size=8)) if signals else []
    shuffled = data.draw(st.permutations([*signals, *repeated]))
    assert fold(shuffled, authority) == entry
    deliveries = [signal for signal in signals if signal.kind is SignalKind.DELIVERED]
    again = fold([*deliveries, *shuffled], authority, entry)
    assert again is entry


@settings(max_examples=60, deadline=None)
@given(FLOODS, st.randoms(use_true_random=False))
def test_floods_fold_alike_in_every_order_although_an_entry_is_bounded(signals: list[Signal], random: Random) -> None:
    """What an entry forgets does not depend on when it was heard."""
    shuffled = list(signals)
    random.shuffle(shuffled)
    entry = fold(signals)
    assert fold(shuffled) == entry
    if entry:
        assert len(entry.strikes) <= 48
        assert len(entry.evidence) <= 4
        assert len(entry.lifted) <= 16


def test_of_many_bounces_an_entry_knows_the_first_and_the_latest() -> None:
    """Its beginning does not move, and one after a release suppresses again, however many came before."""
    bounces = [bounced(BounceKind.HARD, day) for day in range(10)]
    entry = held(bounces)
    assert (entry.since, entry.last_seen) == (NOW, NOW + 9 * DAY)
    released = [*bounces, ordered(20, block=False)]
    assert held(released).reason is None
    again = held([*released, bounced(BounceKind.HARD, 21)])
    assert (again.reason, again.since) == (Reason.HARD_BOUNCE, NOW + 21 * DAY)


@given(st.lists(SIGNALS, min_size=1, max_size=10))
def test_a_verdict_is_whole(signals: list[Signal]) -> None:
    """Suppressed has a reason, a confidence, a beginning; anything else has neither reason nor expiry nor effect."""
    entry = fold(signals)
    if entry is None:
        assert {signal.kind for signal in signals} == {SignalKind.DELIVERED}
        return
    assert entry.since is not None
    assert entry.last_seen is not None
    assert entry.since <= entry.last_seen
    suppressed = entry.state is State.SUPPRESSED
    assert suppressed == (entry.reason is not None) == (entry.confidence is not None) == blocks(entry, entry.last_seen - 99 * DAY)
    assert suppressed or entry.expires_at is None
    assert explain(entry).endswith(".")


def test_the_same_bounce_in_both_forms_makes_the_same_entry() -> None:
    """The identity notification is cut to the second, and its feedback id may differ."""
    published, notified = some(of_sample("bounce-twin")), some(of_sample("identity-bounce-twin"))
    assert published == notified
    assert fold([published]) == fold([notified]) == fold([published, notified])


def test_times_are_kept_in_whole_seconds_of_utc() -> None:
    """Any zone, any fraction; without a zone it is UTC."""
    signal = ordered(0, block=True)
    for at in (
        NOW.replace(microsecond=999_999),
        NOW.astimezone(timezone(timedelta(hours=-5))),
        NOW.replace(tzinfo=None),
    ):
        moved = replace(signal, at=at)
        assert moved == signal
        assert moved.at.utcoffset() == timedelta(0)


def test_a_time_at_the_end_of_the_calendar_is_no_error() -> None:
    """A hostile payload may name the year 9999; an expiry counted from there would leave the calendar."""
    at = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    entry = held([replace(signal, at=at) for signal in (*struck(0), bounced(BounceKind.GLOBAL_LIST, 0))])
    assert entry.expires_at is not None
    assert keep_until(entry) is not None


def test_each_spelling_of_an_address_is_remembered() -> None:
    """SES's list is case-sensitive when managed, so each is needed to take an address off it; four are kept."""
    signals = [
        replace(complained(0), original=spelling) for spelling in ("jane@Example.com", "Jane@example.com", "Jane@example.com")
    ]
    entry = held(signals)
    assert entry.spellings == ("Jane@example.com", "jane@Example.com")
    assert entry.original == "Jane@example.com"
    five = held([*signals, *(replace(complained(0), original=spelling) for spelling in ("a@b.c", "z@b.c", "b@b.c"))])
    assert five.spellings == ("Jane@example.com", "a@b.c", "b@b.c", "jane@Example.com")
    assert Entry("jane@example.com", "account").original == "jane@example.com"


def test_the_version_is_the_ledgers() -> None:
    """It is carried along and makes no difference between entries."""
    stored = replace(held(struck(0)), version=7)
    assert stored == held(struck(0))
    assert held([*struck(0)]).version == 0
    after = decide(stored, bounced(BounceKind.HARD, 1))
    assert after is not None
    assert after.version == 7
