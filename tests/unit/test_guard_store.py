"""The guard's rows in DynamoDB, on moto; what needs concurrency is among the integration tests."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.guard_ports import Look, Record
from ses_warden.application.ports import Cohort, Transaction
from ses_warden.domain.cohorts import Change, Rollup, Tally
from ses_warden.domain.counters import WATCHED, Counter
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import facts_of
from ses_warden.domain.guard_states import Action, Mode, State, Status, Suspicion, Word
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.rates import Outcomes
from ses_warden.errors import LedgerBusy, LedgerError
from ses_warden_cli.samples.doors import compact
from tests.support.aws import client_for, tables
from tests.support.dynamo import Answer, Wire, cancelled, failure, success
from tests.support.samples import make_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 10, 30, 0, 250_000, tzinfo=UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
TABLE = "ReputationTable"
TABLES = Tables("EventsTable", "SuppressionTable", TABLE)
SCOPE = "configuration-set/marketing"
SHARDS = 3


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the tables of the template."""
    with tables() as client:
        yield client


@pytest.fixture
def offline() -> "DynamoDBClient":
    """A client whose every call a test answers."""
    client: DynamoDBClient = client_for("dynamodb")
    return client


def made(client: "DynamoDBClient", pauses: list[float] | None = None) -> DynamoGuardStore:
    """A store that waits for nothing."""
    return DynamoGuardStore(client, TABLE, shards=SHARDS, sleep=(pauses if pauses is not None else []).append)


@pytest.fixture
def store(dynamodb: "DynamoDBClient") -> DynamoGuardStore:
    """The store under test."""
    return made(dynamodb)


def count(
    client: "DynamoDBClient", counts: dict[Counter, int], *, scope: str = SCOPE, shard: int = 0, at: datetime = NOW, **more: Any
) -> None:
    """The ledger moves counters."""
    ledger = DynamoLedger(client, TABLES, retention=timedelta(days=30), shards=SHARDS, shard=shard, clock=lambda: at)
    period = more.pop("period", "hour/2026-11-24T10")
    assert ledger.transact(Transaction(counts={Cohort(scope, period): counts}, **more)) is None


# What moved


