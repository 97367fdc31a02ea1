"""The sample events: complete, realistic, free of real addresses, and equal to what their program writes."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden_cli.samples.doors import ACCOUNT, DETAIL_TYPE_OF, iso
from tests.support import samples
from tests.support.samples import EVENTS, OMIT, SAMPLE_OF, Json, make_event, names, ses

PUBLISHED = names("publishing")
IDENTITY = names("identity")
PARSABLE = [*PUBLISHED, *IDENTITY]

# Every pair that AWS documents or that others have met (the last two of Permanent are second-hand).
# https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
BOUNCES = {
    ("Undetermined", "Undetermined"): "bounce-undetermined",
    ("Permanent", "General"): "bounce-permanent-general",
    ("Permanent", "NoEmail"): "bounce-permanent-noemail",
    ("Permanent", "Suppressed"): "bounce-permanent-suppressed",
    ("Permanent", "OnAccountSuppressionList"): "bounce-permanent-on-account-suppression-list",
    ("Permanent", "OnTenantSuppressionList"): "bounce-permanent-on-tenant-suppression-list",
    ("Permanent", "EmailValidationSuppressed"): "bounce-permanent-email-validation-suppressed",
    ("Permanent", "UnsubscribedRecipient"): "bounce-permanent-unsubscribed-recipient",
    ("Transient", "General"): "bounce-transient-general",
    ("Transient", "MailboxFull"): "bounce-transient-mailboxfull",
    ("Transient", "MessageTooLarge"): "bounce-transient-messagetoolarge",
    ("Transient", "ContentRejected"): "bounce-transient-contentrejected",
    ("Transient", "AttachmentRejected"): "bounce-transient-attachmentrejected",
    ("Transient", "CustomTimeoutExceeded"): "bounce-transient-customtimeoutexceeded",
}
# https://www.iana.org/assignments/marf-parameters (feedback report types), and the suppression lists' sub-types.
COMPLAINTS = {
    ("abuse", None): "complaint-abuse",
    ("auth-failure", None): "complaint-auth-failure",
    ("fraud", None): "complaint-fraud",
    ("not-spam", None): "complaint-not-spam",
    ("other", None): "complaint-other",
    ("virus", None): "complaint-virus",
    (None, None): "complaint-without-report",
    (None, "OnAccountSuppressionList"): "complaint-on-account-suppression-list",
    (None, "OnTenantSuppressionList"): "complaint-on-tenant-suppression-list",
}
DOORS = ("sns/{}", "sqs/raw/{}", "sqs/enveloped/{}", "sqs/eventbridge-{}", "eventbridge/{}", "firehose/{}")
# Names that cannot belong to a sender or a reader (RFC 2606, RFC 6761), and the test recipients of SES itself.
RESERVED = re.compile(r"(.+\.)?(example\.(com|net|org)|example)|simulator\.amazonses\.com", re.IGNORECASE)
DOCUMENTATION_NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")  # RFC 5737, RFC 3849
# Hosts that SES, SNS and two providers name in what they write.
OTHER_HOSTS = {
    "docs.aws.amazon.com",
    "go.microsoft.com",
    "sns.eu-west-1.amazonaws.com",
    "support.google.com",
}


def load(path: str) -> Any:
    """A file of `events`, parsed."""
    return json.loads((EVENTS / f"{path}.json").read_text(encoding="utf-8"))


def test_the_envelope_files_are_what_the_program_writes() -> None:
    """No file is missing, stale, or edited by hand."""
    committed = {path.relative_to(EVENTS): path for path in EVENTS.rglob("*.json")}
    expected = samples.envelope_files()
    assert {path for path in committed if path.parts[0] not in samples.BY_HAND} == expected.keys()
    assert [path for path, text in expected.items() if committed[path].read_text(encoding="utf-8") != text] == []


@pytest.mark.parametrize("event_type", SAMPLE_OF)
@pytest.mark.parametrize("door", DOORS)
def test_every_event_type_comes_through_every_door(event_type: str, door: str) -> None:
    """Each of the ten types is found, unchanged, inside each envelope."""
    event = load(door.format(SAMPLE_OF[event_type]))
    found = opened(event)
    assert found == json.loads(ses(SAMPLE_OF[event_type]))
    assert found["eventType"] == event_type


def opened(event: Json) -> Any:
    """The SES event inside any envelope, by unwrapping until there is nothing left to unwrap."""
    match event:
        case {"Records": [{"Sns": {"Message": str(inner)}}]} | {"Records": [{"body": str(inner)}]}:
            return opened(json.loads(inner))
        case {"Type": "Notification", "Message": str(inner)}:
            return opened(json.loads(inner))
        case {"records": [{"data": str(inner)}]}:
            return opened(json.loads(base64.b64decode(inner)))
        case {"detail-type": _, "detail": inner} | {"requestPayload": inner}:
            return opened(inner)
        case _:
            return event


@pytest.mark.parametrize(("pair", "name"), BOUNCES.items())
def test_every_bounce_sub_type_has_a_sample_that_sns_delivers(pair: tuple[str, str], name: str) -> None:
    """The pair stands in the sample, and the sample in the feedback lane."""
    bounce = json.loads(ses(name))["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == pair
    assert opened(load(f"sns/{name}"))["bounce"] == bounce


@pytest.mark.parametrize(("pair", "name"), COMPLAINTS.items())
def test_every_complaint_type_has_a_sample_that_sns_delivers(pair: tuple[str | None, str | None], name: str) -> None:
    """The feedback type and sub-type stand in the sample, and the sample in the feedback lane."""
    complaint = json.loads(ses(name))["complaint"]
    assert (complaint.get("complaintFeedbackType"), complaint["complaintSubType"]) == pair
    assert opened(load(f"sns/{name}"))["complaint"] == complaint


@pytest.mark.parametrize("name", PARSABLE)
def test_no_sample_names_a_domain_that_someone_owns(name: str) -> None:
    """Every address and every link is under a reserved name, and every IP address in a documentation network."""
    text = ses(name)
    # A Message-ID looks like an address too; the host that SES's own mail server names is Amazon's.
    addresses = {host.rstrip(".") for host in re.findall(r"@((?:[\w-]+\.)+[\w-]+)", text)}
    assert addresses
    assert [host for host in addresses if not RESERVED.fullmatch(host)] == []
    links = set(re.findall(r"https?://([\w.-]+)", text))
    assert [host for host in links if not RESERVED.fullmatch(host) and host not in OTHER_HOSTS] == []
    fields = re.findall(r'"(?:ipAddress|remoteMtaIp|sourceIp|ses:source-ip|ses:outgoing-ip)":\[?"([^"]+)"', text)
    assert [ip for ip in fields if not ip.startswith(DOCUMENTATION_NETWORKS)] == []
    assert set(re.findall(r"\b\d{12}\b", text)) == {ACCOUNT}


@pytest.mark.parametrize("name", PARSABLE)
def test_a_sample_is_as_large_as_real_mail_makes_it(name: str) -> None:
    """With the mail's headers 1.2 to 3 KB; without them smaller, never larger."""
    size = len(ses(name).encode())
    assert size <= 3 * 1024
    if json.loads(ses(name))["mail"].get("headers"):
        assert size >= 1_200


