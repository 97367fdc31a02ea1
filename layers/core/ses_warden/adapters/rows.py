"""Facts as rows of the Events table: at most 1 KB, so that a row costs one write unit.

The attributes are chosen for the questions that the table must answer (docs/decisions/0005-ledger.md): all of a mail by its key, a
recipient's history by the index `by_recipient`, and a day's mails by sender, subject, domain, tag or state by the index `by_day`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from ses_warden.domain.addresses import NOBODY, decode_key, is_simulator, normalize
from ses_warden.domain.events import (
    Bounce,
    Click,
    Complaint,
    Delivery,
    DeliveryDelay,
    MailEvent,
    Open,
    Reject,
    RenderingFailure,
    Subscription,
)
from ses_warden.domain.facts import Fact
from ses_warden.domain.recorded import RecordedEvent, tag_text
from ses_warden.domain.text import clean, clip_bytes, spell_out

type Attribute = Mapping[str, str | list[str]]
type Row = dict[str, Attribute]

ROW_BYTES = 1024
# 16 partitions of a day take 16,000 sends a second before DynamoDB throttles the index.
DAY_SHARDS = 16

# The names of all attributes, and the values that have a fixed length.
_FIXED_BYTES = 250
_LONGEST = {"subject": 200, "sender": 254, "status": 20}
# Tags leave room for a diagnostic.
_TAG_BYTES = 300
_GREATEST_NUMBER = 10**12
# json.dumps makes an encoder for each call that is not plain.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def timestamp(moment: datetime) -> str:
    """A moment as the table spells it: UTC, milliseconds, `2026-11-24T10:00:00.123Z`; sorts by time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def row_of(fact: Fact, purge_at: int) -> Row:
    """The row of a fact; `purge_at` in epoch seconds. Optional parts are cut so that the row stays within `ROW_BYTES`."""
    recipient, sort_key = fact.recipient, fact.sort_key
    at = timestamp(fact.at)
    row: Row = {
        "message_id": {"S": fact.message_id},
        "event": {"S": sort_key},
        "at": {"S": at},
        "kind": {"S": fact.kind},
        "purge_at": {"N": str(purge_at)},
    }
    left = ROW_BYTES - _FIXED_BYTES - _size(fact.message_id) - _size(sort_key)
    indexed = None if recipient == NOBODY or is_simulator(recipient) else recipient
    status = clip_bytes(clean(fact.who.status, _LONGEST["status"]), _LONGEST["status"]) if fact.who.status else None
    for name, value in (
        ("recipient", indexed),
        ("configuration_set", fact.configuration_set),
        ("tenant", fact.tenant),
        ("status", status),
    ):
        if value:
            row[name] = {"S": value}
            left -= _size(value)
    if not isinstance(fact.event, Open | Click | Delivery) or _is_templated(fact.event):
        left = _describe_mail(row, fact, left)
    details = _details(fact)
    if unknown := fact.event.unknown_fields:
        details.append(("unknown", json.dumps(unknown, ensure_ascii=False, separators=(",", ":")), 200))
    detail = _detail_text(details, left)
    if detail:
        row["detail"] = {"S": detail}
    return row


def parse_row(item: Mapping[str, Any]) -> RecordedEvent:
    """The event in a row that `row_of` made."""
    recipient, event_type, _ = item["event"]["S"].split("#", 2)

    def text(name: str) -> str | None:
        return item[name]["S"] if name in item else None

    return RecordedEvent(
        message_id=item["message_id"]["S"],
        # A very long recipient stands in the sort key as a digest; the simulator's stand nowhere else.
        recipient=text("recipient") or decode_key(recipient),
        type=event_type,
        kind=item["kind"]["S"],
        at=datetime.fromisoformat(item["at"]["S"]),
        status=text("status"),
        configuration_set=text("configuration_set"),
        tenant=text("tenant"),
        sender=text("sender"),
        subject=text("subject"),
        detail=json.loads(text("detail") or "{}"),
        sent_at=datetime.fromisoformat(sent_at) if (sent_at := text("sent_at")) else None,
        tags=tuple(sorted(item["tags"]["SS"])) if "tags" in item else (),
    )


def _is_templated(event: MailEvent) -> bool:
    """Whether the subject is first known after sending: a template is rendered later, and the Send event has no subject."""
    return isinstance(event, Delivery) and "Templated" in (event.mail.tag("ses:operation") or "")


