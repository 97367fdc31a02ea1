"""The verdict on a scope: what pauses it, what only warns, what nothing can be said about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.counters import Counter
from ses_warden.domain.judgement import AHEAD, Assessment
from ses_warden.domain.rates import BOUNCES, COMPLAINTS
from ses_warden.domain.reputation import Outcomes, Thresholds, Verdict, afresh, assess, outcomes

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TEN = NOW.replace(minute=0)
LONG_AGO = NOW - timedelta(days=90)
THRESHOLDS = Thresholds()


def hour(ago: int = 0, *, mails: int = 0, hard: int = 0, complaints: int = 0) -> Outcomes:
    """So many mails of one hour, all with an outcome."""
    return Outcomes(hour=TEN - timedelta(hours=ago), sent=mails, hard=hard, delivered=mails - hard, complaints=complaints)


def judged(*cohorts: Outcomes, since: datetime = LONG_AGO, watermark: datetime = NOW, **further: Any) -> Assessment:
    """These cohorts, assessed now."""
    return assess(cohorts, THRESHOLDS, NOW, watermark=watermark, since=since, **further)


@pytest.mark.parametrize(
    ("mails", "hard", "new", "later"),
    [
        (13, 1, "healthy", "healthy"),
        (4, 4, "warn", "warn"),  # fewer than five bounces never pause
        (5, 5, "pause", "pause"),
        (18, 6, "pause", "warn"),
        (70, 12, "pause", "warn"),
        (100, 17, "pause", "pause"),
        (400, 33, "pause", "warn"),
        (1_000, 66, "pause", "warn"),
        (1_000, 71, "pause", "pause"),
        (1_000, 30, "warn", "warn"),
        (1_000, 29, "healthy", "healthy"),
        (9_000, 270, "warn", "warn"),
        (0, 0, "healthy", "healthy"),
    ],
)
def test_bounces_pause_on_evidence_and_warn_on_the_estimate(mails: int, hard: int, new: str, later: str) -> None:
    """A scope that begins with this hour needs less evidence than one that has long been counted."""
    assert judged(hour(mails=mails, hard=hard), since=TEN).verdict == new
    assert judged(hour(mails=mails, hard=hard)).verdict == later


@pytest.mark.parametrize(
    ("mails", "complaints", "verdict"),
    [
        (13, 1, "healthy"),
        (13, 2, "warn"),  # two complaints never pause
        (1_000, 1, "healthy"),
        (1_000, 3, "warn"),
        (1_000, 8, "pause"),
        (10_000, 6, "warn"),
        (9_999, 6, "healthy"),
        (30_000, 18, "warn"),
        (30_000, 17, "healthy"),
        (30_000, 60, "pause"),
    ],
)
def test_complaints_pause_on_evidence_and_warn_on_the_estimate(mails: int, complaints: int, verdict: str) -> None:
    """Complaints are judged by the same rule, with their own numbers."""
    found = judged(hour(mails=mails, complaints=complaints), since=TEN)

    assert found.complaints.verdict == verdict
    assert found.bounces.verdict == "healthy"
    assert found.verdict == verdict


def test_the_graver_kind_of_harm_decides() -> None:
    """A pause for bounces is a pause, whatever the complaints; the reasons are those of the verdict."""
    found = judged(hour(mails=2_000, hard=200, complaints=6))

    assert (found.bounces.verdict, found.complaints.verdict, found.verdict) == ("pause", "warn", "pause")
    assert found.reasons == (found.bounces.words,)


def test_past_health_buys_no_credit() -> None:
    """After a healthy month the mails of this hour are judged by themselves."""
    month = [hour(ago, mails=200, hard=1) for ago in range(1, 720)]

    found = judged(*month, hour(mails=120, hard=20))

    assert found.verdict == "pause"
    assert found.bounces.deciding == (TEN, 20, 120)
    assert found.bounces.recent.rate < 0.01


def test_a_bad_hour_is_found_below_a_good_one() -> None:
    """Bounces that come late count in the hour in which their mail was sent, and the hours since do not hide them."""
    found = judged(hour(2, mails=2_000, hard=10), hour(1, mails=500, hard=90), hour(mails=300, hard=3))

    assert found.verdict == "pause"
    assert found.bounces.deciding == (TEN - timedelta(hours=1), 93, 800)


def test_mail_before_the_last_ten_thousand_is_forgotten() -> None:
    """Whole hours are looked at until they hold as many mails as the window asks for."""
    found = judged(hour(3, mails=5_000, hard=1_000), hour(2, mails=6_000, hard=60), hour(1, mails=4_000, hard=40))

    assert found.bounces.recent == (TEN - timedelta(hours=2), 100, 10_000)
    assert found.verdict == "healthy"


def test_the_last_hour_is_this_one_and_the_one_before() -> None:
    """The second window is short, so that a new trouble shows in it."""
    found = judged(hour(5, mails=3_000, hard=30), hour(1, mails=40, hard=1), hour(mails=20, hard=2))

    assert found.bounces.last_hour == (TEN - timedelta(hours=1), 3, 60)
    assert found.bounces.recent == (TEN - timedelta(hours=5), 33, 3_060)
    assert judged(hour(5, mails=3_000, hard=30)).bounces.last_hour.mails == 0


def test_the_first_count_is_privileged_for_a_month_only() -> None:
    """Later its beginning is an hour like others: each new month would else be a further chance of a false pause."""
    cohorts = hour(650, mails=70, hard=12)

    assert judged(cohorts, since=NOW - timedelta(days=29)).verdict == "pause"
    assert judged(cohorts, since=NOW - timedelta(days=31)).verdict == "warn"


def test_on_probation_counting_begins_afresh_with_tighter_limits() -> None:
    """What was before the resumption does not count, and three quarters of the limits are enough for a pause."""
    before, resumed = hour(3, mails=1_000, hard=300), TEN - timedelta(hours=2) + timedelta(minutes=17)

    clean = judged(before, hour(1, mails=300, hard=3), since=resumed, probation=True)
    bad = judged(before, hour(2, mails=300, hard=24), since=resumed, probation=True)

    assert (clean.verdict, clean.bounces.recent.mails, clean.probation) == ("healthy", 300, True)
    assert bad.verdict == "pause"
    assert bad.bounces.limit == pytest.approx(0.03)
    assert judged(before, hour(2, mails=300, hard=24), since=resumed).verdict == "warn"


def test_a_resumption_in_the_midst_of_an_hour_takes_off_what_was_counted_before() -> None:
    """The hour's cohort keeps only what came since."""
    now, then = hour(mails=500, hard=60, complaints=4), hour(mails=400, hard=58, complaints=4)

    assert afresh([now, hour(1, mails=7)], then) == [
        Outcomes(hour=TEN, sent=100, hard=2, delivered=98),
        hour(1, mails=7),
    ]
    assert judged(*afresh([now], then), since=NOW, probation=True).verdict == "healthy"


