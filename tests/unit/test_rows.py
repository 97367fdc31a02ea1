"""Rows of the Events table: at most 1 KB, found by the indexes that they should be found by, and readable again."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ses_warden.adapters.rows import DAY_SHARDS, ROW_BYTES, Row, parse_row, row_of, timestamp
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden_cli.samples.doors import compact
from tests.support.dynamo import item_bytes
from tests.support.samples import OMIT, SAMPLE_OF, Json, make_event, names, ses

NOW = datetime(2026, 11, 24, 10, 0, 0, 123000, tzinfo=UTC)
PURGE_AT = 1_798_000_000
SAMPLES = [name for name in [*names("publishing"), *names("identity")] if name != "unknown-type"]
JANE = "jane@example.com"
FACE = "\N{GRINNING FACE}"
# The longest that RFC 5321 allows: 64 octets, "@", 189 more.
LONGEST_PATH = "l" * 64 + "@" + ".".join(["d" * 62] * 3)
SES_ID = "0102019a1b2c3d4e-01234567-89ab-cdef-0123-456789abcdef-000000"


def facts(text: str) -> list[Fact]:
    """The facts in an event."""
    event = parse_event(text)
    assert isinstance(event, MailEvent)
    return facts_of(event)


def made(kind: str, /, message_id: str = SES_ID, recipients: tuple[str, ...] = (JANE,), **more: Any) -> Json:
    """An event of now about a mail of an hour ago."""
    sent_at = more.pop("sent_at", NOW - timedelta(hours=1))
    return make_event(kind, message_id=message_id, recipients=recipients, at=NOW, sent_at=sent_at, **more)


def row(kind: str, /, **more: Any) -> Row:
    """The row of the one fact of an event."""
    (fact,) = facts(compact(made(kind, **more)))
    return row_of(fact, PURGE_AT)


def text(item: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """A text attribute."""
    value: str = item[name]["S"]
    return value


@pytest.mark.parametrize("name", SAMPLES)
def test_the_row_of_a_sample_has_at_most_one_kilobyte(name: str) -> None:
    """A row of more would cost two write units."""
    for fact in facts(ses(name)):
        assert item_bytes(row_of(fact, PURGE_AT)) <= ROW_BYTES


# Everything long that can stand in an event at once, in one byte a character, in four, and in what JSON must escape.
LONG = {
    "letters": "x" * 3000,
    "faces": FACE * 3000,
    "quotes": '"\\' * 1500,
    "controls": "\x00\x1b\u202e" * 1000,
    "words": "é " * 1500,
}
TEXTS = {
    "Bounce": ("diagnosticCode", "status", "action", "bounceType", "bounceSubType", "reportingMTA", "remoteMtaIp", "feedbackId"),
    "Complaint": ("complaintFeedbackType", "complaintSubType", "userAgent", "arrivalDate", "feedbackId"),
    "Delivery": ("smtpResponse", "reportingMTA", "remoteMtaIp"),
    "Open": ("ipAddress", "userAgent", "isBotEvent"),
    "Click": ("ipAddress", "userAgent", "link"),
    "DeliveryDelay": ("delayType", "status", "diagnosticCode", "reportingMTA"),
    "Reject": ("reason",),
    "Rendering Failure": ("templateName", "errorMessage"),
    "Subscription": ("contactList", "source"),
    "Send": (),
}
NAMES_AND_SUBJECTS = {
    "configuration_set": "c" * 64,
    "tenant": "t" * 64,
    "sender": "Sender <" + LONGEST_PATH + ">",
    "tags": {f"tag-{number}": ["v" * 256] for number in range(50)},
}


@pytest.mark.parametrize("recipient", [JANE, LONGEST_PATH, "#%" * 120 + "@example.com", FACE * 500 + "@example.com", "x" * 5000])
@pytest.mark.parametrize("long", LONG.values(), ids=LONG)
@pytest.mark.parametrize("kind", TEXTS)
def test_the_row_of_an_event_full_of_long_texts_has_at_most_one_kilobyte(kind: str, long: str, recipient: str) -> None:
    """Optional parts are cut or left out; what names the row stays."""
    long_texts = dict.fromkeys(TEXTS[kind], long)
    built = row(kind, recipients=(recipient,), subject=long, **NAMES_AND_SUBJECTS, **long_texts)
    assert item_bytes(built) <= ROW_BYTES
    assert text(built, "configuration_set") == "c" * 64
    json.loads(text(built, "detail") if "detail" in built else "{}")


@example("x" * 128)
@example(FACE * 128)
@given(st.text(min_size=1, max_size=128))
def test_a_strange_message_id_costs_no_second_kilobyte(message_id: str) -> None:
    """SES's own have 60 characters."""
    for kind in ("Bounce", "Send"):
        event = made(kind, message_id=message_id, recipients=(LONGEST_PATH,), **NAMES_AND_SUBJECTS, subject="s" * 500)
        try:
            parsed = parse_event(compact(event))
        except Exception:  # noqa: BLE001, S112 -- refused as a whole, which the tests of events look at
            continue
        assert isinstance(parsed, MailEvent)
        for fact in facts_of(parsed):
            assert item_bytes(row_of(fact, PURGE_AT)) <= ROW_BYTES


