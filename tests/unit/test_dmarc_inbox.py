"""Whether mailed reports reach the bucket: what SES's receipt rules say, and what is advised."""

from typing import Any

import pytest
from botocore.config import Config
from botocore.stub import Stubber

from ses_warden.adapters.receipt_rules import SesReceiptRules
from ses_warden.application.check_inbox import ReceiptRule, RuleSet, Wanted, check_inbox
from ses_warden.bootstrap.connection import Connection, Place
from ses_warden.bootstrap.dmarc_inbox import inbox_findings
from ses_warden.domain.findings import Finding, Standing
from ses_warden.errors import SettingsError, Unseen
from tests.support.dynamo import session

WANTED = Wanted("mail", "inbox/", "ours", "eu-west-1")
OURS = ReceiptRule("ses-warden-dmarc", True, ("dmarc.example.com",), (("mail", "inbox/"),))


class Rules:
    """SES with this active set."""

    def __init__(self, active: RuleSet | None) -> None:
        self._active = active

    def active(self) -> RuleSet | None:
        return self._active


def found(active: RuleSet | None, wanted: Wanted = WANTED) -> list[Finding]:
    """What is found, but for the MX record, which is always said."""
    *rest, last = check_inbox(wanted, Rules(active))
    if not wanted.rule_set:
        return [*rest, last]
    assert (last.code, last.standing) == ("dmarc.inbox.mx", Standing.UNKNOWN)
    assert "10 inbound-smtp.eu-west-1.amazonaws.com" in last.mend
    return rest


def other(name: str, *recipients: str, stops: bool = True, enabled: bool = True) -> ReceiptRule:
    """A rule of somebody else."""
    return ReceiptRule(name, enabled, recipients, (("theirs", ""),), stops)


def test_a_rule_in_the_active_set_is_well() -> None:
    """Whatever stands behind it, or is for others."""
    rules = (other("a", "example.com"), other("b", stops=False), other("c", enabled=False), OURS, other("d"))
    (finding,) = found(RuleSet("ours", rules))
    assert (finding.standing, finding.where) == (Standing.OK, "ses-warden-dmarc")


def test_where_no_set_is_active_ours_may_be() -> None:
    """Nobody's mail depends on another then."""
    (finding,) = found(None)
    assert finding.standing is Standing.BROKEN
    assert finding.mend.endswith("aws ses set-active-receipt-rule-set --rule-set-name ours")


def test_an_active_set_of_others_is_never_to_be_replaced() -> None:
    """The rule is to be added to it."""
    (finding,) = found(RuleSet("theirs", (other("a"),)))
    assert finding.standing is Standing.BROKEN
    assert "ReceiptRuleSetName=theirs" in finding.mend
    assert "set-active-receipt-rule-set" not in finding.mend


def test_a_stack_without_a_rule_says_which_set_to_name() -> None:
    """Files may be put into the bucket all the same."""
    without = Wanted("mail", "inbox/", "", "eu-west-1")
    (finding,) = found(RuleSet("theirs", ()), without)
    assert (finding.standing, "ReceiptRuleSetName=theirs" in finding.mend) == (Standing.WARN, True)
    assert "ReceiptRuleSetName" not in found(None, without)[0].mend


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ((other("a"),), "ours"),
        ((ReceiptRule("x", True, (), (("mail", "other/"),)),), "ours"),
        ((ReceiptRule("x", False, (), (("mail", "inbox/"),)),), "x"),
        ((other("a"), OURS), "a"),
        ((other("a", "dmarc.example.com"), OURS), "a"),
        ((other("a", ".example.com"), OURS), "a"),
        ((other("a", "DMARC.example.com"), OURS), "a"),
    ],
    ids=["gone", "another prefix", "disabled", "all mail stops", "the domain stops", "all subdomains stop", "in capitals"],
)
def test_what_keeps_mail_from_the_bucket_is_named(rules: tuple[ReceiptRule, ...], where: str) -> None:
    """With what to do."""
    (finding,) = found(RuleSet("ours", rules))
    assert (finding.standing, finding.where) == (Standing.BROKEN, where)
    assert finding.mend


