"""The next step for a DMARC policy: never on too little, never over mail of ours that fails, never to reject on SPF alone."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.dmarc import Authenticated, Report, Source
from ses_warden.domain.dmarc_advice import Advice, Step, advise
from ses_warden.domain.dmarc_summary import summarize, summarize_twice
from ses_warden.domain.findings import Standing
from tests.support.dmarc_ways import (
    DOMAIN,
    MAILING_LIST,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    SES_ADDRESS,
    TODAY,
    month,
    report,
    source,
    through_ses,
    unsigned_ses,
)

KNOWN = {SES_ADDRESS}
GOOD = through_ses(100)
SPF_ALONE = source(OTHER_ADDRESS, 2, spf=True, envelope=(OWN_ENVELOPE,))
UNSIGNED, UNSIGNED_BELOW = unsigned_ses(2), unsigned_ses(2, author=f"news.{DOMAIN}")
BY_LIST = source("203.0.113.9", 2, overrides=(MAILING_LIST,))
STRANGER = source(count=400)
SOMEBODY = source(count=5, envelope=(Authenticated("mail.service.example", "pass"),))


@dataclass(frozen=True)
class Case:
    """Each day's sources, for so many days, under a policy; what is advised, and to publish what."""

    sources: tuple[Source, ...]
    step: Step
    record: str | None = None
    days: int = 30
    policy: dict[str, Any] = field(default_factory=lambda: {"policy": "none"})


def _quarantine(**more: Any) -> dict[str, Any]:
    return {"policy": "quarantine", **more}


def _reject(**more: Any) -> dict[str, Any]:
    return {"policy": "reject", **more}


TEST = "v=DMARC1; p=quarantine; np=reject; t=y; rua=mailto:…"
QUARANTINE = "v=DMARC1; p=quarantine; np=reject; rua=mailto:…"
REJECT_ABOVE = "v=DMARC1; p=reject; sp=quarantine; np=reject; rua=mailto:…"
REJECT = "v=DMARC1; p=reject; np=reject; rua=mailto:…"

