"""Sample SES events: the payloads of `events/ses`, the envelopes they arrive in, and a builder for more of them.

A sample has one name everywhere: `events/ses/<form>/<name>.json` is what SES says, `events/<door>/<name>.json` is what
a function receives. The former are written by hand, the latter by `python -m tests.support.samples`.
Nothing here looks at a clock or at chance: the same arguments give the same text.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from tests.support.doors import (
    REGION,
    Json,
    compact,
    epoch_ms,
    iso,
    name_uuid,
    sns_text,
    wrap_destination,
    wrap_eventbridge,
    wrap_firehose,
    wrap_sns,
    wrap_sqs,
)

__all__ = [
    "EVENTS",
    "FORMS",
    "OMIT",
    "SAMPLE_OF",
    "Form",
    "Json",
    "envelope_files",
    "make_event",
    "names",
    "ses",
    "ses_id",
    "wrap_destination",
    "wrap_eventbridge",
    "wrap_firehose",
    "wrap_sns",
    "wrap_sqs",
]

type Form = Literal["publishing", "identity", "other"]

EVENTS: Final = Path(__file__).parents[2] / "events"
FORMS: Final[tuple[Form, ...]] = ("publishing", "identity", "other")
# The plainest sample of each event type, by the name that SES gives the type.
SAMPLE_OF: Final[Mapping[str, str]] = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce-permanent-general",
    "Complaint": "complaint-abuse",
    "Open": "open",
    "Click": "click",
    "Reject": "reject",
    "Rendering Failure": "rendering-failure",
    "DeliveryDelay": "delivery-delay",
    "Subscription": "subscription",
}
BY_HAND: Final = ("ses", "tenants")
"""The folders whose files nobody generates."""
OMIT: Final = object()
"""Given as a detail to `make_event`: leave this field out (None would be JSON's null)."""

_SECTION_OF: Final = {"Rendering Failure": "failure", "DeliveryDelay": "deliveryDelay"}
_RECIPIENT_FIELDS: Final = frozenset({"action", "status", "diagnosticCode"})


@cache
def names(form: Form) -> tuple[str, ...]:
    """The names of the samples of one form, sorted."""
    return tuple(sorted(path.stem for path in (EVENTS / "ses" / form).iterdir()))


@cache
def ses(name: str) -> str:
    """The text that SES sends for a sample: compact JSON (the file is indented for reading), or the file's own text.

    Event publishing ends its JSON with a line feed, identity notifications do not.
    """
    path = next((path for path in (EVENTS / "ses").glob(f"*/{name}.*") if path.stem == name), None)
    if path is None:
        raise LookupError(f"no sample is called {name!r}; events/README.md says which there are")
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return text.rstrip("\n")
    return compact(json.loads(text)) + ("" if path.parent.name == "identity" else "\n")


def ses_id(at: datetime, seed: str) -> str:
    """A message or feedback id as SES makes them: region, time in milliseconds, the rest from the seed."""
    return f"0102{epoch_ms(at):012x}-{name_uuid('ses', seed)}-000000"


def make_event(
    kind: str,
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
    """A valid payload made from a sample, with its identities and times replaced.

    `kind` is an event type ("Bounce") or a sample's name ("bounce-transient-mailboxfull", "identity-bounce").
    `recipients` are whom the event is about, `destination` whom the mail went to (default: the same). `tags` replace
    the sender's own. `detail` sets fields of the type's own object (`bounceSubType="General"`), or of each of its
    recipients (`status="5.1.1"`); OMIT leaves one out. Identity samples take no tags, and their bounces and complaints
    are cut to whole seconds, as SES does.
    """
    event: Json = json.loads(ses(SAMPLE_OF.get(kind, kind)))
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


def envelope_files() -> dict[Path, str]:
    """Every file that the program writes, by its path below `events/`, with its text."""
    every = [name for form in FORMS for name in names(form)]
    types = list(SAMPLE_OF.values())
    activity = [name for name in every if name.startswith(("send", "delivery", "open", "click"))]
    queued = sorted({*types, *activity, "identity-bounce", "identity-complaint", "identity-delivery", *names("other")})
    sns = [name for name in every if name in types or name not in activity]
    failed = [(name, "RetriesExhausted") for name in ("bounce-permanent-general", "complaint-abuse", "identity-bounce")]
    files = {f"sns/{name}": wrap_sns(ses(name)) for name in sns}
    files |= {f"sqs/raw/{name}": wrap_sqs([ses(name)]) for name in queued}
    files |= {f"sqs/enveloped/{name}": wrap_sqs([ses(name)], raw_delivery=False) for name in queued}
    files |= {f"sqs/eventbridge-{name}": wrap_sqs([compact(wrap_eventbridge(ses(name)))]) for name in types}
    files |= {f"eventbridge/{name}": wrap_eventbridge(ses(name)) for name in [*types, "unknown-type"]}
    files |= {f"firehose/{name}": wrap_firehose([ses(name)]) for name in types}
    files |= {"firehose/batch": wrap_firehose([ses(name) for name in [*types, "unparsable"]])}
    for name, condition in [*failed, ("subscription", "EventAgeExceeded")]:
        files[f"lambda-destination/{name}"] = wrap_sqs([compact(wrap_destination(wrap_sns(ses(name)), condition))])
    files["sqs/batch"] = wrap_sqs(_batch())
    return {Path(f"{name}.json"): _indented(content) for name, content in files.items()}


def main() -> None:
    """Rewrite the envelope files, and remove those that no sample accounts for."""
    files = {EVENTS / path: text for path, text in envelope_files().items()}
    for stale in {path for path in EVENTS.rglob("*.json") if path.relative_to(EVENTS).parts[0] not in BY_HAND} - files.keys():
        stale.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _batch() -> list[str]:
    """25 bodies as a busy queue holds them: every type, one event twice, other envelopes, a set-up text, one broken."""
    raws = [ses(name) for name in SAMPLE_OF.values()]
    raws += [ses(name) for name in ("open-bot", "click-bot", "send-templated", "delivery-quarantined", "open")]
    raws += [ses(name) for name in ("bounce-transient-general", "bounce-two-recipients", "open-multi-recipient")]
    raws += [ses(name) for name in ("identity-delivery", "bounce-simulator", "unknown-type")]
    enveloped = [sns_text(ses("delivery-two-recipients")), compact(wrap_eventbridge(ses("delivery-delay-bare")))]
    return [*raws, *enveloped, ses("setup-validated"), ses("unparsable")]


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


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
