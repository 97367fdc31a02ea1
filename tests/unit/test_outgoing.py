"""From where mail went out: read from deliveries, noted once a day, read back for a report."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ses_warden.adapters import activity_notes
from ses_warden.adapters.activity_notes import KEPT, ActivityNotes, outgoing_row
from ses_warden.adapters.dynamo import Requests
from ses_warden.adapters.outgoing_rows import DynamoOutgoing
from ses_warden.application.record_events import Policy, record_events
from ses_warden.application.report_dmarc import OutgoingSeen
from ses_warden.domain.envelopes import Envelope
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of
from ses_warden.domain.outgoing import Outgoing, address_key, is_within, name_key, outgoing_of
from ses_warden.domain.parsing import parse_event
from ses_warden.errors import LedgerBusy, LedgerError
from tests.fakes import MemoryLedger, MemoryQuarantine
from tests.support.aws import tables
from tests.support.dynamo import Wire, failure, success
from tests.support.samples import make_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "ReputationTable"
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TODAY = NOW.date()
HOUR = "2026-11-24T10"
RETENTION = timedelta(days=30)
ADDRESS, DOMAIN = "192.0.2.10", "news.example.com"


def _event(kind: str = "Delivery", at: datetime = NOW, address: Any = ADDRESS, domain: Any = DOMAIN) -> str:
    made = make_event(kind, message_id=f"m-{at.timestamp()}", recipients=["jane@example.net"], at=at, sent_at=at)
    tags = made["mail"].setdefault("tags", {})
    tags |= {"ses:outgoing-ip": [address], "ses:from-domain": [domain]}
    return json.dumps(made)


def _facts(*texts: str) -> list[Fact]:
    events = [parse_event(text) for text in texts]
    return [fact for event in events if isinstance(event, MailEvent) for fact in facts_of(event)]


ADDRESSES = {
    "192.0.2.10": "192.0.2.10",
    " 192.0.2.10 ": "192.0.2.10",
    "2001:DB8:0:0::25": "2001:db8::25",
    "::ffff:192.0.2.10": "192.0.2.10",
    "123.456.789.012": None,  # as AWS's own example has it
    "fe80::1%eth0": None,
    "192.0.2.0/24": None,
    "3221225994": None,
    "": None,
    "1" * 5000: None,
    "192.0.2.10\x1b[2J": None,
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_has_one_spelling_and_nothing_else_is_one(text: str) -> None:
    """What cannot be an address reaches no row."""
    assert address_key(text) == ADDRESSES[text]


NAMES = {
    "Example.COM": "example.com",
    "news.example.com.": "news.example.com",
    "_x.example.com": "_x.example.com",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "bücher.example": None,
    "localhost": None,
    "a..b": None,
    "jane@example.com": None,
    "example.com#2026-01-01": None,
    "": None,
    f"{'a' * 300}.com": None,
    "a b.com": None,
}


@pytest.mark.parametrize("text", NAMES)
def test_a_domain_is_lower_case_and_nothing_else_is_one(text: str) -> None:
    """What cannot be a domain reaches no row."""
    assert name_key(text) == NAMES[text]


@pytest.mark.parametrize(
    ("name", "domain", "within"),
    [("example.com", "example.com", True), ("a.b.example.com", "example.com", True), ("anexample.com", "example.com", False)],
)
def test_a_domain_is_within_itself_and_those_above(name: str, domain: str, within: bool) -> None:
    """By whole labels."""
    assert is_within(name, domain) is within


def test_deliveries_tell_where_mail_went_out_and_nothing_else_does() -> None:
    """Of their own day; not of a day beyond the retention or to come."""
    yesterday = NOW - timedelta(days=1)
    facts = _facts(
        _event(),
        _event(at=yesterday, address="2001:DB8::25"),
        _event("Bounce", address="192.0.2.66"),
        _event(at=NOW - RETENTION, address="192.0.2.67"),
        _event(at=NOW + timedelta(days=2), address="192.0.2.68"),
        _event(address="no address", domain="no domain"),
    )
    assert outgoing_of(facts, NOW, RETENTION) == {
        Outgoing(TODAY, address=ADDRESS),
        Outgoing(TODAY, domain=DOMAIN),
        Outgoing(yesterday.date(), address="2001:db8::25"),
        Outgoing(yesterday.date(), domain=DOMAIN),
    }


def test_identity_notifications_have_no_tags_and_tell_nothing() -> None:
    """They are deliveries all the same."""
    made = make_event("identity-delivery", message_id="m", recipients=["jane@example.net"], at=NOW, sent_at=NOW)
    assert outgoing_of(_facts(json.dumps(made)), NOW, RETENTION) == set()


def test_recording_hands_it_to_the_ledger() -> None:
    """With the scopes, after the commit."""
    ledger = MemoryLedger()
    envelopes = [Envelope(_event(), "record-1"), Envelope(_event("Send"), "record-2")]
    record_events(envelopes, ledger=ledger, quarantine=MemoryQuarantine(), policy=Policy(RETENTION), now=NOW)
    assert ledger.outgoing == {Outgoing(TODAY, address=ADDRESS), Outgoing(TODAY, domain=DOMAIN)}
    assert ledger.calls[-1] == "note_scopes"


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the table of the template."""
    with tables(TABLE) as client:
        yield client


