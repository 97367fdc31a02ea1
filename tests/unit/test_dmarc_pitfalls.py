"""Reports from which a wrong next step for a DMARC policy could be drawn, and what is said instead."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ses_warden.domain.dmarc import Authenticated, Report, Source
from ses_warden.domain.dmarc_advice import Advice, Step, advise
from ses_warden.domain.dmarc_sources import Kind
from ses_warden.domain.dmarc_summary import summarize, summarize_twice
from ses_warden.domain.findings import Standing
from tests.support.dmarc_ways import (
    BY_SES,
    DOMAIN,
    MAILING_LIST,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    SES_ADDRESS,
    SES_ENVELOPE,
    SES_KEY,
    TODAY,
    month,
    report,
    source,
    through_ses,
    unsigned_ses,
)

KNOWN = {SES_ADDRESS}
GOOD, STRANGER = through_ses(100), source(count=400)
BELOW = unsigned_ses(5, author=f"news.{DOMAIN}")
BY_LIST = source("203.0.113.9", 2, overrides=(MAILING_LIST,))
QUARANTINE: dict[str, Any] = {"policy": "quarantine"}
REJECT: dict[str, Any] = {"policy": "reject"}


def _on(reports: list[Report], domains: frozenset[str] | None = frozenset()) -> Advice:
    return advise(summarize(DOMAIN, reports, KNOWN), domains)


def _two(*sources: Source, days: int = 30, **more: Any) -> list[Report]:
    """A month as two receivers tell of it."""
    return [*month(*sources, days=days, **more), *month(*sources, days=days, reporter="yahoo", **more)]


# Time


def test_a_cluster_of_days_and_one_far_from_them_are_no_month() -> None:
    """Nine days of thirty, eight of them in a row: what goes out weekly was never seen."""
    found = _on([report(day, through_ses(500)) for day in (30, 29, 28, 27, 26, 25, 24, 23, 1)])
    assert found.step is Step.WAIT
    assert "reports of 4 different weeks under this policy (3 so far)" in found.headline


def test_days_that_end_a_second_before_midnight_make_a_month_too() -> None:
    """As Google's do; and days of 25 hours, when clocks are set back."""
    day, second, hour = timedelta(days=1), timedelta(seconds=1), timedelta(hours=1)
    reports = [replace(one, end=one.begin + day - second) for one in month(GOOD, days=28)]
    assert _on(reports).step is Step.QUARANTINE_TEST
    assert _on([replace(reports[0], end=reports[0].begin + day + hour), *reports[1:]]).step is Step.QUARANTINE_TEST
    assert "reports of 28 days under this policy (27 days so far)" in _on(reports[1:]).headline


def test_a_report_of_a_week_covers_its_week() -> None:
    """Some receivers report so; five weeks are more than a month."""
    weeks = [report(7 * week, through_ses(500), days=7) for week in (5, 4, 3, 2, 1)]
    assert _on(weeks).step is Step.QUARANTINE_TEST
    assert _on(weeks[:1] + weeks[4:]).step is Step.WAIT


def test_a_report_of_a_week_says_its_policy_of_the_last_day_alone() -> None:
    """The policy may have been published the day before it ended."""
    weeks = [report(7 * week, through_ses(500), days=7) for week in (4, 3, 2, 1)]
    assert summarize(DOMAIN, weeks, KNOWN).published.since == TODAY - timedelta(days=22)
    assert _on(weeks).step is Step.WAIT


def test_days_that_have_not_come_yet_are_not_covered() -> None:
    """A report of today that claims a week to come."""
    reports = [report(day, GOOD) for day in range(22, 1, -1)] + [report(1, GOOD, days=8)]
    whole, latest = summarize_twice(DOMAIN, reports, KNOWN, TODAY - timedelta(days=28), TODAY)
    assert whole.last == TODAY
    assert advise(whole, frozenset(), latest).step is Step.WAIT


def test_mails_of_before_the_policy_are_no_evidence_under_it() -> None:
    """A year of mail at none, and a month of hardly any at quarantine."""
    year = [report(day, GOOD, policy="none") for day in range(360, 30, -1)]
    found = _on([*year, *month(through_ses(2), policy="quarantine")])
    assert found.step is Step.WAIT
    assert "300 mails of yours in them (60 so far)" in found.headline


