"""Signals: what one fact, or one operator, says about whether an address may be mailed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ses_warden.domain.addresses import NOBODY, Address
from ses_warden.domain.bounces import BounceKind, ComplaintKind
from ses_warden.domain.text import clean

ACCOUNT = "account"

_LONGEST_DIAGNOSTIC = 200
_LONGEST_NOTE = 200
# No expiry that is counted from here leaves the calendar.
_LATEST = datetime(9990, 1, 1, tzinfo=UTC)


class Confidence(StrEnum):
    """How sure it is that the signal is about this address, and is true: `low` is a guess."""

    HIGH = "high"
    LOW = "low"


class SignalKind(StrEnum):
    """What a signal says."""

    HARD_BOUNCE = "hard_bounce"
    UNKNOWN_BOUNCE = "unknown_bounce"
    GLOBAL_LIST = "global_list"
    LIST_HIT = "list_hit"
    STRIKE = "strike"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    NOT_SPAM = "not_spam"
    UNSUBSCRIBE = "unsubscribe"
    RESUBSCRIBE = "resubscribe"
    BLOCK = "block"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Signal:
    """What one fact says about one address in one scope.

    `at` is the event's time, kept in whole seconds of UTC: identity notifications cut theirs to seconds where event
    publishing has milliseconds, and the same bounce in both forms must say the same. A time without zone is UTC's.
    """

    kind: SignalKind
    address: str
    scope: str
    at: datetime
    original: str = ""
    message_id: str = ""
    status: str = ""
    diagnostic: str = ""
    confidence: Confidence = Confidence.HIGH
    note: str = ""

    def __post_init__(self) -> None:
        at = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
        object.__setattr__(self, "at", min(at.astimezone(UTC).replace(microsecond=0), _LATEST))


def bounce_signal(
    kind: BounceKind,
    recipient: Address,
    *,
    at: datetime,
    message_id: str,
    sub_type: str | None = None,
    status: str | None = None,
    diagnostic: str | None = None,
    tenant: str | None = None,
    provisional: bool = False,
) -> Signal | None:
    """What a bounce says, None if nothing; `provisional` for a hard bounce amid a storm of them from one domain."""
    signal_kind = _OF_BOUNCE.get(kind)
    scope = _list_scope(sub_type, tenant) if signal_kind is SignalKind.LIST_HIT else ACCOUNT
    if signal_kind is None or scope is None or recipient.key == NOBODY:
        return None
    unsure = kind is BounceKind.UNKNOWN_PERMANENT or (provisional and kind is BounceKind.HARD)
    return Signal(
        kind=signal_kind,
        address=recipient.key,
        original=recipient.original,
        scope=scope,
        at=at,
        message_id=message_id,
        status=clean(status or "", 20),
        diagnostic=clean(diagnostic or "", _LONGEST_DIAGNOSTIC),
        confidence=Confidence.LOW if unsure else Confidence.HIGH,
    )


def complaint_signal(
    kind: ComplaintKind,
    recipient: Address,
    *,
    at: datetime,
    message_id: str,
    sub_type: str | None = None,
    candidates: int = 1,
    tenant: str | None = None,
) -> Signal | None:
    """What a complaint says, None if nothing; `candidates` is how many recipients SES names.

    Providers redact who complained, so SES names all of that provider's recipients of the mail; several are a guess:
    https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
    """
    signal_kind = _OF_COMPLAINT.get(kind)
    scope = _list_scope(sub_type, tenant) if signal_kind is SignalKind.LIST_HIT else ACCOUNT
    if signal_kind is None or scope is None or recipient.key == NOBODY:
        return None
    return Signal(
        kind=signal_kind,
        address=recipient.key,
        original=recipient.original,
        scope=scope,
        at=at,
        message_id=message_id,
        confidence=Confidence.LOW if candidates > 1 else Confidence.HIGH,
    )


def delivery_signal(recipient: Address, *, at: datetime, message_id: str) -> Signal:
    """That a mail was delivered, which ends a row of strikes."""
    return Signal(SignalKind.DELIVERED, recipient.key, ACCOUNT, at, recipient.original, message_id)


def subscription_signal(
    recipient: Address, *, contact_list: str | None, unsubscribed_from_all: bool | None, at: datetime, message_id: str
) -> Signal | None:
    """What a change of subscription says about the whole contact list; single topics are not ours to hold back."""
    if not contact_list or unsubscribed_from_all is None or recipient.key == NOBODY:
        return None
    kind = SignalKind.UNSUBSCRIBE if unsubscribed_from_all else SignalKind.RESUBSCRIBE
    return Signal(kind, recipient.key, f"contact-list/{contact_list}", at, recipient.original, message_id)


def operator_signal(recipient: Address, *, block: bool, at: datetime, note: str, scope: str = ACCOUNT) -> Signal:
    """What an operator decided, and why: block the address, or release it."""
    kind = SignalKind.BLOCK if block else SignalKind.RELEASE
    return Signal(kind, recipient.key, scope, at, recipient.original, note=clean(note, _LONGEST_NOTE))


def _list_scope(sub_type: str | None, tenant: str | None) -> str | None:
    """The scope of SES's list that stopped a mail; None for what is no such list, or that of a tenant unknown."""
    if sub_type == "OnAccountSuppressionList":
        return ACCOUNT
    return f"tenant/{tenant}" if sub_type == "OnTenantSuppressionList" and tenant else None


_OF_BOUNCE = {
    BounceKind.HARD: SignalKind.HARD_BOUNCE,
    BounceKind.UNKNOWN_PERMANENT: SignalKind.UNKNOWN_BOUNCE,
    BounceKind.GLOBAL_LIST: SignalKind.GLOBAL_LIST,
    BounceKind.LIST_HIT: SignalKind.LIST_HIT,
    BounceKind.SOFT: SignalKind.STRIKE,
    BounceKind.UNDETERMINED: SignalKind.STRIKE,
}
_OF_COMPLAINT = {
    ComplaintKind.COMPLAINT: SignalKind.COMPLAINT,
    ComplaintKind.NOT_SPAM: SignalKind.NOT_SPAM,
    ComplaintKind.LIST_HIT: SignalKind.LIST_HIT,
}
