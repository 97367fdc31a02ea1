"""`ses-warden suppression` on an emulator, with the local SES's list beside the table."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.application.import_suppression import Record, import_records
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind
from ses_warden_cli.suppression import shapes
from ses_warden_simulator.server import Server
from tests.integration.command_line import Run, environment_of, printed, process, run_here
from tests.integration.harness import World
from tests.support.emulator import ROOT

pytestmark = pytest.mark.usefixtures("world")

NOW = datetime.now(UTC).replace(microsecond=0)
JANE = "jane.doe@example.net"
WHY = ["--reason", "asked by phone", "--as", "joe"]


@pytest.fixture
def environment(endpoint: str, tables: Tables, simulator: Server) -> dict[str, str]:
    """What the operator set in the environment."""
    return environment_of(endpoint, simulator.url, SUPPRESSION_TABLE=tables.suppression)


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs `ses-warden suppression` in this process."""
    return lambda *words, given=None: run_here(["suppression", *words], environment, given)


def tell(ledger: DynamoLedger, *signals: Signal) -> None:
    """Signals that came by events."""
    import_records([Record(1, signals)], ledger, lambda _: None)


def bounce(
    address: str, *, at: datetime = NOW, confidence: Confidence = Confidence.HIGH, diagnostic: str = "550 5.1.1 unknown"
) -> Signal:
    """A hard bounce."""
    return Signal(SignalKind.HARD_BOUNCE, address.lower(), ACCOUNT, at, address, "mail-1", "5.1.1", diagnostic, confidence)


