"""What a bounce or a complaint means: about the address, about the mail, or about the sender.

docs/deliverability.md has the table that this module is, with a source for each row.
"""

import re
from enum import StrEnum


class BounceKind(StrEnum):
    """What a bounce means for one recipient."""

    HARD = "hard-bounce"
    UNKNOWN_PERMANENT = "unknown-bounce"
    GLOBAL_LIST = "global-list"
    POLICY_REFUSAL = "policy-refusal"
    LIST_HIT = "list-hit"
    AUTO_REPLY = "auto-reply"
    SOFT = "soft-bounce"
    UNDETERMINED = "undetermined-bounce"
    CONTENT = "content-refusal"


class ComplaintKind(StrEnum):
    """What a complaint means for one recipient."""

    COMPLAINT = "complaint"
    NOT_SPAM = "not-spam"
    AUTH_FAILURE = "auth-failure"
    LIST_HIT = "list-hit"


# Sub-types that decide, whatever else is said:
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
_BY_SUB_TYPE = {
    "OnAccountSuppressionList": BounceKind.LIST_HIT,
    "OnTenantSuppressionList": BounceKind.LIST_HIT,
    "EmailValidationSuppressed": BounceKind.LIST_HIT,
    "UnsubscribedRecipient": BounceKind.LIST_HIT,
    "Suppressed": BounceKind.GLOBAL_LIST,
    "MailboxFull": BounceKind.SOFT,
    "MessageTooLarge": BounceKind.CONTENT,
    "ContentRejected": BounceKind.CONTENT,
    "AttachmentRejected": BounceKind.CONTENT,
    "CustomTimeoutExceeded": BounceKind.CONTENT,
}

# The recipient's address is bad, says the server. RFC 3463 sections 3.2 and 3.3; X.1.10 (null MX): RFC 7505
_ADDRESS_STATUSES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})

# Patterns are compiled when first used, by `re` itself: each cold start would pay for them, few bounces need them.
_SECURITY_STATUS = r"[45]\.7\.\d{1,3}"  # RFC 3463 section 3.8: security or policy
_STATUS_IN_TEXT = r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\.?\d)"

# Words of refusals that give no such code. The sender is named; the recipient is named; something was blocked.
_SENDER = (
    r"\b(?:spf|dkim|dmarc|dnsbl|rbl|ptr record|reverse dns|spamhaus|unauthenticated|client host|helo"
    r"|sending (?:domain|ip|host|server)|(?:your|sender'?s?) (?:ip|domain|host|server|address|reputation)"
    r"|sender (?:verify|verification|is|was|not|rejected|denied|blocked))\b"
)
_RECIPIENT = (
    r"\b(?:(?:unknown|no such|invalid|not a valid) (?:user|recipient|mailbox|person|address)|(?:does not|doesn't) exist"
    r"|(?:user|recipient|mailbox|account|address) (?:(?:is|was|has been) )?"
    r"(?:unknown|not found|disabled|blocked|inactive|invalid|suspended|closed|expired))\b"
)
_BLOCKED = (
    r"\b(?:polic(?:y|ies)|blocked|(?:block|black|deny)[ -]?list(?:ed|ing)?|reputation|spam|unsolicited|banned"
    r"|not authenticated|authentication (?:failed|required))\b"
)


def classify_bounce(
    bounce_type: str | None,
    bounce_sub_type: str | None,
    *,
    action: str | None = None,
    status: str | None = None,
    diagnostic: str | None = None,
) -> BounceKind:
    """What SES's type and sub-type mean, refined by what the receiving server said: action, enhanced status, text."""
    sub_type = (bounce_sub_type or "").strip()
    kind = _BY_SUB_TYPE.get(sub_type)
    if kind:
        return kind
    status = (status or "").strip()
    failed = (action or "").strip().lower() == "failed"
    # An out-of-office reply comes without a DSN, thus without an action; SES takes it for a soft bounce.
    if bounce_type == "Transient" and sub_type == "General" and not failed and status != "4.4.7":
        return BounceKind.AUTO_REPLY
    if _is_refusal(status, diagnostic or ""):
        return BounceKind.POLICY_REFUSAL
    if bounce_type == "Permanent":
        return BounceKind.HARD if sub_type in ("General", "NoEmail") else BounceKind.UNKNOWN_PERMANENT
    return BounceKind.SOFT if bounce_type == "Transient" else BounceKind.UNDETERMINED


def classify_complaint(feedback_type: str | None, sub_type: str | None = None) -> ComplaintKind:
    """What a complaint means by its feedback type (RFC 5965 section 7.3, an open list) and SES's sub-type."""
    if sub_type and sub_type.endswith("SuppressionList"):
        return ComplaintKind.LIST_HIT
    match (feedback_type or "").strip().lower():
        case "not-spam":  # RFC 6430
            return ComplaintKind.NOT_SPAM
        case "auth-failure":  # RFC 6591
            return ComplaintKind.AUTH_FAILURE
        case _:
            return ComplaintKind.COMPLAINT


def _is_refusal(status: str, diagnostic: str) -> bool:
    """Whether the server refuses not the address, but the sender: for authentication, policy or reputation."""
    if status in _ADDRESS_STATUSES:
        return False
    if re.fullmatch(_SECURITY_STATUS, status):
        return True
    # Addresses and links are not the server's words: `spam@example.com`, `https://example.com/policy`.
    text = " ".join([word for word in diagnostic.lower().split() if "@" not in word and "://" not in word])
    for code in re.findall(_STATUS_IN_TEXT, text):
        if code in _ADDRESS_STATUSES:
            return False
        if re.fullmatch(_SECURITY_STATUS, code):
            return True
    if re.search(_SENDER, text):
        return True
    return not re.search(_RECIPIENT, text) and bool(re.search(_BLOCKED, text))