CASES = {
    # None
    "none, a clean month": Case((GOOD,), Step.QUARANTINE_TEST, TEST),
    "none, a clean month with many strangers": Case((GOOD, STRANGER), Step.QUARANTINE_TEST, TEST),
    "none, a month less a few days": Case((GOOD,), Step.WAIT, days=27),
    "none, a month of 28 days": Case((GOOD,), Step.QUARANTINE_TEST, TEST, days=28),
    "none, a month of few mails": Case((through_ses(9),), Step.WAIT),
    "none, as few mails as show 1 %": Case((through_ses(10),), Step.QUARANTINE_TEST, TEST),
    "none, mail of ours fails": Case((GOOD, UNSIGNED), Step.MEND),
    "none, hardly any mail of ours fails": Case((GOOD, GOOD, unsigned_ses(1)), Step.QUARANTINE_TEST, TEST),
    "none, mail of a subdomain fails": Case(
        (GOOD, UNSIGNED_BELOW), Step.QUARANTINE_TEST, "v=DMARC1; p=quarantine; sp=none; t=y; rua=mailto:…"
    ),
    "none, some by SPF alone": Case((GOOD, SPF_ALONE), Step.QUARANTINE_TEST, TEST),
    "none, no mail of ours at all, as one receiver tells": Case((STRANGER,), Step.WAIT),
    "none, no mail of ours for a week": Case((STRANGER,), Step.WAIT, days=7),
    "none, no mail of ours but what fails": Case((STRANGER, UNSIGNED), Step.WAIT),
    "none, with a stricter sp": Case(
        (GOOD,),
        Step.QUARANTINE_TEST,
        "v=DMARC1; p=quarantine; sp=reject; np=reject; t=y; rua=mailto:…",
        policy={"policy": "none", "subdomain_policy": "reject"},
    ),
    # The test
    "quarantine in test, two clean weeks": Case((GOOD,), Step.QUARANTINE, QUARANTINE, 14, _quarantine(testing=True)),
    "quarantine in test, one week": Case((GOOD,), Step.WAIT, None, 7, _quarantine(testing=True)),
    "quarantine in test, mail of ours fails": Case((GOOD, UNSIGNED), Step.MEND, None, 30, _quarantine(testing=True)),
    # Quarantine
    "quarantine, a clean month": Case((GOOD,), Step.REJECT, REJECT, 30, _quarantine()),
    "quarantine, two weeks": Case((GOOD,), Step.WAIT, None, 14, _quarantine()),
    "quarantine, some by SPF alone": Case((GOOD, SPF_ALONE), Step.MEND, None, 30, _quarantine()),
    "quarantine, all by SPF alone": Case((SPF_ALONE,) * 50, Step.MEND, None, 30, _quarantine()),
    "quarantine, mailing lists": Case((GOOD, BY_LIST), Step.STAY, None, 30, _quarantine()),
    "quarantine, mailing lists, a weak sp": Case((GOOD, BY_LIST), Step.STAY, QUARANTINE, 30, _quarantine(subdomain_policy="none")),
    "quarantine, mail of ours fails": Case((GOOD, UNSIGNED), Step.MEND, None, 30, _quarantine()),
    "quarantine, mail of a subdomain fails": Case((GOOD, UNSIGNED_BELOW), Step.MEND, None, 30, _quarantine()),
    # Reject
    "reject": Case((GOOD, STRANGER), Step.STAY, None, 30, _reject()),
    "reject, for a day": Case((GOOD,), Step.STAY, None, 1, _reject()),
    "reject, a weak sp": Case((GOOD,), Step.STAY, REJECT_ABOVE, 30, _reject(subdomain_policy="none")),
    "reject, a weak sp that is needed": Case((GOOD, UNSIGNED_BELOW), Step.STAY, None, 30, _reject(subdomain_policy="none")),
    "reject, some by SPF alone": Case((GOOD, SPF_ALONE), Step.MEND, QUARANTINE, 30, _reject()),
    "reject, mail of ours fails": Case((GOOD, UNSIGNED), Step.MEND, None, 30, _reject()),
    "reject in test, two clean weeks": Case((GOOD,), Step.REJECT, REJECT, 14, _reject(testing=True)),
    "reject in test, one week": Case((GOOD,), Step.WAIT, None, 7, _reject(testing=True)),
    # Unknown
    "no policy told": Case((GOOD,), Step.PUBLISH, "v=DMARC1; p=none; rua=mailto:…", 30, {"policy": None}),
    "a policy that there is not": Case((GOOD,), Step.PUBLISH, "v=DMARC1; p=none; rua=mailto:…", 30, {"policy": "p00f"}),
}


def _advice_on(reports: list[Report], domains: frozenset[str] = frozenset()) -> Advice:
    return advise(summarize(DOMAIN, reports, KNOWN), domains)


@pytest.mark.parametrize("name", CASES)
def test_the_step_and_the_record(name: str) -> None:
    """A table of what domains look like."""
    case = CASES[name]
    found = _advice_on(month(*case.sources, days=case.days, **case.policy))
    assert (found.step, found.record) == (case.step, case.record)
    assert found.headline.endswith((".", ")"))


ANY = st.lists(st.sampled_from([GOOD, SPF_ALONE, UNSIGNED, UNSIGNED_BELOW, BY_LIST, STRANGER, SOMEBODY]), max_size=8)
ANY_POLICY = st.fixed_dictionaries(
    {
        "policy": st.sampled_from([None, "none", "quarantine", "reject"]),
        "subdomain_policy": st.sampled_from([None, "none", "quarantine", "reject"]),
        "testing": st.sampled_from([None, True, False]),
        "percent": st.sampled_from([None, 0, 50, 100]),
    }
)


