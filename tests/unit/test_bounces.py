"""What bounces and complaints mean: each row of the table in docs/deliverability.md."""

import json
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain import facts
from ses_warden.domain.bounces import BounceKind, ComplaintKind, classify_bounce, classify_complaint
from ses_warden.domain.counters import Counter
from ses_warden.domain.entries import State
from ses_warden.domain.signals import bounce_signal, complaint_signal
from ses_warden.domain.suppression import decide
from tests.support.samples import FORMS, names, ses
from tests.support.signals import JANE, NOW

HARD, POLICY, SOFT = BounceKind.HARD, BounceKind.POLICY_REFUSAL, BounceKind.SOFT
SUPPRESSING = (HARD, BounceKind.UNKNOWN_PERMANENT, BounceKind.GLOBAL_LIST)

# Every sample of a bounce, with what it means.
SAMPLES = {
    "bounce-angle-brackets": HARD,
    "bounce-display-name": HARD,
    "bounce-idn": HARD,
    "bounce-permanent-email-validation-suppressed": BounceKind.LIST_HIT,
    "bounce-permanent-general": HARD,
    "bounce-permanent-noemail": HARD,
    "bounce-permanent-on-account-suppression-list": BounceKind.LIST_HIT,
    "bounce-permanent-on-tenant-suppression-list": BounceKind.LIST_HIT,
    "bounce-permanent-suppressed": BounceKind.GLOBAL_LIST,
    "bounce-permanent-unsubscribed-recipient": BounceKind.LIST_HIT,
    "bounce-policy-blocklist": POLICY,
    "bounce-policy-outlook": POLICY,
    "bounce-policy-refusal": POLICY,
    "bounce-retries-exhausted": SOFT,
    "bounce-simulator": HARD,
    "bounce-simulator-labelled": BounceKind.AUTO_REPLY,
    "bounce-simulator-suppressionlist": HARD,
    "bounce-tenant": HARD,
    "bounce-transient-attachmentrejected": BounceKind.CONTENT,
    "bounce-transient-contentrejected": BounceKind.CONTENT,
    "bounce-transient-customtimeoutexceeded": BounceKind.CONTENT,
    "bounce-transient-general": BounceKind.AUTO_REPLY,
    "bounce-transient-invalid-domain": SOFT,
    "bounce-transient-mailboxfull": SOFT,
    "bounce-transient-messagetoolarge": BounceKind.CONTENT,
    "bounce-twin": HARD,
    "bounce-two-recipients": HARD,
    "bounce-undetermined": BounceKind.UNDETERMINED,
    "bounce-without-status": HARD,
    "identity-bounce": HARD,
    "identity-bounce-documented": HARD,
    "identity-bounce-out-of-office": BounceKind.AUTO_REPLY,
    "identity-bounce-twin": HARD,
    "identity-bounce-without-headers": SOFT,
    "unknown-subtype": BounceKind.UNKNOWN_PERMANENT,
    "unknown-transient-subtype": SOFT,
}
COMPLAINTS = {
    "complaint-abuse": ComplaintKind.COMPLAINT,
    "complaint-auth-failure": ComplaintKind.AUTH_FAILURE,
    "complaint-candidates": ComplaintKind.COMPLAINT,
    "complaint-fraud": ComplaintKind.COMPLAINT,
    "complaint-not-spam": ComplaintKind.NOT_SPAM,
    "complaint-on-account-suppression-list": ComplaintKind.LIST_HIT,
    "complaint-on-tenant-suppression-list": ComplaintKind.LIST_HIT,
    "complaint-other": ComplaintKind.COMPLAINT,
    "complaint-simulator": ComplaintKind.COMPLAINT,
    "complaint-unknown-feedback-type": ComplaintKind.COMPLAINT,
    "complaint-virus": ComplaintKind.COMPLAINT,
    "complaint-without-report": ComplaintKind.COMPLAINT,
    "identity-complaint": ComplaintKind.COMPLAINT,
    "identity-complaint-not-spam": ComplaintKind.NOT_SPAM,
    "identity-complaint-without-headers": ComplaintKind.COMPLAINT,
}


