"""`ses-warden dmarc report` on an emulator: files that were ingested, held against deliveries that were recorded."""

import csv
import io
import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from ses_warden.adapters.ledger import Tables
from ses_warden.domain.dmarc import Report, Source
from ses_warden_cli.dmarc.kept_shapes import DmarcDiscarded, DmarcReports
from ses_warden_cli.dmarc.report_shapes import DmarcReport
from ses_warden_cli.main import app
from ses_warden_cli.shapes import Failed
from tests.integration.harness import SENT, World, event
from tests.support.dmarc_ways import (
    BY_SES,
    DOMAIN,
    FAILED_ENVELOPE,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    SES_ADDRESS,
    SES_KEY,
    STRANGE_ADDRESS,
    month,
    source,
    through_ses,
    unsigned_ses,
)
from tests.support.dynamo import table_shapes
from tests.support.emulator import CREDENTIALS, REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Run = Callable[..., subprocess.CompletedProcess[str]]

MONTH = ["--since", "2026-10-25", "--until", "2026-11-24"]
NEWS = f"news.{DOMAIN}"
# A document of XML holds no escape; C1 controls it may.
HOSTILE = "Evil \x9b31m [red]Corp"
SOURCES = (
    through_ses(100),
    source(OTHER_ADDRESS, 20, spf=True, envelope=(OWN_ENVELOPE,)),
    source("198.51.100.77", 3, dkim=True, signed=(SES_KEY, BY_SES), envelope=(FAILED_ENVELOPE,)),
    unsigned_ses(4, author=NEWS),
    source(STRANGE_ADDRESS, 50, disposition="none"),
)


def _result(kind: str, domain: str, result: str, selector: str = "") -> str:
    named = f"<selector>{selector}</selector>" if selector else ""
    return f"<{kind}><domain>{domain}</domain>{named}<result>{result}</result></{kind}>"


def _record(one: Source) -> str:
    results = [_result("dkim", key.domain, key.result, key.selector) for key in one.dkim]
    results += [_result("spf", envelope.domain, envelope.result) for envelope in one.spf] or [_result("spf", "", "none")]
    return (
        f"<record><row><source_ip>{one.ip}</source_ip><count>{one.count}</count><policy_evaluated>"
        f"<disposition>{one.disposition}</disposition><dkim>{'pass' if one.dkim_aligned else 'fail'}</dkim>"
        f"<spf>{'pass' if one.spf_aligned else 'fail'}</spf></policy_evaluated></row>"
        f"<identifiers><header_from>{one.header_from}</header_from></identifiers>"
        f"<auth_results>{''.join(results)}</auth_results></record>"
    )


def _xml(report: Report) -> str:
    """A report as RFC 7489, appendix C, has it."""
    return (
        f"<?xml version='1.0'?><feedback><report_metadata><org_name>{escape(report.reporter)}</org_name>"
        f"<email>dmarc@reporter.example</email><report_id>{report.report_id}</report_id><date_range>"
        f"<begin>{int(report.begin.timestamp())}</begin><end>{int(report.end.timestamp())}</end></date_range></report_metadata>"
        f"<policy_published><domain>{report.domain}</domain><adkim>r</adkim><aspf>r</aspf><p>{report.policy}</p><pct>100</pct>"
        f"</policy_published>{''.join(map(_record, report.sources))}</feedback>"
    )


@pytest.fixture(scope="module")
def table(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """A table of reports."""
    name = f"ses-warden-test-dmarc-{uuid.uuid4().hex[:12]}"
    shape: Any = table_shapes()["DmarcTable"]
    dynamodb.create_table(TableName=name, **shape)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    yield name
    dynamodb.delete_table(TableName=name)


@pytest.fixture(scope="module")
def run(endpoint: str, tables: Tables, table: str) -> Run:
    """Runs `ses-warden dmarc` in this process."""
    environment = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SES_WARDEN_USE": f"DMARC_TABLE={table} REPUTATION_TABLE={tables.reputation}",
    }

    def _run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        others: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("AWS_", "SES_WARDEN_"))}
        result = CliRunner().invoke(app, ["dmarc", *words], env=others | environment | more, prog_name="ses-warden")
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)

    return _run


