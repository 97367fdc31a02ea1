"""The senders' gate, against a DynamoDB that the test answers for."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from botocore.config import Config

from ses_warden.adapters.entries import item_from
from ses_warden.domain.addresses import Address
from ses_warden.domain.entries import Entry, State
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.signals import operator_signal
from ses_warden.domain.suppression import decide
from ses_warden.domain.verdicts import recipient_address
from ses_warden.errors import LedgerError, UnknownScope
from ses_warden.gate import Reason, Refusal, SuppressionGate
from tests.support.dynamo import Answer, Wire, failure, session, success

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TABLE = "SuppressionTable"
KEY = b"a key of thirty-two bytes or more"
LIST = "contact-list/news"

type Before = Callable[[int, str, Any], Answer | None]


def row(address: str, scope: str = "account", **more: Any) -> dict[str, Any]:
    """A row that an operator's block made, with other attributes laid over it."""
    entry = decide(None, operator_signal(Address(address, address, True), block=True, at=NOW, note="told to", scope=scope))
    assert entry
    return {**item_from(entry), **more}


def until(moment: datetime) -> dict[str, Any]:
    """An expiry as rows have it."""
    return {"expires_at": {"S": moment.isoformat().replace("+00:00", "Z")}}


class Store:
    """Rows, and the answers of a table that holds them."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = {(each["address"]["S"], each["scope"]["S"]): each for each in rows}

    def answer(self, _number: int, name: str, request: Any) -> Answer:
        """As DynamoDB answers the gate's two calls."""
        if name == "Scan":
            mine = list(self.rows.values()) if request["Segment"] == 0 else []
            return success(Items=[each for each in mine if each["state"]["S"] == "suppressed"])
        keys = [(key["address"]["S"], key["scope"]["S"]) for key in request["RequestItems"][TABLE]["Keys"]]
        assert 0 < len(keys) <= 100
        assert len(set(keys)) == len(keys), "DynamoDB refuses a key that comes twice"
        return success(Responses={TABLE: [self.rows[key] for key in keys if key in self.rows]}, UnprocessedKeys={})


def gate_on(before: Before, **options: Any) -> tuple[SuppressionGate, Wire]:
    """A gate whose calls `before` answers; two threads, for noon."""
    config = Config(retries={"mode": "standard", "max_attempts": 1})
    client: Any = session().client("dynamodb", config=config)
    chosen: dict[str, Any] = {"on_error": "raise", "workers": 2, "clock": lambda: NOW} | options
    return SuppressionGate(TABLE, client=client, **chosen), Wire(client, before)


CASES = {
    "nobody knows of it": ("jane@example.com", (), None, None),
    "blocked, in another spelling": ("Blocked@EXAMPLE.com", (), Refusal.SUPPRESSED, "account"),
    "blocked, with a display name": ('"Doe, John" <blocked@example.com>', (), Refusal.SUPPRESSED, "account"),
    "an international domain": ("blocked@BÜCHER.example", (), Refusal.SUPPRESSED, "account"),
    "expired a second ago": ("expired@example.com", (), None, None),
    "expires in a second": ("resting@example.com", (), Refusal.SUPPRESSED, "account"),
    "released": ("released@example.com", (), None, None),
    "watched": ("watched@example.com", (), None, None),
    "unsubscribed from a list that is not asked for": ("reader@example.com", (), None, None),
    "unsubscribed from the list": ("reader@example.com", LIST, Refusal.SUPPRESSED, LIST),
    "one of several scopes": ("reader@example.com", ("tenant/acme", LIST), Refusal.SUPPRESSED, LIST),
    "no address": ("jane", (), Refusal.INVALID, None),
    "nothing": ("", (), Refusal.INVALID, None),
    "a header smuggled in": ("jane@example.com\r\nBcc: blocked@example.com", (), Refusal.INVALID, None),
    "two, of which one is blocked": ("blocked@example.com, jane@example.com", (), Refusal.INVALID, None),
    "two in brackets": ("<blocked@example.com>, <jane@example.com>", (), Refusal.INVALID, None),
    "two, parted as Outlook does": ("blocked@example.com; Jane <jane@example.com>", (), Refusal.INVALID, None),
    "a name that is the address": ("jane@example.com <jane@example.com>", (), None, None),
    "a blocked one, with another in its comment": ("blocked@example.com (<jane@example.com>)", (), Refusal.INVALID, None),
    "comments within comments, without end": ("(" * 900 + "<jane@example.com>", (), Refusal.INVALID, None),
    "an address at the end of a book": ("a," * 100_000 + "<jane@example.com>", (), Refusal.INVALID, None),
    "too long to be an address": (f"{'x' * 320}@example.com", (), Refusal.INVALID, None),
    "a separator within quotes": ('"a;b"@example.com', (), None, None),
    "a comment": ("blocked@example.com (Jane)", (), Refusal.SUPPRESSED, "account"),
}
ROWS = (
    row("blocked@example.com"),
    row("blocked@xn--bcher-kva.example"),
    row("expired@example.com", **until(NOW - timedelta(seconds=1))),
    row("resting@example.com", **until(NOW + timedelta(seconds=1))),
    row("released@example.com", state={"S": "released"}),
    row("watched@example.com", state={"S": "watching"}),
    row("reader@example.com", LIST),
)


