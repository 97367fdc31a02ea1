"""Whatever is sent to the functions: nothing raises, nothing is lost, nothing is delivered again for ever, nobody is named.

`python -m tests.fuzz` does the same for as long as you like.
"""

import base64
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ses_warden.domain.envelopes import open_event
from ses_warden_cli.samples.doors import compact
from tests.fuzz.checks import withstands
from tests.fuzz.payloads import ADDRESS, DEEP, STREAM, events, payloads, wrapped
from tests.support.samples import Json, ses, wrap_sqs

HUGE = 120_000


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics are among what must name nobody."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "fuzz")


many = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example],
)


@many
@given(payload=payloads())
def test_no_payload_breaks_anything(payload: Any) -> None:
    """Samples with their parts dropped, replaced, nested, renamed, exchanged and repeated, through every door."""
    withstands(payload)


@many
@given(text=events())
def test_a_broken_event_does_not_stop_its_neighbours(text: str) -> None:
    """Amid three good events in a batch."""
    good = [ses("send"), ses("bounce-permanent-general"), ses("open")]
    withstands({"Records": [{"messageId": str(number), "body": body} for number, body in enumerate([*good[:2], text, good[2]])]})


def edited(name: str, **values: Any) -> str:
    """A sample with values put at paths (`mail__timestamp=…`)."""
    event: Json = json.loads(ses(name).replace("jane@example.com", ADDRESS))
    for path, value in values.items():
        *parts, last = path.split("__")
        target = event
        for part in parts:
            target = target[part]
        target[last] = value
    return compact(event)


TEXTS = {
    "empty": "",
    "spaces": " \n",
    "null": "null",
    "number": "17",
    "an array": "[]",
    "not a number": edited("delivery", delivery__processingTimeMillis=float("nan")),
    "endless number": edited("delivery", delivery__processingTimeMillis=10**4000),
    "longer than Python reads": '{"eventType":"Send","n":1' + "0" * 5000 + "}",
    "first day": edited("bounce-permanent-general", bounce__timestamp="0001-01-01T00:00:00Z"),
    "before the first day": edited("send", mail__timestamp="0001-01-01T00:00:00+14:00"),
    "last day": edited("send", mail__timestamp="9999-12-31T23:59:59.999Z"),
    "after the last day": edited("send", mail__timestamp="9999-12-31T23:59:59-12:00"),
    "delayed beyond the last day": edited("delivery-delay", deliveryDelay__expirationTime="9999-12-31T23:59:59-12:00"),
    "half a pair": edited("send", mail__source="\ud83d"),
    "half a pair, escaped": edited("send", mail__source="HALF").replace("HALF", "\\ud83d"),
    "nothing but a type": '{"eventType":"Bounce"}',
    "both forms": edited("bounce-permanent-general", notificationType="Complaint"),
    "a type of another type": edited("send", eventType=["Send"]),
    "nobody": edited("bounce-permanent-general", bounce__bouncedRecipients=[]),
    "the same body twice": edited("complaint-abuse", complaint__complainedRecipients=[{"emailAddress": ADDRESS}] * 2),
    "a crowd": edited("delivery", delivery__recipients=[f"sensitive-person@d{number}.example" for number in range(2000)]),
    "a crowd that complains": edited(
        "complaint-abuse", complaint__complainedRecipients=[{"emailAddress": f"sensitive-person@d{n}.example"} for n in range(500)]
    ),
    "a star": edited("bounce-permanent-general", bounce__bouncedRecipients=[{"emailAddress": "*"}]),
    "a huge address": edited("bounce-permanent-general", bounce__bouncedRecipients=[{"emailAddress": ADDRESS * (HUGE // 28)}]),
    "a huge name": edited("send", mail__source="<" * HUGE + ADDRESS),
    "a huge domain": edited("bounce-permanent-general", bounce__bouncedRecipients=[{"emailAddress": "a@" + "ü." * (HUGE // 4)}]),
    "a huge answer": edited(
        "bounce-permanent-general",
        bounce__bouncedRecipients=[{"emailAddress": ADDRESS, "diagnosticCode": "5.7.1 spf sender is " * (HUGE // 20)}],
    ),
    "huge sequences": edited("reject", reject__reason="\x1b[0;" * (HUGE // 4)),
    "many tags": edited("send", mail__tags={f"tag{number}": [ADDRESS] for number in range(5000)}),
    "an address as a name": edited("send", mail__tags={"ses:configuration-set": [ADDRESS], "ses:tenant-name": [ADDRESS]}),
    "an address as a field": edited("send", **{ADDRESS: 1}),
    "deep": '{"eventType":"Send","mail":' + "[" * DEEP + "]" * DEEP + "}",
    "deeper": '{"eventType":"Send","mail":' + "[" * HUGE + "]" * HUGE + "}",
    "deep, elsewhere": "[" * HUGE + "]" * HUGE,
    "a queue in a queue": json.dumps(wrap_sqs([json.dumps(wrap_sqs([ses("send")]))])),
}


@pytest.mark.parametrize("door", ["sns", "queue", "enveloped", "bridged queue", "firehose"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_nasty_text_is_taken_or_set_aside(text: str, door: str) -> None:
    """Each of them once found, or feared, to break something."""
    withstands(wrapped(door, [text, ses("open")]))


def boxes(text: str, depth: int) -> Json:
    """A text in a queue in a queue in a …"""
    payload: Json = {"Records": [{"messageId": "record", "body": text}]}
    for _ in range(depth):
        payload = {"Records": [{"messageId": "record", "body": json.dumps(payload)}]}
    return payload


PAYLOADS: dict[str, Any] = {
    "nothing": None,
    "an empty object": {},
    "a text": ADDRESS,
    "bytes": b"sensitive-person@example.com",
    "no records": {"Records": []},
    "records of nothing": {
        "Records": [None, 1, "x", [], {}, {"Sns": None}, {"Sns": {"Message": None}}, {"body": 1, "messageId": 2}]
    },
    "an id that is none": {"Records": [{"messageId": None, "body": ses("send")}]},
    "boxes": boxes(ses("send"), 3),
    "boxes without end": boxes(ses("send"), 9),
    "a detail that is none": {"source": "aws.ses", "detail-type": "Email Sent", "detail": None},
    "letters that are no base64": {
        "deliveryStreamArn": STREAM,
        "records": [{"data": "é"}, {"data": "*"}, {"data": "A"}, {"data": None}, {"data": 7}, {"data": []}],
    },
    "bytes that are no text": {"deliveryStreamArn": STREAM, "records": [{"data": base64.b64encode(b"\xff\xfe").decode()}]},
    "a failure of nothing": {"requestContext": {}, "requestPayload": None},
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_a_nasty_payload_is_taken_or_set_aside(payload: Any) -> None:
    """Whatever a function is invoked with."""
    withstands(payload)


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_what_breaks_a_line_breaks_no_event_of_firehose(mark: str) -> None:
    """Only a line feed separates events; the others may stand in a JSON string as they are, or make it broken JSON."""
    envelopes = open_event(wrapped("firehose", [edited("send", mail__commonHeaders__subject=f"one{mark}two"), ses("open")]))
    assert len(envelopes) == 2
