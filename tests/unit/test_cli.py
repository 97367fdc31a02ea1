"""The command line as its users meet it: help, usage, documents, and how soon it answers.

``python -m tests.unit.test_cli`` writes the generated parts of docs/cli.md anew.
"""

import importlib
import inspect
import json
import os
import pkgutil
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import ses_warden_cli
from ses_warden.adapters import dmarc_parsing
from ses_warden.bootstrap.sending import USUAL
from ses_warden_cli.main import app
from ses_warden_simulator.__main__ import parser
from tests.support.template import TEMPLATE, load

DOCUMENT = TEMPLATE.parent / "docs" / "cli.md"
WIDTH = 100
# What the command line may take to show its help, beside what its two libraries take alone.
MOST_TIMES = 1.5
MOST_RUNS = 20


def commands() -> list[str]:
    """Return every command, those of groups with the name of their group; a group may be a command by itself."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[str]:
        if hasattr(command, "commands"):
            if command.invoke_without_command:
                yield " ".join(words)
            for name, inner in command.commands.items():
                yield from walk(inner, (*words, name))
        else:
            yield " ".join(words)

    return list(walk(get_command(app), ()))


def help_of(command: str) -> str:
    """Return the help of a command, as on a terminal of a hundred columns."""
    result = CliRunner().invoke(app, [*command.split(), "--help"], prog_name="ses-warden", terminal_width=WIDTH)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.rstrip().splitlines())


def help_text() -> str:
    """Return all help as the document has it."""
    parts = [f"### `ses-warden {command}`\n\n```text\n{help_of(command)}\n```" for command in commands()]
    return "\n" + "\n\n".join(parts) + "\n"


def shapes_text() -> str:
    """Return all shapes as the document has them: as Python, with their comments."""
    found = [module.name for module in pkgutil.walk_packages(ses_warden_cli.__path__, "ses_warden_cli.")]
    names = sorted((name for name in found if name.endswith("shapes")), key=lambda name: (name.count("."), name))
    parts = [inspect.getsource(importlib.import_module(name)) for name in names]
    source = "\n\n".join(part[part.index("class ") :].rstrip() + "\n" for part in parts)
    lines = [line for line in source.splitlines() if not line.startswith("@")]
    return "\n```python\n" + "\n".join(lines) + "\n```\n"


PARTS = {"help": help_text, "shapes": shapes_text}


@pytest.mark.parametrize("part", PARTS)
def test_the_document_of_the_command_line_is_current(part: str) -> None:
    """Every command's help and every shape of JSON is in docs/cli.md, word for word."""
    found = re.search(f"<!-- {part} -->\n(.*)<!-- /{part} -->", DOCUMENT.read_text(), re.DOTALL)
    assert found
    assert found[1] == PARTS[part](), "run `.venv/bin/python -m tests.unit.test_cli`"


@pytest.mark.parametrize("command", commands())
def test_each_command_has_examples_and_json(command: str) -> None:
    """Its help shows how it is used, and that scripts can use it."""
    text = help_of(command)
    assert f"Examples:\n    ses-warden {command}" in text
    assert "--json" in text


