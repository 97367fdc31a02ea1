"""Opens whatever brings an SES event to a function, and finds the event inside.

| door | shape | source (below https://docs.aws.amazon.com/) |
|---|---|---|
| SNS → Lambda | `Records[].Sns.Message` | lambda/latest/dg/with-sns.html |
| SNS → SQS → Lambda, raw delivery | `Records[].body` is the event | sns/latest/dg/sns-large-payload-raw-message-delivery.html |
| SNS → SQS → Lambda | `Records[].body` is a notification, its `Message` the event | lambda/latest/dg/with-sqs.html |
| EventBridge (→ SQS) → Lambda | `detail` is the event | ses/latest/dg/monitoring-eventbridge.html |
| Firehose transformation | `records[].data`, base64 of one event a line | firehose/latest/dg/data-transformation.html |
| Lambda's OnFailure destination | `requestPayload` is what was given | lambda/latest/dg/invocation-async-retain-records.html |
"""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

# An envelope within an envelope within …: SQS holds an OnFailure record, which holds an SNS record, is the deepest that AWS makes.
_DEEPEST = 6

# The two ways in which SES's own JSON starts: no need to decode it just to see that it is not an envelope.
_SES_STARTS = ('{"eventType"', '{"notificationType"')


@dataclass(frozen=True, slots=True)
class Envelope:
    """One SES event, still as text, and the record that brought it.

    `record_id` is the SQS message id, by which a batch reports its failures, or None where a failure fails the whole invocation.
    `problem` says why no event could be found; `body` is then what stood in its place.
    """

    body: str
    record_id: str | None = None
    problem: str | None = None


def open_event(payload: object) -> list[Envelope]:
    """Finds the SES events in the payload of a Lambda invocation, in their order; never raises.

    A record, or an envelope, without an event in it becomes an `Envelope` with a `problem`, so that it can be kept and its
    neighbours go on.
    """
    return list(_open(payload, None, 0))


def _open(payload: object, record_id: str | None, depth: int) -> Iterator[Envelope]:
    match payload:
        case _ if depth > _DEEPEST:
            yield _no_event(payload, record_id, "envelopes are nested too deeply")
        case {"Records": list(records)} if records:
            for record in records:
                yield from _open_record(record, record_id, depth)
        case {"requestPayload": inner, "requestContext": _}:
            yield from _open(inner, record_id, depth + 1)
        case {"records": list(records), "deliveryStreamArn": _} if records:
            for record in records:
                yield from _open_firehose(record, record_id)
        case {"detail-type": _, "detail": detail, "source": "aws.ses"}:
            yield Envelope(_text(detail), record_id)
        case {"Type": "Notification", "Message": str(message), "TopicArn": _}:
            yield from _open_text(message, record_id, depth + 1)
        case {"eventType": _} | {"notificationType": _}:
            yield Envelope(_text(payload), record_id)
        case _:
            yield _no_event(payload, record_id, "no SES event and no envelope that could hold one")


def _open_record(record: object, record_id: str | None, depth: int) -> Iterator[Envelope]:
    match record:
        case {"Sns": {"Message": str(message)}}:
            yield from _open_text(message, record_id, depth + 1)
        case {"body": str(body), "messageId": str(message_id)}:
            # Only the outermost record is one that this invocation can report back to its queue.
            yield from _open_text(body, record_id or message_id, depth + 1)
        case _:
            yield _no_event(record, record_id, "a record of neither SNS nor SQS")


def _open_text(text: str, record_id: str | None, depth: int) -> Iterator[Envelope]:
    if text.startswith(_SES_STARTS):
        yield Envelope(text, record_id)
        return
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        # Perhaps SES's set-up sentence, perhaps broken: `parse_event` tells.
        yield Envelope(text, record_id)
        return
    for envelope in _open(payload, record_id, depth):
        # The text itself is kept, rather than JSON made from it anew.
        yield replace(envelope, body=text) if envelope.problem or _is_event(payload) else envelope


def _is_event(payload: object) -> bool:
    return isinstance(payload, Mapping) and ("eventType" in payload or "notificationType" in payload)


def _open_firehose(record: object, record_id: str | None) -> Iterator[Envelope]:
    try:
        text = b64decode(record["data"], validate=True).decode()  # type: ignore[index]  # what is no mapping fails below
    except (KeyError, TypeError, ValueError):  # what base64 or UTF-8 cannot be decoded is a ValueError
        yield _no_event(record, record_id, "a Firehose record without readable data")
        return
    # Not splitlines: a JSON text may hold U+2028 and its like.
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        yield _no_event(record, record_id, "a Firehose record without an event")
    for line in lines:
        yield Envelope(line, record_id)


def _no_event(payload: object, record_id: str | None, problem: str) -> Envelope:
    return Envelope(_text(payload), record_id, problem)


def _text(payload: object) -> str:
    try:
        return json.dumps(payload, separators=(",", ":"), ensure_ascii=False, default=repr)
    except (ValueError, RecursionError):
        return "a payload that cannot be written as JSON"
