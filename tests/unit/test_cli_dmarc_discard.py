"""`dmarc discard` as an operator meets it at a terminal: it shows what it is about, asks, and does nothing without a yes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from ses_warden.adapters.dmarc_rows import DynamoReports
from ses_warden.domain.dmarc import Report
from ses_warden.domain.dmarc_kept import Way
from ses_warden_cli.main import app
from tests.support.dmarc_ways import DOMAIN, month, source
from tests.support.dynamo import session, table_shapes
from tests.support.emulator import CREDENTIALS, REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "DmarcTable"
EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
WORDS = ["dmarc", "discard", DOMAIN, "--reporter", "google.com", "--since", "2026-01-01", "--reason", "forged"]


class Terminal(StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        """They can be asked."""
        return True


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoReports]":
    """Two that are kept, as the command finds them."""
    with mock_aws():
        for name, value in {**CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "SES_WARDEN_USE": f"DMARC_TABLE={TABLE}"}.items():
            monkeypatch.setenv(name, value)
        client: DynamoDBClient = session().client("dynamodb")
        client.create_table(TableName=TABLE, **table_shapes()[TABLE])
        kept = DynamoReports(client, TABLE, retention=timedelta(days=400))
        for one in month(source(count=5), days=2):
            kept.keep(one, Way.MAIL)
        yield kept


def _discarded(reports: DynamoReports) -> list[bool]:
    found: list[Report] = list(reports.reports(DOMAIN, *EVERYTHING))
    return [one.discarded for one in found]


def _run(typed: str, monkeypatch: pytest.MonkeyPatch, *more: str) -> tuple[int, str]:
    # The runner puts a stream of its own in the place of standard input.
    monkeypatch.setattr("ses_warden_cli.dmarc.discard.sys", _System(Terminal()))
    result = CliRunner().invoke(app, [*WORDS, *more], input=typed, prog_name="ses-warden")
    return result.exit_code, result.output


class _System:
    """`sys`, as far as the command asks whether anybody is there."""

    def __init__(self, stdin: Terminal) -> None:
        self.stdin = stdin


@pytest.mark.parametrize(
    ("typed", "outcome"),
    [
        ("n\n", (1, [False, False], "Nothing was changed.")),
        ("\n", (1, [False, False], "Nothing was changed.")),
        ("y\n", (0, [True, True], "2 reports about 10 mails discarded: no sum counts them any more.")),
    ],
)
def test_nothing_is_discarded_without_a_yes(
    reports: DynamoReports, monkeypatch: pytest.MonkeyPatch, typed: str, outcome: tuple[int, list[bool], str]
) -> None:
    """The question says how many reports and mails it is about, below a line for each."""
    found, output = _run(typed, monkeypatch)
    assert "Discard 2 reports about 10 mails?" in output
    assert output.count("google.com") == 2
    code, discarded, said = outcome
    assert (found, _discarded(reports), said in output) == (code, discarded, True)


def test_who_decides_is_whoever_holds_the_credentials(reports: DynamoReports, monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is nothing left to do for who asks again."""
    assert _run("y\n", monkeypatch)[0] == 0
    code, output = _run("y\n", monkeypatch)
    assert (code, f"no report about {DOMAIN} by google.com that counts" in output) == (1, True)
    listed = CliRunner().invoke(app, ["dmarc", "reports", DOMAIN, "--since", "2026-01-01"], prog_name="ses-warden").output
    assert "discarded by arn:aws:" in " ".join(listed.split())
    assert _discarded(reports) == [True, True]