LATE = NOW - timedelta(minutes=10)


def test_hours_beyond_the_watermark_are_left_out() -> None:
    """Bounces come at once while deliveries wait: what looks like 30 % may be 3 %."""
    found = judged(hour(1, mails=400, hard=4), hour(mails=100, hard=30), watermark=LATE)

    assert (found.verdict, found.bounces.recent.mails, found.lag) == ("healthy", 400, timedelta(minutes=10))


def test_with_an_earlier_look_bounces_are_held_back_to_the_watermark() -> None:
    """Bad outcomes are those that were known when the deliveries known now happened."""
    seen = [hour(mails=60, hard=3)]

    found = judged(hour(1, mails=400, hard=4), hour(mails=100, hard=30), watermark=LATE, earlier=seen)
    unseen = judged(hour(1, mails=400, hard=4), hour(mails=100, hard=30), watermark=LATE, earlier=[])

    assert (found.verdict, found.bounces.recent) == ("healthy", (TEN - timedelta(hours=1), 7, 500))
    assert unseen.bounces.recent == (TEN - timedelta(hours=1), 4, 500)


def test_a_bad_list_is_found_through_a_late_lane() -> None:
    """Held-back bounces are enough evidence once they are enough by themselves."""
    assert judged(hour(mails=300, hard=90), watermark=LATE, earlier=[hour(mails=100, hard=30)]).verdict == "pause"