@pytest.mark.parametrize(("sample", "kind"), SAMPLES.items())
def test_each_sample_of_a_bounce_has_its_meaning(sample: str, kind: BounceKind) -> None:
    """Every recipient of the sample is classified as the table says."""
    bounce = json.loads(ses(sample))["bounce"]
    for recipient in bounce["bouncedRecipients"]:
        assert (
            classify_bounce(
                bounce["bounceType"],
                bounce["bounceSubType"],
                action=recipient.get("action"),
                status=recipient.get("status"),
                diagnostic=recipient.get("diagnosticCode"),
            )
            is kind
        )


@pytest.mark.parametrize(("sample", "kind"), COMPLAINTS.items())
def test_each_sample_of_a_complaint_has_its_meaning(sample: str, kind: ComplaintKind) -> None:
    """Feedback type and sub-type are classified as the table says."""
    complaint = json.loads(ses(sample))["complaint"]
    assert classify_complaint(complaint.get("complaintFeedbackType"), complaint.get("complaintSubType")) is kind


def test_no_sample_of_a_bounce_or_complaint_is_left_out() -> None:
    """A sample that is added must say here what it means."""
    samples = {name: json.loads(ses(name)) for form in FORMS if form != "other" for name in names(form)}
    assert {name for name, event in samples.items() if "bounce" in event} == SAMPLES.keys()
    assert {name for name, event in samples.items() if "complaint" in event} == COMPLAINTS.keys()


class Dsn(NamedTuple):
    """What SES and the receiving server say of a bounce."""

    type: str | None
    sub_type: str | None
    action: str | None = None
    status: str | None = None
    diagnostic: str | None = None

    @property
    def kind(self) -> BounceKind:
        """What it means."""
        return classify_bounce(self.type, self.sub_type, action=self.action, status=self.status, diagnostic=self.diagnostic)


@pytest.mark.parametrize("sub_type", ["General", "NoEmail"])
@pytest.mark.parametrize("status", [None, "", "5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.0.0", "5.4.1", "5.5.0"])
def test_a_permanent_bounce_is_hard(sub_type: str, status: str | None) -> None:
    """Row 1: Permanent General and NoEmail."""
    assert Dsn("Permanent", sub_type, "failed", status, "smtp; 550 user unknown").kind is HARD


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.7.1", None),
        ("5.7.25", "smtp; 550 5.7.25 the sending IP address has no PTR record"),
        ("5.7.30", "smtp; 550 5.7.30 mail without a DKIM signature"),
        ("5.7.515", "smtp; 550 5.7.515 Access denied"),
        (None, "smtp; 550-5.7.26 unauthenticated mail is prohibited"),
        ("5.0.0", "smtp; 550 5.0.0 Mail refused, see 5.7.1."),
        ("5.0.0", "smtp; 554 mail from your IP 203.0.113.17 is refused"),
        ("5.3.0", "smtp; 553 5.3.0 DNSBL:RBL 521 203.0.113.17 is listed"),
        ("5.0.0", "smtp; 554 rejected for policy reasons"),
        ("5.2.0", "smtp; 552 5.2.0 message looks like spam"),
        ("5.5.0", "smtp; 554 Blacklisted"),
        ("5.1.8", "smtp; 553 5.1.8 Sender address rejected: domain does not exist"),
        ("5.0.0", "smtp; 550 DMARC check failed"),
    ],
)
@pytest.mark.parametrize("sub_type", ["General", "NoEmail"])
def test_a_refusal_of_the_sender_is_no_word_about_the_address(sub_type: str, status: str | None, diagnostic: str) -> None:
    """Row 2: status 5.7.x (RFC 3463 section 3.8), or the text of an authentication, policy or block refusal."""
    assert Dsn("Permanent", sub_type, "failed", status, diagnostic).kind is POLICY


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.1.1", "smtp; 550 5.1.1 user unknown; our policy is at hand, spam is blocked"),
        (None, "smtp; 550 5.1.1 no such account by policy"),
        ("5.0.0", "smtp; 550 <spam@example.com>: gone"),
        ("5.0.0", "smtp; 550 gone, see https://example.com/policy"),
        ("5.0.0", "smtp; 550 No such user, or blocked"),
        ("5.0.0", "smtp; 550 account is blocked"),
        ("5.0.0", "smtp; 550 mailbox disabled; contact 10.5.7.1.2"),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied."),
        ("5.0.0", "smtp; 550 version 15.7.12 gone"),
    ],
)
def test_a_server_that_names_the_address_as_bad_is_believed(status: str | None, diagnostic: str) -> None:
    """Words like policy or blocked say nothing where a status or a sentence says that there is no such mailbox."""
    assert Dsn("Permanent", "General", "failed", status, diagnostic).kind is HARD


