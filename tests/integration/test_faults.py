"""Throttling, conflicts, partial answers and refused rows: what another try mends is mended, and the rest stops nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from ses_warden.adapters.responses import batch_response
from ses_warden.application.record_events import Happening
from ses_warden.errors import LedgerBusy, LedgerError
from tests.integration.harness import RETENTION, SENT, Snapshot, World, event, redelivered, through_queue, through_sns
from tests.support.dynamo import Answer, cancelled, failure, success

JANE = "jane@example.com"
FULL = "bounce-transient-mailboxfull"
# The ledger's own tries of a transaction that conflicts.
TRIES = 10
FOR_EVER = 10_000

type Before = Callable[[int, str, Any], Answer | None]


def trouble(operation: str, answer: Callable[[Any], Answer], times: int = FOR_EVER, healthy: int = 0) -> Before:
    """For `Wire`: an operation goes well a few times, and then meets trouble a few times."""
    met = 0

    def before(_number: int, name: str, request: Any) -> Answer | None:
        nonlocal met
        if name != operation:
            return None
        met += 1
        return answer(request) if healthy < met <= healthy + times else None

    return before


def cancelled_by(code: str) -> Callable[[Any], Answer]:
    """A transaction cancelled because of its last action."""
    return lambda request: cancelled(*["None"] * (len(request["TransactItems"]) - 1), code)


def clean(world: World, *texts: str) -> Snapshot:
    """What these events leave where all is well; the tables are empty afterwards."""
    assert world.record(*texts).error is None
    snapshot = world.snapshot().without_versions()
    world.clear()
    return snapshot


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_was_cancelled_in_passing_is_tried_again(world: World, code: str) -> None:
    """Two conflicts, then success: recorded once, after two random pauses."""
    expected = clean(world, event("Bounce"))
    environment = world.environment(before=trouble("TransactWriteItems", cancelled_by(code), times=2))
    outcome = environment.record(through_sns(event("Bounce")))
    assert outcome.error is None
    assert outcome.total(Happening.DUPLICATE) == 0
    assert environment.wire.calls.count("TransactWriteItems") == 3
    assert len(environment.pauses) == 2
    assert world.snapshot().without_versions() == expected


def test_a_transaction_that_conflicts_for_ever_is_given_up_and_delivered_again(world: World) -> None:
    """After ten tries with pauses of 8 seconds at most the record is named as failed; nothing was written."""
    expected = clean(world, event("Send"))
    environment = world.environment(before=trouble("TransactWriteItems", cancelled_by("TransactionConflict")))
    payload = through_queue(event("Send"))
    outcome = environment.record(payload)
    assert isinstance(outcome.error, LedgerBusy)
    assert batch_response(outcome) == {"batchItemFailures": [{"itemIdentifier": payload["Records"][0]["messageId"]}]}
    assert environment.wire.calls == ["TransactWriteItems"] * TRIES
    assert len(environment.pauses) == TRIES - 1
    # A function's time-out is 60 seconds.
    assert sum(environment.pauses) < 10
    assert not world.snapshot().events
    assert world.environment().record(redelivered(payload, outcome.failed)).error is None
    assert world.snapshot().without_versions() == expected


def test_a_duplicate_is_recognised_beside_a_conflict(world: World) -> None:
    """A transaction may be cancelled for several reasons at once: the duplicate is dropped, the rest goes again."""
    world.record(event("Send"))
    before = trouble(
        "TransactWriteItems", lambda _: cancelled("ConditionalCheckFailed", "TransactionConflict", "None", "None"), times=1
    )
    environment = world.environment(before=before)
    outcome = environment.record(through_queue(event("Send"), event("Send", "mail-2")))
    assert outcome.error is None
    assert outcome.total(Happening.DUPLICATE) == 1
    assert world.snapshot().counted("account", "sent") == 2


# The unit tests have the other codes.
CODES = {"ThrottlingException": LedgerBusy, "AccessDeniedException": LedgerError}
# Each operation, in a story that needs it: what was before, and what comes.
OPERATIONS = {
    "BatchGetItem": (event("Send"), event("Bounce")),
    "TransactWriteItems": (event("Send"), event("Complaint")),
    "Query": (event("Delivery", "mail-2", days=3), event(FULL)),
    "BatchWriteItem": (event("Send"), event("Open")),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", CODES)
def test_what_dynamodb_refuses_for_a_while_is_delivered_again(world: World, operation: str, code: str) -> None:
    """The record fails with an error that holds no address; delivered again it is recorded once, with all that follows from it."""
    earlier, text = OPERATIONS[operation]
    expected = clean(world, earlier, text)
    world.record(earlier)
    error = CODES[code]
    environment = world.environment(before=trouble(operation, lambda _: failure(code), times=1))

    outcome = environment.record(through_sns(text))

    assert outcome.failed == {None}
    assert isinstance(outcome.error, error)
    assert code in str(outcome.error)
    assert "@" not in str(outcome.error)
    with pytest.raises(error):
        batch_response(outcome)
    assert environment.record(through_sns(text)).error is None
    assert world.snapshot().without_versions() == expected


def test_only_the_records_that_were_not_written_are_delivered_again(world: World) -> None:
    """Of 250 events the first transaction lands, the second is throttled: the third is not even tried."""
    texts = [event("Send", f"mail-{number}", [f"person-{number}@example.com"]) for number in range(250)]
    expected = clean(world, *texts)
    payload = through_queue(*texts)
    environment = world.environment(
        before=trouble("TransactWriteItems", lambda _: failure("ThrottlingException"), healthy=1, times=1)
    )

    outcome = environment.record(payload)

    written = len(world.snapshot().events)
    assert 0 < written < 100
    assert environment.wire.calls.count("TransactWriteItems") == 2
    assert {record["messageId"] for record in payload["Records"][written:]} == outcome.failed
    again = environment.record(redelivered(payload, outcome.failed))
    assert again.error is None
    assert again.total(Happening.DUPLICATE) == 0
    assert world.snapshot().without_versions() == expected


def test_rows_left_unwritten_are_asked_for_again(world: World) -> None:
    """A BatchWriteItem that does half of its work says so: the other half follows."""
    texts = [event("Send", f"mail-{number}", configuration_set=f"set-{number}") for number in range(6)]
    expected = clean(world, *texts)
    environment = world.environment()

    def halve(params: Any, **_: Any) -> None:
        ((table, puts),) = params["RequestItems"].items()
        kept = puts[: (len(puts) + 1) // 2]
        left.clear()
        left.update({table: puts[len(kept) :]} if puts[len(kept) :] else {})
        params["RequestItems"] = {table: kept}

    def report(parsed: Any, **_: Any) -> None:
        parsed["UnprocessedItems"] = dict(left)

    left: dict[str, Any] = {}
    environment.client.meta.events.register("before-parameter-build.dynamodb.BatchWriteItem", halve)
    environment.client.meta.events.register("after-call.dynamodb.BatchWriteItem", report)

    assert environment.record(through_queue(*texts)).error is None

    assert environment.wire.calls.count("BatchWriteItem") == 3
    assert len(environment.pauses) == 2
    assert world.snapshot().without_versions() == expected


def test_keys_left_unread_are_asked_for_again(world: World) -> None:
    """A BatchGetItem that reads nothing at first does not make a burst of bounces look like none."""
    for number in range(25):
        world.record(event("Bounce", f"mail-{number}", [f"person-{number}@example.com"], days=1))
    unread = trouble("BatchGetItem", lambda request: success(Responses={}, UnprocessedKeys=request["RequestItems"]), times=2)
    environment = world.environment(before=unread)
    assert environment.record(through_sns(event("Bounce", "mail-26", ["person-26@example.com"], days=1))).error is None
    assert environment.wire.calls.count("BatchGetItem") == 3
    assert world.snapshot().suppression["person-26@example.com", "account"]["confidence"] == {"S": "low"}


@pytest.mark.parametrize(("operation", "field"), [("BatchGetItem", "UnprocessedKeys"), ("BatchWriteItem", "UnprocessedItems")])
def test_a_batch_call_that_never_ends_is_given_up(world: World, operation: str, field: str) -> None:
    """After ten tries the record is delivered again."""
    endless = trouble(operation, lambda request: success(Responses={}, **{field: request["RequestItems"]}))
    environment = world.environment(before=endless)
    outcome = environment.record(through_sns(event("Bounce")))
    assert isinstance(outcome.error, LedgerBusy)
    assert environment.wire.calls.count(operation) == TRIES
    assert sum(environment.pauses) < 10


# How DynamoDB may say that it takes a row never: for one action of a transaction, or for the request as a whole.
REFUSALS: dict[str, Callable[[Any], Answer]] = {
    "the action": lambda request: cancelled(*("ValidationError" if "bad-row" in str(one) else "None" for one in request)),
    "the request": lambda _: failure("ValidationException"),
    "the collection": lambda request: cancelled(
        *("ItemCollectionSizeLimitExceeded" if "bad-row" in str(one) else "None" for one in request)
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_row_that_dynamodb_refuses_does_not_stop_its_neighbours(world: World, refusal: Callable[[Any], Answer]) -> None:
    """Of 100 events with two bad rows 98 land; the two are set aside, and nothing is delivered again."""

    def before(_number: int, name: str, request: Any) -> Answer | None:
        actions = request["TransactItems"] if name == "TransactWriteItems" else ()
        return refusal(actions) if any("bad-row" in str(action) for action in actions) else None

    texts = [
        event("Send", f"bad-row-{number}" if number in (17, 64) else f"mail-{number}", [f"person-{number}@example.com"])
        for number in range(100)
    ]
    environment = world.environment(before=before)
    outcome = environment.record(through_queue(*texts))
    assert batch_response(outcome) == {"batchItemFailures": []}
    assert outcome.total(Happening.UNPARSABLE) == 2
    assert sorted(environment.quarantine.kept) == sorted([texts[17], texts[64]])
    assert len(world.snapshot().events) == 98
    assert world.snapshot().counted("account", "sent") == 98


GRIN = "\N{GRINNING FACE}"
# What a payload may say that DynamoDB's own limits forbid: 2,048 bytes of partition key, 1,024 of sort key.
TOO_LONG: dict[str, str] = {
    "contact list": event("subscription", contactList="a list " * 200),
    "recipient": event("Bounce", recipients=[GRIN * 310 + "@example.com"]),
    "message id": event("Send", GRIN * 512 + "+"),
    "configuration set": event("Send", configuration_set="set" * 1000),
    "tenant": event("Send", tenant="tenant" * 500),
    # Mail older than the retention moves no counter, whose key would be refused.
    "configuration set of old mail": event("Send", configuration_set="set" * 1000, sent_at=SENT - RETENTION),
}


@pytest.mark.parametrize("text", TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_too_long_for_dynamodb_stops_nothing_else(world: World, text: str) -> None:
    """The event is recorded as far as it can be, or set aside; its neighbours land, and nothing is delivered again."""
    environment = world.environment()
    outcome = environment.record(through_queue(event("Send", "mail-2"), text, event("Bounce", "mail-3")))
    assert batch_response(outcome) == {"batchItemFailures": []}
    snapshot = world.snapshot()
    assert {"mail-2", "mail-3"} <= {message_id for message_id, _ in snapshot.events}
    assert len(snapshot.events) - 2 + list(environment.quarantine.kept).count(text) == 1
    assert ("account", "seen") in snapshot.reputation
