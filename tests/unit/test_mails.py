"""The events table read for searches, against botocore's own model of DynamoDB: pages are followed to the last one."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from ses_warden.adapters.mails import DynamoMails
from ses_warden.adapters.rows import DAY_SHARDS
from ses_warden.domain.search import Clue
from ses_warden.errors import LedgerBusy, LedgerError

AT = "2026-11-23T09:00:00.000Z"
DAY = date(2026, 11, 23)


@pytest.fixture
def client() -> Any:
    """It asks nobody."""
    session: Any = boto3.Session("test", "test", region_name="eu-west-1")
    return session.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in DynamoDB's place, after checking each request against the model."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


def row(mail: str, recipient: str = "jane@example.net", **more: Any) -> dict[str, Any]:
    """A row as an index has it."""
    return {"message_id": {"S": mail}, "event": {"S": f"{recipient}#Send#-"}, "kind": {"S": "sent"}, "at": {"S": AT}, **more}


def page(query: dict[str, Any], items: list[dict[str, Any]], *, start: Any = None, last: Any = None) -> Any:
    """An answer, and the request that it is to."""
    answer = {"Items": items, **({"LastEvaluatedKey": last} if last else {})}
    return "query", answer, {**query, **({"ExclusiveStartKey": start} if start else {})}


BY_RECIPIENT = {
    "TableName": "events",
    "IndexName": "by_recipient",
    "KeyConditionExpression": "#key = :key AND #at >= :since",
    "ExpressionAttributeNames": {"#key": "recipient", "#at": "at"},
    "ExpressionAttributeValues": {":key": {"S": "jane@example.net"}, ":since": {"S": "2026-11-23T00:00:00.000Z"}},
}
BY_MAIL = {
    "TableName": "events",
    "KeyConditionExpression": "message_id = :id",
    "ExpressionAttributeValues": {":id": {"S": "m"}},
}
SINCE = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_recipients_events_are_read_to_the_last_page(client: Any, stub: Stubber) -> None:
    """Each page begins where the last one ended; one in the middle may be empty, and still not be the last."""
    first, second = {"recipient": {"S": "a"}, "message_id": {"S": "b"}}, {"recipient": {"S": "c"}, "message_id": {"S": "d"}}
    stub.add_response(*page(BY_RECIPIENT, [row("m1")], last=first))
    stub.add_response(*page(BY_RECIPIENT, [], start=first, last=second))
    stub.add_response(*page(BY_RECIPIENT, [row("m2"), row("m3")], start=second))
    found = DynamoMails(client, "events").of_recipient("jane@example.net", SINCE)
    assert [clue.message_id for clue in found] == ["m1", "m2", "m3"]


def test_a_mails_rows_are_read_to_the_last_page(client: Any, stub: Stubber) -> None:
    """A mail to fifty, opened often, has more than a megabyte."""
    last = {"message_id": {"S": "m"}, "event": {"S": "x"}}
    stub.add_response(*page(BY_MAIL, [row("m", "ann@example.net")], last=last))
    stub.add_response(*page(BY_MAIL, [row("m", "joe@example.net")], start=last))
    [rows] = DynamoMails(client, "events").rows(["m"])
    assert [one.recipient for one in rows] == ["ann@example.net", "joe@example.net"]


def test_a_page_that_fails_is_not_the_end(client: Any, stub: Stubber) -> None:
    """What was read until then is no answer."""
    last = {"recipient": {"S": "a"}, "message_id": {"S": "b"}}
    stub.add_response(*page(BY_RECIPIENT, [row("m1")], last=last))
    stub.add_client_error(
        "query", "ProvisionedThroughputExceededException", expected_params={**BY_RECIPIENT, "ExclusiveStartKey": last}
    )
    with pytest.raises(LedgerBusy):
        DynamoMails(client, "events").of_recipient("jane@example.net", SINCE)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "the right dynamodb:Query on the table and its indexes is missing"),
        ("ResourceNotFoundException", "no such table"),
    ],
)
def test_a_refusal_says_what_to_do(client: Any, stub: Stubber, code: str, said: str) -> None:
    """Which right is missing, or that there is no table."""
    stub.add_client_error("query", code)
    with pytest.raises(LedgerError, match=said):
        DynamoMails(client, "events").of_recipient("jane@example.net", SINCE)


class Endless:
    """The first question is broken off, as by Ctrl-C, when another has begun; that one has no last page."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self._begun = threading.Event()
        self.error: BaseException | None = KeyboardInterrupt()

    def query(self, **request: Any) -> dict[str, Any]:
        """A page."""
        if self.error and request["ExpressionAttributeValues"][":key"]["S"].endswith("#0"):
            assert self._begun.wait(20)
            raise self.error
        self._begun.set()
        return {"Items": [], **({"LastEvaluatedKey": {"day": {"S": "x"}}} if self.error else {})}


def test_who_breaks_off_need_not_wait_for_the_rest_of_the_day() -> None:
    """The threads stop at the end of the page that they read; what is asked afterwards is answered."""
    table: Any = Endless()
    mails = DynamoMails(table, "events")
    with pytest.raises(KeyboardInterrupt):
        list(mails.of_day(DAY))
    table.error = None
    assert list(mails.of_day(DAY)) == [[]] * DAY_SHARDS


class Table:
    """Answers the queries of several threads, in whatever order they come: each shard has two pages of a row."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self.asked: list[tuple[str, bool]] = []
        self._lock = threading.Lock()

    def query(self, **request: Any) -> dict[str, Any]:
        """A page."""
        shard = request["ExpressionAttributeValues"][":key"]["S"]
        again = "ExclusiveStartKey" in request
        with self._lock:
            self.asked.append((shard, again))
        assert request.get("ExclusiveStartKey", {"day": {"S": shard}}) == {"day": {"S": shard}}
        tags: dict[str, Any] = {"tags": {"SS": ["a=b"]}, "sender": {"S": "shop@example.com"}, "subject": {"S": "Boots"}}
        answer = {"Items": [row(f"{shard}-{'second' if again else 'first'}", **tags)]}
        return answer if again else {**answer, "LastEvaluatedKey": {"day": {"S": shard}}}


def test_a_day_is_read_from_all_its_shards_to_their_last_pages() -> None:
    """No thread follows another's page, and the parts come in the order of the shards."""
    table: Any = Table()
    parts = list(DynamoMails(table, "events").of_day(DAY))
    shards = [f"2026-11-23#{number}" for number in range(DAY_SHARDS)]
    assert sorted(table.asked) == sorted((shard, again) for shard in shards for again in (False, True))
    assert [[clue.message_id for clue in part] for part in parts] == [[f"{one}-first", f"{one}-second"] for one in shards]
    at = datetime.fromisoformat(AT)
    clue = Clue(f"{shards[0]}-first", "jane@example.net", "Send", "sent", at, "shop@example.com", "Boots", ("a=b",))
    assert parts[0][0] == clue
    assert re.fullmatch(r"\d{4}-\d\d-\d\d#\d+", shards[-1])