@pytest.fixture(scope="module")
def reports(run: Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A month of reports by two receivers, ingested from files."""
    folder = tmp_path_factory.mktemp("reports")
    told = [*month(*SOURCES, reporter="google.com"), *month(through_ses(10), reporter=HOSTILE)]
    for number, report in enumerate(told):
        (folder / f"{number}.xml").write_text(_xml(report))
    assert run("ingest", str(folder)).returncode == 0


def _deliver(world: World) -> None:
    """Mail that SES delivered for us, twenty days ago."""
    tags = {"ses:outgoing-ip": [SES_ADDRESS], "ses:from-domain": [DOMAIN]}
    more = event("Delivery", "mail-2", tags=tags | {"ses:from-domain": [NEWS]})
    assert not world.record(event("Delivery", "mail-1", tags=tags), more).failed


def _printed(result: subprocess.CompletedProcess[str]) -> DmarcReport:
    found: DmarcReport = TypeAdapter(DmarcReport).validate_json(result.stdout)
    return found


@pytest.mark.usefixtures("reports")
def test_a_report_is_held_against_the_deliveries(run: Run, world: World) -> None:
    """Whose mail it is, all numbers, and the advice; the exit code says that mail of ours fails."""
    _deliver(world)
    result = run("report", DOMAIN, *MONTH, "--json")
    assert result.returncode == 1
    found = _printed(result)
    assert (found["reports"], found["unread"], found["total"]["mails"]) == (60, 0, 30 * (177 + 10))
    assert {kind: tally["mails"] for kind, tally in found["kinds"].items()} == {
        "stranger": 1500,
        "ses-unsigned": 120,
        "passed-on": 90,
        "ours-other": 600,
        "ours-ses": 3300,
    }
    assert [(one["kind"], one["address"]) for one in found["sources"]] == [
        ("stranger", STRANGE_ADDRESS),
        ("ses-unsigned", SES_ADDRESS),
        ("passed-on", "198.51.100.77"),
        ("ours-other", OTHER_ADDRESS),
        ("ours-ses", SES_ADDRESS),
    ]
    assert "known-address" in found["sources"][1]["evidence"]
    delivered = (SENT + timedelta(days=1)).date().isoformat()
    assert found["outgoing"] == {"addresses": 1, "domains": [DOMAIN, NEWS], "since": delivered, "trouble": None}
    assert found["published"] | {"since": None} == {"p": "none", "sp": "none", "np": None, "t": None, "pct": 100, "since": None}
    assert found["advice"]["step"] == "quarantine-test"
    assert found["advice"]["record"] == "v=DMARC1; p=quarantine; sp=none; t=y; rua=mailto:…"
    assert [(one["code"], one["standing"], one["where"]) for one in found["advice"]["findings"]] == [
        ("dmarc.ses-unsigned", "broken", NEWS),
        ("dmarc.spf-alone.other", "warn", DOMAIN),
        ("dmarc.nobody", "unknown", DOMAIN),
    ]
    assert found["advice"]["findings"][0]["mend"].startswith("This account sends as it.")
    assert len(found["days"]) == 30


@pytest.mark.usefixtures("reports")
def test_without_deliveries_the_signatures_tell(run: Run, world: World) -> None:
    """And a sentence says what is not known."""
    assert not world.snapshot().reputation
    result = run("report", DOMAIN, *MONTH)
    assert result.returncode == 1
    assert "yours, through SES" in result.stdout
    assert "is not known yet: deliveries are noted from this version on" in result.stdout


@pytest.mark.usefixtures("reports")
def test_people_see_tables_a_drawing_and_the_record(run: Run, world: World) -> None:
    """Unknown senders first; since when the deliveries are known; what strangers wrote as plain text."""
    _deliver(world)
    shown = run("report", DOMAIN, *MONTH, "--plot").stdout
    assert shown.splitlines()[0] == (
        f"{DOMAIN}: 60 reports by 2 receivers, 2026-10-25 to 2026-11-24: 5,610 mails, 71.1 % pass DMARC"
    )
    kinds = ["strangers", "SES, without your signature", "passed on by others", "yours, another way", "yours, through SES"]
    places = [shown.index(words) for words in kinds]
    assert places == sorted(places)
    assert "mails a day that pass DMARC" in shown
    assert f'_dmarc.{DOMAIN} TXT "v=DMARC1; p=quarantine; sp=none; t=y; rua=mailto:…"' in shown
    assert "All numbers are sums over reports" in shown
    assert f"is known since {(SENT + timedelta(days=1)).date()}" in shown
    assert "[red]" in shown
    assert "\x1b" not in shown
    assert "\x9b" not in shown


@pytest.mark.usefixtures("reports")
def test_spreadsheets_get_a_line_a_source(run: Run) -> None:
    """All of them."""
    rows = list(csv.DictReader(io.StringIO(run("report", DOMAIN, *MONTH, "--csv").stdout)))
    assert [(row["kind"], row["address"], int(row["mails"])) for row in rows][:2] == [
        ("stranger", STRANGE_ADDRESS, 1500),
        ("ses-unsigned", SES_ADDRESS, 120),
    ]
    assert len(rows) == 5


@pytest.mark.usefixtures("reports")
def test_a_part_of_the_time_has_a_part_of_the_reports(run: Run) -> None:
    """From the one day on, before the other."""
    found = _printed(run("report", DOMAIN, "--since", "2026-11-01", "--until", "2026-11-08", "--json"))
    assert (found["reports"], len(found["days"])) == (14, 7)
    assert found["advice"]["step"] == "wait"


@pytest.mark.usefixtures("reports")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([f"shop.{DOMAIN}", *MONTH], f"reports come for the domain whose policy applies: try {DOMAIN}"),
        ([DOMAIN, "--since", "2026-11-24", "--until", "2026-11-25"], "there are others: give an earlier --since"),
        (["example.net", *MONTH], f"there are reports about {DOMAIN}"),
    ],
)
def test_no_report_is_a_refusal_that_says_where_there_are_some(run: Run, words: list[str], said: str) -> None:
    """Exit code 1."""
    result = run("report", *words, "--json")
    failed: Failed = TypeAdapter(Failed).validate_json(result.stdout)
    assert result.returncode == 1
    assert failed["error"]["kind"] == "NothingToDo"
    assert said in failed["error"]["message"]


@pytest.mark.usefixtures("reports")
def test_what_ses_delivered_may_be_out_of_reach(run: Run, table: str) -> None:
    """Then the report goes on by signatures, and names the right that is missing."""
    uses = f"DMARC_TABLE={table} REPUTATION_TABLE=no-such-table"
    shown = run("report", DOMAIN, *MONTH, SES_WARDEN_USE=uses)
    assert shown.returncode == 1
    assert "it takes dynamodb:Query on the reputation" in shown.stdout
    assert "yours, through SES" in shown.stdout


def test_the_last_thirty_days_are_the_usual_ones(run: Run, tmp_path: Path) -> None:
    """Of a domain with nothing but yesterday's report."""
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    one = month(through_ses(5), days=1)[0]
    told = Report(
        one.reporter, f"now-{begin:%Y%m%d}", "yesterday.example", begin, begin + timedelta(days=1), one.sources, policy="reject"
    )
    (tmp_path / "one.xml").write_text(_xml(told))
    assert run("ingest", str(tmp_path)).returncode == 0
    found = json.loads(run("report", "yesterday.example", "--json").stdout)
    assert found["reports"] == 1


OTHER, FORGER, FORGED_MAILS = "discards.example", "Discards Inc", 10**6
LONG = ["--since", "2026-10-25"]


@pytest.fixture
def forged(run: Run, tmp_path: Path) -> list[Path]:
    """Two days of a domain of its own, told truly by one, and falsely by another."""
    true, false = month(through_ses(40), days=2, reporter="yahoo"), month(source(count=FORGED_MAILS), days=2, reporter=FORGER)
    files: list[Path] = []
    for number, one in enumerate((*true, *false)):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(_xml(replace(one, domain=OTHER, report_id=f"{uuid.uuid4()}")))
    assert run("ingest", str(tmp_path)).returncode == 0
    return files


def _listed(run: Run, *words: str) -> DmarcReports:
    found: DmarcReports = TypeAdapter(DmarcReports).validate_json(run("reports", OTHER, *LONG, *words, "--json").stdout)
    return found


def test_a_forged_report_is_listed_discarded_and_restored(run: Run, forged: list[Path]) -> None:
    """It counts in no sum, does not come in again, and the row says who ruled."""
    found = _listed(run)
    assert [one["begin"] for one in found["reports"]] == ["2026-11-23T00:00:00Z"] * 2 + ["2026-11-22T00:00:00Z"] * 2
    assert {(one["reporter"], one["came"], one["discarded"]) for one in found["reports"]} == {
        ("yahoo", "cli", False),
        (FORGER.lower(), "cli", False),
    }
    assert (found["mails"], found["discarded"]) == (2 * FORGED_MAILS + 80, 0)
    handle = next(one["report"] for one in found["reports"] if one["reporter"] == FORGER.lower())
    words = ["discard", OTHER, handle[:27], "--reason", "forged, says jane@example.com", "--as", "jane"]
    planned = run(*words, "--plan")
    assert (planned.returncode, "Nothing was changed" in planned.stderr, f"{FORGED_MAILS:,}" in planned.stdout) == (0, True, True)
    assert _listed(run)["discarded"] == 0

    done: DmarcDiscarded = TypeAdapter(DmarcDiscarded).validate_json(run(*words, "--yes", "--json").stdout)
    assert (done["act"], done["planned"], done["mails"], len(done["reports"])) == ("discard", False, FORGED_MAILS, 1)
    (ruling,) = done["reports"][0]["rulings"]
    assert (ruling["act"], ruling["by"], ruling["reason"]) == ("discard", "jane", "forged, says j***@e***.com")

    assert json.loads(run("ingest", *map(str, forged), "--json").stdout)["duplicates"] == 4
    report = _printed(run("report", OTHER, *MONTH, "--json"))
    assert (report["reports"], report["discarded"], report["total"]["mails"]) == (3, 1, FORGED_MAILS + 80)
    assert report["advice"]["reasons"][-1].startswith("1 report that was discarded is not counted")
    again = run(*words, "--yes")
    assert (again.returncode, "was discarded on" in again.stderr) == (1, True)

    back = run("discard", OTHER, handle, "--restore", "--reason", "it was theirs", "--as", "joe", "--yes")
    assert (back.returncode, f"1 report about {FORGED_MAILS:,} mails restored: it counts again." in back.stdout) == (0, True)
    assert _listed(run)["discarded"] == 0


def test_all_of_a_reporter_are_discarded_together(run: Run, forged: list[Path]) -> None:
    """What is left are the others' reports; people see by whom and why."""
    assert forged
    before = len(_listed(run, "--reporter", FORGER)["reports"])
    done = run("discard", OTHER, "--reporter", FORGER, *LONG, "--reason", "a forger", "--as", "jane", "--yes")
    assert f"{before} reports about {before * FORGED_MAILS:,} mails discarded: no sum counts them any more." in done.stdout
    assert run("discard", OTHER, "--reporter", FORGER, *LONG, "--reason", "a forger", "--yes").returncode == 1
    shown = run("reports", OTHER, *LONG).stdout
    assert f"{before:,} more are discarded, and count nowhere" in shown
    assert "discarded by jane: a forger" in " ".join(shown.split())
    report = _printed(run("report", OTHER, *MONTH, "--json"))
    assert (set(report["reporters"]), report["discarded"]) == ({"yahoo"}, before)
    run("discard", OTHER, "--reporter", "yahoo", *LONG, "--reason", "all of it", "--as", "jane", "--yes")
    nothing = run("report", OTHER, *MONTH)
    assert (nothing.returncode, f"reports about {OTHER}" in nothing.stderr, "are discarded" in nothing.stderr) == (1, True, True)


def test_no_report_to_list_is_a_finding(run: Run) -> None:
    """Exit code 1, and an empty list."""
    result = run("reports", "nothing.example", "--json")
    assert (result.returncode, json.loads(result.stdout)["reports"]) == (1, [])