def _notes(client: "DynamoDBClient") -> ActivityNotes:
    return ActivityNotes(client, TABLE, Requests(lambda _: None))


def _some(number: int, day: date = TODAY) -> list[Outgoing]:
    return [Outgoing(day, address=f"192.0.2.{one}") for one in range(number)]


def test_a_note_takes_no_call_of_its_own_where_scopes_are_noted_and_none_the_second_time(dynamodb: "DynamoDBClient") -> None:
    """Once a day by each environment, in the call that the scopes take anyway."""
    notes, wire = _notes(dynamodb), Wire(dynamodb)
    outgoing = [Outgoing(TODAY, address=ADDRESS), Outgoing(TODAY, domain=DOMAIN)]
    notes.note(["account"], HOUR, outgoing)
    assert wire.calls == ["BatchWriteItem"]
    notes.note(["account"], HOUR, outgoing)
    assert wire.calls == ["BatchWriteItem"]
    notes.note(["account"], HOUR, [Outgoing(TODAY + timedelta(days=1), address=ADDRESS)])
    assert wire.calls == ["BatchWriteItem"] * 2


def test_what_finds_no_room_in_the_call_is_noted_with_the_next_batch(dynamodb: "DynamoDBClient") -> None:
    """A batch takes one call for them at the most, whatever it brings."""
    notes, wire = _notes(dynamodb), Wire(dynamodb)
    seen = DynamoOutgoing(dynamodb, TABLE)
    for calls, noted in ((1, 23), (2, 48), (3, 60), (3, 60)):
        notes.note(["account", "tenant/a"], HOUR, _some(60))
        assert wire.calls.count("BatchWriteItem") == calls
        assert len(seen.addresses(TODAY, TODAY)) == noted


def test_full_calls_of_scopes_leave_no_room(dynamodb: "DynamoDBClient") -> None:
    """Scopes come first."""
    notes, wire = _notes(dynamodb), Wire(dynamodb)
    notes.note([f"tenant/{number}" for number in range(50)], HOUR, _some(1))
    assert wire.calls == ["BatchWriteItem"] * 2
    assert DynamoOutgoing(dynamodb, TABLE).addresses(TODAY, TODAY) == frozenset()


