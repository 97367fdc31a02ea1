"""`ses-warden suppression sync` between a table on an emulator and the local SES."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.ports import EntryKey, Transaction
from ses_warden.domain.entries import Entry, Reason
from ses_warden.domain.signals import ACCOUNT, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden_cli.suppression import sync_shapes as shapes
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.command_line import Done, Run, environment_of, printed, run_apart
from tests.integration.harness import World

NOW = datetime.now(UTC)


@pytest.fixture
def run(endpoint: str, tables: Tables, simulator: Server) -> Run:
    """Runs `ses-warden` as a process of its own."""

    def _run(*words: str, url: str = "", **others: str) -> Done:
        environment = environment_of(endpoint, url or simulator.url, SUPPRESSION_TABLE=tables.suppression)
        return run_apart(["suppression", "sync", *words], environment | others)

    return _run


def synced(result: Done) -> shapes.Synced:
    """What it printed, checked against its documented shape."""
    assert result.stderr == ""
    found: shapes.Synced = printed(result, shapes.Synced)
    return found


def enter(ledger: DynamoLedger, address: str, *kinds: SignalKind, scope: str = ACCOUNT) -> None:
    """Signals about an address, a day apart, the last of them a day ago."""
    made: Entry | None = None
    for days, kind in zip(range(len(kinds), 0, -1), kinds, strict=True):
        made = decide(made, Signal(kind, address, scope, NOW - timedelta(days=days), address, "m", note="ticket"))
    assert made
    assert ledger.transact(Transaction(entries=[made])) is None


def listed(ses: Any) -> dict[str, str]:
    """SES's list."""
    answer = ses.list_suppressed_destinations(PageSize=1000)
    return {one["EmailAddress"]: one["Reason"] for one in answer["SuppressedDestinationSummaries"]}


def put(ses: Any, address: str, reason: str = "BOUNCE") -> None:
    """Puts an address on SES's list, now."""
    ses.put_suppressed_destination(EmailAddress=address, Reason=reason)


def entry(ledger: DynamoLedger, address: str) -> Entry | None:
    """Its row."""
    return ledger.entries([EntryKey(address, ACCOUNT)]).get(EntryKey(address, ACCOUNT))


def test_both_lists_come_together(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """What is only here goes there, what is only there comes in; then nothing is left to do. Other scopes stay out of it."""
    enter(ledger, "bounced@example.com", SignalKind.HARD_BOUNCE)
    enter(ledger, "both@example.com", SignalKind.COMPLAINT)
    enter(ledger, "list@example.com", SignalKind.UNSUBSCRIBE, scope="contact-list/news")
    put(ses, "both@example.com", "COMPLAINT")
    put(ses, "Stranger@Example.com", "COMPLAINT")

    planned = run("--json")
    assert planned.returncode == 1
    found = synced(planned)
    assert {step["address"]: step["action"] for step in found["drift"]} == {
        "bounced@example.com": "add-there",
        "stranger@example.com": "take-in",
    }
    assert found["sides"] == {"only_here": 1, "only_there": 1, "differs": 0, "same": 1}
    assert listed(ses).keys() == {"both@example.com", "Stranger@Example.com"}
    assert entry(ledger, "stranger@example.com") is None

    applied = run("--apply", "--json")
    assert applied.returncode == 0
    assert synced(applied)["done"] == {"add_there": 1, "take_in": 1, "remove_there": 0}
    assert listed(ses)["bounced@example.com"] == "BOUNCE"
    taken = entry(ledger, "stranger@example.com")
    assert taken
    assert (taken.reason, taken.spellings) == (Reason.SES_LIST, ("Stranger@Example.com",))

    again = run()
    assert (again.returncode, again.stderr) == (0, "")
    assert "Both agree." in again.stdout


def test_what_an_operator_released_is_taken_off_in_every_spelling(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """The release is newer than SES's listing."""
    put(ses, "jane@example.com")
    put(ses, "Jane@example.com")
    release = Signal(SignalKind.RELEASE, "jane@example.com", ACCOUNT, datetime.now(UTC) + timedelta(minutes=1), note="ticket")
    made = decide(None, release)
    assert made
    ledger.transact(Transaction(entries=[made]))
    assert run("--apply").returncode == 0
    assert listed(ses) == {}


def test_what_ses_listed_after_a_release_is_the_operators(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """Nothing is done, and the exit code says that something is left."""
    enter(ledger, "jane@example.com", SignalKind.HARD_BOUNCE, SignalKind.RELEASE)
    put(ses, "jane@example.com")
    result = run("--apply")
    assert result.returncode == 1
    assert "SES listed it again" in result.stdout
    assert listed(ses).keys() == {"jane@example.com"}


def test_with_our_authority_ses_lets_go_of_strangers(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """What the table holds may stay there, and nothing is added."""
    enter(ledger, "bounced@example.com", SignalKind.HARD_BOUNCE)
    enter(ledger, "both@example.com", SignalKind.HARD_BOUNCE)
    put(ses, "both@example.com")
    put(ses, "stranger@example.com")
    assert run("--apply", "--authority", "warden").returncode == 0
    assert listed(ses).keys() == {"both@example.com"}


def test_many_changes_need_a_bucket(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """More than 50 go by import job, whose file has to lie somewhere."""
    for number in range(51):
        enter(ledger, f"r{number}@example.com", SignalKind.HARD_BOUNCE)
    result = run("--apply")
    assert result.returncode == 2
    assert "QUARANTINE_BUCKET" in result.stderr
    assert listed(ses) == {}


def test_the_sandbox_is_explained(run: Run, endpoint: str, world: World) -> None:
    """SES's own word is a bad request; ours says what it means."""
    assert world
    with Server(Service(HttpBackend(endpoint), Options(sandbox=True)), 0) as sandbox:
        result = run(url=sandbox.url)
    assert result.returncode == 2
    assert "sandbox" in result.stderr


def test_a_terminal_sees_a_bar_and_a_pipe_does_not(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """It stands on standard error, and is gone when the answer comes."""
    enter(ledger, "bounced@example.com", SignalKind.HARD_BOUNCE)
    assert listed(ses) == {}
    result = run(FORCE_COLOR="1", TERM="xterm")
    assert "reading SES's list" in result.stderr
    assert "add-there" in result.stdout
    assert run().stderr == ""


def test_another_authority_is_wrong_usage(run: Run) -> None:
    """Two there are."""
    result = run("--authority", "me")
    assert result.returncode == 2
    assert "`ses` or `warden`" in result.stderr