@pytest.mark.parametrize("name", sorted(set(PARSABLE) - {"identity-bounce-documented"}))
def test_the_times_of_a_sample_agree(name: str) -> None:
    """The message id carries the mail's own time, and nothing but a truncated second comes before it."""
    event = json.loads(ses(name))
    mail = event["mail"]
    sent = datetime.fromisoformat(mail["timestamp"])
    assert int(mail["messageId"][4:16], 16) == round(sent.timestamp() * 1000)
    times = [part["timestamp"] for part in event.values() if isinstance(part, dict) and "timestamp" in part]
    assert min(datetime.fromisoformat(time) for time in times) >= sent - timedelta(seconds=1)


@pytest.mark.parametrize("name", PUBLISHED)
def test_event_publishing_carries_tags_and_its_own_object(name: str) -> None:
    """Tags are lists that name the configuration set; beside `mail` stands one object more."""
    event = json.loads(ses(name))
    assert event["mail"]["tags"]["ses:configuration-set"][0] in ("marketing", "transactional")
    assert all(isinstance(values, list) for values in event["mail"]["tags"].values())
    assert len([part for part in event.values() if isinstance(part, dict)]) == 2


@pytest.mark.parametrize("name", IDENTITY)
def test_identity_feedback_has_no_tags_and_only_three_types(name: str) -> None:
    """What distinguishes the older form of the same facts."""
    event = json.loads(ses(name))
    assert event["notificationType"] in ("Bounce", "Complaint", "Delivery")
    assert "tags" not in event["mail"]
    assert "eventType" not in event
    assert "sourceIp" in event["mail"]


