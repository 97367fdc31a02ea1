"""Facts as rows of the Events table: at most 1 KB, so that a row costs one write unit.

The attributes are chosen for the questions that the table must answer (docs/decisions/0005-ledger.md): all of a mail by its key, a
recipient's history by the index `by_recipient`, and a day's mails by sender, subject, domain, tag or state by the index `by_day`.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from zlib import crc32

from ses_warden.domain.addresses import NOBODY, is_simulator, normalize
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
from ses_warden.domain.text import clean, clip_bytes

type Attribute = Mapping[str, str | list[str]]
type Row = dict[str, Attribute]

ROW_BYTES = 1024
# 16 partitions of a day take 16,000 sends a second before DynamoDB throttles the index.
DAY_SHARDS = 16

# Names and values that every row has, but for the ids and the address, which are added.
_FIXED_BYTES = 260
_LONGEST = {"subject": 200, "sender": 254}
_MOST_TAGS, _LONGEST_TAG = 8, 80
_SHORTEST_DETAIL = 8


def timestamp(moment: datetime) -> str:
    """A moment as the table spells it: UTC, milliseconds, `2026-11-24T10:00:00.123Z`; sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


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
    left = ROW_BYTES - _FIXED_BYTES - len(fact.message_id) - len(sort_key)
    if recipient != NOBODY and not is_simulator(recipient):
        row["recipient"] = {"S": recipient}
        left -= len(recipient)
    if fact.configuration_set:
        row["configuration_set"] = {"S": fact.configuration_set}
        left -= len(fact.configuration_set)
    if fact.tenant:
        row["tenant"] = {"S": fact.tenant}
        left -= len(fact.tenant)
    if fact.who.status:
        row["status"] = {"S": clean(fact.who.status, 20)}
    if not isinstance(fact.event, Open | Click | Delivery) or _is_templated(fact.event):
        left = _describe_mail(row, fact, left)
    detail = _detail_text(_details(fact), left)
    if detail:
        row["detail"] = {"S": detail}
    return row


def _is_templated(event: MailEvent) -> bool:
    """Whether the subject is first known after sending: a template is rendered later, and the Send event has no subject."""
    return isinstance(event, Delivery) and "Templated" in (event.mail.tag("ses:operation") or "")


def _describe_mail(row: Row, fact: Fact, left: int) -> int:
    """Adds what a mail is searched by; returns how many bytes are left."""
    mail = fact.event.mail
    day = timestamp(fact.sent_at)
    row["day"] = {"S": f"{day[:10]}#{crc32(fact.message_id.encode()) % DAY_SHARDS}"}
    row["sent_at"] = {"S": day}
    subject = mail.common_headers.subject if mail.common_headers else None
    for name, text in (("sender", normalize(mail.source).key if mail.source else None), ("subject", subject)):
        if text and left > 0:
            text = clip_bytes(clean(text, _LONGEST[name]), min(_LONGEST[name], left))
            row[name] = {"S": text}
            left -= len(text.encode())
    tags = sorted(
        {
            clip_bytes(clean(f"{name}={value}", _LONGEST_TAG), _LONGEST_TAG)
            for name, values in mail.tags.items()
            if not name.startswith("ses:")
            for value in values
        }
    )[:_MOST_TAGS]
    size = sum(len(tag.encode()) for tag in tags)
    if tags and size < left:
        row["tags"] = {"SS": tags}
        left -= size
    return left


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
                ("expires", timestamp(detail.expiration_time) if detail.expiration_time else None, 30),
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
    """The details as JSON of at most `left` bytes; the longest texts are cut first, what has no room is dropped."""
    kept: dict[str, str | int] = {}
    left -= 2
    for name, value, limit in details:
        if value is None:
            continue
        room = min(limit, left - len(name) - 6)
        if room < _SHORTEST_DETAIL:
            break
        if isinstance(value, str):
            value = clip_bytes(clean(value, limit), room)
            # A quotation mark or backslash takes two bytes in JSON.
            left -= value.count('"') + value.count("\\")
        kept[name] = value
        left -= len(name) + 6 + len(str(value).encode())
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""
