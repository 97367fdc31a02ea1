"""Payloads of SES made from samples: for another recipient, at another time.

Nothing here looks at a clock or at chance: the same arguments give the same payload.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from ses_warden_cli.samples.doors import REGION, Json, epoch_ms, iso, name_uuid

OMIT: Final = object()
"""Given as a detail: leave this field out (None would be JSON's null)."""

_SECTION_OF: Final = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_RECIPIENT_FIELDS: Final = frozenset({"action", "status", "diagnosticCode"})


def ses_id(at: datetime, seed: str) -> str:
    """A message or feedback id as SES makes them: region, time in milliseconds, the rest from the seed."""
    return f"0102{epoch_ms(at):012x}-{name_uuid('ses', seed)}-000000"


def readdressed(
    event: Json,
    /,
    *,
    message_id: str,
    recipients: Sequence[str],
    at: datetime,
    sent_at: datetime,
    destination: Sequence[str] | None = None,
    configuration_set: str | None = "marketing",
    tenant: str | None = None,
    sender: str | None = None,
    subject: str | None = None,
    tags: Mapping[str, Sequence[str]] | None = None,
    **detail: Any,
) -> Json:
    """A sample's payload with its identities and times replaced, in place; still one that SES could have sent.

    `recipients` are whom the event is about, `destination` whom the mail went to (default: the same). `tags` replace
    the sender's own. `detail` sets fields of the type's own object (`bounceSubType="General"`), or of each of its
    recipients (`status="5.1.1"`); OMIT leaves one out. Identity samples take no tags, and their bounces and complaints
    are cut to whole seconds, as SES does.
    """
    event_type: str = event.get("eventType") or event["notificationType"]
    if "notificationType" in event and event_type != "Delivery":
        at = at.replace(microsecond=0)
    mail = event["mail"]
    if "tags" in mail:
        special = {"ses:configuration-set": configuration_set, "ses:tenant-name": tenant}
        mail["tags"] = _retagged(mail["tags"], special, tags)
    _readdress(
        mail,
        message_id=message_id,
        sent_at=sent_at,
        destination=destination or recipients,
        sender=sender,
        subject=subject,
        configuration_set=configuration_set,
    )
    section: Json = event[_SECTION_OF.get(event_type, event_type.lower())]
    derived = {
        "timestamp": iso(at),
        "arrivalDate": iso(at),
        "expirationTime": iso(sent_at + timedelta(hours=14)),
        "feedbackId": ses_id(at, f"{message_id} {event_type} {' '.join(recipients)}"),
    }
    own = {key: value for key, value in detail.items() if key not in _RECIPIENT_FIELDS}
    _set(section, {key: value for key, value in derived.items() if key in section} | own)
    each = {key: value for key, value in detail.items() if key in _RECIPIENT_FIELDS}
    for key in section.keys() & {"bouncedRecipients", "complainedRecipients", "delayedRecipients"}:
        section[key] = [_set(_about(section[key][0], recipient), each) for recipient in recipients]
    if "recipients" in section:
        section["recipients"] = list(recipients)
    return event


def _readdress(
    mail: Json,
    *,
    message_id: str,
    sent_at: datetime,
    destination: Sequence[str],
    sender: str | None,
    subject: str | None,
    configuration_set: str | None,
) -> None:
    """Replace, in the mail and in its headers, who wrote to whom and when."""
    first = mail["destination"][0]
    mail |= {"timestamp": iso(sent_at), "messageId": message_id, "destination": list(destination)}
    mail["source"] = sender or mail["source"]
    to, date, own_id = ", ".join(destination), format_datetime(sent_at), f"<{message_id}@{REGION}.amazonses.com>"
    if "headers" in mail:
        headers = {"To": to, "Date": date, "From": mail["source"], "Message-ID": own_id}
        headers |= {"Subject": subject} if subject else {}
        headers["X-SES-CONFIGURATION-SET"] = configuration_set or ""
        custom = {name: values[0] for name, values in mail.get("tags", {}).items() if not name.startswith("ses:")}
        headers["X-SES-MESSAGE-TAGS"] = ", ".join(f"{name}={value}" for name, value in custom.items())
        for header in mail["headers"]:
            if header["name"] == "Received":
                header["value"] = header["value"].partition("; ")[0].replace(first, destination[0]) + f"; {date}"
            header["value"] = headers.get(header["name"], header["value"])
        mail["headers"] = [header for header in mail["headers"] if header["value"]]
    if "commonHeaders" in mail:
        # Event publishing has SES's id there, identity feedback the mail's own Message-ID.
        common: Json = {"to": [to], "date": date, "from": [mail["source"]]}
        common |= {"messageId": message_id if "tags" in mail else own_id} | ({"subject": subject} if subject else {})
        _set(mail["commonHeaders"], {key: value for key, value in common.items() if key in mail["commonHeaders"]})


def _retagged(tags: Json, special: Mapping[str, str | None], own: Mapping[str, Sequence[str]] | None) -> Json:
    kept = {name: value for name, value in tags.items() if own is None or name.startswith("ses:")}
    kept |= {name: list(values) for name, values in (own or {}).items()}
    return _set(kept, {name: OMIT if value is None else [value] for name, value in special.items()})


def _about(pattern: Json, recipient: str) -> Json:
    """A sample's recipient turned into another one, also where the remote server's answer quotes the address."""
    old = pattern["emailAddress"]
    return {key: value.replace(old, recipient) for key, value in pattern.items()}


def _set(target: Json, values: Mapping[str, Any]) -> Json:
    for key, value in values.items():
        if value is OMIT:
            target.pop(key, None)
        else:
            target[key] = value
    return target