def test_why_does_jane_get_no_mail(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """The evidence in words, the mail that caused it, and how she stands on SES's own list, in whichever spelling."""
    tell(ledger, bounce("Jane.Doe@example.net", diagnostic="550 5.1.1 \x1b[31munknown"))
    ses.put_suppressed_destination(EmailAddress="Jane.Doe@example.net", Reason="BOUNCE")
    result = run("show", "JANE.DOE@EXAMPLE.NET")
    assert result.returncode == 1
    assert "suppressed for good" in result.stdout
    assert "mail mail-1 5.1.1 550 5.1.1 unknown" in result.stdout
    assert "\x1b" not in result.stdout
    assert "SES's own list: Jane.Doe@example.net (BOUNCE" in result.stdout
    found = printed(run("show", JANE, "--json"), shapes.Shown)
    assert (found["holds"], [one["message_id"] for one in found["evidence"]]) == (True, ["mail-1"])
    assert [one["address"] for one in found["on_ses"]] == ["Jane.Doe@example.net"]


def test_and_how_do_i_let_her_back_in(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """One command: the table, SES's list in both spellings, and the audit trail; again, it says that there is nothing to do."""
    tell(ledger, bounce("Jane.Doe@example.net"))
    for spelling in ("Jane.Doe@example.net", JANE):
        ses.put_suppressed_destination(EmailAddress=spelling, Reason="BOUNCE")
    found = printed(run("remove", JANE, *WHY, "--json"), shapes.Removed)
    assert ([one["state"] for one in found["released"]], sorted(found["unlisted"])) == (
        ["released"],
        sorted(["Jane.Doe@example.net", JANE]),
    )
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    shown = printed(run("show", JANE, "--json"), shapes.Shown)
    assert [(one["act"], one["by"], one["note"], one["scope"]) for one in shown["audit"]] == [
        ("release", "joe", "asked by phone", "account")
    ]
    again = run("remove", JANE, *WHY)
    assert again.returncode == 1
    assert "nothing holds this address back" in again.stderr


def test_what_ses_alone_refuses_can_be_released(run: Run, ses: Any) -> None:
    """The table need not know the address."""
    ses.put_suppressed_destination(EmailAddress=JANE, Reason="COMPLAINT")
    found = printed(run("remove", JANE, *WHY, "--json"), shapes.Removed)
    assert ([one["state"] for one in found["released"]], found["unlisted"]) == (["released"], [JANE])
    shown = printed(run("show", JANE, "--json"), shapes.Shown)
    assert ([one["act"] for one in shown["audit"]], shown["on_ses"]) == (["release"], [])


def test_a_release_counts_though_other_clocks_go_before(run: Run, ledger: DynamoLedger) -> None:
    """It comes after all that is known."""
    tell(ledger, bounce(JANE, at=NOW + timedelta(minutes=5)))
    assert run("remove", JANE, *WHY, "--no-ses").returncode == 0
    assert run("check", JANE).returncode == 0


def test_a_block_by_hand_holds_until_it_is_released(run: Run) -> None:
    """Twice is refused; block, release and block within one second each have their effect."""
    assert run("add", JANE, *WHY).returncode == 0
    again = run("add", JANE, *WHY)
    assert again.returncode == 1
    assert "blocked by an operator already: asked by phone" in again.stderr
    assert run("check", JANE).returncode == 1
    assert run("remove", JANE, *WHY).returncode == 0
    assert run("check", JANE).returncode == 0
    assert run("add", JANE, *WHY).returncode == 0
    shown = printed(run("show", JANE, "--no-ses", "--json"), shapes.Shown)
    assert [one["act"] for one in shown["audit"]] == ["block", "release", "block"]
    assert (shown["holds"], shown["on_ses"]) == (True, None)


def test_whom_a_recipient_told_only_its_scope_overrules(run: Run, ledger: DynamoLedger) -> None:
    """An unsubscription is not undone by the way."""
    tell(ledger, Signal(SignalKind.UNSUBSCRIBE, JANE, "contact-list/news", NOW, JANE))
    refused = run("remove", JANE, *WHY)
    assert refused.returncode == 1
    assert "contact-list/news: name that with --scope" in refused.stderr
    assert run("remove", JANE, *WHY, "--scope", "contact-list/news").returncode == 0


def test_addresses_are_checked_from_a_pipe(run: Run, ledger: DynamoLedger) -> None:
    """Each as it was given; what is no address is refused too."""
    tell(ledger, bounce(JANE))
    result = run("check", "-", "--json", given=f"{JANE.upper()}\n\njoe@example.org\nnobody\n")
    found = printed(result, shapes.Checked)
    assert (result.returncode, found["allowed"], sorted(found["refused"])) == (1, ["joe@example.org"], [JANE.upper(), "nobody"])


def test_a_providers_outage_is_undone_in_bulk(run: Run, ledger: DynamoLedger, ses: Any) -> None:
    """Its domain alone, since then alone, and not what people decided."""
    old, outage = NOW - timedelta(days=9), NOW - timedelta(hours=2)
    tell(
        ledger,
        bounce("a@outage.example", at=outage, confidence=Confidence.LOW),
        bounce("b@outage.example", at=outage),
        bounce("c@outage.example", at=old),
        bounce("d@elsewhere.example", at=outage),
    )
    assert run("add", "e@outage.example", *WHY).returncode == 0
    ses.put_suppressed_destination(EmailAddress="b@outage.example", Reason="BOUNCE")
    words = ["remove", "--domain", "outage.example", "--since", (NOW - timedelta(hours=3)).isoformat(), *WHY]
    planned = printed(run(*words, "--plan", "--json"), shapes.Removed)
    assert sorted(one["address"] for one in planned["released"]) == ["a@outage.example", "b@outage.example"]
    assert run("check", "b@outage.example").returncode == 1
    assert run(*words).returncode == 0
    held = printed(run("list", "--state", "suppressed", "--json"), shapes.HeldList)
    assert sorted(one["address"] for one in held["entries"]) == ["c@outage.example", "d@elsewhere.example", "e@outage.example"]
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


def test_a_bulk_release_that_ses_refused_can_be_done_again(run: Run, ledger: DynamoLedger) -> None:
    """More than fifty need an import job and its bucket, which nobody named: nothing is released, and it says so again."""
    tell(ledger, *(bounce(f"user{number}@outage.example") for number in range(60)))
    words = ["remove", "--domain", "outage.example", "--since", (NOW - timedelta(hours=3)).isoformat(), *WHY]
    for _ in range(2):
        result = run(*words)
        assert result.returncode == 2
        assert "QUARANTINE_BUCKET" in result.stderr
    assert run("check", "user1@outage.example").returncode == 1
    assert run(*words, "--no-ses").returncode == 0
    nothing = run(*words)
    assert nothing.returncode == 1
    assert "nothing of outage.example" in nothing.stderr


def test_the_list_is_filtered_and_says_when_there_is_more(run: Run, ledger: DynamoLedger) -> None:
    """Audit rows are no entries."""
    tell(ledger, *(bounce(f"user{number}@example.net") for number in range(5)))
    assert run("add", JANE, *WHY).returncode == 0
    found = printed(run("list", "--reason", "hard_bounce", "--limit", "3", "--json"), shapes.HeldList)
    assert (len(found["entries"]), found["more"]) == (3, True)
    found = printed(run("list", "--reason", "manual", "--json"), shapes.HeldList)
    assert ([one["address"] for one in found["entries"]], found["more"]) == ([JANE], False)
    assert "No entry matches" in run("list", "--domain", "nowhere.example").stderr


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_the_table_goes_into_a_file_and_comes_back(run: Run, ledger: DynamoLedger, world: World, tmp_path: Path, form: str) -> None:
    """In JSON Lines with its evidence, in CSV with its verdict; taken in twice, nothing changes."""
    tell(ledger, bounce("Jane.Doe@example.net"), bounce("+formula@example.net"))
    assert run("add", "joe@example.org", *WHY).returncode == 0
    file = tmp_path / f"entries.{form}"
    assert printed(run("export", str(file), "--json"), shapes.Exported)["entries"] == 3
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
    found = printed(run("import", str(file), "--json"), shapes.Imported)
    if form == "jsonl":
        assert (found["records"], found["changed"], found["unread"]) == (3, 0, 0)
    table = ledger._tables.suppression
    for item in world.client().scan(TableName=table)["Items"]:
        world.client().delete_item(TableName=table, Key={"address": item["address"], "scope": item["scope"]})
    found = printed(run("import", str(file), "--json"), shapes.Imported)
    assert (found["records"], found["changed"], found["unread"]) == (3, 3, 0)
    assert printed(run("import", str(file), "--json"), shapes.Imported)["changed"] == 0
    for address in (JANE, "+formula@example.net", "joe@example.org"):
        assert run("check", address).returncode == 1
    assert ("mail-1" in run("show", JANE, "--no-ses").stdout) is (form == "jsonl")


def test_an_import_that_was_killed_goes_on(environment: dict[str, str], run: Run, tmp_path: Path) -> None:
    """Killed amid the writing and begun again: all are there, once, as if nothing had happened."""
    file, number = tmp_path / "many.jsonl", 6000
    file.write_text("".join(json.dumps({"address": f"user{one}@example.net", "reason": "BOUNCE"}) + "\n" for one in range(number)))
    command, whole = process(["suppression", "import", str(file)], environment)
    with subprocess.Popen(command, env=whole, cwd=ROOT, stdout=subprocess.DEVNULL) as importing:  # noqa: S603
        while run("check", "user400@example.net").returncode != 1:
            assert importing.poll() is None
        importing.kill()
    found = printed(run("import", str(file), "--json"), shapes.Imported)
    assert (found["records"], found["unread"]) == (number, 0)
    assert 0 < found["changed"] < number - 400
    entries = printed(run("list", "--limit", "100000", "--json"), shapes.HeldList)["entries"]
    assert len({one["address"] for one in entries}) == len(entries) == number


def test_records_that_cannot_be_read_are_told_of(run: Run, tmp_path: Path) -> None:
    """With their lines; the others are taken in, and the exit code says that something is left."""
    file = tmp_path / "list.csv"
    file.write_text("address,reason\njane.doe@example.net,BOUNCE\nnobody,BOUNCE\n")
    result = run("import", str(file))
    assert result.returncode == 1
    assert "line 3: address: it is no e-mail address" in result.stderr
    assert run("check", JANE).returncode == 1


def test_standard_input_is_read_as_files_are(run: Run) -> None:
    """With a spreadsheet's mark at its beginning, and a byte that is no UTF-8 in one record."""
    given = b"\xef\xbb\xbfaddress,reason\n" + JANE.encode() + b",BOUNCE\nm\xfcller@example.net,BOUNCE\njoe@example.org,BOUNCE\n"
    found = printed(run("import", "-", "--format", "csv", "--json", given=given), shapes.Imported)
    assert (found["records"], [one["line"] for one in found["faults"]]) == (2, [3])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["remove", *WHY], "give either ADDRESS"),
        (["remove", JANE, "--domain", "x.example", "--since", "2026-11-24", *WHY], "give either ADDRESS"),
        (["remove", JANE, "--plan", *WHY], "give either ADDRESS"),
        (["add", "nobody", *WHY], "no e-mail address"),
        (["list", "--reason", "hate"], "it is one of"),
        (["list", "--since", "yesterday"], "a day or a time"),
        (["import", "no-such-file.csv"], "cannot be read"),
        (["import", "-"], "give --format"),
        (["export", "no-such-folder/x.csv"], "cannot be written"),
        (["check", JANE, "--scope", "nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, words: list[str], complaint: str) -> None:
    """In words."""
    result = run(*words)
    assert result.returncode == 2
    assert complaint in result.stderr