@pytest.mark.parametrize(("policy", "advised"), [("none", True), ("quarantine", False)])
def test_who_waits_hears_that_earlier_reports_may_have_more(policy: str, advised: bool) -> None:
    """Where the first of these reports tells the policy already: a small domain would else wait for ever."""
    reports = [report(31, GOOD, policy="none"), *month(through_ses(5), policy=policy)]
    found = _on(reports)
    assert found.step is Step.WAIT
    assert any("an earlier --since" in reason for reason in found.reasons) is advised


def test_old_mail_that_failed_is_told_apart_from_what_fails_today() -> None:
    """It holds back, as who mails once a quarter is not seen in a month; how to leave it out is said."""
    reports = [report(day, GOOD, *([unsigned_ses(50)] if day > 60 else []), policy="quarantine") for day in range(90, 0, -1)]
    whole, latest = summarize_twice(DOMAIN, reports, KNOWN, TODAY - timedelta(days=28))
    found = advise(whole, frozenset(), latest)
    assert found.step is Step.MEND
    assert any("None of it failed in the last 28 days" in reason for reason in found.reasons)
    assert not any("None of it failed" in reason for reason in advise(whole).reasons)


# What the record says


@pytest.mark.parametrize("percent", [0, 10, 99])
def test_a_policy_for_a_part_of_the_mail_is_a_test_and_no_step_of_the_ladder(percent: int) -> None:
    """RFC 7489 section 6.3: the others were let through. So quarantine for all comes before reject."""
    found = _on(month(GOOD, percent=percent, **QUARANTINE))
    assert (found.step, found.record) == (Step.QUARANTINE, "v=DMARC1; p=quarantine; np=reject; rua=mailto:…")
    assert f"without pct={percent}" in found.headline
    found = _on(month(GOOD, percent=percent, **REJECT))
    assert (found.step, found.record) == (Step.REJECT, "v=DMARC1; p=reject; np=reject; rua=mailto:…")


def test_the_month_begins_when_the_policy_came_to_hold_for_all_mail() -> None:
    """`pct` from 10 to 100 a week ago; of `none` it changes nothing."""
    reports = [report(day, GOOD, percent=10 if day > 7 else 100, policy="quarantine") for day in range(30, 0, -1)]
    assert _on(reports).step is Step.WAIT
    assert _on([replace(one, policy="none") for one in reports]).step is Step.QUARANTINE_TEST


def test_a_test_that_reports_cannot_tell_of_is_asked_about() -> None:
    """RFC 7489 does not know `t`: a month at quarantine may have been a month of the test."""
    words = "No report tells whether t=y stands there"
    assert any(words in reason for reason in _on(month(GOOD, **QUARANTINE)).reasons)
    assert any(words in reason for reason in _on(month(GOOD, **REJECT)).reasons)
    assert not any(words in reason for reason in _on(month(GOOD, testing=False, **QUARANTINE)).reasons)
    assert not any(words in reason for reason in _on(month(GOOD)).reasons)


def test_in_a_test_nobody_is_said_to_treat_mail_as_forged_but_who_does_not_know_it() -> None:
    """RFC 9989 section 4.7: with t=y, quarantine is none."""
    found = _on(month(GOOD, unsigned_ses(5), testing=True, **QUARANTINE))
    assert found.step is Step.MEND
    assert "receivers that do not know t=y treat it as forged" in found.headline
    assert "receivers treat it as forged" in _on(month(GOOD, unsigned_ses(5), testing=False, **QUARANTINE)).headline


def test_a_policy_that_another_report_contradicts_is_not_told_as_a_fact() -> None:
    """One forged report that ends last would have the domain at reject."""
    forged = report(1, GOOD, reporter="forger", days=1.01, **REJECT)
    words = "A report of two days before or less tells another policy (p=none)"
    assert any(reason.startswith(words) for reason in _on([*month(GOOD), forged]).reasons)
    long_ago = [report(day, GOOD, policy="none" if day > 20 else "quarantine") for day in range(30, 0, -1)]
    assert not any(reason.startswith("A report of two days") for reason in _on(long_ago).reasons)