def test_a_hit_of_the_global_list_is_one_whatever_the_server_is_said_to_have_answered() -> None:
    """Row 3: Permanent Suppressed."""
    assert Dsn("Permanent", "Suppressed", "failed", "5.7.1", "blocked").kind is BounceKind.GLOBAL_LIST


@pytest.mark.parametrize(
    "sub_type",
    ["OnAccountSuppressionList", "OnTenantSuppressionList", "EmailValidationSuppressed", "UnsubscribedRecipient"],
)
def test_a_hit_of_our_own_lists_is_no_evidence(sub_type: str) -> None:
    """Row 4: SES did not even try."""
    assert Dsn("Permanent", sub_type, "failed", "5.1.1", "Amazon SES did not send").kind is BounceKind.LIST_HIT


@pytest.mark.parametrize(("action", "status"), [(None, None), ("", ""), ("delayed", "4.2.2"), ("relayed", None), (None, "5.7.1")])
def test_an_automatic_reply_is_no_failure(action: str | None, status: str | None) -> None:
    """Row 5: Transient General without `action: failed`."""
    assert Dsn("Transient", "General", action, status).kind is BounceKind.AUTO_REPLY


@pytest.mark.parametrize(
    "bounce",
    [
        Dsn("Undetermined", "Undetermined"),
        Dsn("Undetermined", "Undetermined", "failed", "5.0.0"),
        Dsn("Undetermined", ""),
        Dsn("Temporary", "General"),
        Dsn("", ""),
        Dsn(None, None),
    ],
)
def test_what_ses_could_not_determine_is_a_strike(bounce: Dsn) -> None:
    """Row 5: Undetermined; and so is a type that SES does not document."""
    assert bounce.kind is BounceKind.UNDETERMINED


@pytest.mark.parametrize(
    "bounce",
    [
        Dsn("Transient", "MailboxFull"),
        Dsn("Transient", "MailboxFull", "failed", "5.2.2", "552 over quota, blocked by policy"),
        Dsn("Transient", "General", "failed", "4.4.7"),
        Dsn("Transient", "General", None, "4.4.7"),
        Dsn("Transient", "General", "FAILED", "5.4.4", "Invalid domain"),
        Dsn("Transient", "General", "failed"),
        Dsn("Transient", "SomethingNew"),
        Dsn("Transient", ""),
    ],
)
def test_a_soft_failure_is_a_strike(bounce: Dsn) -> None:
    """Row 6: MailboxFull, status 4.4.7 and other soft failures; a sub-type that is not known is one."""
    assert bounce.kind is SOFT


@pytest.mark.parametrize(
    "bounce",
    [
        Dsn("Transient", "General", "failed", "4.7.28", "421 4.7.28 unusual rate of mail from your network"),
        Dsn("Transient", "General", "failed", "5.7.1"),
        Dsn("Transient", "General", "failed", "4.4.7", "550 4.4.7 expired <421 4.7.0 try later>"),
        Dsn("Undetermined", "Undetermined", "failed", "5.7.26"),
    ],
)
def test_a_soft_refusal_of_the_sender_is_no_strike(bounce: Dsn) -> None:
    """Three weeks without DKIM must not silence all of a provider's recipients."""
    assert bounce.kind is POLICY


@pytest.mark.parametrize("sub_type", ["MessageTooLarge", "ContentRejected", "AttachmentRejected", "CustomTimeoutExceeded"])
@pytest.mark.parametrize("status", [None, "5.7.0", "5.1.1", "4.4.7"])
def test_what_is_wrong_with_the_mail_is_not_held_against_the_address(sub_type: str, status: str | None) -> None:
    """Row 7: whatever the status."""
    assert Dsn("Transient", sub_type, "failed", status).kind is BounceKind.CONTENT


def test_a_permanent_sub_type_that_is_not_known_stays_apart() -> None:
    """It is not taken for General: AWS's latest ones were not about the address; nor is a refusal of the sender."""
    assert Dsn("Permanent", "SomethingNew", "failed", "5.1.1").kind is BounceKind.UNKNOWN_PERMANENT
    assert Dsn("Permanent", None).kind is BounceKind.UNKNOWN_PERMANENT
    assert Dsn("Permanent", "SomethingNew", "failed", "5.7.1").kind is POLICY


