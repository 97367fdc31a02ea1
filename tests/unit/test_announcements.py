"""What other programs are told of a recipient, from the two entries to the entry of the bus."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ses_warden.adapters.announcer import Announcer
from ses_warden.adapters.entries import item_from
from ses_warden.bootstrap import publishing
from ses_warden.domain.announcements import (
    DETAIL_TYPES,
    Privacy,
    RecipientReleased,
    RecipientSuppressed,
    RecipientUnsubscribed,
    announce,
)
from ses_warden.domain.entries import Decree, Entry, Evidence, Reason, State
from ses_warden.domain.signals import Confidence
from ses_warden.errors import SettingsError
from tests.support.functions import context_of
from tests.support.template import TEMPLATE, app_of

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
ADDRESS = "jane@example.com"

BOUNCED = Entry(
    ADDRESS,
    "account",
    evidence=(Evidence(NOW, "m", Reason.HARD_BOUNCE, Confidence.HIGH),),
    state=State.SUPPRESSED,
    reason=Reason.HARD_BOUNCE,
    confidence=Confidence.HIGH,
    since=NOW,
    last_seen=NOW,
    version=1,
)
RESTING = replace(BOUNCED, reason=Reason.SOFT_BOUNCES, evidence=(), expires_at=NOW + timedelta(days=30))
GONE = replace(BOUNCED, reason=Reason.UNSUBSCRIBE, evidence=(), unsubscribed_at=NOW)
RELEASED = replace(
    BOUNCED, state=State.RELEASED, reason=None, confidence=None, released=Decree(LATER, "ticket"), last_seen=LATER, version=2
)
WATCHING = Entry(ADDRESS, "account", since=NOW, last_seen=NOW, version=1)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (None, BOUNCED, RecipientSuppressed),
        (None, GONE, RecipientUnsubscribed),
        (None, WATCHING, None),
        (WATCHING, BOUNCED, RecipientSuppressed),
        (BOUNCED, RELEASED, RecipientReleased),
        (RELEASED, BOUNCED, RecipientSuppressed),
        (RESTING, BOUNCED, RecipientSuppressed),
        (BOUNCED, replace(BOUNCED, unsubscribed_at=LATER), RecipientUnsubscribed),
        (GONE, replace(GONE, unsubscribed_at=LATER), None),
        (BOUNCED, replace(BOUNCED, unsubscribed_at=NOW, subscribed_at=LATER), None),
        (BOUNCED, replace(BOUNCED, unsubscribed_at=NOW, released=Decree(LATER, "")), None),
        (BOUNCED, replace(BOUNCED, spellings=("Jane@Example.com",), last_seen=LATER, version=2), None),
        (RELEASED, replace(RELEASED, last_seen=LATER + timedelta(hours=1)), None),
        (GONE, replace(RELEASED, unsubscribed_at=NOW, subscribed_at=LATER), RecipientReleased),
    ],
)
def test_at_most_one_thing_is_told_of_a_write(before: Entry | None, after: Entry, told: type[Any] | None) -> None:
    """Only what a sender would act upon."""
    announcement = announce(before, after, ident="1", privacy=Privacy.HASHED)
    assert (type(announcement) if announcement else None) is told


@pytest.mark.parametrize(
    ("before", "after", "held_back"),
    [
        (None, BOUNCED, False),
        (RESTING, BOUNCED, True),
        (RESTING, replace(RESTING, since=RESTING.expires_at, expires_at=NOW + timedelta(days=90)), False),
    ],
)
def test_a_moved_end_is_told_from_a_beginning(before: Entry | None, after: Entry, held_back: bool) -> None:
    """A rest that begins after the last one ended is a beginning."""
    told = announce(before, after, ident="1", privacy=Privacy.HASHED)
    assert isinstance(told, RecipientSuppressed)
    assert told.was_suppressed is held_back


@pytest.mark.parametrize(("privacy", "address"), [(Privacy.HASHED, None), (Privacy.PLAIN, ADDRESS)])
def test_the_address_is_named_as_chosen(privacy: Privacy, address: str | None) -> None:
    """Hashed, nothing in the event holds it; the hash is always there."""
    told = announce(None, BOUNCED, ident="1", privacy=privacy)
    assert told is not None
    assert told.address == address
    assert told.address_sha256 == sha256(ADDRESS.encode()).hexdigest()
    assert (ADDRESS in told.model_dump_json()) is (address is not None)


def record(number: int, before: Entry | None, after: Entry | None) -> dict[str, Any]:
    """A stream record as Lambda hands it over."""
    images = {name: item_from(entry) for name, entry in (("OldImage", before), ("NewImage", after)) if entry}
    name = "REMOVE" if not after else "MODIFY" if before else "INSERT"
    return {"eventID": f"id-{number}", "eventName": name, "dynamodb": {"SequenceNumber": str(number), **images}}


ASIDE = "https://sqs.eu-west-1.amazonaws.com/111122223333/aside"


def client(service: str) -> Any:
    """A client that has nobody to talk to but its stub."""
    made: Any = boto3.client  # its stubs take literal names of services only
    return made(service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def announcer(bus: Any, privacy: Privacy = Privacy.HASHED, sqs: Any = None) -> Announcer:
    """An announcer to this bus."""
    return Announcer(bus, sqs or client("sqs"), aside=ASIDE, privacy=privacy)


@pytest.fixture
def bus() -> Any:
    """Boto3's client of the event bus."""
    client: Any = boto3.client
    return client("events", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_what_the_bus_refuses_is_reported_by_its_sequence_number(bus: Any) -> None:
    """Twelve changes are two requests; the entry that is refused fails alone, with its code."""
    with Stubber(bus) as stub:
        answers = [{"EventId": "e"}] * 10
        answers[3] = {"ErrorCode": "ThrottlingException", "ErrorMessage": f"about {ADDRESS}"}
        stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": answers})
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}] * 2})
        published = announcer(bus).publish(record(n, None, BOUNCED) for n in range(12))
        stub.assert_no_pending_responses()
    assert (published.told, published.failed, published.reasons) == (11, ("3",), ("EventBridge: ThrottlingException",))


