"""What is said of an account, rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.domain.account import UNLIMITED, Account, Details, Quota, Review
from ses_warden.domain.account_findings import findings_of, quota_findings
from ses_warden.domain.authority import Authority
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.quota_use import Course

OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN
WHERE = "account in eu-west-1"
NIGHT = datetime(2026, 11, 25, tzinfo=UTC)
FINE = Account(
    production=True,
    enforcement="HEALTHY",
    sending=True,
    quota=Quota(50_000.0, 14.0, 1_000.0),
    suppressed_reasons=("BOUNCE", "COMPLAINT"),
)
CALM = Course(2_000.0, 100.0, 90.0, 110.0, NIGHT, 1_500.0, 1_400.0, 1_600.0, None)


def found(account: Account, code: str, authority: Authority | None = None) -> Finding:
    """The finding of a rule."""
    [one] = [one for one in findings_of(account, WHERE, authority) if one.code == code]
    return one


def of_quota(quota: Quota, course: Course | None = None, blind: str = "") -> dict[str, Finding]:
    """The findings about a quota."""
    return {one.code: one for one in quota_findings(quota, WHERE, course, blind)}


def test_of_an_account_in_good_standing_all_is_ok() -> None:
    """And each finding names the account and AWS's page."""
    findings = findings_of(FINE, WHERE) + quota_findings(FINE.quota, WHERE, CALM)
    assert {one.standing for one in findings} == {OK}
    assert {one.where for one in findings} == {WHERE}
    assert all(one.source.startswith("https://docs.aws.amazon.com/") for one in findings if one.code != "account.quota-projection")
    assert not any(one.mend for one in findings)


def test_of_what_ses_does_not_say_nothing_is_broken() -> None:
    """An answer without any field is unknown in each respect."""
    findings = findings_of(Account(), WHERE) + quota_findings(Quota(), WHERE, None)
    assert {one.standing for one in findings} == {UNKNOWN}
    assert [one.code for one in findings] == [
        "account.access",
        "account.enforcement",
        "account.sending",
        "account.suppression",
        "account.quota",
    ]


@pytest.mark.parametrize(
    ("production", "review", "standing", "words"),
    [
        (True, None, OK, "has production access"),
        (False, None, WARN, "in the sandbox"),
        (False, Review("DENIED"), WARN, "in the sandbox"),
        (False, Review("PENDING"), WARN, "in the sandbox"),
        (None, None, UNKNOWN, "does not say"),
    ],
)
def test_the_sandbox_is_a_warning(production: bool | None, review: Review | None, standing: Standing, words: str) -> None:
    """With the command that leads out of it, unless that was asked already."""
    one = found(replace(FINE, production=production, review=review), "account.access")
    assert one.standing is standing
    assert words in one.what
    if standing is WARN:
        assert ("request-production" in one.mend) is (review != Review("PENDING"))


@pytest.mark.parametrize(
    ("review", "standing", "words", "mend"),
    [
        (Review("PENDING", "4711"), OK, "24 hours", "case 4711"),
        (Review("PENDING"), OK, "24 hours", "Support Center"),
        (Review("GRANTED", "4711"), OK, "granted", ""),
        (Review("DENIED", "4711"), WARN, "denied", "case 4711"),
        (Review("DENIED"), WARN, "denied", "Support Center"),
        (Review("FAILED"), WARN, "did not reach", "request-production"),
        (Review("ESCALATED"), UNKNOWN, "ESCALATED", "Support Center"),
    ],
)
def test_a_review_is_explained(review: Review, standing: Standing, words: str, mend: str) -> None:
    """In words, with what comes next."""
    one = found(replace(FINE, production=False, review=review), "account.review")
    assert one.standing is standing
    assert words in one.what
    assert mend in one.mend
    assert bool(mend) is bool(one.mend)


@pytest.mark.parametrize(
    ("status", "standing", "words"),
    [
        ("HEALTHY", OK, "nothing against"),
        ("PROBATION", WARN, "still sends"),
        ("SHUTDOWN", BROKEN, "sends nothing"),
        ("FROZEN", WARN, "FROZEN, which is not known here"),
        (None, UNKNOWN, "does not say"),
    ],
)
def test_awss_own_word_stands_as_it_is_meant(status: str | None, standing: Standing, words: str) -> None:
    """A word that is new is nothing to be sure of."""
    one = found(replace(FINE, enforcement=status), "account.enforcement")
    assert one.standing is standing
    assert words in one.what


@pytest.mark.parametrize(
    ("sending", "status", "standing", "mend"),
    [
        (True, "HEALTHY", OK, ""),
        (False, "HEALTHY", BROKEN, "ses-warden status account"),
        (False, "SHUTDOWN", BROKEN, "AWS lifts its stop"),
        (None, "HEALTHY", UNKNOWN, ""),
    ],
)
def test_a_switch_that_is_off_says_who_may_have_done_it(sending: bool | None, status: str, standing: Standing, mend: str) -> None:
    """The guard's own records tell."""
    one = found(replace(FINE, sending=sending, enforcement=status), "account.sending")
    assert one.standing is standing
    assert mend in one.mend


