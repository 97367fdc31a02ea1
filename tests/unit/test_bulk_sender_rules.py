"""The checklist of Gmail's, Yahoo's and Microsoft's rules: what passes, what fails, and what is not known."""

import pytest

from ses_warden.domain.bulk_sender_rules import Check, Mark, Seen, check_rules
from ses_warden.domain.identities import Silence
from tests.audit_zones import CASES, Case, good_identity
from tests.support.dns_server import DnsServer, Fault
from tests.unit.test_audit_domain import audited

SPF, DKIM, RECORD = "SPF passes", "DKIM passes", "DMARC is published, p=none at least"
ALIGNED, REPLIES = "DMARC passes: SPF or DKIM aligns with From", "the From domain can be replied to"
COMPLAINTS, UNSUBSCRIBE = "complaints are few", "marketing mail is unsubscribed from easily"
BY_NAME = {case.name: case for case in CASES}
KNOWN = {SPF, DKIM, RECORD, ALIGNED, REPLIES}


def checks(case: Case, seen: Seen | None = None) -> list[Check]:
    """The checklist of a case."""
    with DnsServer(case.whole_zone()) as server:
        return check_rules(audited(case, server).findings, seen or Seen())


def marks(case: Case) -> dict[str, Mark]:
    """How Gmail's rules are kept."""
    return {check.rule: check.mark for check in checks(case) if check.provider == "Gmail"}


@pytest.mark.parametrize(
    ("name", "failing", "unknown"),
    [
        ("all is well", set(), set()),
        ("monitoring only", set(), set()),
        ("no MAIL FROM of one's own", set(), set()),
        ("no DMARC record", {RECORD}, {ALIGNED}),
        ("two DMARC records", {RECORD}, {ALIGNED}),
        ("a policy that there is not", {RECORD}, set()),
        ("a missing CNAME", {DKIM}, set()),
        ("all keys are revoked", {DKIM}, set()),
        ("a revoked key", set(), set()),
        ("SES does not sign", {DKIM}, set()),
        ("MAIL FROM without SPF", {SPF}, set()),
        ("MAIL FROM whose SPF leaves SES out", {SPF}, set()),
        ("two MX at MAIL FROM", {SPF}, set()),
        ("two SPF records", set(), set()),
        ("a null MX", {REPLIES}, set()),
        ("a subdomain, strict both ways", {ALIGNED}, set()),
        ("a subdomain, strict DKIM alignment, SPF to the rescue", set(), set()),
        ("SES was not to be asked", set(), {SPF, DKIM, ALIGNED}),
        ("SES may not be asked", set(), {SPF, DKIM, ALIGNED}),
        ("SERVFAIL for all of it", set(), {SPF, DKIM, RECORD, ALIGNED, REPLIES}),
    ],
)
def test_a_domain_keeps_the_rules_that_its_findings_say(name: str, failing: set[str], unknown: set[str]) -> None:
    """Only what is broken fails; what could not be asked is unknown."""
    found = {rule: mark for rule, mark in marks(BY_NAME[name]).items() if rule in KNOWN}
    assert {rule for rule, mark in found.items() if mark is Mark.FAIL} == failing
    assert {rule for rule, mark in found.items() if mark is Mark.UNKNOWN} == unknown
    assert found.keys() == KNOWN


def test_alignment_is_open_while_a_record_above_cannot_be_read() -> None:
    """It may make two organizations of them."""
    zone = {"news.example.com": {"MX": ["10 mail.example.com."]}, "_dmarc.com": Fault.SERVFAIL}
    assert marks(Case("", zone, domain="news.example.com"))[ALIGNED] is Mark.UNKNOWN


@pytest.mark.parametrize(("rate", "mark"), [(None, Mark.UNKNOWN), (0.0005, Mark.PASS), (0.003, Mark.FAIL)])
def test_complaints_count_where_they_are_reported(rate: float | None, mark: Mark) -> None:
    """Gmail tells SES of none, so that no rate of ours says anything about it; Microsoft names no limit."""
    found = {check.provider: check.mark for check in checks(BY_NAME["all is well"], Seen(rate)) if check.rule == COMPLAINTS}
    assert found == {"Gmail": Mark.UNKNOWN, "Yahoo": mark, "Microsoft": Mark.UNKNOWN}


def test_each_rule_has_its_page_and_the_day_that_it_was_read() -> None:
    """And is of all three providers; what cannot be known is not claimed."""
    found = checks(Case("", identity=good_identity(), silence=Silence.NOT_ASKED))
    assert {check.provider for check in found} == {"Gmail", "Yahoo", "Microsoft"}
    assert len({(check.provider, check.rule) for check in found}) == len(found) == 27
    for check in found:
        assert check.source.startswith("https://")
        assert check.read.startswith("202")
        assert check.why
    assert {check.mark for check in found if check.rule == UNSUBSCRIBE} == {Mark.UNKNOWN}
