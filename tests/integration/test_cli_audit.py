"""`ses-warden audit` with an emulator's SES and a DNS of our own: both views in one answer."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner, Result

from ses_warden.adapters.ledger import Tables
from ses_warden_cli.audit.shapes import Audited
from ses_warden_cli.main import app
from tests.audit_zones import good_zone, key_text
from tests.integration.guardhouse import SHARDS, Guardhouse
from tests.support.dns_server import DnsServer, txt
from tests.support.emulator import CREDENTIALS, REGION

DOMAIN = "audited.example"


@pytest.fixture
def tokens(endpoint: str, ses: Any) -> list[str]:
    """A domain identity of SES, by the names of its three CNAMEs."""
    if endpoint == "aws":
        pytest.skip("makes an identity")
    ses.create_email_identity(EmailIdentity=DOMAIN)
    found: list[str] = ses.get_email_identity(EmailIdentity=DOMAIN)["DkimAttributes"]["Tokens"]
    return found


@pytest.fixture
def house(endpoint: str, tables: Tables) -> Guardhouse:
    """Where mails and complaints are counted, now."""
    house = Guardhouse(endpoint, tables)
    house.now = datetime.now(UTC)
    return house


@pytest.fixture
def run(endpoint: str) -> Callable[..., Result]:
    """Runs the command with the emulator's SES."""
    environment: Mapping[str, str] = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def invoke(domain: str, server: DnsServer, **more: str) -> Result:
        address, port = server.address
        return CliRunner().invoke(
            app, ["audit", domain, "--nameserver", f"{address}:{port}", "--json"], env={**environment, **more}
        )

    return invoke


def zone(tokens: list[str]) -> dict[str, Any]:
    """The DNS as SES wants it for the identity."""
    made: dict[str, Any] = good_zone()
    for token in tokens:
        made[f"{token}._domainkey.{DOMAIN}"] = {"CNAME": [f"{token}.dkim.amazonses.com."]}
        made[f"{token}.dkim.amazonses.com"] = {"TXT": [txt(f"p={key_text()}")]}
    made[DOMAIN] = {"MX": ["10 mail.example.com."]}
    made[f"_dmarc.{DOMAIN}"] = {"TXT": [txt(f"v=DMARC1; p=reject; rua=mailto:dmarc@{DOMAIN}")]}
    return made


def test_both_views_are_in_one_answer(tokens: list[str], run: Callable[..., Result]) -> None:
    """SES's tokens are the names that are asked for; a stack need not be there. The emulator's identities do not sign."""
    with DnsServer(zone(tokens)) as server:
        found = TypeAdapter(Audited).validate_json(run(DOMAIN, server).stdout)
    codes = [(one["code"], one["standing"]) for one in found["findings"]]
    assert (found["identity"], found["region"]) == (DOMAIN, REGION)
    assert codes.count(("dkim.cname", "ok")) == codes.count(("dkim.key", "ok")) == 3
    assert ("identity.signing", "broken") in codes
    assert ("mailfrom.custom", "warn") in codes


def test_a_subdomain_is_sent_by_its_parents_identity(tokens: list[str], run: Callable[..., Result]) -> None:
    """Whose records are looked at."""
    with DnsServer(zone(tokens)) as server:
        found = TypeAdapter(Audited).validate_json(run(f"news.{DOMAIN}", server).stdout)
    assert found["identity"] == DOMAIN


def test_a_domain_that_ses_does_not_know_is_a_finding(run: Callable[..., Result], tokens: list[str]) -> None:
    """SES would refuse its mail."""
    with DnsServer(zone(tokens)) as server:
        result = run("stranger.example", server)
    found = TypeAdapter(Audited).validate_json(result.stdout)
    assert result.exit_code == 1
    assert (found["identity"], found["findings"][0]["code"], found["findings"][0]["standing"]) == (
        None,
        "identity.verified",
        "warn",
    )


def test_the_checklist_knows_the_stacks_complaint_rate(tokens: list[str], run: Callable[..., Result], house: Guardhouse) -> None:
    """Three complaints in a hundred mails are too many for Yahoo; of Gmail's nothing is known."""
    house.send(house.marketing, delivered=97, complained=3)
    with DnsServer(zone(tokens)) as server:
        use = f"REPUTATION_TABLE={house.tables.reputation} COUNTER_SHARDS={SHARDS}"
        found = TypeAdapter(Audited).validate_json(run(DOMAIN, server, SES_WARDEN_USE=use).stdout)
    marks = {one["provider"]: one["mark"] for one in found["checklist"] if one["rule"] == "complaints are few"}
    assert marks == {"Gmail": "unknown", "Yahoo": "fail", "Microsoft": "unknown"}
