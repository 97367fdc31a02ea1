"""The runbook's scripts do what it says, on a table in memory."""

import io
import re
import runpy
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from ses_warden.adapters.entries import entry_from, item_from
from ses_warden.domain.addresses import normalize
from ses_warden.domain.bounces import BounceKind
from ses_warden.domain.entries import Entry, Reason, State
from ses_warden.domain.signals import bounce_signal, operator_signal
from ses_warden.domain.suppression import decide
from tests.support.template import TEMPLATE, Json, load, of_type, resolve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUNBOOK = TEMPLATE.parent / "docs" / "runbook.md"
TABLE = "suppression"
BOUNCED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator["DynamoDBClient"]:
    """Return a DynamoDB in memory, with the template's suppression table."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    properties = of_type(resolve(load()), "AWS::DynamoDB::Table")["SuppressionTable"]
    shape: dict[str, Any] = {name: properties[name] for name in ("AttributeDefinitions", "KeySchema", "BillingMode")}
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(TableName=TABLE, **shape)
        yield client


def script(name: str) -> str:
    """Return the runbook's script whose docstring calls it by this name."""
    blocks = re.findall(r"^```python\n(.*?)^```", RUNBOOK.read_text(), re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if f"python {name} " in block]
    return str(found)


def entry(client: "DynamoDBClient", address: str) -> Entry:
    """Return the account's entry of an address."""
    answer = client.get_item(TableName=TABLE, Key={"address": {"S": address}, "scope": {"S": "account"}})
    return entry_from(answer.get("Item", {}))


def hard_bounce(address: str, at: datetime) -> Entry:
    """Return the entry of an address that bounced for good."""
    signal = bounce_signal(BounceKind.HARD, normalize(address), at=at, message_id="m", status="5.1.1")
    assert signal is not None
    decided = decide(None, signal)
    assert decided is not None
    return decided


def test_the_runbooks_script_releases_and_blocks(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A release voids the bounce and keeps it as evidence, a block holds; unknown addresses get an entry of their own."""
    (tmp_path / "decide.py").write_text(script("decide.py"))
    stored = item_from(hard_bounce("jane@example.com", BOUNCED_AT))
    dynamodb.put_item(TableName=TABLE, Item={**stored, "version": {"N": "1"}})

    for verb, address, state in [
        ("release", "Jane@Example.com", State.RELEASED),
        ("block", "jane@example.com", State.SUPPRESSED),
        ("block", "new@example.com", State.SUPPRESSED),
    ]:
        monkeypatch.setattr(sys, "argv", ["decide.py", TABLE, verb, "ticket 4711"])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"\n{address}\n"))
        runpy.run_path(str(tmp_path / "decide.py"), run_name="__main__")
        assert entry(dynamodb, normalize(address).key).state is state

    jane = entry(dynamodb, "jane@example.com")
    assert (len(jane.evidence), jane.version, jane.reason) == (1, 3, Reason.MANUAL)
    again = operator_signal(normalize("jane@example.com"), block=False, at=datetime.now(UTC) + timedelta(hours=1), note="")
    assert (released := decide(jane, again)) is not None
    assert released.state is State.RELEASED


def test_the_runbooks_script_imports_sess_list_once(
    dynamodb: "DynamoDBClient",
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All pages are entered with their reasons under the address's key; a second run finds nothing to do."""
    (tmp_path / "import_list.py").write_text(script("import_list.py"))
    client = boto3.client("sesv2")
    pages: list[Json] = [
        {"SuppressedDestinationSummaries": [_listed("Jane@Example.com", "BOUNCE")], "NextToken": "more"},
        {"SuppressedDestinationSummaries": [_listed("bob@bücher.example", "COMPLAINT")]},
    ]
    clients = {"dynamodb": dynamodb, "sesv2": client}
    monkeypatch.setattr(boto3, "client", clients.__getitem__)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["import_list.py", TABLE])

    for entered in (2, 0):
        with Stubber(client) as stub:
            stub.add_response("list_suppressed_destinations", pages[0], {"PageSize": 1000})
            stub.add_response("list_suppressed_destinations", pages[1], {"PageSize": 1000, "NextToken": "more"})
            runpy.run_path(str(tmp_path / "import_list.py"), run_name="__main__")
            stub.assert_no_pending_responses()
        assert f"2 addresses are on the list; {entered} entries" in capsys.readouterr().out

    jane, bob = entry(dynamodb, "jane@example.com"), entry(dynamodb, "bob@xn--bcher-kva.example")
    assert (jane.state, jane.reason, jane.since, jane.spellings) == (
        State.SUPPRESSED,
        Reason.HARD_BOUNCE,
        BOUNCED_AT,
        ("Jane@Example.com",),
    )
    assert (bob.state, bob.reason) == (State.SUPPRESSED, Reason.COMPLAINT)


def _listed(address: str, reason: str) -> Json:
    return {"EmailAddress": address, "Reason": reason, "LastUpdateTime": BOUNCED_AT}
