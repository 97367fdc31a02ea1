"""The events as SES publishes them: plain dictionaries, in the shapes of recorded ones.

Source: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html; where recorded events differ from
the text, they are followed (`complaintSubType` is there and null, `headersTruncated` is a truth value).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ses_warden_simulator.addresses import bare, domain
from ses_warden_simulator.mail import Mail, new_id
from ses_warden_simulator.recipients import GIVES_UP, Bounced, Complained, Delayed

# Addresses that are no one's: RFC 5737.
_REMOTE, _OUTGOING, _READER = "192.0.2.44", "203.0.113.17", "203.0.113.86"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

# The name of a type in a configuration set's event destination.
MATCHING: Final = {
    "Send": "SEND",
    "Reject": "REJECT",
    "Bounce": "BOUNCE",
    "Complaint": "COMPLAINT",
    "Delivery": "DELIVERY",
    "Open": "OPEN",
    "Click": "CLICK",
    "Rendering Failure": "RENDERING_FAILURE",
    "DeliveryDelay": "DELIVERY_DELAY",
}

type Event = dict[str, Any]


def send(mail: Mail) -> Event:
    """SES accepted the mail."""
    return {"eventType": "Send", "mail": _mail(mail, arn=mail.operation != "SendTemplatedEmail"), "send": {}}


def reject(mail: Mail) -> Event:
    """SES found a virus."""
    return {"eventType": "Reject", "mail": _mail(mail), "reject": {"reason": "Bad content"}}


def rendering_failure(mail: Mail, template: str, message: str) -> Event:
    """The template could not be filled in."""
    failure = {"errorMessage": message, "templateName": template}
    tags = {"ses:configuration-set": [mail.configuration_set]} if mail.configuration_set else {}
    return {"eventType": "Rendering Failure", "mail": {**_mail(mail, headers=False), "tags": tags}, "failure": failure}


def delivery(mail: Mail, recipients: Sequence[str], at: datetime) -> Event:
    """The recipients' server took the mail."""
    outgoing = {"ses:outgoing-ip": [_OUTGOING], "ses:outgoing-tls-version": ["TLSv1.3"]}
    described = _mail(mail)
    described["tags"].update(outgoing)
    detail = {
        "timestamp": _time(at),
        "processingTimeMillis": int((at - mail.at) / timedelta(milliseconds=1)),
        "recipients": list(recipients),
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": _REMOTE,
        "reportingMTA": _mta(mail),
    }
    return {"eventType": "Delivery", "mail": described, "delivery": detail}


def bounce(mail: Mail, recipients: Sequence[str], act: Bounced, at: datetime) -> Event:
    """The mail came back."""
    report = {"action": "failed", "status": act.status, "diagnosticCode": act.diagnostic} if act.status else {}
    detail = {
        "feedbackId": new_id(at, mail.caller.region),
        "bounceType": act.type,
        "bounceSubType": act.sub_type,
        "bouncedRecipients": [{"emailAddress": address, **report} for address in recipients],
        "timestamp": _time(at),
    }
    if act.status:
        if act.contacted:
            detail["remoteMtaIp"] = _REMOTE
        # What SES itself refuses has no server that reports; what ran out of time was reported by the one that tried.
        own = not act.contacted and act.type == "Permanent"
        detail["reportingMTA"] = "dns; amazonses.com" if own else f"dns; {_mta(mail)}"
    return {"eventType": "Bounce", "bounce": detail, "mail": _mail(mail, tenant=True)}


def complaint(mail: Mail, recipients: Sequence[str], act: Complained, at: datetime) -> Event:
    """A recipient, or one of these, reported the mail."""
    detail: Event = {
        "feedbackId": new_id(at, mail.caller.region),
        "complaintSubType": act.sub_type,
        "complainedRecipients": [{"emailAddress": address} for address in recipients],
        "timestamp": _time(at),
    }
    if act.feedback:
        detail |= {"userAgent": act.agent, "complaintFeedbackType": act.feedback, "arrivalDate": _time(at)}
    return {"eventType": "Complaint", "complaint": detail, "mail": _mail(mail, tenant=True)}


def delivery_delay(mail: Mail, recipients: Sequence[str], act: Delayed, at: datetime) -> Event:
    """The mail waits."""
    detail = {
        "timestamp": _time(at),
        "delayType": act.type,
        "expirationTime": _time(mail.at + timedelta(seconds=GIVES_UP)),
        "reportingMTA": _mta(mail),
        "delayedRecipients": [
            {"emailAddress": address, "status": act.status, "diagnosticCode": act.diagnostic} for address in recipients
        ],
    }
    return {"eventType": "DeliveryDelay", "mail": _mail(mail, headers=False), "deliveryDelay": detail}


def opened(mail: Mail, at: datetime) -> Event:
    """The mail was opened; SES does not say by which of its recipients."""
    return {"eventType": "Open", "mail": _mail(mail, arn=False), "open": _reader(at)}


def clicked(mail: Mail, link: str, at: datetime) -> Event:
    """A link was followed."""
    detail = {**_reader(at), "link": link, "linkTags": None}
    return {"eventType": "Click", "mail": _mail(mail, arn=False), "click": detail}


def _reader(at: datetime) -> Event:
    return {"ipAddress": _READER, "timestamp": _time(at), "userAgent": _AGENT, "isBotEvent": "Unlikely"}


def _mail(mail: Mail, *, arn: bool = True, headers: bool = True, tenant: bool = False) -> Event:
    described: Event = {"timestamp": _time(mail.at), "source": mail.source}
    if arn:
        described["sourceArn"] = mail.caller.arn(f"identity/{domain(bare(mail.source))}")
    described |= {
        "sendingAccountId": mail.caller.account,
        "messageId": mail.message_id,
        "destination": list(mail.destination),
        "headersTruncated": False,
    }
    if headers:
        described["headersTruncated"] = mail.headers_truncated
        described["headers"] = [{"name": name, "value": value} for name, value in mail.headers]
        described["commonHeaders"] = _common(mail)
    described["tags"] = _tags(mail)
    # AWS says so of bounces and complaints only: https://docs.aws.amazon.com/ses/latest/dg/tenants.html
    if tenant and mail.tenant:
        described["tags"]["ses:tenant-name"] = [mail.tenant]
    return described


_LISTS: Final = {"from": "from", "to": "to", "cc": "cc", "bcc": "bcc", "reply-to": "replyTo"}
_TEXTS: Final = {"sender": "sender", "return-path": "returnPath", "date": "date", "subject": "subject"}


def _common(mail: Mail) -> Event:
    common: Event = {}
    for name, value in mail.headers:
        lower = name.lower()
        if (key := _LISTS.get(lower)) is not None:
            common.setdefault(key, []).append(value)
        elif (key := _TEXTS.get(lower)) is not None:
            common.setdefault(key, value)
    # In event publishing this is SES's id, whatever the message's own says (recorded).
    return {**common, "messageId": mail.message_id}


def _tags(mail: Mail) -> dict[str, list[str]]:
    own = {
        "ses:operation": mail.operation,
        "ses:configuration-set": mail.configuration_set,
        "ses:source-tls-version": "TLSv1.3",
        "ses:source-ip": mail.caller.ip,
        "ses:from-domain": domain(bare(mail.source)),
        "ses:caller-identity": "simulator",
    }
    return {name: [value] for name, value in {**own, **mail.tags}.items() if value}


def _mta(mail: Mail) -> str:
    return f"b224-17.smtp-out.{mail.caller.region}.amazonses.com"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