@pytest.mark.parametrize("command", commands())
def test_each_command_is_in_the_readme(command: str) -> None:
    """In the table of commands."""
    table = (TEMPLATE.parent / "README.md").read_text().partition("### Commands")[2].partition("\n### ")[0]
    assert f"`ses-warden {command}`" in table


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Usage"),
        (["no-such-command"], "No such command"),
        (["pause"], "Missing argument"),
        (["pause", "account"], "Missing option '--reason'"),
        (["pause", "account", "--reason", "  "], "it is empty"),
        (["resume", "newsletter", "--reason", "x"], "configuration-set/NAME"),
        (["resume", "contact-list/all", "--reason", "x"], "configuration-set/NAME"),
        (["pause", "configuration-set/", "--reason", "x"], "configuration-set/NAME"),
        (["pause", "tenant/a/b", "--reason", "x"], "configuration-set/NAME"),
        (["status", "account", "tenants"], "configuration-set/NAME"),
        (["status", "--days", "0"], "--days"),
        (["message", "show"], "Missing argument"),
        (["message", "find", "--day", "yesterday"], "--day"),
        (["message", "find", "--day", "2026-11-23", "--since", "2026-11-01"], "either --day"),
        (["message", "find", "--since", "2026-11-23", "--until", "2026-11-22"], "before it begins"),
        (["message", "find", "--to", "jane"], "whole address"),
        (["message", "find", "--tag", "campaign"], "NAME=VALUE"),
        (["message", "find", "--state", "lost"], "--state"),
        (["message", "find", "--limit", "0"], "--limit"),
        (["message", "find", "--csv", "--json"], "either --csv"),
        (["dmarc", "report"], "Missing argument"),
        (["dmarc", "report", "localhost"], "it is no domain"),
        (["dmarc", "report", "jane@example.com"], "it is no domain"),
        (["dmarc", "report", "example.com", "--since", "30"], "30d, 2026-11-24"),
        (["dmarc", "report", "example.com", "--until", "soon"], "30d, 2026-11-24"),
        (["dmarc", "report", "example.com", "--since", "0001-01-01"], "no reports of that year"),
        (["dmarc", "report", "example.com", "--until", "9999-12-31"], "no reports of that year"),
        (["dmarc", "report", "example.com", "--since", "2026-11-02", "--until", "2026-11-01"], "before it begins"),
        (["dmarc", "report", "example.com", "--csv", "--json"], "either --csv"),
        (["dmarc", "reports", "localhost"], "it is no domain"),
        (["dmarc", "reports", "example.com", "--since", "soon"], "30d, 2026-11-24"),
        (["dmarc", "discard", "example.com", "20261123T000000Z-9f3ac1d2e4"], "Missing option '--reason'"),
        (["dmarc", "discard", "example.com", "--reason", "x", "--yes"], "give either REPORT"),
        (["dmarc", "discard", "example.com", "--reporter", "google.com", "--reason", "x", "--yes"], "give either REPORT"),
        (["dmarc", "discard", "example.com", "1234", "--since", "3d", "--reason", "x", "--yes"], "give either REPORT"),
        (["dmarc", "discard", "example.com", "1234", "--reason", "x", "--yes"], "a report is named as `dmarc reports` does"),
        (["dmarc", "discard", "example.com", "1234", "--reason", " ", "--yes"], "it is empty"),
        (["dmarc", "discard", "example.com", "1234", "--reason", "x"], "nobody can be asked here"),
        (["dmarc", "discard", "example.com", "1234", "--reason", "x", "--json"], "--json goes with --plan or --yes"),
        (["account", "request-production"], "Missing option '--mail-type'"),
        (["account", "request-production", "--mail-type", "spam"], "--mail-type"),
        (["account", "--json", "request-production"], "--json must stand behind"),
        (["replay"], "give either"),
        (["replay", "events.json", "--quarantine"], "give either"),
        (["redrive", "--lane", "slow"], "--lane"),
        (["doctor", "--send-test"], "--send-test needs --from"),
        (["doctor", "--send-test", "--from", "example.com"], "--send-test needs --from"),
        (["doctor", "--from", "you@example.com"], "are for --send-test"),
        (["doctor", "--set", "mail"], "are for --send-test"),
        (["doctor", "--identities", "-1"], "--identities"),
        (["domain", "records"], "Missing argument"),
        (["domain", "records", "example.com", "--rua", "d@example.com"], "add --dmarc none"),
        (["domain", "records", "example.com", "--dmarc", "pct"], "--dmarc"),
        (["domain", "--limit", "0"], "--limit"),
        (["domain", "example.com"], "No such command"),
        (["simulator"], "Missing option '--backend'"),
        (["simulator", "--backend", "http://127.0.0.1:1", "--port", "-1"], "--port"),
        (["simulator", "--backend", "http://127.0.0.1:1", "--speed", "0"], "--speed must be a number above 0"),
        (["simulator", "--backend", "https://sns.eu-west-1.amazonaws.com"], "publishes no events to AWS itself"),
        (["simulator", "--backend", "http://127.0.0.1:1", "--host", "192.0.2.1"], "loopback interface only"),
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], complaint: str) -> None:
    """The message says what is wrong; nothing was asked of AWS."""
    result = CliRunner().invoke(app, words, prog_name="ses-warden")
    assert result.exit_code == 2
    assert complaint in " ".join(result.output.split())