@given(ANY, ANY_POLICY, st.integers(1, 40))
def test_what_is_never_advised(sources: list[Source], policy: dict[str, Any], days: int) -> None:
    """Whatever the reports are: `pct`, reject where SPF alone carries mail of ours, a stricter policy where mail of ours fails."""
    found = _advice_on(month(*sources, days=days, **policy))
    tags = dict(tag.split("=", 1) for tag in (found.record or "").split("; ") if tag)
    assert "pct" not in tags
    ours = summarize(DOMAIN, month(*sources, days=days, **policy), KNOWN).ours
    if ours.spf_alone > 0.01 * ours.mails:
        assert tags.get("p") != "reject"
    if sources.count(UNSIGNED) > sources.count(GOOD):
        assert found.step in (Step.WAIT, Step.MEND, Step.PUBLISH)
    if found.step in (Step.WAIT, Step.PUBLISH):
        assert tags.get("p") in (None, "none")
    if UNSIGNED_BELOW in sources and GOOD not in sources and tags.get("p") in ("quarantine", "reject"):
        assert tags["sp"] == (policy["subdomain_policy"] or policy["policy"])
    if tags.get("p") == "reject" and policy["policy"] == "none":
        assert not ours.mails


@given(st.lists(st.sampled_from([GOOD, STRANGER]), min_size=1, max_size=6), st.sampled_from(["none", "quarantine"]))
def test_strangers_never_hold_a_policy_back(sources: list[Source], policy: str) -> None:
    """With any number of strangers more the step is the same."""
    days = [GOOD, *sources]
    assert _advice_on(month(*days, policy=policy)).step is _advice_on(month(GOOD, policy=policy)).step


def _findings_of(*sources: Source, domains: frozenset[str] = frozenset()) -> dict[str, tuple[Standing, str, str]]:
    return {one.code: (one.standing, one.what, one.mend) for one in _advice_on(month(*sources), domains).findings}


def test_unsigned_mail_of_this_account_is_mended_here() -> None:
    """SES delivered for us as that domain: the identity to mend is in this account and Region."""
    standing, what, mend = _findings_of(GOOD, UNSIGNED, domains=frozenset({DOMAIN}))["dmarc.ses-unsigned"]
    assert standing is Standing.BROKEN
    where = f"from {SES_ADDRESS}, from where your other mail goes out too"
    assert what == f"60 mails as {DOMAIN} left SES without a signature of yours and fail, {where}."
    assert mend.startswith("This account sends as it.")


def test_unsigned_mail_of_elsewhere_is_looked_for_elsewhere() -> None:
    """No delivery of ours is known: another account or Region has verified an address."""
    standing, what, mend = _findings_of(GOOD, unsigned_ses(2, ip="192.0.2.99"))["dmarc.ses-unsigned"]
    assert standing is Standing.BROKEN
    assert "from 192.0.2.99." in what
    assert "in whichever account and Region" in mend


def test_a_little_unsigned_mail_is_told_and_holds_nothing_back() -> None:
    """Below one in a hundred."""
    standing, _, _ = _findings_of(GOOD, GOOD, unsigned_ses(1))["dmarc.ses-unsigned"]
    assert standing is Standing.WARN


def test_who_passes_by_spf_alone_is_named() -> None:
    """With what to do there."""
    standing, what, mend = _findings_of(GOOD, SPF_ALONE)["dmarc.spf-alone.other"]
    assert standing is Standing.WARN
    assert OTHER_ADDRESS in what
    assert mend == f"Let that host sign as {DOMAIN}."
    through = source(SES_ADDRESS, 5, spf=True, envelope=(OWN_ENVELOPE,), author=f"shop.{DOMAIN}")
    _, _, mend = _findings_of(GOOD, through)["dmarc.spf-alone.ses"]
    assert mend == f"Switch Easy DKIM on for shop.{DOMAIN}."


def test_a_stranger_with_a_name_is_asked_about() -> None:
    """It may be a service that was never set up; it holds nothing back."""
    standing, what, mend = _findings_of(GOOD, SOMEBODY)["dmarc.somebody"]
    assert standing is Standing.UNKNOWN
    assert what.startswith("150 mails on 30 days authenticate as mail.service.example")
    assert f"sign as {DOMAIN}" in mend
    assert _advice_on(month(GOOD, SOMEBODY)).step is Step.QUARANTINE_TEST


def test_a_stranger_that_comes_once_is_not_asked_about() -> None:
    """Three days make a sender."""
    reports = [*month(GOOD), *month(SOMEBODY, days=2, reporter="yahoo")]
    assert not _advice_on(reports).findings