def test_an_environment_notes_so_many_a_day(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends from thousands of domains does not pay for each of them in each environment."""
    monkeypatch.setattr(activity_notes, "MOST_A_DAY", 30)
    notes = _notes(dynamodb)
    for _ in range(5):
        notes.note([], HOUR, _some(80))
    assert 30 <= len(DynamoOutgoing(dynamodb, TABLE).addresses(TODAY, TODAY)) <= 30 + 24
    notes.note([], HOUR, _some(1, TODAY + timedelta(days=1)))
    assert len(DynamoOutgoing(dynamodb, TABLE).addresses(TODAY + timedelta(days=1), TODAY + timedelta(days=1))) == 1


def test_what_an_environment_remembers_does_not_grow_with_its_life(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a replay of many days the last ones are remembered, and of scopes those of the hour."""
    monkeypatch.setattr(activity_notes, "_MOST_DAYS", 3)
    notes, wire = _notes(dynamodb), Wire(dynamodb)
    days = [TODAY - timedelta(days=number) for number in range(5, 0, -1)]
    for number, day in enumerate(days):
        notes.note(["account"], f"2026-11-24T{number:02}", _some(1, day))
    assert len(wire.calls) == 5
    for day in days[-3:]:
        notes.note(["account"], "2026-11-24T04", _some(1, day))
    assert len(wire.calls) == 5
    notes.note([], "2026-11-24T04", _some(1, days[0]))
    notes.note(["account"], "2026-11-24T00", [])
    assert len(wire.calls) == 7


def test_a_note_that_was_not_written_is_written_the_next_time(dynamodb: "DynamoDBClient") -> None:
    """A failure is not remembered as a success."""
    Wire(dynamodb, lambda number, _, __: failure("ThrottlingException") if number == 0 else None)
    notes = _notes(dynamodb)
    with pytest.raises(LedgerBusy):
        notes.note(["account"], HOUR, _some(1))
    notes.note(["account"], HOUR, _some(1))
    assert len(DynamoOutgoing(dynamodb, TABLE).addresses(TODAY, TODAY)) == 1


def test_a_row_names_nobody_and_goes_by_itself() -> None:
    """An address of SES's, or a domain; TTL after as long as reports are kept."""
    purge_at = str(int((datetime(2026, 11, 24, tzinfo=UTC) + KEPT).timestamp()))
    assert outgoing_row(Outgoing(TODAY, address=ADDRESS)) == {
        "scope": {"S": "outgoing-ip"},
        "item": {"S": "2026-11-24#192.0.2.10"},
        "purge_at": {"N": purge_at},
    }
    assert outgoing_row(Outgoing(TODAY, domain=DOMAIN)) == {
        "scope": {"S": "outgoing-domain"},
        "item": {"S": "com.example.news#2026-11-24"},
        "purge_at": {"N": purge_at},
    }


def test_a_report_reads_the_days_and_the_domain_that_it_is_about(dynamodb: "DynamoDBClient") -> None:
    """The days at both ends are among them; a neighbour in the alphabet is not."""
    days = [TODAY - timedelta(days=number) for number in range(4)]
    outgoing = [Outgoing(day, address=f"192.0.2.{day.day}") for day in days]
    outgoing += [Outgoing(days[1], domain=name) for name in (DOMAIN, "example.com", "example.community", "anexample.com")]
    outgoing += [Outgoing(days[3], domain="old.example.com")]
    _notes(dynamodb).note([], HOUR, outgoing)
    seen: OutgoingSeen = DynamoOutgoing(dynamodb, TABLE)
    assert seen.addresses(days[2], days[1]) == {"192.0.2.22", "192.0.2.23"}
    assert seen.domains("example.com", days[2], days[0]) == {"example.com", DOMAIN}
    assert seen.domains("example.com", days[3], days[3]) == {"old.example.com"}
    assert seen.since() == days[3]


def test_nothing_known_is_no_error(dynamodb: "DynamoDBClient") -> None:
    """Before the first delivery."""
    seen = DynamoOutgoing(dynamodb, TABLE)
    assert (seen.addresses(TODAY, TODAY), seen.domains("example.com", TODAY, TODAY), seen.since()) == (
        frozenset(),
        frozenset(),
        None,
    )


def test_further_pages_are_read(dynamodb: "DynamoDBClient") -> None:
    """A page has a megabyte."""
    last = {"scope": {"S": "outgoing-ip"}, "item": {"S": "2026-11-24#192.0.2.1"}}
    pages = [
        success(Items=[last], LastEvaluatedKey=last),
        success(Items=[last | {"item": {"S": "2026-11-24#2001:db8::25"}}]),
    ]
    wire = Wire(dynamodb, lambda number, _, __: pages[number])
    assert DynamoOutgoing(dynamodb, TABLE).addresses(TODAY, TODAY) == {"192.0.2.1", "2001:db8::25"}
    assert wire.requests[1]["ExclusiveStartKey"] == last


def test_a_denied_right_is_our_error(dynamodb: "DynamoDBClient") -> None:
    """The report goes on without, and names the right."""
    Wire(dynamodb, lambda *_: failure("AccessDeniedException"))
    with pytest.raises(LedgerError, match="AccessDeniedException"):
        DynamoOutgoing(dynamodb, TABLE).addresses(TODAY, TODAY)