@pytest.mark.parametrize(("address", "scope", "refusal", "where"), CASES.values(), ids=CASES)
def test_a_recipient_is_judged(address: str, scope: Any, refusal: Refusal | None, where: str | None) -> None:
    """By the account's row and those of the scopes asked for; a snapshot judges alike."""
    gate, _ = gate_on(Store(*ROWS).answer)
    for judge in (gate, gate.snapshot()):
        verdict = judge.check(address, scope=scope)
        assert (verdict.recipient, verdict.refusal, verdict.scope) == (address, refusal, where)
        assert verdict.allowed == (refusal is None)
        assert verdict.checked
        assert "@" not in verdict.explanation


def test_a_refusal_says_why() -> None:
    """Reason, state, expiry, and words; the row itself where it was read."""
    gate, _ = gate_on(Store(*ROWS).answer)
    verdict = gate.check("resting@example.com")
    assert (verdict.state, verdict.reason, verdict.expires_at) == ("suppressed", Reason.MANUAL, NOW + timedelta(seconds=1))
    assert (
        verdict.explanation
        == "suppressed until 2026-11-24 12:00 UTC, since 2026-11-24 12:00 UTC: an operator blocked it (told to)."
    )
    assert isinstance(verdict.entry, Entry)
    assert verdict.entry.state is State.SUPPRESSED

    held = gate.snapshot().check("reader@example.com", scope=LIST)
    assert (held.state, held.reason, held.expires_at, held.entry) == ("suppressed", Reason.MANUAL, None, None)
    assert held.explanation == "In contact-list/news: suppressed for good: manual."


def test_a_partition_keeps_order_and_repetitions() -> None:
    """An iterator of recipients, some twice, in any spelling: each is told where it stood."""
    gate, wire = gate_on(Store(*ROWS).answer)
    given = ["b@example.com", "blocked@example.com", "a@example.com", "B@example.com", "none", "Blocked <blocked@example.com>"]
    parts = gate.partition(iter(given))
    assert parts.allowed == ["b@example.com", "a@example.com", "B@example.com"]
    assert [verdict.recipient for verdict in parts.refused] == [given[1], given[4], given[5]]
    assert parts.unchecked == []
    assert wire.calls == ["BatchGetItem"]
    assert gate.snapshot().partition(iter(given)) == parts._replace(
        refused=[verdict._replace(entry=None) if verdict.entry else verdict for verdict in parts.refused]
    )


@pytest.mark.parametrize(("scopes", "hashed", "calls"), [((), False, 10), (("tenant/a", LIST), False, 31), ((LIST,), True, 40)])
def test_a_call_takes_a_hundred_keys(scopes: tuple[str, ...], hashed: bool, calls: int) -> None:
    """However many keys a recipient has, they are all in one call."""
    gate, wire = gate_on(Store().answer, pseudonym_key=KEY if hashed else None)
    assert len(gate.partition((f"r{n}@example.com" for n in range(1000)), scope=scopes).allowed) == 1000
    assert len(wire.calls) == calls


def test_an_endless_iterator_is_read_only_a_little_ahead() -> None:
    """What is in memory is bounded by the threads; and who stops early leaves nothing running."""
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield f"r{read}@example.com"

    gate, wire = gate_on(Store().answer)
    verdicts = gate.verdicts(endless())
    assert [next(verdicts).recipient for _ in range(150)][-1] == "r150@example.com"
    verdicts.close()  # type: ignore[attr-defined]  # a generator
    assert read <= 150 + 5 * 100
    assert len(wire.calls) <= 6