def _describe_mail(row: Row, fact: Fact, left: int) -> int:
    """Adds what a mail is searched by; returns how many bytes are left."""
    mail = fact.event.mail
    day = timestamp(fact.sent_at)
    row["day"] = {"S": f"{day[:10]}#{crc32(fact.message_id.encode()) % DAY_SHARDS}"}
    row["sent_at"] = {"S": day}
    # AWS does not say whether SES decodes a subject; sources were seen that it had not decoded.
    subject = spell_out(mail.common_headers.subject or "") if mail.common_headers else None
    for name, text in (("sender", normalize(mail.source).key if mail.source else None), ("subject", subject)):
        if text and left > 0:
            text = clip_bytes(clean(text, _LONGEST[name]), min(_LONGEST[name], left))
            row[name] = {"S": text}
            left -= _size(text)
    tags = sorted(
        {tag_text(f"{name}={value}") for name, values in mail.tags.items() if not name.startswith("ses:") for value in values}
    )
    kept: list[str] = []
    room = min(left, _TAG_BYTES)
    for tag in tags:
        if _size(tag) > room:
            break
        kept.append(tag)
        room -= _size(tag)
    if kept:
        row["tags"] = {"SS": kept}
    return left - sum(map(_size, kept))


def _details(fact: Fact) -> list[tuple[str, str | int | None, int]]:
    """What only this type of event says: name, value, and how many bytes of it are kept at the most."""
    match fact.event:
        case Bounce(bounce=detail):
            return [
                ("type", detail.bounce_type, 40),
                ("subType", detail.bounce_sub_type, 60),
                ("diagnosticCode", fact.who.diagnostic, 300),
                ("action", fact.who.action, 20),
                ("reportingMTA", detail.reporting_mta, 80),
                ("remoteMtaIp", detail.remote_mta_ip, 45),
                ("feedbackId", detail.feedback_id, 80),
            ]
        case Complaint(complaint=detail):
            return [
                ("feedbackType", detail.complaint_feedback_type, 40),
                ("subType", detail.complaint_sub_type, 60),
                ("candidates", len(detail.complained_recipients), 8),
                ("userAgent", detail.user_agent, 120),
                ("arrivalDate", detail.arrival_date, 40),
                ("feedbackId", detail.feedback_id, 80),
            ]
        case Delivery(delivery=detail):
            return [
                ("smtpResponse", detail.smtp_response, 160),
                ("ms", detail.processing_time_millis, 12),
                ("reportingMTA", detail.reporting_mta, 80),
                ("remoteMtaIp", detail.remote_mta_ip, 45),
                ("outgoingIp", fact.event.mail.tag("ses:outgoing-ip"), 45),
            ]
        case Open(open=detail):
            return [("ip", detail.ip_address, 45), ("userAgent", detail.user_agent, 200)]
        case Click(click=detail):
            return [("link", detail.link, 300), ("ip", detail.ip_address, 45), ("userAgent", detail.user_agent, 200)]
        case DeliveryDelay(delivery_delay=detail):
            return [
                ("delayType", detail.delay_type, 60),
                ("diagnosticCode", fact.who.diagnostic, 300),
                ("expires", detail.expiration_time.isoformat() if detail.expiration_time else None, 40),
            ]
        case Reject(reject=detail):
            return [("reason", detail.reason, 120)]
        case RenderingFailure(failure=detail):
            return [("template", detail.template_name, 80), ("error", detail.error_message, 300)]
        case Subscription(subscription=detail):
            preferences = detail.new_topic_preferences
            text = preferences.model_dump_json(exclude_none=True) if preferences else None
            return [("list", detail.contact_list, 80), ("source", detail.source, 80), ("preferences", text, 300)]
        case _:
            return []


def _detail_text(details: list[tuple[str, str | int | None, int]], left: int) -> str:
    """The details as JSON of at most `left` bytes: each text is cut to its limit, and the last are dropped if there is no room."""
    kept: dict[str, str | int] = {}
    for name, value, limit in details:
        if isinstance(value, str) and value:
            kept[name] = clip_bytes(clean(value, limit), limit)
        elif isinstance(value, int) and abs(value) < _GREATEST_NUMBER:
            kept[name] = value
    while kept:
        text = _to_json(kept)
        if _size(text) <= left:
            return text
        kept.popitem()
    return ""


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