def test_the_reasons_have_their_numbers() -> None:
    """What has stood for how long, what passes, what strangers do, and what old receivers make of the test."""
    reasons = _advice_on(month(GOOD, STRANGER, SPF_ALONE, percent=50)).reasons
    assert reasons == (
        "p=none has stood for 30 days of the 30 days of these reports.",
        "100.0 % of 3,060 mails that you sent pass: 98.0 % by a signature of yours, 60 mails by SPF alone.",
        "12,000 mails of strangers fail: a stricter policy keeps them out, so see first that none is yours.",
        "google.com alone reports: what other receivers see may differ, and anybody may send reports in its name.",
        "With t=y, receivers that follow RFC 9989 (section 4.7) do what none says; those that follow RFC 7489 do not know t, "
        "and quarantine what fails.",
        "pct=50 is historic: receivers that follow RFC 9989 apply the policy to all mail. Leave it out.",
        "No mail of yours from a subdomain fails (0 of them write): np=reject takes only names that do not exist "
        "(RFC 9989 section 4.7).",
    )


def test_a_gap_covers_nothing() -> None:
    """Reports of the first and of the last day are no month; nor is one that claims to be about a year."""
    ends = [report(30, through_ses(500)), report(1, through_ses(500))]
    found = _advice_on(ends)
    assert (found.step, found.record) == (Step.WAIT, None)
    assert "reports of 9 different days under this policy (2 so far)" in found.headline
    assert _advice_on([report(30, through_ses(5000), days=365)]).step is Step.WAIT
    assert _advice_on([report(day, through_ses(50)) for day in range(30, 0, -3)]).step is Step.QUARANTINE_TEST


def test_a_domain_that_seems_silent_needs_its_month_of_reports_too() -> None:
    """Two reports, which anybody can send, are none; and where SES delivers in its name it is not silent."""
    assert _advice_on([report(30, STRANGER), report(1, STRANGER)]).step is Step.WAIT
    assert _advice_on(month(STRANGER), frozenset({DOMAIN})).step is Step.WAIT
    assert _advice_on(month(STRANGER), frozenset({f"news.{DOMAIN}"})).step is Step.WAIT


def test_a_small_subdomain_that_fails_is_not_lost_in_a_large_domain() -> None:
    """Each is held against its own mail."""
    found = _advice_on(month(through_ses(1000), unsigned_ses(5, author=f"billing.{DOMAIN}")))
    assert (found.step, found.record) == (Step.QUARANTINE_TEST, "v=DMARC1; p=quarantine; sp=none; t=y; rua=mailto:…")
    few = month(through_ses(1000), through_ses(1000, author=f"news.{DOMAIN}"), unsigned_ses(5, author=f"news.{DOMAIN}"))
    assert _advice_on(few).record == TEST


@pytest.mark.parametrize(
    ("new", "step"),
    [(UNSIGNED, Step.MEND), (SPF_ALONE, Step.MEND), (BY_LIST, Step.STAY), (STRANGER, Step.REJECT)],
    ids=["unsigned", "SPF alone", "a mailing list", "a stranger"],
)
def test_what_began_of_late_is_not_lost_in_a_year(new: Source, step: Step) -> None:
    """A service that was set up wrongly last week is little beside a year of mail."""
    year = [report(day, GOOD, *([new] if day < 30 else []), policy="quarantine") for day in range(360, 0, -1)]
    whole, latest = summarize_twice(DOMAIN, year, KNOWN, TODAY - timedelta(days=28))
    assert advise(whole).step is Step.REJECT
    found = advise(whole, frozenset(), latest)
    assert found.step is step
    assert any(one.standing in (Standing.BROKEN, Standing.WARN) for one in found.findings) == (step is not Step.REJECT)


def test_a_record_about_another_domain_holds_nothing_back() -> None:
    """It has no place in a report."""
    assert _advice_on(month(GOOD, unsigned_ses(50, author="other.example"))).step is Step.QUARANTINE_TEST


def test_what_is_missing_is_told() -> None:
    """Days and mails."""
    found = _advice_on(month(through_ses(10), days=12))
    assert found.headline == (
        "Stay at p=none: still to come are reports of 28 days under this policy (12 days so far) and 300 mails of yours in them "
        "(120 so far)."
    )