def test_a_hashed_row_is_found_with_its_key_alone() -> None:
    """Who was erased and must stay suppressed is refused, where the gate has the key."""
    store = Store(row(pseudonym(KEY, "gone@example.com"), LIST))
    for key, refusal, asked in ((None, None, 2), (b"another", None, 4), (KEY, Refusal.SUPPRESSED, 4)):
        gate, wire = gate_on(store.answer, pseudonym_key=key)
        assert gate.check("Gone@example.com", scope=LIST).refusal is refusal
        assert len(wire.requests[0]["RequestItems"][TABLE]["Keys"]) == asked
        assert gate.snapshot().check("Gone@example.com", scope=LIST).refusal is refusal


def test_the_key_is_what_stands_in_the_key_file() -> None:
    """With the line feed that ends it, which the commands leave off before they hash."""
    gate, _ = gate_on(Store(row(pseudonym(KEY, "gone@example.com"))).answer, pseudonym_key=KEY + b"\n")
    for judge in (gate, gate.snapshot()):
        assert judge.check("gone@example.com").refusal is Refusal.SUPPRESSED
    with pytest.raises(ValueError, match="empty"):
        gate_on(broken, pseudonym_key=b" \n")


def test_a_pseudonym_is_the_hmac_of_the_key() -> None:
    """RFC 4231, test case 2."""
    expected = "hmac:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert pseudonym(b"Jefe", "what do ya want for nothing?") == expected


def broken(_number: int, _name: str, _request: Any) -> Answer:
    """A table that the sender may not read."""
    return failure("AccessDeniedException")