def test_the_twins_are_one_bounce_in_two_forms() -> None:
    """Same mail, recipient and kind; the identity form cuts its time to the second and has an id of its own."""
    one, other = json.loads(ses("bounce-twin")), json.loads(ses("identity-bounce-twin"))
    assert one["mail"]["messageId"] == other["mail"]["messageId"]
    assert one["bounce"]["bouncedRecipients"] == other["bounce"]["bouncedRecipients"]
    assert one["bounce"]["timestamp"][:19] == other["bounce"]["timestamp"][:19]
    assert other["bounce"]["timestamp"].endswith(".000Z")
    assert not one["bounce"]["timestamp"].endswith(".000Z")
    assert one["bounce"]["feedbackId"] != other["bounce"]["feedbackId"]


def test_an_sns_subject_is_there_only_where_ses_sets_one() -> None:
    """Event publishing has a subject; identity feedback and set-up messages have none."""
    subjects = {name: load(f"sns/{name}")["Records"][0]["Sns"]["Subject"] for name in [*IDENTITY, *names("other")]}
    assert {name for name, subject in subjects.items() if subject} == {"received", "unparsable", "not-an-event"}
    assert load("sns/bounce-twin")["Records"][0]["Sns"]["Subject"] == "Amazon SES Email Event Notification"
    assert "Subject" not in json.loads(load("sqs/enveloped/identity-bounce")["Records"][0]["body"])


def test_queue_records_carry_the_digest_of_their_body() -> None:
    """md5OfBody is right, and no two records of the batch have one id."""
    records = load("sqs/batch")["Records"]
    assert [
        record
        for record in records
        if hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest() != record["md5OfBody"]
    ] == []
    assert len({record["messageId"] for record in records}) == len(records) == 25


def test_the_batch_holds_every_type_a_repeat_a_set_up_text_and_one_broken_record() -> None:
    """What a queue may hand over at once."""
    bodies = [record["body"] for record in load("sqs/batch")["Records"]]
    assert bodies.count(ses("open")) == 2
    assert len(set(bodies)) == 24
    assert [body for body in bodies if not body.startswith("{")] == [ses("setup-validated")]
    assert [body for body in bodies if body == ses("unparsable")] == [ses("unparsable")]
    types = {opened(json.loads(body)).get("eventType") for body in bodies if body[-1] in "}\n"}
    assert types >= SAMPLE_OF.keys() | {"Recall", None}


def test_the_unparsable_sample_is_broken_json_with_an_address_in_it() -> None:
    """So that a log line or an error text which leaks it is noticed."""
    text = load("sns/unparsable")["Records"][0]["Sns"]["Message"]
    assert "john.smith@example.org" in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@pytest.mark.parametrize("path", sorted((EVENTS / "lambda-destination").glob("*.json")), ids=lambda path: path.stem)
def test_a_failed_invocation_comes_back_with_its_payload(path: Any) -> None:
    """The destination record holds the function's own event, and a response only if the function ran."""
    record = json.loads(json.loads(path.read_text())["Records"][0]["body"])
    assert record["requestPayload"] == load(f"sns/{path.stem}")
    assert ("responsePayload" in record) == (record["requestContext"]["condition"] == "RetriesExhausted")


def test_eventbridge_names_each_type_in_its_own_words() -> None:
    """The detail-type is not the event type: `Email Rendering Failed` against `Rendering Failure`."""
    named = {load(f"eventbridge/{SAMPLE_OF[kind]}")["detail-type"] for kind in SAMPLE_OF}
    assert named == set(DETAIL_TYPE_OF.values())


