"""SES's JSON becomes typed models: both forms, all types, and what AWS may add one day."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ses_warden.domain.events import Bounce, Complaint, MailEvent, SetupMessage, UnknownEvent
from ses_warden.domain.parsing import parse_event
from ses_warden.errors import UnparsableEvent
from tests.support.samples import SAMPLE_OF, names, ses

KNOWN = [name for name in (*names("publishing"), *names("identity")) if name != "unknown-type"]


def mail_event(name: str) -> MailEvent:
    """A sample of a known type, parsed."""
    event = parse_event(ses(name))
    assert isinstance(event, MailEvent)
    return event


@pytest.mark.parametrize("name", [name for name in KNOWN if name != "unknown-fields"])
def test_every_field_of_every_sample_has_a_place_in_the_models(name: str) -> None:
    """The samples carry all documented fields, and none of them is left over."""
    assert mail_event(name).unknown_fields == {}


@pytest.mark.parametrize(("kind", "name"), SAMPLE_OF.items())
def test_each_type_has_its_model(kind: str, name: str) -> None:
    """The model is found by SES's own name of the type, and says it."""
    event = mail_event(name)

    assert (event.type, event.event_type, event.notification_type) == (kind, kind, None)


@pytest.mark.parametrize("name", names("identity"))
def test_identity_notifications_are_the_same_models(name: str) -> None:
    """They name their type in `notificationType` and have no tags."""
    event = mail_event(name)

    assert (event.event_type, event.notification_type) == (None, event.type)
    assert (event.mail.tags, event.mail.configuration_set) == ({}, None)
    assert event.mail.source_ip


def test_a_bounce_tells_what_happened_to_whom() -> None:
    """The values stand under snake_case names, times with their zone, lists as tuples."""
    event = parse_event(ses("bounce-twin"))

    assert isinstance(event, Bounce)
    said = json.loads(ses("bounce-twin"))
    recipient = event.bounce.bounced_recipients[0]
    assert recipient.email_address == said["bounce"]["bouncedRecipients"][0]["emailAddress"]
    assert recipient.diagnostic_code == said["bounce"]["bouncedRecipients"][0]["diagnosticCode"]
    assert event.bounce.reporting_mta == said["bounce"]["reportingMTA"]
    assert event.mail.configuration_set == said["mail"]["tags"]["ses:configuration-set"][0]
    assert event.mail.timestamp == datetime.fromisoformat(said["mail"]["timestamp"])


def test_unknown_fields_are_kept_and_named() -> None:
    """AWS reserves the right to add fields; they stay in `model_extra` and are named by where they stand."""
    event = mail_event("unknown-fields")

    assert event.unknown_fields["mail.priority"] == json.loads(ses("unknown-fields"))["mail"]["priority"]


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("bounce-permanent-general", ()),
        ("unknown-subtype", ("bounce.bounce_sub_type",)),
        ("unknown-transient-subtype", ("bounce.bounce_sub_type",)),
        ("complaint-unknown-feedback-type", ("complaint.complaint_feedback_type",)),
    ],
)
def test_values_that_aws_did_not_document_are_named_by_their_place(name: str, places: tuple[str, ...]) -> None:
    """An unknown sub-type stays what it is, and is counted."""
    assert mail_event(name).unknown_values == places


def test_an_unknown_type_is_kept_whole() -> None:
    """It has a name and all that it said."""
    event = parse_event(ses("unknown-type"))

    assert isinstance(event, UnknownEvent)
    assert event.name == json.loads(ses("unknown-type"))["eventType"]
    assert "mail" in (event.model_extra or {})