def half(number: int, name: str, request: Any) -> Answer:
    """A table under load, which leaves all but the first two keys of a call undone, each time."""
    part = request["RequestItems"][TABLE]
    keys = part["Keys"]
    status, answer = Store(*ROWS).answer(number, name, {"RequestItems": {TABLE: {"Keys": keys[:2] if number == 0 else keys[:1]}}})
    left = keys[2:] if number == 0 else keys
    return status, {**answer, "UnprocessedKeys": {TABLE: {"Keys": left}} if left else {}}


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made."""
    pauses: list[float] = []
    monkeypatch.setattr("ses_warden.adapters.dynamo.Requests.pause", lambda _self, attempt: pauses.append(attempt))
    return pauses


def test_the_caller_chooses_what_a_failure_means() -> None:
    """Raise, let through, or refuse: none is silent, and there is no default."""
    with pytest.raises(LedgerError, match="AccessDeniedException"):
        gate_on(broken)[0].partition(["jane@example.com", "none"])

    allowing, _ = gate_on(broken, on_error="allow")
    parts = allowing.partition(["jane@example.com", "none"])
    assert (parts.allowed, parts.unchecked) == (["jane@example.com"], ["jane@example.com"])
    assert [verdict.refusal for verdict in parts.refused] == [Refusal.INVALID]
    verdict = allowing.check("jane@example.com")
    assert (verdict.allowed, verdict.checked, verdict.state) == (True, False, "unchecked")
    why = "AccessDeniedException; the right dynamodb:BatchGetItem on the table is missing, or kms:Decrypt on its key"
    assert verdict.explanation == f"Let through unseen: DynamoDB refused a request: {why}."

    refusing, _ = gate_on(broken, on_error="refuse")
    [verdict] = refusing.partition(["jane@example.com"]).refused
    assert (verdict.refusal, verdict.checked) == (Refusal.UNKNOWN, False)
    assert verdict.explanation == f"Refused unseen: DynamoDB refused a request: {why}."

    with pytest.raises(LedgerError):
        refusing.snapshot()
    untyped: Any = SuppressionGate
    with pytest.raises(TypeError, match="on_error"):
        untyped(TABLE)
    with pytest.raises(ValueError, match='"raise", "allow" or "refuse"'):
        untyped(TABLE, on_error="ignore")


def test_what_was_answered_counts_though_the_rest_never_came(no_pauses: list[float]) -> None:
    """Only recipients whose keys stayed undone are unknown, after ten tries with growing pauses."""
    gate, wire = gate_on(half, on_error="allow")
    parts = gate.partition(["blocked@example.com", "free@example.com", "late@example.com"])
    assert [verdict.recipient for verdict in parts.refused] == ["blocked@example.com"]
    assert parts.unchecked == ["late@example.com"]
    assert parts.allowed == ["free@example.com", "late@example.com"]
    assert len(wire.calls) == 10
    assert no_pauses == list(range(1, 10))


def test_unprocessed_keys_are_asked_for_again(no_pauses: list[float]) -> None:
    """And what they say counts."""

    def once(number: int, name: str, request: Any) -> Answer:
        keys = request["RequestItems"][TABLE]["Keys"]
        if number == 0:
            return success(Responses={}, UnprocessedKeys={TABLE: {"Keys": keys}})
        return Store(*ROWS).answer(number, name, request)

    gate, wire = gate_on(once)
    assert gate.check("blocked@example.com").refusal is Refusal.SUPPRESSED
    assert len(wire.calls) == 2
    assert no_pauses == [1]


@pytest.mark.parametrize(
    "odd", [{"state": {"S": "frozen"}}, {"reason": {"S": "astrology"}}, {"facts": {"S": "{"}}, {"version": {"S": "?"}}]
)
def test_a_row_that_cannot_be_read_is_no_leave_to_send(odd: dict[str, Any]) -> None:
    """A newer version may have written it: it is a failure, of this recipient alone."""
    store = Store(row("odd@example.com", **odd), row("blocked@example.com"))
    gate, _ = gate_on(store.answer, on_error="refuse")
    verdicts = list(gate.verdicts(["odd@example.com", "blocked@example.com", "jane@example.com"]))
    assert [verdict.refusal for verdict in verdicts] == [Refusal.UNKNOWN, Refusal.SUPPRESSED, None]
    with pytest.raises(LedgerError, match="cannot be read"):
        gate_on(store.answer)[0].check("odd@example.com")


def test_a_snapshot_knows_its_age_and_what_expires() -> None:
    """It is as old as the beginning of its scan; an entry of it expires by itself."""
    now = [NOW]
    gate, wire = gate_on(Store(*ROWS, row("odd@example.com", reason={"S": "astrology"})).answer, clock=lambda: now[0])
    snapshot = gate.snapshot()
    assert (snapshot.taken_at, snapshot.age, len(snapshot)) == (NOW, timedelta(), 5)
    assert not snapshot.check("resting@example.com").allowed
    now[0] += timedelta(minutes=5)
    assert snapshot.age == timedelta(minutes=5)
    assert snapshot.check("resting@example.com").allowed
    assert snapshot.check("odd@example.com").explanation == "suppressed for good: reason unknown."
    assert wire.calls == ["Scan", "Scan"]


def test_a_scope_has_a_kind_and_a_name() -> None:
    """Others are refused in words, before anybody is asked; so are more scopes than a call has keys."""
    gate, wire = gate_on(broken)
    for scope in ("marketing", "tenant/", "tenants/acme", ""):
        with pytest.raises(UnknownScope, match="configuration-set/NAME"):
            gate.verdicts(["jane@example.com"], scope=scope)
    with pytest.raises(UnknownScope, match="the most is 100"):
        gate.partition(["jane@example.com"], scope=(f"tenant/{n}" for n in range(100)))
    assert wire.calls == []


def test_one_text_is_not_many_addresses() -> None:
    """The letters of a text are no recipients."""
    gate, _ = gate_on(broken)
    for judge in (gate.verdicts, gate.partition):
        with pytest.raises(TypeError, match=r"check\(\)"):
            judge("jane@example.com")
    for options, message in (({"workers": 0}, "at least 1"), ({"pseudonym_key": b""}, "empty")):
        with pytest.raises(ValueError, match=message):
            gate_on(broken, **options)


@pytest.mark.parametrize("odd", [None, b"jane@example.com", 7])
def test_what_is_no_text_is_no_recipient(odd: Any) -> None:
    """It is the caller's mistake, told in words, and not who is asked about."""
    gate, _ = gate_on(Store().answer)
    for judge in (gate, gate.snapshot()):
        with pytest.raises(TypeError, match=f"must be a text, not {type(odd).__name__}"):
            judge.check(odd)
        with pytest.raises(TypeError, match=f"must be a text, not {type(odd).__name__}"):
            judge.partition(["jane@example.com", odd])


def test_what_a_proxy_says_in_dynamodbs_place_is_no_answer() -> None:
    """A page of HTML with the status 200: botocore makes an answer of it that names nobody."""
    gate, _ = gate_on(lambda *_: success(message="<html>"), on_error="refuse")
    [verdict] = gate.partition(["blocked@example.com"]).refused
    assert (verdict.refusal, verdict.checked) == (Refusal.UNKNOWN, False)
    with pytest.raises(LedgerError, match="in DynamoDB's place"):
        gate.snapshot()


def test_a_consistent_gate_takes_consistent_snapshots() -> None:
    """What was written a moment ago is in them."""
    for consistent in (False, True):
        gate, wire = gate_on(Store().answer, consistent=consistent)
        gate.snapshot()
        assert {request["ConsistentRead"] for request in wire.requests} == {consistent}