def test_the_test_softens_a_stricter_sp_too_and_that_is_said() -> None:
    """RFC 9989 section 4.7: `t` is about `p`, `sp` and `np`."""
    found = _on(month(GOOD, subdomain_policy="reject"))
    assert found.record == "v=DMARC1; p=quarantine; sp=reject; np=reject; t=y; rua=mailto:…"
    assert any("sp=reject is quarantine to them as well" in reason for reason in found.reasons)


# Mailing lists


@pytest.mark.parametrize("testing", [True, False, None])
def test_reject_is_not_praised_where_mailing_lists_break_mail(testing: bool | None) -> None:
    """RFC 9989 section 7.4; nor is its test ended."""
    found = _on(month(GOOD, BY_LIST, testing=testing, **REJECT))
    assert (found.step, found.record) == (Step.STAY, None)
    assert "mailing lists" in found.headline


# Subdomains


@pytest.mark.parametrize(
    ("policy", "step", "record"),
    [
        (QUARANTINE | {"testing": True}, Step.QUARANTINE, "v=DMARC1; p=quarantine; sp=none; rua=mailto:…"),
        (QUARANTINE | {"testing": False}, Step.REJECT, "v=DMARC1; p=reject; sp=none; rua=mailto:…"),
        (REJECT | {"testing": False}, Step.STAY, None),
    ],
)
def test_subdomains_that_sp_holds_do_not_hold_the_domain(policy: dict[str, Any], step: Step, record: str | None) -> None:
    """That is what the advice at none had promised."""
    found = _on(month(GOOD, BELOW, subdomain_policy="none", **policy))
    assert (found.step, found.record) == (step, record)
    assert "forged" not in found.headline
    assert "your mail passes" not in found.headline


@pytest.mark.parametrize(
    ("policy", "record"),
    [
        (REJECT | {"subdomain_policy": "none"}, "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:…"),
        (REJECT | {"subdomain_policy": "quarantine"}, "v=DMARC1; p=reject; np=reject; rua=mailto:…"),
        (QUARANTINE | {"subdomain_policy": "none"}, "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:…"),
    ],
)
def test_subdomains_climb_a_step_at_a_time(policy: dict[str, Any], record: str) -> None:
    """From none to reject at once is no ladder."""
    assert _on(month(GOOD, **policy)).record == record


def test_subdomains_that_fail_under_a_stricter_sp_are_mended_first() -> None:
    """Where the domain itself stands at none: RFC 9989 section 4.7 gives them the policy that `sp` names."""
    found = _on(month(GOOD, BELOW, subdomain_policy="quarantine"))
    assert (found.step, "fails under sp=quarantine" in found.headline) == (Step.MEND, True)


def test_a_weak_sp_is_not_given_up_on_a_day_of_reports() -> None:
    """It needs its month too."""
    assert _on(month(GOOD, days=1, subdomain_policy="quarantine", **REJECT)).record is None


def test_np_is_never_made_weaker() -> None:
    """Where mail of subdomains fails, it stays as it is."""
    found = _on(month(GOOD, BELOW, subdomain_policy="none", nonexistent_policy="quarantine"))
    assert found.record == "v=DMARC1; p=quarantine; sp=none; np=quarantine; t=y; rua=mailto:…"


def test_a_small_subdomain_that_hangs_on_spf_is_not_lost_in_a_large_domain() -> None:
    """RFC 9989 section 7.4: never reject on SPF alone, whosever mail it is. One mail may be an accident."""
    alone = source(OTHER_ADDRESS, 5, spf=True, envelope=(OWN_ENVELOPE,), author=f"billing.{DOMAIN}")
    found = _on(month(through_ses(10_000), alone, **QUARANTINE))
    assert found.step is Step.MEND
    assert [(one.code, one.standing) for one in found.findings] == [("dmarc.spf-alone.other", Standing.WARN)]
    once = [*month(through_ses(10_000), **QUARANTINE), report(3, replace(alone, count=2), reporter="yahoo", **QUARANTINE)]
    assert _on(once).step is Step.REJECT


