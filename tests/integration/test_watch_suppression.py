"""The scheduled comparison between a table on an emulator and the local SES: what it settles, with which rights."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.ports import EntryKey, Transaction
from ses_warden.application.watch_suppression import Drift, Watched
from ses_warden.bootstrap import sync_function
from ses_warden.domain.entries import Entry, Reason
from ses_warden.domain.reconciliation import Action
from ses_warden.domain.signals import ACCOUNT, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden.errors import Sandboxed, SuppressionListError
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.test_rights import calls
from tests.support.emulator import CREDENTIALS, REGION
from tests.support.template import load, of_type, resolve

# The local SES lists an address when a test asks for it, long after this line was read; the schedule looks at what is older.
NOW = datetime.now(UTC) + timedelta(hours=2)
# Asked only where SES refuses a request.
ON_REFUSALS = {"ses:GetAccount"}

type Look = Callable[..., Watched]


@pytest.fixture
def used() -> set[str]:
    """The actions, as IAM names them, of all calls that were made."""
    return set()


@pytest.fixture
def look(endpoint: str, tables: Tables, simulator: Server, used: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """The function's own watch, made of its environment; nothing is too new for it."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SES_WARDEN_"))]:
        monkeypatch.delenv(name)

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.service_model.service_name == "sesv2":
            used.add(f"ses:{model.name}")
        else:
            used.update(action for _, action in calls(model.name, params))

    def run(mode: str = "apply", authority: str = "ses", url: str = "") -> Watched:
        environment = {
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_SESV2": url or simulator.url,
            "SUPPRESSION_TABLE": tables.suppression,
            "SUPPRESSION_AUTHORITY": authority,
            "SUPPRESSION_SYNC": mode,
            "SUPPRESSION_SYNC_MOST_CHANGES": "50",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        boto3.setup_default_session()
        session: Any = boto3.DEFAULT_SESSION
        session.events.register("before-parameter-build", note)
        sync_function.watch.cache_clear()
        watch = sync_function.watch()
        watch = replace(watch, policy=replace(watch.policy, settling=timedelta(0)), clock=lambda: NOW)
        found = watch.look(lambda: 900)
        assert found
        return found

    yield run
    sync_function.watch.cache_clear()
    boto3.DEFAULT_SESSION = None


def enter(ledger: DynamoLedger, address: str, *kinds: SignalKind) -> None:
    """Signals about an address, the last of them two minutes from now."""
    made: Entry | None = None
    for minutes, kind in zip(range(len(kinds), 0, -1), kinds, strict=True):
        at = NOW - timedelta(minutes=2 + minutes)
        made = decide(made, Signal(kind, address, ACCOUNT, at, address, "m", note="ticket"))
    assert made
    assert ledger.transact(Transaction(entries=[made])) is None


@pytest.fixture
def apart(ledger: DynamoLedger, ses: Any) -> None:
    """One that bounced here alone, one that only SES lists, one that was released here."""
    for address in ("stranger@example.com", "Free@example.com"):
        ses.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    enter(ledger, "bounced@example.com", SignalKind.HARD_BOUNCE)
    enter(ledger, "free@example.com", SignalKind.HARD_BOUNCE, SignalKind.RELEASE)


def listed(ses: Any) -> set[str]:
    """SES's list."""
    return {one["EmailAddress"] for one in ses.list_suppressed_destinations(PageSize=1000)["SuppressedDestinationSummaries"]}


def granted(**parameters: str) -> set[str]:
    """What its role may do to the table and to SES."""
    [policy] = of_type(resolve(load(), **parameters), "AWS::IAM::Role")["SyncRole"]["Policies"]
    found: set[str] = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        found.update(action for action in actions if not action.startswith("logs:"))
    return found


@pytest.mark.usefixtures("apart")
def test_a_report_reads_and_changes_nothing(look: Look, ledger: DynamoLedger, ses: Any, used: set[str]) -> None:
    """With the rights that the template gives for it, and no other."""
    found = look("report")
    assert found.drift == Drift(only_here=1, only_there=2, differs=0, unclear=0)
    assert (found.here, found.there, dict(found.done)) == (2, 2, {})
    assert listed(ses) == {"stranger@example.com", "Free@example.com"}
    assert ledger.entries([EntryKey("stranger@example.com", ACCOUNT)]) == {}
    assert used == granted() - ON_REFUSALS


@pytest.mark.usefixtures("apart")
def test_what_is_safe_is_settled(look: Look, ledger: DynamoLedger, ses: Any, used: set[str]) -> None:
    """Both lists come together, and a second run has nothing to do; each right is used, and no other."""
    found = look()
    assert dict(found.done) == {Action.ADD_THERE: 1, Action.TAKE_IN: 1, Action.REMOVE_THERE: 1}
    assert (found.drift.total, found.error) == (0, None)
    assert listed(ses) == {"stranger@example.com", "bounced@example.com"}
    [taken] = ledger.entries([EntryKey("stranger@example.com", ACCOUNT)]).values()
    assert taken.reason is Reason.SES_LIST
    again = look()
    assert (again.drift.total, dict(again.done)) == (0, {})
    assert used == granted(SuppressionSync="apply") - ON_REFUSALS


@pytest.mark.usefixtures("apart")
def test_where_the_table_decides_a_release_alone_is_done(look: Look, ledger: DynamoLedger, ses: Any, used: set[str]) -> None:
    """The stranger stays on SES's list, for a person to look at; nothing is added to either list, nor could be."""
    found = look("apply", "warden")
    assert dict(found.done) == {Action.REMOVE_THERE: 1}
    assert found.drift.total == 1
    assert listed(ses) == {"stranger@example.com"}
    assert ledger.entries([EntryKey("stranger@example.com", ACCOUNT)]) == {}
    assert used == granted(SuppressionSync="apply", SuppressionAuthority="warden") - ON_REFUSALS


def test_the_sandbox_is_known_by_the_account(look: Look, endpoint: str, used: set[str]) -> None:
    """SES's own word is a bad request."""
    with Server(Service(HttpBackend(endpoint), Options(sandbox=True)), 0) as sandbox, pytest.raises(Sandboxed):
        look(url=sandbox.url)
    assert "ses:GetAccount" in used


def test_an_ses_that_does_not_answer_is_an_error(look: Look) -> None:
    """And no drift."""
    with pytest.raises(SuppressionListError, match="did not answer"):
        look(url="http://127.0.0.1:9")