def test_a_snapshot_that_fails_does_not_read_the_rest_of_the_table_first() -> None:
    """One segment is refused, and another, which has no end, is left."""

    def endless(_number: int, _name: str, request: Any) -> Answer:
        if request["Segment"] == 0:
            return failure("AccessDeniedException")
        return success(Items=[row("blocked@example.com")], LastEvaluatedKey={"page": {"N": "1"}})

    gate, _ = gate_on(endless)
    with pytest.raises(LedgerError, match="AccessDenied"):
        gate.snapshot()


FORKED = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from ses_warden.gate import SuppressionGate

seen = []

class Table(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        seen.append(self.client_address)
        body = b'{"Responses": {"t": []}, "UnprocessedKeys": {}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Table)
Thread(target=server.serve_forever, daemon=True).start()
os.environ |= {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{server.server_port}", "AWS_DEFAULT_REGION": "eu-west-1",
               "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
gate = SuppressionGate("t", on_error="raise")
gate.check("jane@example.com")
if not (child := os.fork()):
    gate.check("jane@example.com")
    os._exit(0)
os.waitpid(child, 0)
gate.check("jane@example.com")
print(len(seen), len(set(seen)), seen[0] == seen[2])
"""


def test_a_forked_process_asks_on_a_connection_of_its_own() -> None:
    """On its parent's, each could read what the other was answered; and the parent's is left open."""
    command = [sys.executable, "-c", FORKED]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own
    assert told.stdout.split() == ["3", "2", "True"]


def test_a_plain_address_is_read_as_events_are() -> None:
    """The same key as the row's."""
    assert recipient_address("Jane.Doe+x@Example.COM").key == "jane.doe+x@example.com"


def test_a_snapshot_reads_every_page_of_each_segment() -> None:
    """Each segment is read to its end, for the attributes that are kept, without the rows that hold nobody back."""

    def pages(_number: int, _name: str, request: Any) -> Answer:
        page = int(request.get("ExclusiveStartKey", {"page": {"N": "0"}})["page"]["N"])
        item = row(f"s{request['Segment']}p{page}@example.com", **until(NOW + timedelta(days=1)))
        more = {"LastEvaluatedKey": {"page": {"N": str(page + 1)}}} if page < 2 else {}
        return success(Items=[{name: item[name] for name in ("address", "scope", "reason", "expires_at")}], **more)

    gate, wire = gate_on(pages, workers=3)
    snapshot = gate.snapshot()
    assert len(snapshot) == 9
    assert all(not snapshot.check(f"s{segment}p{page}@example.com").allowed for segment in range(3) for page in range(3))
    assert {(request["Segment"], request["TotalSegments"]) for request in wire.requests} == {(0, 3), (1, 3), (2, 3)}


def test_an_expiry_that_cannot_be_read_holds_on() -> None:
    """In a snapshot, which reads it apart from the row."""
    gate, _ = gate_on(
        Store(row("odd@example.com", expires_at={"S": "soon"}), row("bare@example.com", expires_at={"S": "2026-11-25"})).answer
    )
    snapshot = gate.snapshot()
    assert snapshot.check("odd@example.com").expires_at is None
    assert snapshot.check("bare@example.com").expires_at == datetime(2026, 11, 25, tzinfo=UTC)


def test_a_gate_of_its_own_client_asks_eventually_consistent_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Region and credentials are the environment's; half the price, or what was written a moment ago."""
    for name, value in (("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    for consistent in (False, True):
        gate = SuppressionGate(TABLE, on_error="raise", consistent=consistent)
        wire = Wire(gate._asking.reader._client, Store().answer)  # type: ignore[attr-defined]  # the port has none
        assert gate.check("jane@example.com").allowed
        assert wire.requests[0]["RequestItems"][TABLE]["ConsistentRead"] is consistent


def test_calls_run_at_the_same_time() -> None:
    """As many as there are workers: none is answered before all of them wait."""
    meeting = Barrier(4, timeout=20)

    def together(number: int, name: str, request: Any) -> Answer:
        meeting.wait()
        return Store(*ROWS).answer(number, name, request)

    gate, _ = gate_on(together, workers=4)
    given = [f"r{n}@example.com" for n in range(400)]
    given[250] = "blocked@example.com"
    parts = gate.partition(given)
    assert [verdict.recipient for verdict in parts.refused] == ["blocked@example.com"]
    assert parts.allowed == [address for address in given if address != "blocked@example.com"]
