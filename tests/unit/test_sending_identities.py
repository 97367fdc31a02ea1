"""What is said about an identity: may it send, is it signed, and where do its bounces and complaints go."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Dkim, Identity, MailFrom
from ses_warden.domain.sending_identities import Seen, Topics, judge
from ses_warden.domain.vdm import OURS_A_MONTH, OURS_A_THOUSAND, VDM_A_THOUSAND, VDM_KNOWN_UP_TO, bill

OURS = "arn:aws:sns:eu-west-1:111122223333:ses-warden-FeedbackTopic"
THEIRS = "arn:aws:sns:eu-west-1:111122223333:old-bounces"
GOOD = Identity(
    name="example.com",
    is_domain=True,
    verified=True,
    status="SUCCESS",
    dkim=Dkim(signs=True, status="SUCCESS", key="RSA_2048_BIT", origin="AWS_SES"),
    mail_from=MailFrom("bounce.example.com", "SUCCESS", rejects=False),
    configuration_set="ses-warden",
    forwards=False,
)
SEEN = Seen(name="example.com", is_domain=True, identity=GOOD, topics=Topics(), recorded=True)
COSTS = Path(__file__).parents[2] / "docs" / "costs.md"


def judged(seen: Seen, topic: str = OURS) -> dict[str, Finding]:
    """The findings by their code."""
    return {finding.code: finding for finding in judge(seen, topic)}


def with_identity(**changes: object) -> Seen:
    """The good identity, but for this."""
    return replace(SEEN, identity=replace(GOOD, **changes))  # type: ignore[arg-type] # of its own fields


def test_of_a_good_identity_there_is_nothing_to_mend() -> None:
    """Verified, signed with a long key, and its feedback comes here once."""
    findings = judged(SEEN)
    assert findings.keys() == {"identity.verified", "identity.dkim", "identity.mail_from", "identity.feedback"}
    assert {finding.standing for finding in findings.values()} == {Standing.OK}
    assert {finding.mend for finding in findings.values()} == {""}


@pytest.mark.parametrize(
    ("seen", "code", "standing", "words"),
    [
        (with_identity(verified=False, status="PENDING"), "identity.verified", Standing.WARN, "PENDING"),
        (
            with_identity(verified=False, status="FAILED", error="HOST_NOT_FOUND"),
            "identity.verified",
            Standing.BROKEN,
            "FAILED (HOST_NOT_FOUND)",
        ),
        (with_identity(dkim=Dkim(signs=False, status="SUCCESS")), "identity.dkim", Standing.WARN, "does not sign"),
        (with_identity(dkim=Dkim(signs=True, status="PENDING")), "identity.dkim", Standing.WARN, "PENDING"),
        (with_identity(dkim=Dkim(signs=True, status="FAILED")), "identity.dkim", Standing.BROKEN, "FAILED"),
        (with_identity(dkim=Dkim(signs=True, status="SUCCESS", key="RSA_1024_BIT")), "identity.dkim", Standing.WARN, "1024"),
        (with_identity(dkim=Dkim(signs=True, status="SUCCESS", origin="EXTERNAL")), "identity.dkim", Standing.OK, "signs"),
        (
            with_identity(mail_from=MailFrom("b.example.com", "FAILED", rejects=False)),
            "identity.mail_from",
            Standing.WARN,
            "amazonses",
        ),
        (
            with_identity(mail_from=MailFrom("b.example.com", "PENDING", rejects=True)),
            "identity.mail_from",
            Standing.BROKEN,
            "nothing",
        ),
    ],
)
def test_what_is_wrong_with_an_identity_is_said(seen: Seen, code: str, standing: Standing, words: str) -> None:
    """In the words of SES, with how to mend it where that is wrong."""
    finding = judged(seen)[code]
    assert finding.standing is standing
    assert words in finding.what
    assert bool(finding.mend) is (standing is not Standing.OK)


def test_an_address_is_signed_by_its_domain() -> None:
    """So its own DKIM says nothing."""
    address = replace(GOOD, name="jane@example.com", is_domain=False, mail_from=None, dkim=Dkim(signs=False, status="NOT_STARTED"))
    findings = judged(replace(SEEN, name=address.name, is_domain=False, identity=address))
    assert findings.keys() == {"identity.verified", "identity.feedback"}


@pytest.mark.parametrize(
    ("seen", "standing", "what", "mend"),
    [
        (
            replace(with_identity(forwards=True)),
            Standing.OK,
            "Its bounces and complaints come here, and besides to the sender by e-mail.",
            "aws sesv2 put-email-identity-feedback-attributes --email-identity example.com --no-email-forwarding-enabled",
        ),
        (
            replace(SEEN, topics=Topics(bounce=OURS, complaint=OURS)),
            Standing.OK,
            "come here, twice (Bounce, Complaint by the identity's topic and by the configuration set; counted once).",
            "",
        ),
        (
            replace(SEEN, topics=Topics(delivery=THEIRS)),
            Standing.OK,
            f"and besides to {THEIRS} (Delivery).",
            "aws ses set-identity-notification-topic --identity example.com --notification-type Delivery",
        ),
        (
            replace(with_identity(configuration_set=""), recorded=False, topics=Topics(bounce=OURS, complaint=OURS)),
            Standing.OK,
            "come here, by the identity's topics, so without configuration set and tags.",
            "",
        ),
        (
            replace(with_identity(configuration_set=""), recorded=False, topics=Topics(bounce=OURS)),
            Standing.WARN,
            "no default configuration set: bounces and complaints of its mail that names no other set do not come here, but to "
            "the sender by e-mail, as SES mails what nobody else is told.",
            "aws sesv2 put-email-identity-configuration-set-attributes --email-identity example.com",
        ),
        (
            replace(with_identity(configuration_set="old", forwards=True), recorded=False, topics=Topics(THEIRS, THEIRS)),
            Standing.WARN,
            f"configuration set old: bounces and complaints of its mail that names no other set do not come here, but to {THEIRS} "
            f"(Bounce), {THEIRS} (Complaint), the sender by e-mail.",
            "aws sesv2 put-email-identity-configuration-set-attributes",
        ),
        (
            replace(SEEN, recorded=False, set_exists=False),
            Standing.BROKEN,
            "Its default configuration set ses-warden is gone, so SES refuses mail",
            "aws sesv2 put-email-identity-configuration-set-attributes",
        ),
        (replace(SEEN, topics=None), Standing.UNKNOWN, "could not be seen", ""),
        (replace(SEEN, recorded=None), Standing.UNKNOWN, "could not be seen", ""),
    ],
)
def test_where_bounces_and_complaints_go_is_said(seen: Seen, standing: Standing, what: str, mend: str) -> None:
    """Here, twice here, besides to others, or past us."""
    finding = judged(seen)["identity.feedback"]
    assert finding.standing is standing
    assert what in finding.what
    assert mend in finding.mend
    assert bool(finding.mend) is bool(mend)


def test_topics_are_cleared_while_mail_is_forwarded() -> None:
    """SES clears a topic for bounces only while forwarding is on; so that is switched on for as long, and off at the end."""
    steps = judged(replace(SEEN, topics=Topics(bounce=THEIRS, complaint=OURS)))["identity.feedback"].mend.split("; ")
    forwarding = "aws sesv2 put-email-identity-feedback-attributes --email-identity example.com"
    assert steps == [
        f"{forwarding} --email-forwarding-enabled",
        "aws ses set-identity-notification-topic --identity example.com --notification-type Bounce",
        f"{forwarding} --no-email-forwarding-enabled",
    ]


def test_without_a_stack_no_topic_is_ours() -> None:
    """A topic is not taken for ours because both are unknown."""
    assert judged(replace(SEEN, recorded=None, topics=Topics()), topic="")["identity.feedback"].standing is Standing.UNKNOWN


def test_what_could_not_be_asked_is_unknown() -> None:
    """Not broken, and with its reason."""
    seen = Seen(name="example.com", is_domain=True, unknown=("the right ses:GetEmailIdentity is missing.",))
    [finding] = judge(seen, OURS)
    assert (finding.standing, finding.what) == (Standing.UNKNOWN, seen.unknown[0])


def test_a_name_cannot_break_out_of_a_command() -> None:
    """An address may hold what a shell obeys."""
    address = replace(GOOD, name="a$(id)'@example.com", is_domain=False, forwards=True)
    mend = judged(replace(SEEN, name=address.name, is_domain=False, identity=address))["identity.feedback"].mend
    assert """'a$(id)'"'"'@example.com'""" in mend


@pytest.mark.parametrize(
    ("mails", "plan", "vdm", "ours", "included"),
    [
        (0, "NONE", 0, OURS_A_MONTH, False),
        (1_000_000, "", 70, OURS_A_MONTH + 9, False),
        (VDM_KNOWN_UP_TO, "ESSENTIALS", 700, OURS_A_MONTH + 90, True),
        (VDM_KNOWN_UP_TO + 1, "NONE", None, OURS_A_MONTH + 90, False),
    ],
)
def test_vdm_and_ours_stand_side_by_side(mails: int, plan: str, vdm: float | None, ours: float, included: bool) -> None:
    """An estimate in dollars for a month; of VDM none where its price is not known."""
    found = bill(mails, plan)
    assert found.vdm == pytest.approx(vdm) if vdm is not None else found.vdm is None
    assert found.ours == pytest.approx(ours, abs=0.01)
    assert found.included is included


def test_the_prices_are_those_of_the_document() -> None:
    """docs/costs.md counts ours anew with each change, and says where VDM's is from."""
    text = COSTS.read_text()
    items, fixed = (re.search(rf"<!-- {name} -->(.*)<!-- /{name} -->", text, re.DOTALL)[1] for name in ("items", "fixed"))  # type: ignore[index]
    assert f"| **together** |  | **{OURS_A_THOUSAND:.4f}** |" in items
    assert f"| **together** | **{OURS_A_MONTH:.2f}** |" in fixed
    assert f"takes ${VDM_A_THOUSAND} for a thousand mails" in text


def test_a_replicas_key_is_not_replaced_by_one_of_its_own() -> None:
    """Deterministic Easy DKIM: the key is changed where it comes from."""
    dkim = Dkim(signs=True, status="SUCCESS", key="RSA_1024_BIT", origin="AWS_SES_EU_WEST_1")
    assert judged(with_identity(dkim=dkim))["identity.dkim"].mend.startswith("In the Region of the identity that it replicates: ")