SENT = datetime(2026, 11, 24, 9, 30, 0, 125_000, tzinfo=UTC)
AT = SENT + timedelta(seconds=4, milliseconds=250)
MADE: dict[str, Any] = {
    "message_id": samples.ses_id(SENT, "made"),
    "recipients": ["new.reader@list.example"],
    "at": AT,
    "sent_at": SENT,
    "sender": "Shop <shop@brand.example>",
    "subject": "Hello",
}


def made_from(name: str, **changes: Any) -> Json:
    """An event for another reader, made from a sample."""
    values: dict[str, Any] = MADE | changes
    return make_event(name, **values)


@pytest.mark.parametrize("name", PARSABLE)
def test_a_made_event_has_the_fields_of_its_sample_and_nothing_of_its_reader(name: str) -> None:
    """Every sample can be the pattern of another event; the original recipient is gone from it."""
    original, made = json.loads(ses(name)), made_from(name)
    assert made["mail"]["messageId"] == MADE["message_id"]
    assert made["mail"]["destination"] == ["new.reader@list.example"]
    assert made["mail"]["timestamp"] == iso(SENT)
    assert {key: set(value) for key, value in made.items() if isinstance(value, dict) and key != "mail"} == {
        key: set(value) for key, value in original.items() if isinstance(value, dict) and key != "mail"
    }
    assert made["mail"].keys() == original["mail"].keys()
    told = {address.lower() for address in re.findall(r"[\w.+-]+@[\w.-]+", json.dumps(made))}
    assert [address for address in original["mail"]["destination"] if address.lower() in told] == []
    assert made_from(name) == made


def test_a_made_bounce_takes_details_of_the_bounce_and_of_its_recipients() -> None:
    """Two recipients, each with the given status, and no diagnostic at all."""
    made = made_from(
        "Bounce",
        recipients=["a@list.example", "b@list.example"],
        bounceType="Transient",
        bounceSubType="MailboxFull",
        status="5.2.2",
        diagnosticCode=OMIT,
        reportingMTA=OMIT,
    )
    assert made["bounce"]["bounceSubType"] == "MailboxFull"
    assert made["bounce"]["bouncedRecipients"] == [
        {"emailAddress": "a@list.example", "action": "failed", "status": "5.2.2"},
        {"emailAddress": "b@list.example", "action": "failed", "status": "5.2.2"},
    ]
    assert "reportingMTA" not in made["bounce"]


def test_a_made_event_takes_its_tenant_its_configuration_set_and_its_tags() -> None:
    """The sender's tags are replaced, SES's own are kept; no configuration set leaves no trace of one."""
    tags = made_from("Send", tenant="shop-7", configuration_set="receipts", tags={"order": ["17"]})["mail"]["tags"]
    assert tags["ses:tenant-name"] == ["shop-7"]
    assert tags["ses:configuration-set"] == ["receipts"]
    assert {name: value for name, value in tags.items() if not name.startswith("ses:")} == {"order": ["17"]}
    assert "marketing" not in json.dumps(made_from("Send", configuration_set=None))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bounce-twin", "2026-11-24T09:30:04.375Z"),
        ("identity-bounce-twin", "2026-11-24T09:30:04.000Z"),
        ("identity-complaint", "2026-11-24T09:30:04.000Z"),
        ("identity-delivery", "2026-11-24T09:30:04.375Z"),
    ],
)
def test_a_made_identity_bounce_is_cut_to_the_second(name: str, expected: str) -> None:
    """As SES cuts bounces and complaints in that form, and nothing else."""
    made = made_from(name)
    section = next(made[key] for key in ("bounce", "complaint", "delivery") if key in made)
    assert section["timestamp"] == expected


def test_a_misspelt_sample_is_named() -> None:
    """The error says what was asked for."""
    with pytest.raises(LookupError, match="bounse"):
        ses("bounse")


@pytest.mark.parametrize("text", ["", "null", "[[[[", "\x00", '"timestamp":"2026-99-99T00:00:00', "5", '{"timestamp":"2026-11'])
def test_any_text_can_be_wrapped(text: str) -> None:
    """So that tests can send hostile payloads through the doors."""
    assert samples.wrap_sns(text)["Records"][0]["Sns"]["Message"] == text
    assert samples.wrap_sqs([text])["Records"][0]["body"] == text
    assert json.loads(samples.wrap_sqs([text], raw_delivery=False)["Records"][0]["body"])["Message"] == text
