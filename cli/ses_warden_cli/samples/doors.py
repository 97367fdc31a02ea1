"""The doors by which an SES event reaches a function, each a pure function from SES's text to the function's event."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

type Json = dict[str, Any]

REGION: Final = "eu-west-1"
ACCOUNT: Final = "111122223333"
FEEDBACK_TOPIC: Final = f"arn:aws:sns:{REGION}:{ACCOUNT}:ses-warden-feedback"
ACTIVITY_TOPIC: Final = f"arn:aws:sns:{REGION}:{ACCOUNT}:ses-warden-activity"
ACTIVITY_QUEUE: Final = f"arn:aws:sqs:{REGION}:{ACCOUNT}:ses-warden-activity"

# https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
DETAIL_TYPE_OF: Final[Mapping[str, str]] = {
    "Send": "Email Sent",
    "Delivery": "Email Delivered",
    "Bounce": "Email Bounced",
    "Complaint": "Email Complaint Received",
    "Open": "Email Opened",
    "Click": "Email Clicked",
    "Reject": "Email Rejected",
    "Rendering Failure": "Email Rendering Failed",
    "DeliveryDelay": "Email Delivery Delayed",
    "Subscription": "Email Subscribed",
}
# By what stands near the start of the text: identity feedback and set-up messages come without a Subject.
_SUBJECTS: Final = {
    '"eventType"': "Amazon SES Email Event Notification",
    '"Received"': "Amazon SES Email Receipt Notification",
}
_UNTIMED: Final = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
_FAILED: Final = datetime(2026, 11, 23, 22, 5, 9, 114_000, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Found by pattern, so that broken and hostile texts can be wrapped too; the backslash is there in a nested message.
_TIMESTAMP: Final = re.compile(r'"timestamp\\?": ?\\?"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')


def wrap_sns(raw: str, message_id: str | None = None, topic: str = FEEDBACK_TOPIC) -> Json:
    """The event of a function that SNS invokes (which spells `SigningCertUrl`, and a missing subject as null)."""
    envelope = _notification(raw, message_id, topic)
    subscription = f"{topic}:{name_uuid('subscription', topic)}"
    sns = {
        "Type": envelope["Type"],
        "MessageId": envelope["MessageId"],
        "TopicArn": topic,
        "Subject": envelope.get("Subject"),
        "Message": raw,
        "Timestamp": envelope["Timestamp"],
        "SignatureVersion": "1",
        "Signature": envelope["Signature"],
        "SigningCertUrl": envelope["SigningCertURL"],
        "UnsubscribeUrl": envelope["UnsubscribeURL"],
        "MessageAttributes": {},
    }
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": sns}
    return {"Records": [record]}


def wrap_sqs(raws: Sequence[str], *, raw_delivery: bool = True) -> Json:
    """The event of a function that reads a queue: one record a text, as it is or (raw delivery off) in SNS's JSON."""
    bodies = raws if raw_delivery else [sns_text(raw) for raw in raws]
    return {"Records": [_queue_record(number, body) for number, body in enumerate(bodies)]}


def wrap_eventbridge(raw: str) -> Json:
    """The event of a function that an EventBridge rule invokes; only event publishing comes through that door."""
    event = json.loads(raw)
    return {
        "version": "0",
        "id": name_uuid("eventbridge", raw),
        "detail-type": DETAIL_TYPE_OF.get(event["eventType"], f"Email {event['eventType']}"),
        "source": "aws.ses",
        "account": ACCOUNT,
        "time": f"{_published(raw):%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [],
        "detail": event,
    }


def wrap_firehose(raws: Sequence[str]) -> Json:
    """The event of a Firehose transformation: one line of JSON a record, in base64."""
    stream = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/ses-events"
    records = [
        {
            "recordId": f"4964{number:052d}",
            "approximateArrivalTimestamp": epoch_ms(_published(raw)),
            "data": base64.b64encode((raw.rstrip("\n") + "\n").encode()).decode(),
        }
        for number, raw in enumerate(raws)
    ]
    invocation = name_uuid("firehose", *raws)
    return {"invocationId": invocation, "deliveryStreamArn": stream, "region": REGION, "records": records}


def wrap_destination(event: Json, condition: str = "RetriesExhausted", at: datetime = _FAILED) -> Json:
    """The record that Lambda sends to an OnFailure destination.

    An event that grew too old before it ran (EventAgeExceeded) has no response.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    ran = condition == "RetriesExhausted"
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ses-warden-feedback:$LATEST"
    record: Json = {
        "version": "1.0",
        "timestamp": iso(at),
        "requestContext": {
            "requestId": name_uuid("request", compact(event)),
            "functionArn": function,
            "condition": condition,
            "approximateInvokeCount": 3 if ran else 0,
        },
        "requestPayload": event,
    }
    if ran:
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
        record["responsePayload"] = {"errorMessage": "The ledger did not answer.", "errorType": "LedgerUnavailable"}
    return record


def sns_text(raw: str) -> str:
    """SNS's own JSON around a text, as a queue without raw delivery gets it (which spells `SigningCertURL`)."""
    return json.dumps(_notification(raw, None, ACTIVITY_TOPIC), indent=2, separators=(",", " : "), ensure_ascii=False)


def name_uuid(*seeds: str) -> str:
    """A UUID that depends on the seeds alone."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, " ".join(seeds)))


def iso(at: datetime) -> str:
    """A time as SES writes it: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def compact(value: Any) -> str:
    """JSON without spaces, as AWS sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _notification(raw: str, message_id: str | None, topic: str) -> Json:
    host = f"https://sns.{REGION}.amazonaws.com"
    arn = f"{topic}:{name_uuid('subscription', topic)}"
    subject = next((text for mark, text in _SUBJECTS.items() if mark in raw[:40]), None)
    return {
        "Type": "Notification",
        "MessageId": message_id or name_uuid("sns", raw),
        "TopicArn": topic,
        **({"Subject": subject} if subject else {}),
        "Message": raw,
        "Timestamp": iso(_published(raw)),
        "SignatureVersion": "1",
        "Signature": base64.b64encode(b"an example, signed by no one" * 9).decode(),
        "SigningCertURL": f"{host}/SimpleNotificationService-{'0' * 32}.pem",
        "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={arn}",
    }


def _queue_record(number: int, body: str) -> Json:
    sent = epoch_ms(_published(body))
    return {
        "messageId": name_uuid("sqs", str(number), body),
        "receiptHandle": base64.b64encode(f"receipt {number} {name_uuid('receipt', body)}".encode()).decode(),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(sent),
            "SenderId": "AIDAEXAMPLEEXAMPLE123",
            "ApproximateFirstReceiveTimestamp": str(sent + 21),
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": ACTIVITY_QUEUE,
        "awsRegion": REGION,
    }


def _published(raw: str) -> datetime:
    """One second after the latest second that the event names; a fixed time where it names none. Takes any text."""
    try:
        latest = datetime.fromisoformat(max(_TIMESTAMP.findall(raw)))
    except ValueError:
        return _UNTIMED
    return latest.replace(tzinfo=UTC) + timedelta(seconds=1)
