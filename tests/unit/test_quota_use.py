"""The course of the daily quota, from what was sent in each five minutes."""

from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.domain.quota_use import STEP, beginning, course

NOW = datetime(2026, 11, 24, 18, 2, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, tzinfo=UTC)
DAY = 10_000.0


def mails(since: datetime, until: datetime, an_hour: float) -> dict[datetime, float]:
    """So many mails an hour, evenly, from a step to another."""
    steps = (until - since) // STEP
    return {since + STEP * number: an_hour / 12 for number in range(steps)}


def at(hour: int, minute: int = 0, *, day: int = 24) -> datetime:
    """A time of the day, or of another."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


STEADY = mails(at(18, day=22), at(18), 100)


def test_who_sends_evenly_stays_where_they_are() -> None:
    """What comes is what goes."""
    found = course(DAY, 2_400.0, STEADY, NOW)
    assert found
    assert found.peak == pytest.approx(2_400.0)
    assert (found.pace, found.slowest, found.fastest) == pytest.approx((100.0, 100.0, 100.0))
    assert (found.low, found.expected, found.high) == pytest.approx((2_400.0, 2_400.0, 2_400.0))
    assert (found.until, found.full_at) == (NIGHT, None)


def test_a_campaign_of_yesterday_leaves_the_window_as_todays_comes() -> None:
    """At 18:00 yesterday's 6,000 of 20:00 are still in; today's 1,000 an hour meet them until they are out."""
    metric = mails(at(20, day=23), at(21, day=23), 6_000) | mails(at(15), at(18), 1_000)
    found = course(DAY, 9_000.0, metric, NOW)
    assert found
    assert found.expected == pytest.approx(11_000.0, rel=0.02)
    assert found.full_at is not None
    assert at(18, 55) <= found.full_at <= at(19, 10)


def test_a_campaign_that_has_ended_is_no_forecast_of_the_next() -> None:
    """Nothing in the last three hours: use only falls."""
    found = course(DAY, 6_000.0, mails(at(8), at(9), 6_000), NOW)
    assert found
    assert (found.pace, found.expected, found.full_at) == (0.0, 6_000.0, None)


def test_the_range_is_that_of_the_last_three_hours() -> None:
    """The slowest and the fastest of them; the last five minutes are not complete, and left out."""
    metric = mails(at(14, 55), at(15, 55), 300) | mails(at(15, 55), at(16, 55), 900) | mails(at(16, 55), at(17, 55), 600)
    found = course(DAY, 1_800.0, metric, NOW)
    assert found
    assert (found.slowest, found.pace, found.fastest) == pytest.approx((300.0, 600.0, 900.0))
    assert found.low < found.expected < found.high
    assert found.expected == pytest.approx(1_800 + 600 * 6, rel=0.02)


def test_a_peak_between_two_looks_is_seen() -> None:
    """Two campaigns within 24 hours, of which one has left the window since."""
    metric = mails(at(20, day=22), at(21, day=22), 5_000) | mails(at(19, day=23), at(20, day=23), 4_000)
    found = course(DAY, 4_000.0, metric, NOW)
    assert found
    assert found.peak == pytest.approx(9_000.0)


def test_recipients_are_counted_where_the_metric_counts_mails() -> None:
    """SES's own number is twice the metric's: two recipients a mail."""
    found = course(DAY, 4_800.0, STEADY, NOW)
    assert found
    assert (found.pace, found.expected, found.peak) == pytest.approx((200.0, 4_800.0, 4_800.0))


@pytest.mark.parametrize(
    ("sent", "metric"),
    [
        pytest.param(500.0, {}, id="the metric shows nothing yet"),
        pytest.param(5_000.0, {at(17, 50): 10.0}, id="more recipients a mail than SES takes"),
    ],
)
def test_counts_that_do_not_agree_are_no_ground_for_a_forecast(sent: float, metric: dict[datetime, float]) -> None:
    """CloudWatch is late after a burst."""
    assert course(DAY, sent, metric, NOW) is None


def test_mail_to_the_simulator_uses_no_quota() -> None:
    """SES counts it nowhere but in the metric."""
    found = course(DAY, 0.0, STEADY, NOW)
    assert found
    assert (found.pace, found.expected, found.peak) == (0.0, 0.0, 0.0)


def test_who_sends_nothing_has_a_quiet_night() -> None:
    """No mail, no use."""
    found = course(DAY, 0.0, {}, NOW)
    assert found
    assert (found.peak, found.pace, found.expected, found.full_at) == (0.0, 0.0, 0.0, None)


def test_a_quota_that_is_used_up_is_so_now() -> None:
    """No time to wait for."""
    found = course(2_000.0, 2_400.0, STEADY, NOW)
    assert found
    assert found.full_at == NOW


@pytest.mark.parametrize("now", [at(0), at(23, 59) + timedelta(seconds=59), at(12, 5)])
def test_any_time_of_the_day_has_an_end(now: datetime) -> None:
    """The end of the day is ahead, and at most a day away."""
    found = course(DAY, 0.0, {}, now)
    assert found
    assert now < found.until <= now + timedelta(days=1)


@pytest.mark.parametrize("odd", [-5_000.0, float("nan"), float("inf"), float("-inf")])
def test_odd_numbers_of_the_metric_do_no_harm(odd: float) -> None:
    """What is no count is none."""
    found = course(DAY, 2_400.0, STEADY | {at(17, 30): odd}, NOW)
    assert found
    assert 0 < found.slowest < found.pace < 101
    assert found.peak < 2_500


def test_times_between_the_steps_belong_to_theirs() -> None:
    """Whatever CloudWatch calls the five minutes."""
    shifted = {moment + timedelta(minutes=2, seconds=30): count for moment, count in STEADY.items()}
    assert course(DAY, 2_400.0, shifted, NOW) == course(DAY, 2_400.0, STEADY, NOW)


def test_what_is_asked_begins_with_a_step() -> None:
    """So that CloudWatch's steps are ours."""
    assert beginning(NOW) == at(18, day=22)