def test_a_mail_or_two_make_nobody_go_back() -> None:
    """Of ten mails one is 10 %, and no sign of anything: its key may not have been found once."""
    ten = through_ses(9)
    for one in (source(OTHER_ADDRESS, 2, spf=True, envelope=(OWN_ENVELOPE,)), source("203.0.113.9", 2, overrides=(MAILING_LIST,))):
        found = _on([report(1, ten, one, **REJECT)])
        assert (found.step, found.record, found.headline) == (Step.STAY, None, "Stay at p=reject: your mail passes.")
        assert all(each.standing is Standing.OK for each in found.findings)


def test_subdomains_that_strangers_invent_do_not_write() -> None:
    """The advice counts those that send mail of ours."""
    found = _on(month(GOOD, through_ses(5, author=f"shop.{DOMAIN}"), source(count=9, author=f"forged.{DOMAIN}")))
    assert any("(1 of them write)" in reason for reason in found.reasons)


# Silence


def test_a_silent_domain_is_led_to_reject_from_wherever_it_stands() -> None:
    """It would else wait for 300 mails that never come."""
    for policy in ("none", "quarantine"):
        for testing in (True, False, None):
            found = _on(_two(STRANGER, policy=policy, testing=testing))
            assert (found.step, found.record) == (Step.REJECT, "v=DMARC1; p=reject; np=reject; rua=mailto:…")
    assert _on(_two(STRANGER, testing=True, **REJECT)).step is Step.REJECT
    assert _on(_two(STRANGER, testing=False, **REJECT)).step is Step.STAY


def test_one_reporter_makes_no_silence() -> None:
    """Others may see the mail, and anybody can send reports."""
    found = _on(month(STRANGER))
    assert found.step is Step.WAIT
    assert "another receiver" in found.headline


def test_what_could_not_be_read_is_no_silence() -> None:
    """The right to read deliveries is missing: whether SES sends as the domain is not known."""
    found = _on(_two(STRANGER), None)
    assert found.step is Step.WAIT
    assert "could not be read" in found.headline


def test_who_signs_with_the_key_of_the_domain_breaks_the_silence() -> None:
    """All that was reported of it came by forwarders."""
    forwarded = source("198.51.100.9", 3, dkim=True, signed=(SES_KEY, BY_SES))
    assert _on(_two(STRANGER, forwarded)).step is Step.WAIT


def test_a_service_that_was_never_set_up_is_asked_about_before_reject() -> None:
    """All mail of the domain may be its."""
    service = source(count=90, envelope=(Authenticated("mail.service.example", "pass"),))
    found = _on(_two(STRANGER, service))
    assert found.step is Step.REJECT
    assert "if example.com sends none, and none of the senders below is yours" in found.headline


# Strangers


def test_a_host_that_comes_day_by_day_without_a_name_is_asked_about() -> None:
    """A server of ours that neither signs nor is in the SPF record looks so; it holds nothing back."""
    found = _on(month(GOOD, STRANGER, source("203.0.113.7", 3)))
    (one,) = found.findings
    assert (one.code, one.standing) == ("dmarc.nobody", Standing.UNKNOWN)
    assert one.what.startswith("12,090 mails come from 203.0.113.66, 203.0.113.7, on one day in three or more")
    assert found.step is Step.QUARANTINE_TEST


def test_a_host_that_comes_now_and_then_without_a_name_is_not() -> None:
    """Botnets have many."""
    reports = [*month(GOOD), *(report(day, STRANGER, reporter="yahoo") for day in (1, 5, 9))]
    assert _on(reports).findings == ()


def test_a_signature_that_does_not_verify_is_no_missing_signature() -> None:
    """The key is gone from the DNS, or another one: setting up what is set up mends nothing."""
    for result in ("fail", "permerror", "temperror"):
        key = Authenticated(DOMAIN, result, "ses1")
        broken = source(SES_ADDRESS, 5, signed=(key, BY_SES), envelope=(SES_ENVELOPE,))
        found = _on(month(GOOD, broken))
        assert found.step is Step.MEND
        assert summarize(DOMAIN, month(GOOD, broken), KNOWN).mails(Kind.SES_UNSIGNED) == 150
        (one,) = found.findings
        assert one.what.startswith(f"150 mails as {DOMAIN} left SES with a signature of yours that did not verify")
        assert f"ses-warden audit {DOMAIN}" in one.mend