def test_a_number_that_no_mail_takes_is_left_out() -> None:
    """A delivery's milliseconds are kept while they can be milliseconds."""
    assert json.loads(text(row("Delivery", processingTimeMillis=874), "detail"))["ms"] == 874
    assert "ms" not in json.loads(text(row("Delivery", processingTimeMillis=10**4000), "detail"))


def test_a_row_is_keyed_by_mail_then_by_recipient_type_and_fingerprint() -> None:
    """The sort key says whom and what the row is about."""
    built = row("Rendering Failure", recipients=("jane#1@example.com",))
    assert built["message_id"] == {"S": SES_ID}
    assert text(built, "event") == "jane%231@example.com#Rendering Failure#-"
    assert built["purge_at"] == {"N": str(PURGE_AT)}
    assert text(built, "at") == "2026-11-24T09:00:00.123Z"


@pytest.mark.parametrize(
    ("kind", "recipients", "indexed"),
    [
        ("Bounce", (JANE,), JANE),
        ("Delivery", ("Jane.Doe@EXAMPLE.com",), "jane.doe@example.com"),
        ("open-multi-recipient", (JANE, "john@example.com"), None),
        ("click-multi-recipient", (JANE, "john@example.com"), None),
        ("bounce-simulator", ("bounce@simulator.amazonses.com",), None),
        ("bounce-simulator-labelled", ("bounce+label@simulator.amazonses.com",), None),
        ("delivery-simulator", ("success@simulator.amazonses.com",), None),
    ],
)
def test_only_known_recipients_are_in_the_index_of_recipients(kind: str, recipients: tuple[str, ...], indexed: str | None) -> None:
    """Neither the simulator nor `*`, whose partitions would take everybody's rows."""
    (fact,) = facts(compact(made(kind, recipients=recipients)))
    built = row_of(fact, PURGE_AT)
    assert built.get("recipient") == ({"S": indexed} if indexed else None)
    assert text(built, "at") == "2026-11-24T10:00:00.123Z"


@pytest.mark.parametrize("kind", SAMPLE_OF)
def test_a_mail_is_in_the_index_of_days_once_and_with_its_failures(kind: str) -> None:
    """Sends and what went wrong; not deliveries, opens and clicks, which would fill it with repetitions."""
    built = row(kind)
    assert ("day" in built) == (kind not in ("Delivery", "Open", "Click"))
    assert ("day" in built) == ("sender" in built) == ("sent_at" in built)


def test_the_delivery_of_a_templated_mail_tells_its_subject() -> None:
    """A template is rendered after the Send event, which therefore has no subject."""
    event = made("Delivery")
    event["mail"]["tags"]["ses:operation"] = ["SendTemplatedEmail"]
    (fact,) = facts(compact(event))
    assert row_of(fact, PURGE_AT)["subject"] == {"S": event["mail"]["commonHeaders"]["subject"]}