def test_nothing_is_called_healthy_while_the_lane_is_far_behind() -> None:
    """Beyond the longest lag the verdict is unknown, and says why."""
    watermark = NOW - timedelta(minutes=31)

    found = judged(hour(2, mails=400, hard=4), watermark=watermark)

    assert found.verdict is Verdict.UNKNOWN
    assert found.reasons[0] == "deliveries are known only up to 2026-11-24 09:59 UTC, 31 minutes ago"


def test_a_pause_needs_no_punctual_lane() -> None:
    """Evidence from hours that are wholly known stands."""
    assert judged(hour(3, mails=400, hard=80), watermark=NOW - timedelta(hours=1)).verdict is Verdict.PAUSE


def test_mail_that_is_still_under_way_counts_among_the_mails() -> None:
    """A provider that is slow to accept does not make a healthy sender look bad."""
    slow = Outcomes(hour=TEN, sent=1_000, hard=25, delivered=75)

    assert judged(slow, since=TEN).verdict == "healthy"
    assert judged(Outcomes(hour=TEN, hard=25, delivered=75), since=TEN).verdict == "pause"  # where Send events are missing


def test_complaints_are_a_share_of_deliveries_where_they_are_reported() -> None:
    """Providers that report none are no part of them."""
    found = judged(Outcomes(hour=TEN, sent=50_000, delivered=20_000, unreported=30_000, complaints=16))

    assert found.complaints.recent.rate == pytest.approx(0.0008)


def test_counters_become_outcomes() -> None:
    """Hits of our own lists are no mails; soft and refused ones are mails, but no bounces; replies and delays are neither."""
    counts = dict.fromkeys(Counter, 1) | {Counter.SENT: 100, Counter.LISTED: 7, Counter.HARD: 3, Counter.DELIVERED: 80}

    assert outcomes("hour/2026-11-24T10", counts) == Outcomes(
        hour=TEN, sent=93, hard=3, delivered=80, unreported=1, refused=4, complaints=1
    )


@pytest.mark.parametrize("probation", [False, True])
@pytest.mark.parametrize("cohorts", [[(0, 0)], [(40, 3)], [(900, 20)], [(9_000, 240), (300, 12)], [(100, 0), (50, 4), (20, 3)]])
def test_the_head_room_is_exact(cohorts: list[tuple[int, int]], probation: bool) -> None:
    """So many more bad ones among the next 1,000 bring a pause, and one fewer does not."""
    history = [hour(ago + 1, mails=mails, hard=hard) for ago, (mails, hard) in enumerate(cohorts)]
    room = judged(*history, probation=probation, since=NOW - timedelta(days=2)).bounces.head_room

    for more, verdict in ((room, True), (room - 1, False)):
        found = judged(*history, hour(mails=AHEAD, hard=more), probation=probation, since=NOW - timedelta(days=2))
        assert (found.verdict is Verdict.PAUSE) is verdict


def test_estimates_come_with_the_interval_of_a_single_look() -> None:
    """For `status`: what the rate may be, where no decision hangs on it."""
    low, high = judged(hour(mails=400, hard=8)).bounces.recent.interval

    assert low < 0.02 < high
    assert (round(low, 4), round(high, 4)) == (0.0113, 0.0351)


def test_a_paused_scope_has_no_head_room() -> None:
    """There is nothing left to lose."""
    assert judged(hour(mails=500, hard=100)).bounces.head_room == 0