@pytest.mark.parametrize("name", ["setup-validated", "setup-subscription-succeeded"])
def test_set_up_messages_are_told_apart(name: str) -> None:
    """One is a sentence, the other JSON without a mail."""
    assert isinstance(parse_event(ses(name)), SetupMessage)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-24T10:00:00.123Z", datetime(2026, 11, 24, 10, 0, 0, 123_000, UTC)),
        ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2009-12-03T04:24:21.000-05:00", datetime(2009, 12, 3, 4, 24, 21, tzinfo=timezone(timedelta(hours=-5)))),
        ("2018-10-08T14:05:45 +0000", datetime(2018, 10, 8, 14, 5, 45, tzinfo=UTC)),
        ("2026-11-24T10:00:00.123456+03:00", datetime(2026, 11, 24, 7, 0, 0, 123_456, UTC)),
        ("2026-11-24T10:00:00", datetime(2026, 11, 24, 10, tzinfo=UTC)),
    ],
)
def test_timestamps_are_read_as_they_are_found_in_the_wild(written: str, meant: datetime) -> None:
    """Documented, recorded and faked spellings; without a zone it is UTC."""
    said = json.loads(ses("send"))
    said["mail"]["timestamp"] = written

    event = parse_event(json.dumps(said))

    assert isinstance(event, MailEvent)
    assert event.mail.timestamp == meant


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"mail": {}}, "Send.mail.timestamp: missing"),
        ({"mail": "jane@example.com"}, "Send.mail: model_type"),
        ({"mail": {"timestamp": "jane@example.com", "messageId": "m"}}, "Send.mail.timestamp"),
        ({"eventType": 5}, "eventType: string_type"),
        ({"eventType": None}, "eventType: missing"),
    ],
)
def test_a_fault_is_named_by_its_place_and_never_by_its_content(change: dict[str, Any], place: str) -> None:
    """The reason can be logged: it repeats nothing of what it is about."""
    with pytest.raises(UnparsableEvent) as caught:
        parse_event(json.dumps(json.loads(ses("send")) | change))

    assert place in str(caught.value)
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "5", '"Bounce"', "\x00", "{" * 100_000, '{"eventType":"\ud800"}', b"\xff\xfe"]
)
def test_what_is_no_event_is_refused(text: str | bytes) -> None:
    """Broken, empty, foreign, too deep, or not even Unicode."""
    with pytest.raises(UnparsableEvent):
        parse_event(text)


def test_absent_and_null_are_the_same_for_what_is_optional() -> None:
    """SES writes `"complaintSubType": null` and `"linkTags": null`, look-alikes write `"bounce": null` in a delivery."""
    complaint = json.loads(ses("complaint-abuse"))
    complaint["complaint"] |= {"complaintSubType": None, "complaintFeedbackType": None, "userAgent": None}
    complaint["bounce"] = None

    event = parse_event(json.dumps(complaint))

    assert isinstance(event, Complaint)
    assert event.complaint.complaint_feedback_type is None


def test_a_delayed_recipient_may_stand_alone() -> None:
    """AWS's table says that `delayedRecipients` is an object; its example has a list."""
    delay = json.loads(ses("delivery-delay"))
    listed = parse_event(json.dumps(delay))
    delay["deliveryDelay"]["delayedRecipients"] = delay["deliveryDelay"]["delayedRecipients"][0]

    assert parse_event(json.dumps(delay)) == listed


def test_events_cannot_be_changed() -> None:
    """What SES said stays said."""
    event = mail_event("send")

    with pytest.raises(ValueError, match="frozen"):
        event.mail.source = "somebody else"  # type: ignore[misc]  # that it is refused is the test


@pytest.mark.parametrize(
    ("sample", "part", "field", "odd"),
    [
        ("send", "mail", "headers", [{"name": "X", "value": None}]),
        ("send", "mail", "commonHeaders", {"from": "jane@example.com"}),
        ("send", "mail", "source", None),
        ("bounce-permanent-general", "bounce", "reportingMTA", 5),
        ("complaint-abuse", "complaint", "arrivalDate", 5),
        ("click", "click", "linkTags", {"a": "no list"}),
        ("delivery", "delivery", "processingTimeMillis", "soon"),
    ],
)
def test_an_odd_value_of_what_decides_nothing_costs_that_field_alone(sample: str, part: str, field: str, odd: object) -> None:
    """The event is read, and the field is kept among the unknown ones, so that it is counted and can be looked at."""
    said = json.loads(ses(sample))
    said[part][field] = odd

    event = parse_event(json.dumps(said))

    assert isinstance(event, MailEvent)
    assert event.unknown_fields == {"unreadable": {f"{part}.{field}": odd}}


@pytest.mark.parametrize(
    ("sample", "part", "field"),
    [
        ("bounce-permanent-general", "bounce", "bounceType"),
        ("bounce-permanent-general", "bounce", "bouncedRecipients"),
        ("complaint-abuse", "complaint", "complainedRecipients"),
        ("delivery", "delivery", "recipients"),
        ("send", "mail", "destination"),
        ("send", "mail", "timestamp"),
    ],
)
def test_an_odd_value_of_what_decides_costs_the_event(sample: str, part: str, field: str) -> None:
    """Nobody guesses whom a bounce was about."""
    said = json.loads(ses(sample))
    said[part][field] = {"odd": 5}

    with pytest.raises(UnparsableEvent, match=field):
        parse_event(json.dumps(said))