@pytest.mark.parametrize("feedback_type", ["abuse", "fraud", "virus", "other", "ABUSE", "dislike", "", None])
def test_whatever_a_recipient_reports_is_a_complaint(feedback_type: str | None) -> None:
    """Row 8: abuse, fraud, virus, other, unknown or none."""
    assert classify_complaint(feedback_type) is ComplaintKind.COMPLAINT
    assert classify_complaint(feedback_type, "SomethingNew") is ComplaintKind.COMPLAINT


@pytest.mark.parametrize("feedback_type", ["not-spam", "Not-Spam"])
def test_not_spam_is_the_opposite_of_a_complaint(feedback_type: str) -> None:
    """Row 9: RFC 6430."""
    assert classify_complaint(feedback_type) is ComplaintKind.NOT_SPAM


@pytest.mark.parametrize("feedback_type", ["abuse", "not-spam", None])
@pytest.mark.parametrize("sub_type", ["OnAccountSuppressionList", "OnTenantSuppressionList"])
def test_a_complaint_about_mail_that_was_never_sent_is_none(feedback_type: str | None, sub_type: str) -> None:
    """Row 10: any with a list-hit sub-type; and an authentication failure report."""
    assert classify_complaint(feedback_type, sub_type) is ComplaintKind.LIST_HIT
    assert classify_complaint("auth-failure") is ComplaintKind.AUTH_FAILURE


@pytest.mark.parametrize(
    ("kind", "state", "counter"),
    [
        (BounceKind.HARD, State.SUPPRESSED, Counter.HARD),
        (BounceKind.UNKNOWN_PERMANENT, State.SUPPRESSED, Counter.HARD),
        (BounceKind.GLOBAL_LIST, State.SUPPRESSED, Counter.HARD),
        (BounceKind.POLICY_REFUSAL, None, Counter.POLICY),
        (BounceKind.LIST_HIT, None, Counter.LISTED),
        (BounceKind.AUTO_REPLY, None, Counter.AUTO_REPLIES),
        (BounceKind.SOFT, State.WATCHING, Counter.SOFT),
        (BounceKind.UNDETERMINED, State.WATCHING, Counter.UNDETERMINED),
        (BounceKind.CONTENT, None, Counter.CONTENT),
        (ComplaintKind.COMPLAINT, State.SUPPRESSED, Counter.COMPLAINTS),
        (ComplaintKind.NOT_SPAM, State.RELEASED, Counter.WITHDRAWN),
        (ComplaintKind.AUTH_FAILURE, None, Counter.REPORTS),
        (ComplaintKind.LIST_HIT, None, Counter.REPORTS),
    ],
)
def test_each_kind_has_its_columns_of_the_table(kind: BounceKind | ComplaintKind, state: State | None, counter: Counter) -> None:
    """What one does to an address that nobody knows (of a list hit, the sub-type decides), and as what it counts."""
    if isinstance(kind, BounceKind):
        signal, counted = bounce_signal(kind, JANE, at=NOW, message_id="mail"), facts._BOUNCE_COUNTERS[kind]
    else:
        signal, counted = complaint_signal(kind, JANE, at=NOW, message_id="mail"), facts._COMPLAINT_COUNTERS[kind]
    entry = decide(None, signal) if signal else None

    assert (entry.state if entry else None, counted) == (state, counter)


WORDS = st.none() | st.sampled_from(["General", "failed", "4.4.7", "5.7.1", "550 5.7.1 blocked"]) | st.text(max_size=40)


@given(WORDS, WORDS, WORDS, WORDS, WORDS)
def test_any_text_has_a_meaning(
    bounce_type: str | None, sub_type: str | None, action: str | None, status: str | None, diagnostic: str | None
) -> None:
    """Nothing that SES or a server may say is an error; and what is not Permanent never suppresses at once."""
    kind = Dsn(bounce_type, sub_type, action, status, diagnostic).kind
    assert kind not in SUPPRESSING or bounce_type == "Permanent" or sub_type == "Suppressed"
    assert classify_complaint(sub_type, status) in ComplaintKind
