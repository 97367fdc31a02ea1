"""Whatever brings an event to a function, the event is found in it, and nothing in it makes the search fail."""

import json
from pathlib import Path

import pytest

from ses_warden.domain.envelopes import open_event
from tests.support.samples import EVENTS, Json, envelope_files, names, ses, wrap_destination, wrap_sns, wrap_sqs

BOUNCE = ses("bounce-permanent-general")


def payload(path: Path) -> Json:
    """What a function is invoked with for a sample."""
    content: Json = json.loads(path.read_text())
    return content


@pytest.mark.parametrize("path", [path for path in envelope_files() if path.stem.removeprefix("eventbridge-") != "batch"], ids=str)
def test_the_event_is_found_in_each_door(path: Path) -> None:
    """SNS, SQS with raw delivery and without, EventBridge, Firehose and OnFailure records hold SES's own text, or equal JSON."""
    (envelope,) = open_event(payload(EVENTS / path))

    name = path.stem.removeprefix("eventbridge-")
    text = ses(name)
    assert envelope.body == text or json.loads(envelope.body) == json.loads(text)
    assert envelope.problem is None


def test_a_batch_names_each_record_by_its_own_message_id() -> None:
    """SQS learns of a failure by the message id of its own record, also where that holds further envelopes."""
    batch = payload(EVENTS / "sqs/batch.json")

    assert [envelope.record_id for envelope in open_event(batch)] == [record["messageId"] for record in batch["Records"]]


def test_what_a_failed_invocation_left_is_opened_like_the_original() -> None:
    """An OnFailure record in the retry queue holds the SNS event that the function was given."""
    (envelope,) = open_event(wrap_sqs([json.dumps(wrap_destination(wrap_sns(BOUNCE)))]))

    assert envelope.body == BOUNCE
    assert envelope.record_id is not None


def test_an_event_alone_is_opened_too() -> None:
    """The bare event, as somebody pastes it into `sam local invoke`."""
    (envelope,) = open_event(json.loads(BOUNCE))

    assert json.loads(envelope.body) == json.loads(BOUNCE)


@pytest.mark.parametrize("name", [name for name in names("other") if name != "not-an-event"])
def test_text_that_is_no_event_is_passed_on_as_it_is(name: str) -> None:
    """Set-up sentences and broken JSON are for `parse_event` to judge, byte for byte."""
    (envelope,) = open_event(wrap_sqs([ses(name)]))

    assert (envelope.body, envelope.problem) == (ses(name), None)


@pytest.mark.parametrize(
    ("strange", "problem"),
    [
        (None, "no SES event"),
        ([1, 2], "no SES event"),
        ({"Records": []}, "no SES event"),
        ({"Records": [{"messageId": "1", "body": '{"Records":[]}'}]}, "no SES event"),
        ({"records": [], "deliveryStreamArn": "arn"}, "no SES event"),
        ({"records": [{"data": "Cgo="}], "deliveryStreamArn": "arn"}, "a Firehose record without an event"),
        ({"Records": ["x"]}, "a record of neither"),
        ({"Records": [{"Sns": {"Message": 5}}]}, "a record of neither"),
        ({"Records": [{"messageId": "1", "body": None}]}, "a record of neither"),
        ({"Records": [{"messageId": "1", "body": '"text"'}]}, "no SES event"),
        ({"Service": "Amazon S3", "Event": "s3:TestEvent"}, "no SES event"),
        ({"records": [{"data": "%%%"}], "deliveryStreamArn": "arn"}, "a Firehose record"),
        ({"records": [7], "deliveryStreamArn": "arn"}, "a Firehose record"),
    ],
)
def test_what_holds_no_event_is_kept_with_its_problem(strange: object, problem: str) -> None:
    """Nothing is dropped: the payload stands in the envelope, with the reason why no event was found."""
    (envelope,) = open_event(strange)

    assert envelope.problem is not None
    assert envelope.problem.startswith(problem)
    assert envelope.body


def test_envelopes_within_envelopes_end_somewhere() -> None:
    """Hostile nesting is cut off with a reason, not followed to the end of the stack."""
    nested: Json = wrap_sns(BOUNCE)
    for _ in range(50):
        nested = wrap_destination(nested)

    (envelope,) = open_event(nested)

    assert envelope.problem == "envelopes are nested too deeply"


def test_json_that_is_nested_too_deeply_is_kept_as_text() -> None:
    """Ten thousand brackets are no event and no crash."""
    hostile = "[" * 10_000

    (envelope,) = open_event(wrap_sqs([hostile]))

    assert envelope.body == hostile