def test_a_day_is_spread_over_sixteen_partitions() -> None:
    """By the mail, so that all rows of a mail are in one; the day is that of sending, in UTC."""
    days = {text(row("Send", message_id=f"mail-{number}", sent_at=NOW.replace(hour=0)), "day") for number in range(500)}
    assert days == {f"2026-11-24#{shard}" for shard in range(DAY_SHARDS)}
    sent_at = datetime(2026, 11, 25, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert text(row("Send", sent_at=sent_at), "day").startswith("2026-11-24#")
    assert row("Send")["day"] == row("Bounce")["day"]


def test_a_row_has_the_senders_own_tags_only() -> None:
    """SES's are in attributes of their own; each cut, none twice."""
    assert row("Send", tags={"stream": ["billing", "billing"], "campaign": ["november"]})["tags"] == {
        "SS": ["campaign=november", "stream=billing"]
    }
    assert "tags" not in row("Send", tags={})
    assert row("Send", tags={"t": [f"{number:02}" for number in range(20)]})["tags"] == {
        "SS": [f"t={number:02}" for number in range(20)]
    }
    assert row("Send", tags={"t": ["v" * 200]})["tags"] == {"SS": [f"t={'v' * 75}…"]}


def test_of_too_many_tags_those_that_fit_are_kept() -> None:
    """A mail with many long tags is found by some of them."""
    kept = row("Send", tags={"t": [f"{number:02}{'v' * 200}" for number in range(20)]})["tags"]["SS"]
    assert [tag[:4] for tag in kept] == [f"t={number:02}" for number in range(len(kept))]


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("Send", None),
        ("Reject", {"reason": "Bad content"}),
        ("Subscription", {"list": "news", "source": "UnsubscribeHeader"}),
        ("Rendering Failure", {"template": "welcome"}),
        ("Open", {"ip": "198.51.100.7", "userAgent": "agent"}),
        ("Click", {"link": "https://www.example.com/", "ip": "198.51.100.7", "userAgent": "agent"}),
        ("Bounce", {"type": "Permanent", "subType": "General", "action": "failed", "diagnosticCode": "smtp; 550 5.1.1 unknown"}),
        ("Complaint", {"feedbackType": "abuse", "candidates": 1, "userAgent": "agent"}),
        ("DeliveryDelay", {"delayType": "General"}),
        ("Delivery", {"smtpResponse": "250 ok", "ms": 12}),
    ],
)
def test_a_row_keeps_what_only_its_type_says(kind: str, detail: Json | None) -> None:
    """As JSON, under SES's own names."""
    given_names = {
        "reason": "reason", "contactList": "list", "source": "source", "templateName": "template", "ipAddress": "ip",
        "userAgent": "userAgent", "link": "link", "action": "action", "diagnosticCode": "diagnosticCode",
        "delayType": "delayType", "smtpResponse": "smtpResponse", "processingTimeMillis": "ms",
        "complaintFeedbackType": "feedbackType",
    }  # fmt: skip
    values = {field: detail[name] for field, name in given_names.items() if detail and name in detail}
    built = row(kind, **values)
    if detail is None:
        assert "detail" not in built
    else:
        assert json.loads(text(built, "detail")).items() >= detail.items()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_row_tells_its_event_again(name: str) -> None:
    """Whom, what, when and where: as the event said."""
    for fact in facts(ses(name)):
        told = parse_row(row_of(fact, PURGE_AT))
        assert (told.message_id, told.recipient, told.type, told.kind) == (fact.message_id, fact.recipient, fact.type, fact.kind)
        assert (told.configuration_set, told.tenant) == (fact.configuration_set, fact.tenant)
        assert told.status == (fact.who.status or None)
        assert abs(told.at - fact.at) < timedelta(milliseconds=1)


def test_what_is_absent_is_no_attribute() -> None:
    """DynamoDB refuses empty keys of an index, and an absent one says as much."""
    built = row("Bounce", configuration_set=None, status=OMIT, diagnosticCode=OMIT, tags={})
    assert not {"configuration_set", "tenant", "status", "tags"} & built.keys()


@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31), timezones=st.timezones()))  # noqa: DTZ001 -- hypothesis adds zones
def test_a_timestamp_sorts_as_its_moment_and_is_read_back(moment: datetime) -> None:
    """24 characters of UTC, to the millisecond."""
    spelled = timestamp(moment)
    assert len(spelled) == 24
    assert timedelta(0) <= moment - datetime.fromisoformat(spelled) < timedelta(milliseconds=1)
