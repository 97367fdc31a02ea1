"""Signals about one recipient, Jane, and what the use case makes of them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ses_warden.domain.addresses import normalize
from ses_warden.domain.authority import Authority
from ses_warden.domain.bounces import BounceKind, ComplaintKind, classify_bounce, classify_complaint
from ses_warden.domain.entries import Entry
from ses_warden.domain.signals import (
    Signal,
    SignalKind,
    bounce_signal,
    complaint_signal,
    delivery_signal,
    operator_signal,
    subscription_signal,
)
from ses_warden.domain.suppression import decide, wants_last_delivery
from tests.support.samples import ses

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
JANE = normalize("Jane@example.com")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def fold(signals: Iterable[Signal], authority: Authority = "ses", entry: Entry | None = None) -> Entry | None:
    """What the use case makes of signals in this order: it asks the ledger for deliveries when it is told to."""
    delivered: list[datetime] = []
    for signal in signals:
        last_delivery = None
        if signal.kind is SignalKind.DELIVERED:
            delivered.append(signal.at)
        elif wants_last_delivery(entry, signal):
            last_delivery = max((at for at in delivered if at >= signal.at), default=None)
        entry = decide(entry, signal, authority=authority, last_delivery=last_delivery)
    return entry


def held(signals: Iterable[Signal], authority: Authority = "ses") -> Entry:
    """The entry, where there must be one."""
    entry = fold(signals, authority)
    assert entry is not None
    return entry


def some(signal: Signal | None) -> Signal:
    """The signal, where there must be one."""
    assert signal is not None
    return signal


def bounced(kind: BounceKind, day: float, *, sub_type: str | None = None, provisional: bool = False) -> Signal:
    """A bounce of Jane's, so many days from now, of a mail of its own."""
    at = NOW + day * DAY
    return some(
        bounce_signal(kind, JANE, at=at, message_id=f"mail-{day}", sub_type=sub_type, status="5.1.1", provisional=provisional)
    )


def struck(*days: float) -> list[Signal]:
    """Soft bounces of Jane's, so many days from now."""
    return [bounced(BounceKind.SOFT, day) for day in days]


def delivered(day: float) -> Signal:
    """A delivery to Jane."""
    return delivery_signal(JANE, at=NOW + day * DAY, message_id=f"mail-{day}")


def complained(day: float, kind: ComplaintKind = ComplaintKind.COMPLAINT, mail: str = "mail", candidates: int = 1) -> Signal:
    """A complaint of Jane's about a mail."""
    return some(complaint_signal(kind, JANE, at=NOW + day * DAY, message_id=mail, candidates=candidates))


def not_spam(day: float, mail: str = "mail") -> Signal:
    """Jane's report that a mail was no spam."""
    return complained(day, ComplaintKind.NOT_SPAM, mail)


def listed(day: float) -> Signal:
    """A mail to Jane that SES's account list stopped."""
    return bounced(BounceKind.LIST_HIT, day, sub_type="OnAccountSuppressionList")


def ordered(day: float, *, block: bool, note: str = "asked by phone") -> Signal:
    """An operator's decision about Jane."""
    return operator_signal(JANE, block=block, at=NOW + day * DAY, note=note)


def subscribed(day: float, *, unsubscribed: bool) -> Signal:
    """Jane's change of her subscription."""
    return some(
        subscription_signal(
            JANE, contact_list="news", unsubscribed_from_all=unsubscribed, at=NOW + day * DAY, message_id=f"mail-{day}"
        )
    )


def of_sample(name: str, tenant: str | None = None) -> Signal | None:
    """What a sample event says of its first recipient."""
    event = json.loads(ses(name))
    detail = event.get("bounce") or event["complaint"]
    at, message_id = datetime.fromisoformat(detail["timestamp"]), event["mail"]["messageId"]
    if "bounce" in event:
        who, sub_type = detail["bouncedRecipients"][0], detail["bounceSubType"]
        status, text = who.get("status"), who.get("diagnosticCode")
        bounce = classify_bounce(detail["bounceType"], sub_type, action=who.get("action"), status=status, diagnostic=text)
        return bounce_signal(
            bounce,
            normalize(who["emailAddress"]),
            at=at,
            message_id=message_id,
            sub_type=sub_type,
            status=status,
            diagnostic=text,
            tenant=tenant,
        )
    candidates, sub_type = detail["complainedRecipients"], detail.get("complaintSubType")
    return complaint_signal(
        classify_complaint(detail.get("complaintFeedbackType"), sub_type),
        normalize(candidates[0]["emailAddress"]),
        at=at,
        message_id=message_id,
        sub_type=sub_type,
        candidates=len(candidates),
        tenant=tenant,
    )
