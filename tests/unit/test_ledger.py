"""The ledger's requests and how it takes the answers, on moto; what needs concurrency is among the integration tests.

The clients here check each request against the service's model, which the functions leave out.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.ports import Cohort, EntryKey, FactKey, Known, Rejected, Transaction
from ses_warden.domain.counters import Counter
from ses_warden.domain.entries import Entry, State
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden.errors import LedgerBusy, LedgerError, RowRefused
from ses_warden_cli.samples.doors import compact
from tests.support.aws import client_for, tables
from tests.support.dynamo import Answer, Wire, cancelled, failure, success
from tests.support.samples import make_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TABLES = Tables(events="EventsTable", suppression="SuppressionTable", reputation="ReputationTable")
JANE = "jane@example.com"
ACCOUNT = Cohort("account", "hour/2026-11-24T10")
SHARDS = 4


@pytest.fixture
def offline() -> "DynamoDBClient":
    """A client whose every call a test answers."""
    client: DynamoDBClient = client_for("dynamodb")
    return client


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the tables of the template."""
    with tables() as client:
        yield client


def make(client: "DynamoDBClient", shard: int = 0, pauses: list[float] | None = None) -> DynamoLedger:
    """A ledger that waits for nothing."""
    sleep = (pauses if pauses is not None else []).append
    return DynamoLedger(client, TABLES, retention=timedelta(days=30), shards=SHARDS, shard=shard, sleep=sleep)


@pytest.fixture
def ledger(dynamodb: "DynamoDBClient") -> DynamoLedger:
    """The ledger under test."""
    return make(dynamodb)


def fact(kind: str = "Send", mail: str = "mail-1", recipient: str = JANE, at: datetime = NOW, **more: Any) -> Fact:
    """One fact, by default of now."""
    event = parse_event(compact(make_event(kind, message_id=mail, recipients=[recipient], at=at, sent_at=NOW, **more)))
    assert isinstance(event, MailEvent)
    return facts_of(event)[0]


def key(of: Fact) -> FactKey:
    """The key of the row of a fact."""
    return FactKey(of.message_id, of.sort_key)


def entry(address: str = JANE, *, version: int = 0, state: State = State.WATCHING) -> Entry:
    """An entry as somebody might want to store it."""
    return Entry(address, "account", state=state, last_seen=NOW, version=version)


def items(client: "DynamoDBClient", table: str) -> list[dict[str, Any]]:
    """All that is in a table."""
    return [dict(item) for item in client.scan(TableName=table)["Items"]]


# Writing