def test_an_unknown_profile_is_a_failure_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, in words, and as JSON where that was asked for."""
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    words = ["status", "--profile", "nobody", "--region", "eu-west-1"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nobody" in result.stderr
    assert '"kind": "SettingsError"' in CliRunner().invoke(app, [*words, "--json"]).stdout


def test_a_missing_simulator_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2, and as JSON where that was asked for; its other commands do without it."""
    monkeypatch.setitem(sys.modules, "ses_warden_simulator.program", None)
    words = ["simulator", "--backend", "http://127.0.0.1:1"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "pip install 'ses-warden[cli,simulator]'" in result.stderr
    assert "ses-warden[cli,simulator]" in json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)["error"]["message"]


def test_a_missing_parsedmarc_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `dmarc ingest` needs it."""
    dmarc_parsing._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "parsedmarc", None)
    result = CliRunner().invoke(app, ["dmarc", "ingest", "--plan", "report.xml", "--json"])
    assert result.exit_code == 2
    assert "ses-warden[cli,dmarc]" in json.loads(result.stdout)["error"]["message"]


def test_the_simulator_takes_the_same_options_by_either_name() -> None:
    """`ses-warden simulator` and `python -m ses_warden_simulator`, with the same defaults."""
    command: Any = get_command(app)
    options = {one.opts[0]: one.default for one in command.commands["simulator"].params}
    assert options.pop("--json") is False
    actions = {action.option_strings[0]: action.default for action in parser()._actions if action.dest != "help"}
    assert {name: default for name, default in options.items() if name != "--backend"} == {
        name: default for name, default in actions.items() if name != "--backend"
    }
    assert "--backend" in options.keys() & actions.keys()


def test_settings_without_a_stack_are_the_templates_defaults() -> None:
    """Who names a table instead of the stack is judged by the same limits."""
    template = load()
    variables = {
        **template["Globals"]["Function"]["Environment"]["Variables"],
        **template["Resources"]["GuardFunction"]["Properties"]["Environment"]["Variables"],
    }
    for name, value in USUAL.items():
        default = template["Parameters"][variables[name]["Ref"]]["Default"]
        assert _value(value) == _value(default), name


def _value(text: object) -> object:
    try:
        return float(str(text))
    except ValueError:
        return str(text)


def test_help_comes_soon() -> None:
    """Showing the help takes at most one and a half times as long as loading typer and rich: all else is loaded when needed."""
    libraries, own = [], []
    for _ in range(MOST_RUNS):
        libraries.append(processor_time("-c", "import typer, rich"))
        own.append(processor_time("-m", "ses_warden_cli", "--help"))
        # The quickest runs say what it costs; on a busy machine they are rare.
        if min(own) <= MOST_TIMES * min(libraries):
            break
    assert min(own) <= MOST_TIMES * min(libraries)


def processor_time(*words: str) -> float:
    """Return the seconds of processor time that Python takes for this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, capture_output=True)  # noqa: S603 - our own words
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_document() -> None:
    """Write the generated parts anew."""
    text = DOCUMENT.read_text()
    for part, made in PARTS.items():
        before, _, rest = text.partition(f"<!-- {part} -->\n")
        text = f"{before}<!-- {part} -->\n{made()}<!-- /{part} -->{rest.partition(f'<!-- /{part} -->')[2]}"
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    write_document()
