"""`ses-warden audit` by the DNS alone: what it prints, and its exit code. With SES it is among the integration tests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from ses_warden_cli.audit.shapes import Audited
from ses_warden_cli.main import app
from ses_warden_cli.shapes import Failed
from tests.audit_zones import CASES, good_zone
from tests.support.dns_server import DnsServer

BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    """A DNS in which all is well."""
    with DnsServer(good_zone()) as server:
        yield server


def run(server: DnsServer, domain: str, *words: str) -> Result:
    """The command, which asks nobody but this server."""
    address, port = server.address
    return CliRunner().invoke(app, ["audit", domain, "--no-ses", "--nameserver", f"{address}:{port}", *words])


def test_a_domain_in_which_all_is_well_is_no_finding(server: DnsServer) -> None:
    """Exit code 0; the groups that were looked at, and the checklist."""
    result = run(server, "Example.com")
    assert result.exit_code == 0, result.output
    for words in ("SPF", "DMARC", "Replies", "Rules for bulk senders", "Gmail", "Yahoo", "Microsoft", "0 to mend"):
        assert words in result.stdout
    assert "MAIL FROM" not in result.stdout.partition("Rules for bulk senders")[0]


@pytest.mark.parametrize("name", ["no DMARC record", "historic tags", "two SPF records"])
def test_what_is_bad_is_a_finding(name: str) -> None:
    """Exit code 1, with how to mend it and where that is written."""
    with DnsServer(BY_NAME[name].whole_zone()) as server:
        result = run(server, "example.com")
    assert result.exit_code == 1
    assert "→ " in result.stdout


def test_what_nobody_answers_is_unknown_and_no_finding() -> None:
    """A failing DNS is nobody's fault."""
    with DnsServer(BY_NAME["SERVFAIL for all of it"].whole_zone()) as server:
        result = run(server, "example.com", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["standing"] == "unknown"


def test_json_has_its_shape(server: DnsServer) -> None:
    """For scripts; SES was not asked."""
    result = run(server, "example.com", "--json")
    found = TypeAdapter(Audited).validate_json(result.stdout)
    assert (found["domain"], found["region"], found["identity"], found["standing"]) == ("example.com", None, None, "ok")
    assert {one["code"] for one in found["findings"]} >= {"spf.lookups", "dmarc.policy", "mx.record"}
    assert len(found["checklist"]) == 27


def test_what_strangers_wrote_reaches_no_terminal() -> None:
    """Sequences, and marks that turn text around."""
    with DnsServer(BY_NAME["a text that nobody should believe"].whole_zone()) as server:
        result = run(server, "example.com")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["audit"], "Missing argument"),
        (["audit", "localhost"], "it is no domain"),
        (["audit", "jane@example.com"], "it is no domain"),
        (["audit", "a..example.com"], "it is no domain"),
        (["audit", "straße.example"], "it is no domain"),
        (["audit", "192.0.2.1"], "it is no domain"),
        (["audit", "x" * 5_000 + ".example"], "it is no domain"),
    ],
)
def test_wrong_usage_is_told(words: list[str], complaint: str) -> None:
    """Exit code 2."""
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert complaint in result.output


def test_a_name_server_that_is_none_is_a_failure() -> None:
    """Exit code 2, in a sentence."""
    result = CliRunner().invoke(app, ["audit", "example.com", "--no-ses", "--nameserver", "https://dns.example", "--json"])
    assert result.exit_code == 2
    assert "no address of a name server" in TypeAdapter(Failed).validate_json(result.stdout)["error"]["message"]


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    """Who installed the command line alone is told what to install."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nfor name in ('checkdmarc', 'dns', 'dns.exception'):\n    sys.modules[name] = None\n"
    )
    environment = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "PATH": ""}
    command = [sys.executable, "-m", "ses_warden_cli", "audit", "example.com", "--no-ses"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    assert done.returncode == 2
    assert "pip install 'ses-warden[cli,audit]'" in done.stderr
    assert "Traceback" not in done.stderr
