"""`ses-warden forget` on an emulator: nothing names the person afterwards, and who must not be mailed is still not mailed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ses_warden.adapters.ledger import Tables
from ses_warden.gate import SuppressionGate
from ses_warden_cli.people.shapes import Forgot
from ses_warden_cli.suppression.shapes import Shown
from tests.integration.command_line import Run, environment_of, printed, run_here
from tests.integration.harness import World, event

JANE, JOE = "jane.doe@example.net", "joe@example.org"
KEY = b"a key of more than sixteen bytes"


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A file with the operator's key."""
    file = tmp_path / "pseudonyms.key"
    file.write_bytes(KEY + b"\n")
    return str(file)


@pytest.fixture
def run(endpoint: str, tables: Tables) -> Run:
    """Runs `ses-warden` in this process."""
    if endpoint == "aws":
        pytest.skip("its tables are not the stack's")
    environment = environment_of(endpoint, SUPPRESSION_TABLE=tables.suppression, EVENTS_TABLE=tables.events)
    return lambda *words: run_here(words, environment)


@pytest.fixture
def known(world: World) -> World:
    """Jane bounced, and opened a mail before; Joe got the same."""
    for mail, recipient in (("mail-1", JANE), ("mail-2", JOE)):
        kinds = ("send", "delivery", "open", "bounce-permanent-noemail")
        world.record(*(event(kind, mail=mail, recipients=[recipient]) for kind in kinds))
    return world


def everything(world: World, tables: Tables) -> dict[str, str]:
    """Each table as text."""
    names = (tables.events, tables.suppression, tables.reputation)
    return {name: json.dumps(world.client().scan(TableName=name)["Items"]) for name in names}


def asks(world: World, tables: Tables, key: bytes | None) -> bool:
    """Whether Jane may be mailed, as a sender with this key sees it."""
    client: Any = world.client()
    return SuppressionGate(tables.suppression, on_error="raise", client=client, pseudonym_key=key).check(JANE).allowed


def test_nothing_names_the_person_and_the_gate_still_refuses_them(run: Run, known: World, tables: Tables, key: str) -> None:
    """With the key alone; the others' rows are as they were."""
    before = everything(known, tables)
    assert JANE in before[tables.events]
    assert JANE in before[tables.suppression]
    planned = printed(run("forget", JANE.upper(), "--key-file", key, "--plan", "--json"), Forgot)
    assert everything(known, tables) == before
    done = printed(run("forget", JANE.upper(), "--key-file", key, "--json"), Forgot)
    assert done == {**planned, "planned": False}
    assert (done["events"], done["entries"], done["kept"]) == (4, 1, ["account"])
    after = everything(known, tables)
    for text in after.values():
        assert "jane" not in text.lower()
    assert after[tables.events].count(f'"{JOE}"') == before[tables.events].count(f'"{JOE}"')
    assert (asks(known, tables, None), asks(known, tables, KEY), asks(known, tables, b"another key, as long as it")) == (
        True,
        False,
        True,
    )


def test_forgetting_again_finds_nothing(run: Run, known: World, tables: Tables, key: str) -> None:
    """And changes nothing."""
    assert run("forget", JANE, "--key-file", key).returncode == 0
    before = everything(known, tables)
    result = run("forget", JANE, "--key-file", key)
    assert (result.returncode, "0 events, 0 entries, 0 audit rows erased." in result.stdout) == (0, True)
    assert "35 days" in result.stderr.replace("\n", " ")
    assert everything(known, tables) == before


def test_who_is_suppressed_is_not_let_go_unasked(run: Run, known: World, tables: Tables) -> None:
    """Without a key the command refuses, and says what to choose from."""
    before = everything(known, tables)
    refused = run("forget", JANE)
    assert refused.returncode == 1
    assert "--key-file" in refused.stderr
    assert everything(known, tables) == before
    assert run("forget", JANE, "--let-go").returncode == 0
    assert "jane" not in json.dumps(everything(known, tables)).lower()
    assert asks(known, tables, KEY)


def test_audit_rows_go_too_and_an_operators_block_stays(run: Run, world: World, tables: Tables, key: str) -> None:
    """What an operator noted may tell of the person."""
    words = ["suppression", "add", JANE, "--reason", "Jane asked by phone", "--as", "joe"]
    assert run(*words).returncode == 0
    assert run("forget", JANE, "--key-file", key).returncode == 0
    assert "jane" not in json.dumps(everything(world, tables)).lower()
    assert not asks(world, tables, KEY)


def test_who_was_forgotten_is_shown_and_released_by_the_key_alone(run: Run, known: World, tables: Tables, key: str) -> None:
    """Without it nothing is known of them; a release stays under the hash, and nothing names the person afterwards."""
    assert run("forget", JANE, "--key-file", key).returncode == 0
    without = run("suppression", "show", JANE, "--no-ses")
    assert (without.returncode, without.stdout) == (0, "The table knows nothing of it.\n")
    assert run("suppression", "remove", JANE, "--reason", "asked again", "--as", "joe", "--no-ses").returncode == 1

    words = run("suppression", "show", JANE.title(), "--no-ses", "--key-file", key)
    assert words.returncode == 1
    assert "forgotten, and known by a hash alone: suppressed for good" in words.stdout
    assert "a mail that was forgotten" in words.stdout
    assert "message show" not in words.stdout
    found = printed(run("suppression", "show", JANE, "--no-ses", "--key-file", key, "--json"), Shown)
    assert [(one["scope"], one["holds"], one["forgotten"]) for one in found["entries"]] == [("account", True, True)]

    removed = run("suppression", "remove", JANE, "--reason", "asked again", "--as", "joe", "--no-ses", "--key-file", key)
    assert removed.returncode == 0
    assert asks(known, tables, KEY)
    after = run("suppression", "show", JANE, "--no-ses", "--key-file", key)
    assert (after.returncode, "an operator released it" in after.stdout, "release in account by joe" in after.stdout) == (
        0,
        True,
        True,
    )
    assert "jane" not in json.dumps(everything(known, tables)).lower()
    again = run("suppression", "remove", JANE, "--reason", "asked again", "--as", "joe", "--no-ses", "--key-file", key)
    assert again.returncode == 1


def test_a_short_key_is_refused_by_each_command_that_takes_one(run: Run) -> None:
    """As wrong usage."""
    for words in (["show", JANE], ["remove", JANE, "--reason", "why"], ["check", JANE], ["sync"]):
        result = run("suppression", *words, "--key-file", os.devnull)
        assert (result.returncode, "fewer than 16 bytes" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["forget", "nobody"], "no e-mail address"),
        (["forget", JANE, "--key-file", "no-such-file"], "cannot be read"),
        (["forget", JANE, "--key-file", os.devnull], "fewer than 16 bytes"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, words: list[str], complaint: str) -> None:
    """In words; nothing was erased."""
    result = run(*words)
    assert result.returncode == 2
    assert complaint in result.stderr
