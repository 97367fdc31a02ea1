"""What the guard remembers of a scope comes out right however its changes arrive."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.cohorts import Change, Rollup, Tally, moment_of, outcomes_of, without
from ses_warden.domain.counters import Counter
from ses_warden.domain.rates import Outcomes

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
WINDOWS = (10_000, 50_000)


def change(hour: str = "2026-11-24T10", shard: int = 0, at: datetime = NOW, **counts: int) -> Change:
    """A row of counters as the index shows it."""
    return Change("account", shard, hour, Tally(**counts), at)


def taken(*changes: Change) -> Rollup:
    """A rollup that took these changes in."""
    rollup = Rollup()
    for one in changes:
        assert rollup.take(one) is None
    return rollup


def total(rollup: Rollup) -> Outcomes:
    """All cohorts as one."""
    return outcomes_of(NOW, Tally(), policy_is_hard=False) if not rollup.hours else _summed(rollup.cohorts(policy_is_hard=False))


def _summed(cohorts: list[Outcomes]) -> Outcomes:
    return Outcomes(
        hour=NOW,
        sent=sum(one.sent for one in cohorts),
        hard=sum(one.hard for one in cohorts),
        delivered=sum(one.delivered for one in cohorts),
        unreported=sum(one.unreported for one in cohorts),
        refused=sum(one.refused for one in cohorts),
        complaints=sum(one.complaints for one in cohorts),
    )


def test_the_shards_of_an_hour_are_one_cohort() -> None:
    """Each change replaces what its own shard had."""
    rollup = taken(change(hard=1, delivered=9), change(shard=1, delivered=5), change(hard=2, delivered=19))
    [cohort] = rollup.cohorts(policy_is_hard=False)
    assert (cohort.hour, cohort.hard, cohort.delivered) == (moment_of("2026-11-24T10"), 2, 24)


@given(st.permutations([change(hard=n, delivered=10 * n, shard=s) for n in range(4) for s in range(3)]), st.data())
def test_changes_may_come_twice_late_and_in_any_order(changes: list[Change], data: st.DataObject) -> None:
    """Counters only grow: the greatest value is the last."""
    again = data.draw(st.lists(st.sampled_from(changes)))
    assert total(taken(*changes, *again)) == _summed(
        taken(*(change(hard=3, delivered=30, shard=s) for s in range(3))).cohorts(policy_is_hard=False)
    )


def test_a_row_of_counters_is_read_as_the_guard_needs_it() -> None:
    """Soft, undetermined and content refusals are outcomes; policy refusals are what the operator says; opens are nothing."""
    counts = {counter: 2**number for number, counter in enumerate(Counter)}
    tally = Tally.of(counts)
    refused = sum(counts[one] for one in (Counter.SOFT, Counter.UNDETERMINED, Counter.CONTENT))
    assert (tally.refused, tally.policy, tally.hard) == (refused, counts[Counter.POLICY], counts[Counter.HARD])
    mild, strict = (outcomes_of(NOW, tally, policy_is_hard=hard) for hard in (False, True))
    assert (mild.hard, mild.refused) == (tally.hard, refused + tally.policy)
    assert (strict.hard, strict.refused) == (tally.hard + tally.policy, refused)


def test_a_list_hit_is_no_mail() -> None:
    """It has a Send event, and never was sent."""
    assert outcomes_of(NOW, Tally(sent=10, listed=3), policy_is_hard=False).sent == 7


def test_days_that_ended_two_days_ago_become_sums() -> None:
    """Recent hours stay, each with its shards; nothing is lost."""
    old = [change(f"2026-11-21T{hour:02}", hard=1, delivered=10) for hour in range(24)]
    rollup = taken(*old, change("2026-11-22T00", hard=1), change(hard=1))
    before = total(rollup)
    rollup.compact(NOW, *WINDOWS)
    assert rollup.days == {"2026-11-21": Tally(hard=24, delivered=240)}
    assert rollup.hours.keys() == {"2026-11-22T00", "2026-11-24T10"}
    assert total(rollup) == before
    assert rollup.since == moment_of("2026-11-21")


def test_a_late_outcome_of_a_summed_day_has_the_day_read_anew() -> None:
    """A complaint of four days later counts; what was stored already is not asked for again."""
    rollup = taken(change("2026-11-20T10", delivered=100))
    rollup.compact(NOW, *WINDOWS)
    rollup.stored(NOW)
    late = change("2026-11-20T10", delivered=100, complaints=1, at=NOW + timedelta(minutes=1))
    assert rollup.take(late) == "2026-11-20"
    rollup.replace_day("2026-11-20", Tally(delivered=100, complaints=1))
    rollup.stored(NOW + timedelta(minutes=2))
    assert rollup.take(late) is None
    assert rollup.days["2026-11-20"].complaints == 1


def test_history_beyond_both_windows_is_dropped_but_for_a_day() -> None:
    """A window never reaches the edge, which it would take for the beginning of all counting."""
    rollup = taken(*(change(f"2026-11-{day:02}T10", delivered=30_000) for day in range(10, 25)))
    rollup.compact(NOW, *WINDOWS)
    assert sorted(rollup.days) == ["2026-11-21"]
    assert rollup.forgotten == "2026-11-20"
    assert rollup.since == moment_of("2026-11-10")
    assert rollup.take(change("2026-11-15T10", delivered=30_001, at=NOW + timedelta(hours=1))) is None
    assert "2026-11-15" not in rollup.days
    assert not [hour for hour in rollup.hours if hour.startswith("2026-11-15")]


def test_small_senders_keep_two_months() -> None:
    """Their windows are never full; older mail says nothing about today."""
    days = [NOW.date() - timedelta(days=number) for number in range(90)]
    rollup = taken(*(change(f"{day}T10", delivered=5) for day in days))
    rollup.compact(NOW, *WINDOWS)
    assert len(rollup.days) + len(rollup.hours) == 60


def test_what_waits_to_be_stored_is_known_since_when() -> None:
    """The earliest change that is not stored."""
    rollup = taken(change(at=NOW), change(at=NOW - timedelta(minutes=5)))
    assert rollup.pending == NOW - timedelta(minutes=5)
    rollup.stored(NOW)
    assert rollup.pending is None
    rollup.take(change(at=NOW - timedelta(minutes=1)))
    assert rollup.pending is None


def test_the_mail_of_narrower_scopes_is_taken_off_hour_by_hour() -> None:
    """Never below nothing."""
    hour, other = moment_of("2026-11-24T10"), moment_of("2026-11-24T09")
    wide = [Outcomes(hour=hour, sent=100, hard=30, delivered=70), Outcomes(hour=other, hard=1, delivered=9)]
    narrow = [Outcomes(hour=hour, sent=50, hard=20, delivered=30), Outcomes(hour=hour, sent=60, hard=20, delivered=5)]
    assert without(wide, narrow) == [Outcomes(hour=hour, sent=0, hard=0, delivered=35), wide[1]]