def test_what_the_ledger_counts_is_a_change(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """With the value of its shard as it is now, and the moment of the last move."""
    count(dynamodb, {Counter.HARD: 1, Counter.DELIVERED: 5}, at=NOW - timedelta(minutes=1))
    count(dynamodb, {Counter.DELIVERED: 2, Counter.OPENS: 9})
    moment = NOW.replace(microsecond=250_000)
    assert store.changes(NOW - timedelta(hours=1), NOW) == [Change(SCOPE, 0, "2026-11-24T10", Tally(hard=1, delivered=7), moment)]


@pytest.mark.parametrize("counter", Counter)
def test_opens_and_clicks_are_no_change(dynamodb: "DynamoDBClient", store: DynamoGuardStore, counter: Counter) -> None:
    """Nothing that the guard does not judge makes it look."""
    count(dynamodb, {counter: 1})
    assert bool(store.changes(NOW - timedelta(hours=1), NOW)) is (counter in WATCHED)


def test_the_habits_of_recipient_domains_are_no_change(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """They are counted in the same table, and nobody's sending."""
    count(dynamodb, {Counter.HARD: 1}, scope="recipient-domain/example.com")
    count(dynamodb, {Counter.HARD: 1}, scope="recipient-domain/example.com", period="day/2026-11-24")
    assert store.changes(NOW - timedelta(hours=1), NOW) == []


def test_changes_are_those_since_a_moment_over_hours_and_shards(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """A query for each hour and shard, whatever the number of scopes."""
    for minutes, shard in ((200, 0), (100, 1), (31, 2), (1, 0)):
        period = f"hour/2026-11-24T0{minutes % 7}"
        count(dynamodb, {Counter.SENT: minutes}, shard=shard, at=NOW - timedelta(minutes=minutes), period=period)
    wire = Wire(dynamodb)
    found = store.changes(NOW - timedelta(minutes=100), NOW)
    assert sorted(change.tally.sent for change in found) == [1, 31, 100]
    assert {change.shard for change in found} == {0, 1, 2}
    assert wire.calls == ["Query"] * 3 * SHARDS


def test_changes_are_read_page_by_page(offline: "DynamoDBClient") -> None:
    """A page holds a megabyte."""

    def item(shard: int) -> dict[str, Any]:
        keys = {
            "scope": {"S": f"a#b#{shard}"},
            "item": {"S": "hour/2026-11-24T10"},
            "changed_at": {"S": "2026-11-24T10:29:00.000Z"},
        }
        return {**keys, "sent": {"N": "3"}}

    pages: list[Answer] = [success(Items=[item(0)], LastEvaluatedKey={"scope": {"S": "x"}}), success(Items=[item(1)])]
    wire = Wire(offline, lambda number, *_: pages[number] if number < 2 else success(Items=[]))
    found = made(offline).changes(NOW - timedelta(minutes=10), NOW)
    assert [(change.scope, change.shard) for change in found] == [("a#b", 0), ("a#b", 1)]
    assert wire.requests[1]["ExclusiveStartKey"] == {"scope": {"S": "x"}}


def test_the_accounts_counters_say_how_far_the_lane_has_got(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """The time of the last delivery of each transaction; bounces, which wait in no queue, say nothing of it."""
    for kind, minutes in (("Delivery", 3), ("Bounce", 1)):
        at = NOW - timedelta(minutes=minutes)
        event = parse_event(compact(make_event(kind, message_id=f"m-{kind}", recipients=["jane@example.com"], at=at, sent_at=at)))
        assert isinstance(event, MailEvent)
        counts = {Counter.DELIVERED if kind == "Delivery" else Counter.HARD: 1}
        count(dynamodb, counts, scope="account", new=facts_of(event))
        count(dynamodb, counts, new=[])
    progress = {change.scope: change.progress for change in store.changes(NOW - timedelta(hours=1), NOW)}
    assert progress == {"account": NOW - timedelta(minutes=3), SCOPE: None}


def test_hours_and_days_are_read_over_all_shards(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """And over nothing else."""
    for shard in range(SHARDS):
        for period in ("hour/2026-11-24T00", "hour/2026-11-24T23", "hour/2026-11-23T23", "hour/2026-11-25T00", "day/2026-11-24"):
            count(dynamodb, {Counter.HARD: 1, Counter.SENT: 10}, shard=shard, period=period)
    assert store.day(SCOPE, "2026-11-24") == Tally(hard=2 * SHARDS, sent=20 * SHARDS)
    assert store.hour(SCOPE, "2026-11-24T23") == Tally(hard=SHARDS, sent=10 * SHARDS)
    assert store.hour("account", "2026-11-24T23") == Tally()


# What is kept


def test_a_rollup_comes_back_as_it_was_stored(store: DynamoGuardStore) -> None:
    """Hours by shard, days, and its moments."""
    rollup = Rollup(
        upto=NOW,
        since=HOUR - timedelta(days=40),
        hours={"2026-11-24T10": {0: Tally(1, 2, 3, 4, 5, 6, 7, 8), 2: Tally(sent=9)}},
        days={"2026-11-20": Tally(hard=3)},
        forgotten="2026-11-02",
    )
    store.save_rollups({SCOPE: rollup, "account": Rollup()})
    assert store.rollups([SCOPE, "account", "tenant/unknown"]) == {SCOPE: rollup, "account": Rollup()}


def test_a_month_of_a_busy_scope_fits_into_a_few_write_units(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """A rollup is written once in half an hour for each scope that sends, so its size is a cost."""
    hours = {
        f"2026-11-{22 + n // 24:02}T{n % 24:02}": {s: Tally(900 + n, 17 + s, 700, 150, 20, 3, 1) for s in range(8)}
        for n in range(72)
    }
    days = {f"2026-10-{day:02}": Tally(90_000, 1_700, 70_000, 15_000, 2_000, 300, 60) for day in range(1, 31)}
    store.save_rollups({SCOPE: Rollup(NOW, HOUR, hours, days)})
    items: Any = dynamodb.scan(TableName=TABLE)["Items"]
    [item] = items
    assert len(bytes(item["cohorts"]["B"])) < 4_096


def test_rollups_are_read_by_the_hundred_and_written_by_25(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """As many as DynamoDB takes."""
    wire = Wire(dynamodb)
    store.save_rollups({f"tenant/{number}": Rollup() for number in range(101)})
    assert len(store.rollups([f"tenant/{number}" for number in range(101)])) == 101
    assert wire.calls == ["BatchWriteItem"] * 5 + ["BatchGetItem"] * 2


FULL = State(
    scope=SCOPE,
    status=Status.PROBATION,
    since=NOW,
    reason="list cleaned",
    by="jane",
    counting_from=NOW,
    before=Outcomes(hour=HOUR, sent=5, hard=2, delivered=3),
    suspicion=Suspicion(NOW, (Outcomes(hour=HOUR, hard=4),)),
    aws_mark=Word(0.05, None),
    warned_at=NOW - timedelta(days=1),
    would_pause=True,
    untold=Action.RESUMED,
    failures=3,
)


@pytest.mark.parametrize("state", [State(scope=SCOPE), FULL])
def test_a_state_comes_back_as_it_was_stored(store: DynamoGuardStore, state: State) -> None:
    """With its new version, found by the index of what is guarded."""
    saved = store.save_state(state)
    assert saved == replace(state, version=1)
    assert store.states() == {SCOPE: saved}


def test_a_state_is_written_over_the_version_it_was_made_from(store: DynamoGuardStore) -> None:
    """Whoever is slower is told so."""
    first = store.save_state(State(scope=SCOPE))
    assert first
    assert store.save_state(State(scope=SCOPE)) is None
    second = store.save_state(replace(first, status=Status.WARNED))
    assert second
    assert (second.version, store.save_state(first)) == (2, None)
    assert store.states([SCOPE])[SCOPE].status is Status.WARNED


def test_a_decision_and_its_line_of_the_audit_trail_are_one(dynamodb: "DynamoDBClient", store: DynamoGuardStore) -> None:
    """Neither is written without the other."""
    record = Record(SCOPE, NOW, Action.PAUSE, "pausing", "the guard", "40 of 200", Mode.ACTIVE)
    assert store.save_state(State(scope=SCOPE, version=7), record) is None
    assert dynamodb.scan(TableName=TABLE)["Count"] == 0
    assert store.save_state(State(scope=SCOPE), record)
    items: Any = dynamodb.scan(TableName=TABLE)["Items"]
    [line] = [item for item in items if item["item"]["S"].startswith("decision/")]
    assert line["item"] == {"S": "decision/2026-11-24T10:30:00.250Z/pause"}
    assert (line["by"], line["reason"], line["mode"]) == ({"S": "the guard"}, {"S": "40 of 200"}, {"S": "active"})
    assert int(line["purge_at"]["N"]) == int((NOW + timedelta(days=400)).timestamp())


@pytest.mark.parametrize(
    "look", [Look(NOW), Look(NOW, NOW, "HEALTHY", NOW, {"account": Word(0.03, None), SCOPE: Word(None, 0.001)}, NOW)]
)
def test_a_look_comes_back_as_it_was_left(store: DynamoGuardStore, look: Look) -> None:
    """For the next run."""
    assert store.last_look() is None
    store.save_look(look)
    assert store.last_look() == look


# Failures


def test_a_conflict_is_tried_again(offline: "DynamoDBClient") -> None:
    """The other writer may have failed."""
    pauses: list[float] = []
    answers: list[Answer] = [cancelled("TransactionConflict"), cancelled("ThrottlingError"), success()]
    Wire(offline, lambda number, *_: answers[number])
    assert made(offline, pauses).save_state(State(scope=SCOPE))
    assert len(pauses) == 2


def test_conflicts_without_end_are_an_error(offline: "DynamoDBClient") -> None:
    """The next run tries again."""
    Wire(offline, lambda *_: cancelled("TransactionConflict"))
    with pytest.raises(LedgerBusy, match=SCOPE):
        made(offline).save_state(State(scope=SCOPE))


@pytest.mark.parametrize(("code", "error"), [("AccessDeniedException", LedgerError), ("ThrottlingException", LedgerBusy)])
@pytest.mark.parametrize("call", ["last_look", "changes", "rollups", "save_rollups", "states", "save_state", "save_look", "day"])
def test_each_refusal_is_an_error_of_ours(offline: "DynamoDBClient", call: str, code: str, error: type[LedgerError]) -> None:
    """With DynamoDB's code."""
    Wire(offline, lambda *_: failure(code))
    store = made(offline)
    calls: dict[str, tuple[Any, ...]] = {
        "changes": (NOW, NOW),
        "rollups": ([SCOPE],),
        "save_rollups": ({SCOPE: Rollup()},),
        "save_state": (State(scope=SCOPE),),
        "save_look": (Look(NOW),),
        "day": (SCOPE, "2026-11-24"),
    }
    with pytest.raises(error, match=code):
        getattr(store, call)(*calls.get(call, ()))