def client() -> Any:
    """A client of SES's first API."""
    made: Any = session().client
    return made("ses", config=Config(retries={"total_max_attempts": 1}))


def test_the_rules_are_read_as_ses_tells_them() -> None:
    """In SES's own shapes."""
    ses = client()
    stub = Stubber(ses)
    rule = {
        "Name": "ses-warden-dmarc",
        "Enabled": True,
        "Recipients": ["dmarc.example.com"],
        "Actions": [{"S3Action": {"BucketName": "mail", "ObjectKeyPrefix": "inbox/"}}],
    }
    stop = {"Name": "stop", "Actions": [{"StopAction": {"Scope": "RuleSet"}}, {"S3Action": {"BucketName": "b"}}]}
    stub.add_response("describe_active_receipt_rule_set", {"Metadata": {"Name": "ours"}, "Rules": [rule, stop]}, {})
    stub.add_response("describe_active_receipt_rule_set", {}, {})
    with stub:
        active = SesReceiptRules(ses).active()
        assert active == RuleSet("ours", (OURS, ReceiptRule("stop", False, (), (("b", ""),), True)))
        assert SesReceiptRules(ses).active() is None


@pytest.mark.parametrize(("code", "right"), [("AccessDenied", True), ("Throttling", False)])
def test_a_refusal_names_the_missing_right(code: str, right: bool) -> None:
    """And nothing of its text."""
    ses = client()
    stub = Stubber(ses)
    stub.add_client_error("describe_active_receipt_rule_set", code, "jane.doe@example.com")
    with stub, pytest.raises(Unseen) as caught:
        SesReceiptRules(ses).active()
    assert code in str(caught.value)
    assert caught.value.right == ("ses:DescribeActiveReceiptRuleSet" if right else "")
    assert "jane" not in str(caught.value)


class Offline(Connection):
    """A connection whose SES answers by a stub, and whose outputs are given."""

    def __init__(self, outputs: dict[str, str], ses: Any, uses: dict[str, str] | None = None) -> None:
        super().__init__(Place(stack="ses-warden", uses=uses or {}, region="eu-west-1"))
        self.__dict__["outputs"] = outputs
        self._ses = ses

    def client(self, service: str, **_: Any) -> Any:
        assert service == "ses"
        return self._ses


def test_what_ses_does_not_tell_is_unknown() -> None:
    """Never broken, and no traceback."""
    ses = client()
    stub = Stubber(ses)
    stub.add_client_error("describe_active_receipt_rule_set", "AccessDenied")
    with stub:
        (finding,) = inbox_findings(Offline({"MailBucketName": "mail", "DmarcReceiptRuleSetName": "ours"}, ses))
    assert finding.standing is Standing.UNKNOWN
    assert "ses:DescribeActiveReceiptRuleSet" in finding.what


def test_a_bucket_may_be_named_instead_of_a_stack() -> None:
    """With the set that its rule is in."""
    ses = client()
    stub = Stubber(ses)
    stub.add_response("describe_active_receipt_rule_set", {"Metadata": {"Name": "theirs"}, "Rules": []})
    with stub:
        findings = inbox_findings(Offline({}, ses, {"MAIL_BUCKET": "mail", "RECEIPT_RULE_SET": "ours"}))
    assert findings[0].standing is Standing.BROKEN


@pytest.mark.parametrize("uses", [{}, {"DMARC_TABLE": "dmarc"}])
def test_a_stack_without_reports_says_how_to_have_them(uses: dict[str, str]) -> None:
    """By a parameter, or by a name."""
    with pytest.raises(SettingsError, match="MAIL_BUCKET" if uses else "DmarcReports=on"):
        inbox_findings(Offline({}, client(), uses))