def test_a_request_that_fails_fails_all_its_records(bus: Any) -> None:
    """They come again."""
    with Stubber(bus) as stub:
        stub.add_client_error("put_events", "AccessDeniedException", ADDRESS)
        published = announcer(bus).publish([record(1, None, BOUNCED), record(2, BOUNCED, RELEASED)])
    assert (published.told, published.failed) == (0, ("1", "2"))
    assert ADDRESS not in str(published)


def test_rows_that_are_no_news_make_no_request(bus: Any) -> None:
    """Audit rows, erased addresses, removals, and writes that changed no verdict."""
    audit = record(1, None, replace(BOUNCED, scope="audit/2026"))
    bare = {"eventID": "x", "dynamodb": {"SequenceNumber": "4", "NewImage": {"address": {"S": ADDRESS}, "scope": {"S": "x"}}}}
    records = [audit, record(2, None, replace(BOUNCED, address="hmac:ab")), record(3, BOUNCED, None), bare]
    with Stubber(bus):
        published = announcer(bus).publish([*records, record(5, BOUNCED, replace(BOUNCED, version=2))])
    assert (published.told, published.failed) == (0, ())


def test_a_row_that_cannot_be_read_is_kept_aside(bus: Any) -> None:
    """Whole, in the queue of what was given up; its neighbour is told, and nothing is delivered again."""
    broken = record(1, None, BOUNCED)
    broken["dynamodb"]["NewImage"]["facts"] = {"S": "{"}
    sqs = client("sqs")
    with Stubber(bus) as stub, Stubber(sqs) as queue:
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
        queue.add_response("send_message", {"MessageId": "m"}, {"QueueUrl": ASIDE, "MessageBody": json.dumps(broken)})
        published = announcer(bus, Privacy.PLAIN, sqs).publish([broken, record(2, None, BOUNCED)])
        queue.assert_no_pending_responses()
    assert (published.told, published.aside, published.failed) == (1, 1, ())
    assert published.reasons == ("unreadable record: JSONDecodeError",)


def test_what_cannot_be_kept_aside_comes_again(bus: Any) -> None:
    """Nothing is lost."""
    broken = record(1, None, BOUNCED)
    del broken["dynamodb"]["NewImage"]["version"]
    sqs = client("sqs")
    with Stubber(bus), Stubber(sqs) as queue:
        queue.add_client_error("send_message", "AccessDeniedException", ADDRESS)
        published = announcer(bus, Privacy.PLAIN, sqs).publish([broken])
    assert (published.told, published.aside, published.failed) == (0, 0, ("1",))
    assert published.reasons == ("SQS: AccessDeniedException", "unreadable record: KeyError")


def test_the_event_on_the_bus_is_read_by_the_model(bus: Any) -> None:
    """Told twice, it is the same, with the id of the stream's record."""
    sent: list[dict[str, Any]] = []
    bus.meta.events.register("provide-client-params.events.PutEvents", lambda params, **_: sent.extend(params["Entries"]))
    with Stubber(bus) as stub:
        for _ in range(2):
            stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]})
            announcer(bus, Privacy.PLAIN).publish([record(7, RESTING, BOUNCED)])
    first, second = sent
    assert first == second
    assert (first["Source"], first["DetailType"], first["Time"]) == ("ses-warden", "Recipient Suppressed", NOW)
    told = RecipientSuppressed.model_validate(json.loads(first["Detail"]))
    assert (told.id, told.address, told.expires_at, told.was_suppressed) == ("id-7", ADDRESS, None, True)


def test_the_document_names_every_field_and_type() -> None:
    """docs/events.md has each field of the models, and its example is read by one."""
    text = (TEMPLATE.parent / "docs" / "events.md").read_text()
    for model, name in DETAIL_TYPES.items():
        assert f"`{name}`" in text
        assert [field for field in model.model_fields if f"`{field}`" not in text] == []
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    told = RecipientSuppressed.model_validate(example["detail"])
    assert told.model_dump(mode="json") == example["detail"]
    assert told.address_sha256 == sha256(ADDRESS.encode()).hexdigest()


def test_the_function_answers_with_what_shall_come_again(bus: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's partial batch response of a stream."""
    app = app_of("publisher")
    monkeypatch.setattr(app, "announcer", lambda: announcer(bus))
    with Stubber(bus) as stub:
        stub.add_client_error("put_events", "InternalException")
        answer = app.lambda_handler({"Records": [record(9, None, BOUNCED)]}, context_of("publisher"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "9"}]}


def test_it_is_made_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; anything but hashed and plain is refused."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("RECIPIENT_EVENTS", "hashed")
    monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", ASIDE)
    publishing.announcer.cache_clear()
    try:
        assert publishing.announcer() is publishing.announcer()
    finally:
        publishing.announcer.cache_clear()
    monkeypatch.setenv("RECIPIENT_EVENTS", "off")
    with pytest.raises(SettingsError, match="RECIPIENT_EVENTS must be hashed or plain, not 'off'"):
        publishing.announcer()
