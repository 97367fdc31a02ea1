"""The deployed comparison with SES's list: what it counts is a metric in its log, what is safe it settles on request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.ports import Transaction
from ses_warden.domain.signals import ACCOUNT, Signal, SignalKind
from ses_warden.domain.suppression import decide
from tests.support.stack import Stack, StackError, wait_for

# Where nobody listens.
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def ses(stack: Stack, ses_url: str) -> Any:
    """The local SES, which the function asks too."""
    session: Any = boto3.Session("test", "test", region_name=stack.emulator.region)
    return session.client("sesv2", endpoint_url=ses_url, config=Config(retries={"max_attempts": 1}))


@pytest.fixture
def bounced(stack: Stack) -> str:
    """An address that bounced two days ago, and that SES does not list."""
    address = f"{uuid4().hex}@example.com"
    at = datetime.now(UTC) - timedelta(days=2)
    entry = decide(None, Signal(SignalKind.HARD_BOUNCE, address, ACCOUNT, at, address, "m"))
    assert entry
    ledger = DynamoLedger(stack.dynamodb, Tables("-", stack.resources["SuppressionTable"], "-"), retention=timedelta(days=1))
    assert ledger.transact(Transaction(entries=[entry])) is None
    return address


@contextmanager
def variables(stack: Stack, **changed: str) -> Iterator[None]:
    """The deployed function with other variables, as another parameter would give them."""
    name = stack.resources["SyncFunction"]
    functions: Any = stack.functions
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**before, **changed}})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def drifts(stack: Stack) -> list[int]:
    """The metric's values so far, in the order of the runs."""
    lines = [json.loads(line) for line in stack.log("SyncFunction") if line.startswith('{"_aws"')]
    return [line["SuppressionDrift"][0] for line in lines]


def listed(ses: Any) -> set[str]:
    """Who is on SES's list."""
    pages = ses.list_suppressed_destinations(PageSize=1000)
    return {one["EmailAddress"] for one in pages["SuppressedDestinationSummaries"]}


def test_drift_is_reported_and_then_settled(stack: Stack, ses: Any, bounced: str) -> None:
    """A report changes nothing; once the mode is `apply`, SES has the address, and the next run has nothing to add.

    Other tests leave entries that only an operator may settle; these go on being drift.
    """
    before = listed(ses)
    fresh = f"{uuid4().hex}@example.com"
    ses.put_suppressed_destination(EmailAddress=fresh, Reason="BOUNCE")

    reported = stack.invoke("SyncFunction", {})
    assert reported["only_here"] >= 1
    assert reported["only_there"] == 0, "what SES has listed just now is no drift yet"
    assert listed(ses) == before | {fresh}
    wait_for(lambda: drifts(stack) == [reported["only_here"]], "metric of the drift")

    with variables(stack, SUPPRESSION_SYNC="apply", SUPPRESSION_SYNC_MOST_CHANGES="500"):
        applied = stack.invoke("SyncFunction", {})
        assert applied["add_there"] >= 1
        assert applied["add_there"] + applied["only_here"] == reported["only_here"]
        assert bounced in listed(ses)
        again = stack.invoke("SyncFunction", {})
    assert "add_there" not in again
    wait_for(lambda: drifts(stack)[1:] == [applied["only_here"]] * 2, "metric of the drift that is left")
    assert "@" not in "".join(stack.log("SyncFunction"))

    for address in listed(ses) - before:
        ses.delete_suppressed_destination(EmailAddress=address)


def test_more_than_it_may_change_is_refused(stack: Stack, ses: Any, bounced: str) -> None:
    """One change is allowed and two are due: none is made, and the run fails, so that the alarm speaks."""
    other = f"{uuid4().hex}@example.com"
    at = datetime.now(UTC) - timedelta(days=2)
    entry = decide(None, Signal(SignalKind.COMPLAINT, other, ACCOUNT, at, other, "m"))
    assert entry
    ledger = DynamoLedger(stack.dynamodb, Tables("-", stack.resources["SuppressionTable"], "-"), retention=timedelta(days=1))
    ledger.transact(Transaction(entries=[entry]))
    with (
        variables(stack, SUPPRESSION_SYNC="apply", SUPPRESSION_SYNC_MOST_CHANGES="1"),
        pytest.raises(StackError, match="more than a scheduled run makes by itself"),
    ):
        stack.invoke("SyncFunction", {})
    assert not {bounced, other} & listed(ses)


def test_a_list_that_cannot_be_read_is_a_failure_and_no_number(stack: Stack) -> None:
    """SES does not answer."""
    before = len(drifts(stack))
    with variables(stack, AWS_ENDPOINT_URL_SESV2=NOWHERE), pytest.raises(StackError, match="SES did not answer"):
        stack.invoke("SyncFunction", {})
    assert len(drifts(stack)) == before