def test_the_words_name_counts_rates_limits_and_room() -> None:
    """What a person reads at night."""
    assert judged(hour(mails=300, hard=45), since=TEN).reasons == (
        "hard bounces: 45 of 300 mails sent since 2026-11-24 10:00 UTC, 15.0 %: over a million times likelier above the limit of "
        "4.0 % than at it (270 times is enough); surely above 8.3 %",
    )
    assert judged(hour(mails=600, hard=20)).bounces.words == (
        "hard bounces: 20 of 600 mails sent since 2026-11-24 10:00 UTC, 3.3 %, and warnings begin at 3.0 %; "
        "71 more among the next 1,000 would bring a pause"
    )


COHORTS = st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 0.3)), min_size=1, max_size=30)


def made(sizes: list[tuple[int, float]]) -> list[Outcomes]:
    """Cohorts of these sizes and rates."""
    return [hour(ago, mails=mails, hard=int(mails * rate)) for ago, (mails, rate) in enumerate(sizes)]


@given(COHORTS, st.randoms())
def test_the_order_of_the_cohorts_does_not_matter(sizes: list[tuple[int, float]], random: object) -> None:
    """The rows may come in any order."""
    cohorts = made(sizes)
    shuffled = list(cohorts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert judged(*shuffled) == judged(*cohorts)


@given(COHORTS, st.integers(0, 29))
def test_more_bounces_never_lift_a_pause(sizes: list[tuple[int, float]], place: int) -> None:
    """One good mail of any hour turned bad leaves a paused scope paused."""
    cohorts = made(sizes)
    one = cohorts[place % len(cohorts)]
    worse = [hour(place % len(cohorts), mails=one.sent + 1, hard=one.hard + 1) if cohort is one else cohort for cohort in cohorts]

    if judged(*cohorts).bounces.verdict is Verdict.PAUSE and sum(cohort.sent for cohort in worse) < BOUNCES.window:
        assert judged(*worse).bounces.verdict is Verdict.PAUSE


@given(COHORTS)
def test_a_pause_means_that_the_bound_is_above_the_limit(sizes: list[tuple[int, float]]) -> None:
    """Evidence and bound are two sides of one thing."""
    found = judged(*made(sizes)).bounces

    assert found.bound <= found.deciding.rate
    if found.deciding.bad >= BOUNCES.least and abs(found.log_odds - found.log_needed) > 0.01:
        assert (found.bound >= found.limit) is (found.verdict is Verdict.PAUSE)


@pytest.mark.parametrize(
    "values",
    [
        {"pause": 0.1},
        {"pause": 0.00005},
        {"warn": 0.05},
        {"floor": 0},
        {"least": 0},
        {"window": 10},
        {"steepest": 1.5},
        {"first_share": 0},
        {"restart_cost": 0.5},
    ],
)
def test_limits_out_of_bounds_are_refused(values: dict[str, Any]) -> None:
    """A slip in a parameter must not turn the guard off or make it rage."""
    with pytest.raises(ValueError, match=next(iter(values))):
        replace(BOUNCES, **values)


@pytest.mark.parametrize(("false_pauses", "lag"), [(0.05, 600), (0, 600), (0.01, 5), (0.01, 100_000)])
def test_thresholds_out_of_bounds_are_refused(false_pauses: float, lag: float) -> None:
    """The same for what is common to both kinds."""
    with pytest.raises(ValueError, match="must be from"):
        Thresholds(false_pauses=false_pauses, longest_lag=timedelta(seconds=lag))


def test_the_defaults_are_four_fifths_of_the_review_limits() -> None:
    """SES reviews an account at 5 % hard bounces and 0.1 % complaints."""
    assert BOUNCES.pause == pytest.approx(0.8 * 0.05)
    assert COMPLAINTS.pause == pytest.approx(0.8 * 0.001)