@pytest.mark.parametrize(
    ("reasons", "authority", "standing", "words"),
    [
        (("BOUNCE", "COMPLAINT"), None, OK, "BOUNCE, COMPLAINT"),
        (("COMPLAINT", "BOUNCE", "UNSUBSCRIBE"), "ses", OK, "UNSUBSCRIBE"),
        (("BOUNCE",), "ses", WARN, "not for COMPLAINT"),
        (("COMPLAINT",), None, WARN, "not for BOUNCE"),
        ((), None, WARN, "for no reason, not for BOUNCE and COMPLAINT"),
        ((), "warden", OK, "the table decides"),
        (None, "ses", UNKNOWN, "does not say"),
    ],
)
def test_reasons_that_are_missing_warn_unless_the_table_decides(
    reasons: tuple[str, ...] | None, authority: Authority | None, standing: Standing, words: str
) -> None:
    """With SuppressionAuthority=warden it is meant so."""
    one = found(replace(FINE, suppressed_reasons=reasons), "account.suppression", authority)
    assert one.standing is standing
    assert words in one.what


@pytest.mark.parametrize(
    ("quota", "standing", "words"),
    [
        (Quota(50_000.0, 14.0, 0.0), OK, "0.0 %"),
        (Quota(50_000.0, 14.0, 40_000.0), OK, "80 %"),
        (Quota(50_000.0, 14.0, 40_001.0), WARN, "80 %"),
        (Quota(50_000.0, 14.0, 50_000.0), BROKEN, "100 %"),
        (Quota(200.0, 1.0, 250.0), BROKEN, "125 %"),
        (Quota(0.0, 0.0, 0.0), BROKEN, "is 0"),
        (Quota(0.0, 14.0, None), BROKEN, "is 0"),
        (Quota(UNLIMITED, 14.0, 9e9), OK, "no daily quota"),
        (Quota(-5.0, 14.0, 1.0), UNKNOWN, "what the daily quota is"),
        (Quota(float("nan"), 14.0, 1.0), UNKNOWN, "what the daily quota is"),
        (Quota(None, 14.0, 1.0), UNKNOWN, "what the daily quota is"),
        (Quota(50_000.0, 14.0, None), UNKNOWN, "how much"),
    ],
)
def test_a_quota_near_its_end_is_told(quota: Quota, standing: Standing, words: str) -> None:
    """Above four fifths it warns; at its end SES refuses mail."""
    one = of_quota(quota)["account.quota"]
    assert one.standing is standing
    assert words in one.what


@pytest.mark.parametrize(("peak", "standing"), [(2_000.0, OK), (40_000.0, OK), (41_000.0, WARN), (50_001.0, WARN)])
def test_the_highest_use_of_the_last_day_counts(peak: float, standing: Standing) -> None:
    """Who looks once a day sees what happened between; only what is so now is broken."""
    one = of_quota(FINE.quota, replace(CALM, peak=peak))["account.quota"]
    assert one.standing is standing
    assert "in the last day" in one.what


@pytest.mark.parametrize(
    ("near", "use", "standing"), [(0.8, 38_000.0, OK), (0.7, 38_000.0, WARN), (0.7, 35_000.0, OK), (0.7, 50_000.0, BROKEN)]
)
def test_who_was_warned_may_be_told_of_the_end_later(near: float, use: float, standing: Standing) -> None:
    """Use that swings about the limit is told of once, where the limit for its end is lower."""
    [one, _] = quota_findings(replace(FINE.quota, sent=use), WHERE, None, near=near)
    assert one.standing is standing


def test_a_projection_says_its_method_and_how_sure_it_is() -> None:
    """The pace, its range, and until when."""
    one = of_quota(FINE.quota, CALM)["account.quota-projection"]
    assert one.standing is OK
    assert one.what == (
        "Until 00:00 UTC at most 3.0 % (2.8 % to 3.2 %) will be used, if sending goes on as in the last 3 hours "
        "(100 an hour, 90 to 110)."
    )


def test_a_projection_above_the_quota_warns_and_says_when() -> None:
    """A time is easier to act on than a rate."""
    course = replace(CALM, expected=60_000.0, high=70_000.0, full_at=NIGHT - timedelta(hours=4, minutes=20))
    one = of_quota(FINE.quota, course)["account.quota-projection"]
    assert one.standing is WARN
    assert one.what.endswith("used up at about 19:40 UTC.")
    assert one.mend


def test_without_cloudwatch_the_projection_is_unknown_and_says_why() -> None:
    """The right that is missing, or that the counts do not agree."""
    assert of_quota(FINE.quota, None, "no right")["account.quota-projection"].what == "no right"
    one = of_quota(FINE.quota, None)["account.quota-projection"]
    assert one.standing is UNKNOWN
    assert "do not agree" in one.what


def test_what_the_owner_wrote_is_in_no_log() -> None:
    """Texts and addresses are not in a representation, such as a traceback shows."""
    shown = repr(replace(FINE, details=Details("MARKETING", "https://secret.example", "EN", "Secret.", ("ops@secret.example",))))
    assert "MARKETING" in shown
    assert "ecret" not in shown