def test_all_of_a_transaction_is_written_in_one_call(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """Rows, counters and entries."""
    wire = Wire(dynamodb)
    counts = {ACCOUNT: {Counter.SENT: 2}}
    assert ledger.transact(Transaction(new=[fact(), fact(mail="mail-2")], counts=counts, entries=[entry()])) is None
    assert wire.calls == ["TransactWriteItems"]
    assert sorted(row["message_id"]["S"] for row in items(dynamodb, TABLES.events)) == ["mail-1", "mail-2"]
    (counter,) = items(dynamodb, TABLES.reputation)
    assert counter["sent"] == {"N": "2"}
    (stored,) = items(dynamodb, TABLES.suppression)
    assert stored["version"] == {"N": "1"}


def test_a_row_lives_as_long_as_the_retention_says(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """Counted from the sending of the mail, in whole seconds since 1970."""
    ledger.transact(Transaction(new=[fact("Delivery", at=NOW + timedelta(days=3))]))
    (row,) = items(dynamodb, TABLES.events)
    assert row["purge_at"] == {"N": str(int((NOW + timedelta(days=30)).timestamp()))}


def test_nothing_is_written_if_one_row_is_there_already(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """The answer says which, and what scopes it knows."""
    ledger.transact(Transaction(new=[fact(tenant="acme")]))
    before = items(dynamodb, TABLES.events)
    rejected = ledger.transact(Transaction(new=[fact(mail="mail-2"), fact()], counts={ACCOUNT: {Counter.SENT: 2}}))
    assert rejected == Rejected({key(fact()): Known("marketing", "acme")}, {})
    assert items(dynamodb, TABLES.events) == before
    assert not items(dynamodb, TABLES.reputation)


def test_a_row_that_dynamodb_does_not_show_is_read(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """An emulator may refuse without `Item`."""
    ledger.transact(Transaction(new=[fact()]))
    wire = Wire(dynamodb, lambda _, name, __: cancelled("ConditionalCheckFailed") if name == "TransactWriteItems" else None)
    assert ledger.transact(Transaction(new=[fact()])) == Rejected({key(fact()): Known("marketing", None)}, {})
    assert wire.calls == ["TransactWriteItems", "GetItem"]
    assert wire.requests[1]["ConsistentRead"] is True


def test_an_entry_is_written_over_the_version_it_was_made_from(ledger: DynamoLedger) -> None:
    """Another version in the table is handed back, to decide again."""
    address = EntryKey(JANE, "account")
    assert ledger.transact(Transaction(entries=[entry()])) is None
    rejected = ledger.transact(Transaction(entries=[entry(state=State.RELEASED)]))
    assert rejected
    assert rejected.entries == {address: entry(version=1)}
    current = rejected.entries[address]
    assert current
    assert current.version == 1
    assert ledger.transact(Transaction(entries=[replace(current, state=State.RELEASED)])) is None
    assert ledger.entries([address])[address].version == 2


def test_an_entry_that_is_gone_is_handed_back_as_none(ledger: DynamoLedger) -> None:
    """It expired, or an operator removed it."""
    rejected = ledger.transact(Transaction(entries=[entry(version=7)]))
    assert rejected == Rejected({}, {EntryKey(JANE, "account"): None})


def test_counters_are_added_up_in_the_shard_of_the_environment(dynamodb: "DynamoDBClient") -> None:
    """Two environments never write the same counter; one adds to its own."""
    for shard in (0, 1, 1):
        make(dynamodb, shard).transact(Transaction(counts={ACCOUNT: {Counter.SENT: 2, Counter.HARD: 1}}))
    rows = {row["scope"]["S"]: row for row in items(dynamodb, TABLES.reputation)}
    assert rows.keys() == {"account#0", "account#1"}
    assert (rows["account#0"]["sent"], rows["account#1"]["sent"]) == ({"N": "2"}, {"N": "4"})
    assert rows["account#1"]["hard"] == {"N": "2"}


@pytest.mark.parametrize(
    ("period", "begins"),
    [("hour/2026-11-24T10", datetime(2026, 11, 24, 10, tzinfo=UTC)), ("day/2026-11-24", datetime(2026, 11, 24, tzinfo=UTC))],
)
def test_counters_are_kept_for_half_a_year(dynamodb: "DynamoDBClient", ledger: DynamoLedger, period: str, begins: datetime) -> None:
    """Counted from the beginning of their period."""
    ledger.transact(Transaction(counts={Cohort("account", period): {Counter.SENT: 1}}))
    (row,) = items(dynamodb, TABLES.reputation)
    assert row["purge_at"] == {"N": str(int((begins + timedelta(days=180)).timestamp()))}


# Enriching


def poor(kind: str = "identity-bounce") -> Fact:
    """A fact from an identity notification, which names no scopes."""
    return fact(kind)


def test_an_enriched_row_is_that_of_the_richer_copy(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """As if the event-publishing copy had come first."""
    rich = fact("Bounce", tenant="acme")
    ledger.transact(Transaction(new=[rich]))
    expected = items(dynamodb, TABLES.events)
    dynamodb.delete_item(TableName=TABLES.events, Key={name: expected[0][name] for name in ("message_id", "event")})
    ledger.transact(Transaction(new=[poor()]))
    assert ledger.transact(Transaction(enriched=[(rich, Known(None, None))])) is None
    assert items(dynamodb, TABLES.events) == expected


@pytest.mark.parametrize("known", [Known(None, None), Known("marketing", None), Known(None, "acme")])
def test_a_row_is_enriched_only_if_it_still_lacks_what_it_lacked(ledger: DynamoLedger, known: Known) -> None:
    """Another environment may have enriched it meanwhile, and counted."""
    rich = fact("Bounce", tenant="acme")
    ledger.transact(Transaction(new=[rich]))
    rejected = ledger.transact(Transaction(enriched=[(rich, known)], counts={ACCOUNT: {Counter.HARD: 1}}))
    assert rejected == Rejected({key(rich): Known("marketing", "acme")}, {})


def test_a_row_that_is_gone_is_not_enriched(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """An update must not make half a row."""
    assert ledger.transact(Transaction(enriched=[(fact("Bounce"), Known(None, None))])) is not None
    assert not items(dynamodb, TABLES.events)


# Reading


def test_entries_are_read_consistently_a_hundred_at_a_time(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """Those that exist, in as few calls as DynamoDB allows."""
    keys = [EntryKey(f"person-{number}@example.com", "account") for number in range(150)]
    for address in (keys[0], keys[120]):
        ledger.transact(Transaction(entries=[entry(address.address)]))
    wire = Wire(dynamodb)
    found = ledger.entries(keys)
    assert found.keys() == {keys[0], keys[120]}
    assert wire.calls == ["BatchGetItem"] * 2
    assert all(table["ConsistentRead"] for request in wire.requests for table in request["RequestItems"].values())


def test_no_keys_are_no_call(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """DynamoDB refuses an empty request."""
    wire = Wire(dynamodb)
    assert ledger.entries([]) == {}
    ledger.note_scopes([], "2026-11-24T10")
    assert wire.calls == []


def test_the_last_delivery_is_that_since_a_moment(ledger: DynamoLedger) -> None:
    """The latest, of deliveries alone, to this recipient alone; at that moment counts."""
    times = [NOW + timedelta(hours=hours) for hours in (1, 2, 3)]
    for number, at in enumerate(times):
        ledger.transact(Transaction(new=[fact("Delivery", f"mail-{number}", at=at)]))
    later = NOW + timedelta(hours=9)
    ledger.transact(Transaction(new=[fact("Open", at=later), fact("Delivery", recipient="john@example.com", at=later)]))
    assert ledger.last_delivery(JANE, times[0]) == times[2]
    assert ledger.last_delivery(JANE, times[2]) == times[2]
    assert ledger.last_delivery(JANE, times[2] + timedelta(seconds=1)) is None
    assert ledger.last_delivery("mary@example.com", NOW) is None


def test_the_last_delivery_may_be_on_a_later_page(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """A page of a megabyte may hold nothing but opens."""
    pages: list[Answer] = [
        success(Items=[], LastEvaluatedKey={"recipient": {"S": JANE}}),
        success(Items=[{"at": {"S": "2026-11-24T10:30:00.250Z"}}]),
    ]
    wire = Wire(dynamodb, lambda number, _, __: pages[number])
    assert ledger.last_delivery(JANE, NOW) == NOW + timedelta(milliseconds=250)
    assert wire.requests[1]["ExclusiveStartKey"] == {"recipient": {"S": JANE}}


def test_the_bounces_of_a_domain_are_added_up_over_all_shards(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """This hour and the one before; and each of the seven days before today."""
    scope = "recipient-domain/example.com"
    counted = {"hour/2026-11-24T10": 3, "hour/2026-11-24T09": 2, "hour/2026-11-24T08": 9, "day/2026-11-24": 14}
    counted |= {"day/2026-11-23": 5, "day/2026-11-17": 1, "day/2026-11-16": 9}
    for shard in range(SHARDS):
        for period, count in counted.items():
            make(dynamodb, shard).transact(Transaction(counts={Cohort(scope, period): {Counter.HARD: count}}))
    found = ledger.background("example.com", NOW, ()).bounces
    assert found.recent == SHARDS * (3 + 2)
    assert found.days == (SHARDS * 5, 0, 0, 0, 0, 0, SHARDS * 1)
    assert ledger.background("example.net", NOW, ()).bounces.recent == 0


def test_scopes_are_noted_once_an_hour(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """One row a scope, found by the hour; the same environment does not write it again."""
    wire = Wire(dynamodb)
    ledger.note_scopes(["account", "tenant/acme"], "2026-11-24T10")
    ledger.note_scopes(["account"], "2026-11-24T10")
    assert wire.calls == ["BatchWriteItem"]
    ledger.note_scopes(["account"], "2026-11-24T11")
    rows = {row["scope"]["S"]: row for row in items(dynamodb, TABLES.reputation)}
    assert {scope: row["active_hour"]["S"] for scope, row in rows.items()} == {
        "account": "2026-11-24T11",
        "tenant/acme": "2026-11-24T10",
    }
    assert {row["item"]["S"] for row in rows.values()} == {"seen"}


def test_many_scopes_are_noted_25_a_call(dynamodb: "DynamoDBClient", ledger: DynamoLedger) -> None:
    """As many as DynamoDB takes."""
    wire = Wire(dynamodb)
    ledger.note_scopes([f"tenant/{number}" for number in range(60)], "2026-11-24T10")
    assert wire.calls == ["BatchWriteItem"] * 3
    assert len(items(dynamodb, TABLES.reputation)) == 60


def test_scopes_that_were_not_written_are_noted_the_next_time(dynamodb: "DynamoDBClient") -> None:
    """A failure is not remembered as a success."""
    Wire(dynamodb, lambda number, _, __: failure("ThrottlingException") if number == 0 else None)
    ledger = make(dynamodb)
    with pytest.raises(LedgerBusy):
        ledger.note_scopes(["account"], "2026-11-24T10")
    ledger.note_scopes(["account"], "2026-11-24T10")
    assert len(items(dynamodb, TABLES.reputation)) == 1


# What DynamoDB answers, and what that means.
ERRORS: dict[str, type[LedgerError]] = {
    "InternalServerError": LedgerBusy,
    "LimitExceededException": LedgerBusy,
    "ProvisionedThroughputExceededException": LedgerBusy,
    "RequestLimitExceeded": LedgerBusy,
    "ServiceUnavailable": LedgerBusy,
    "ThrottlingException": LedgerBusy,
    "TransactionConflictException": LedgerBusy,
    "TransactionInProgressException": LedgerBusy,
    "ValidationException": RowRefused,
    "ItemCollectionSizeLimitExceededException": LedgerError,
    "AccessDeniedException": LedgerError,
    "ResourceNotFoundException": LedgerError,
    "IdempotentParameterMismatchException": LedgerError,
    "SomethingNewException": LedgerError,
}


@pytest.mark.parametrize("call", ["transact", "entries", "last_delivery", "background", "note_scopes"])
@pytest.mark.parametrize("code", ERRORS)
def test_an_error_is_told_by_its_code_alone(offline: "DynamoDBClient", code: str, call: str) -> None:
    """DynamoDB's message may hold a key, which is an address."""
    Wire(offline, lambda *_: failure(code))
    ledger = make(offline)
    calls: dict[str, Callable[[], object]] = {
        "transact": lambda: ledger.transact(Transaction(new=[fact()])),
        "entries": lambda: ledger.entries([EntryKey(JANE, "account")]),
        "last_delivery": lambda: ledger.last_delivery(JANE, NOW),
        "background": lambda: ledger.background("example.com", NOW, ()),
        "note_scopes": lambda: ledger.note_scopes(["account"], "2026-11-24T10"),
    }
    with pytest.raises(LedgerError) as caught:
        calls[call]()
    assert type(caught.value) is ERRORS[code]
    assert code in str(caught.value)
    assert "@" not in str(caught.value)


REASONS: dict[str, tuple[tuple[str, ...], type[LedgerError]]] = {
    "a bad row": (("ValidationError",), RowRefused),
    "a bad row beside a conflict": (("TransactionConflict", "ValidationError"), RowRefused),
    "a bad row beside a duplicate": (("ConditionalCheckFailed", "ValidationError"), RowRefused),
    "too large a collection": (("ItemCollectionSizeLimitExceeded",), RowRefused),
    "a conflict for ever": (("TransactionConflict",), LedgerBusy),
    "throttling for ever": (("ThrottlingError",), LedgerBusy),
    "throughput": (("ProvisionedThroughputExceeded",), LedgerBusy),
    "something new": (("NotEnoughMoonlight",), LedgerError),
}


@pytest.mark.parametrize(("codes", "error"), REASONS.values(), ids=REASONS)
def test_a_cancelled_transaction_is_taken_by_its_reasons(
    offline: "DynamoDBClient", codes: tuple[str, ...], error: type[LedgerError]
) -> None:
    """A refused row comes before all else: the transaction will never pass as it is."""
    Wire(offline, lambda *_: cancelled(*codes))
    pauses: list[float] = []
    with pytest.raises(LedgerError) as caught:
        make(offline, pauses=pauses).transact(Transaction(new=[fact(mail=f"mail-{number}") for number in range(len(codes))]))
    assert type(caught.value) is error
    assert len(pauses) == (9 if error is LedgerBusy else 0)
    assert "@" not in str(caught.value)


def test_pauses_grow_and_are_random(offline: "DynamoDBClient") -> None:
    """Writers that met do not meet again; none waits for more than a second and a half."""
    Wire(offline, lambda *_: cancelled("TransactionConflict"))
    runs: list[list[float]] = [[], [], [], []]
    for pauses in runs:
        with pytest.raises(LedgerBusy):
            make(offline, pauses=pauses).transact(Transaction(new=[fact()]))
    assert all(pauses[0] <= 0.06 and max(pauses) <= 1.5 for pauses in runs)
    assert max(pauses[-1] for pauses in runs) > 0.06
    assert len({pauses[0] for pauses in runs}) == len(runs)


@pytest.mark.parametrize("call", ["transact", "entries"])
def test_no_answer_at_all_is_trouble_that_passes(offline: "DynamoDBClient", call: str) -> None:
    """The network, rather than DynamoDB."""

    def gone(*_: object) -> Answer:
        raise EndpointConnectionError(endpoint_url="https://dynamodb.example")

    Wire(offline, gone)
    ledger = make(offline)
    calls: dict[str, Callable[[], object]] = {
        "transact": lambda: ledger.transact(Transaction(new=[fact()])),
        "entries": lambda: ledger.entries([EntryKey(JANE, "account")]),
    }
    with pytest.raises(LedgerBusy, match="DynamoDB did not answer: EndpointConnectionError"):
        calls[call]()
