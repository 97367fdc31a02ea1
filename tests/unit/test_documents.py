"""The documents say what the template and the code say.

``python -m tests.unit.test_documents`` writes the tables of docs/reference.md anew from template.yaml.
"""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ses_warden.adapters.audit_metrics import AUDIT_METRICS
from ses_warden.adapters.dmarc_metrics import DMARC_METRICS
from ses_warden.adapters.entries import item_from
from ses_warden.adapters.guard_metrics import GUARD_METRICS
from ses_warden.adapters.metrics import LAG, NAMES
from ses_warden.adapters.rows import row_of
from ses_warden.adapters.sync_metrics import SYNC_METRICS
from ses_warden.domain.entries import Entry
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of, signal_of
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.suppression import decide
from tests.support.samples import names, ses
from tests.support.template import TEMPLATE, Json, load, of_type, resolve

ROOT = TEMPLATE.parent
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference.md"
RUNBOOK = ROOT / "docs" / "runbook.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FOLDERS = ("benchmarks", "demo", "docs", "environments", "events", "tests")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/**/*.md"))])
DOCUMENTS = [path for path in DOCUMENTS if ".venv" not in path.parts]
MOST_VALUES_SHOWN = 5

WRITTEN = load()
BASH = shutil.which("bash") or "/bin/bash"


def name_of(path: Path) -> str:
    """Return the document's path within the repository."""
    return str(path.relative_to(ROOT))


documents = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


# The tables of docs/reference.md


def parameters_table() -> str:
    """Return the template's parameters as a table, in the template's order."""
    lines = ["| parameter | default | allowed | |", "|---|---|---|---|"]
    for name, parameter in WRITTEN["Parameters"].items():
        default = f"`{parameter['Default']}`" if parameter["Default"] != "" else "(empty)"
        lines.append(f"| `{name}` | {default} | {_allowed(parameter)} | {parameter['Description']} |")
    return "\n".join(lines)


def alarms_table() -> str:
    """Return the template's alarms as a table, each with its section of the runbook."""
    everything = resolve(WRITTEN, EventBridgeRule="true", RecipientEvents="hashed", DmarcReports="on", QueueAgeAlarmSeconds=0)
    alarms = of_type(everything, "AWS::CloudWatch::Alarm")
    lines = ["| alarm | when | meaning | |", "|---|---|---|---|"]
    for name, alarm in alarms.items():
        meaning = alarm["AlarmDescription"].replace(" (docs/runbook.md)", "")
        lines.append(f"| `{name}` | {_when(name, alarm)} | {meaning} | [runbook]({_sections()[name]}) |")
    return "\n".join(lines)


def permissions_table() -> str:
    """Return what the functions may do as a table."""
    stack = resolve(WRITTEN, RecipientEvents="hashed", SuppressionSync="apply", DmarcReports="on")
    shared = of_type(stack, "AWS::IAM::ManagedPolicy")["RecordEventsPolicy"]["PolicyDocument"]["Statement"]
    roles = of_type(stack, "AWS::IAM::Role")
    lines = ["| function | purpose | actions | on |", "|---|---|---|---|"]
    for who, statements in [
        ("both lanes", shared),
        *((role.removesuffix("Role").lower(), policy["Statement"]) for role, policy in _own_policies(stack, roles)),
    ]:
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            allowed = ", ".join(f"`{action}`" for action in actions)
            lines.append(f"| {who} | {statement['Sid']} | {allowed} | {_resource(stack, statement['Resource'])} |")
    return "\n".join(lines)


TABLES = {"parameters": parameters_table, "alarms": alarms_table, "permissions": permissions_table}


def table_of(document: str, name: str) -> str:
    """Return what stands between a table's two marks."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", document, re.DOTALL)
    assert found, f"no marks of the table {name}"
    return found[1]


def _allowed(parameter: Json) -> str:
    if values := parameter.get("AllowedValues"):
        values = ["(empty)" if value == "" else value for value in values]
        shown = values if len(values) <= MOST_VALUES_SHOWN else [*values[:2], "…", values[-1]]
        return ", ".join(str(value) if value in ("…", "(empty)") else f"`{value}`" for value in shown)
    if parameter["Type"] == "Number":
        return f"{parameter['MinValue']} to {parameter['MaxValue']}"
    return f"up to {parameter['MaxLength']} characters"


def _when(name: str, alarm: Json) -> str:
    if "Metrics" in alarm:
        hours = f"{alarm['DatapointsToAlarm']} of {alarm['EvaluationPeriods']} hours"
        return f"`{alarm['Metrics'][0]['Expression'].replace('|', 'or')}`, {hours}"
    signs = {"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": "≥", "LessThanThreshold": "<"}
    sign, written = signs[alarm["ComparisonOperator"]], WRITTEN["Resources"][name]["Properties"]["Threshold"]
    threshold = f"`{written['Ref']}`" if isinstance(written, dict) else written
    minutes = alarm["Period"] // 60 * alarm["EvaluationPeriods"]
    return f"`{alarm['MetricName']}` {sign} {threshold}, {minutes} min"


def _own_policies(stack: Json, roles: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    apart = of_type(stack, "AWS::IAM::Policy").values()
    for role, properties in roles.items():
        for policy in (*properties["Policies"], *(one for one in apart if one["Roles"] == [{"Ref": role}])):
            yield role, policy["PolicyDocument"]


def _resource(stack: Json, resource: Any) -> str:
    text = str(resource)
    if resource == "*":
        return "all (it knows no resources)"
    if kind := re.search(r"AccountId\}:([\w-]+/(?:\*|default))", text):
        return f"`{kind[1]}`"
    [name] = [name for name in stack["Resources"] if re.search(rf"\b{name}\b", text)]
    index = re.search(r"index/(\w+)", text)
    return f"`{name}`" + (f", index `{index[1]}`" if index else "")


def _sections() -> dict[str, str]:
    """Return the file and anchor of the runbook's section on each alarm."""
    found: dict[str, str] = {}
    for heading, alarms in re.findall(r"^## (.+)\n\nAlarms: (.+)\.$", RUNBOOK.read_text(), re.MULTILINE):
        for alarm in re.findall(r"`(\w+)`", alarms):
            assert alarm not in found, f"{alarm} has two sections"
            found[alarm] = f"{RUNBOOK.name}#{anchor_of(heading)}"
    return found


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_readme_is_the_templates(name: str) -> None:
    """Parameters, alarms and permissions stand in docs/reference.md as they are deployed."""
    assert table_of(REFERENCE.read_text(), name) == TABLES[name]()


def test_every_metric_is_documented_in_order_with_its_unit() -> None:
    """The metrics of docs/reference.md are those that the functions write, each with a meaning."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table_of(REFERENCE.read_text(), "metrics").splitlines()
    ]
    assert [row[0] for row in rows[2:]] == [
        f"`{name}`" for name in [*dict.fromkeys(NAMES.values()), LAG, *GUARD_METRICS, *SYNC_METRICS, *AUDIT_METRICS, *DMARC_METRICS]
    ]
    units = {LAG: "Milliseconds", "BounceRate": "None", "ComplaintRate": "None", "GuardLag": "Seconds"}
    assert [row[1] for row in rows[2:]] == [units.get(row[0].strip("`"), "Count") for row in rows[2:]]
    assert all(len(row) == len(rows[0]) and len(row[2]) > 10 for row in rows[2:])


def test_the_runbook_has_a_section_on_each_alarm_and_on_no_other() -> None:
    """Whoever is woken by an alarm finds what to do."""
    assert _sections().keys() == of_type(WRITTEN, "AWS::CloudWatch::Alarm").keys()


# Tables of the ledger


def test_the_events_table_is_documented_attribute_by_attribute() -> None:
    """The architecture names each attribute that a sample's row has, and no other."""
    rows = [row_of(fact, purge_at=0) for fact in _facts()]
    assert _attributes("Events") == {name for row in rows for name in row}


def test_the_suppression_table_is_documented_attribute_by_attribute() -> None:
    """The architecture names each attribute that an entry's row may have, and no other."""
    entries: dict[tuple[str, str], Entry] = {}
    for signal in filter(None, map(signal_of, _facts())):
        if entry := decide(entries.get((signal.address, signal.scope)), signal):
            entries[entry.address, entry.scope] = entry
    assert _attributes("Suppression") == {name for entry in entries.values() for name in item_from(entry)}


def _facts() -> list[Fact]:
    events = [parse_event(ses(name)) for form in ("publishing", "identity") for name in names(form)]
    return [fact for event in events if isinstance(event, MailEvent) for fact in facts_of(event)]


def _attributes(table: str) -> set[str]:
    found = re.search(rf"^### {table}\n\n(.*?)\n\n", ARCHITECTURE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"no table {table}"
    return {name for line in found[1].splitlines()[2:] for name in re.findall(r"`(\w+)`", line.strip("|").partition("|")[0])}


# What documents point at


def anchor_of(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def prose_of(text: str) -> str:
    """Return the text without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def blocks_of(text: str, language: str = "") -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


@documents
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link names a file that exists, and a heading within it if it names one."""
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", prose_of(document.read_text())):
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", prose_of(file.read_text()), re.MULTILINE)
            assert anchor in [anchor_of(heading) for heading in headings], target


@documents
def test_files_that_are_named_exist(document: Path) -> None:
    """A path in backticks, from the repository's root or from the package's, is there."""
    package = ROOT / "layers" / "core" / "ses_warden"
    places = [ROOT, package, document.parent]
    known = {entry.name for place in (ROOT, package) for entry in place.iterdir() if not entry.name.startswith(".")}
    for path in re.findall(r"`([\w.-]+(?:/[\w.-]+)+/?)`", prose_of(document.read_text())):
        if path.split("/")[0] in known and "NAME" not in path:
            assert any((place / path).exists() for place in places), path


@documents
def test_make_targets_that_are_named_exist(document: Path) -> None:
    """Each `make` command of a document is one of the Makefile's."""
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = document.read_text()
    named = re.findall(r"`make ([a-z0-9-]+)[^`]*`|^ *make ([a-z0-9-]+)", text, re.MULTILINE)
    assert {name for pair in named for name in pair if name} - targets == set()


@documents
def test_stack_outputs_that_are_named_exist(document: Path) -> None:
    """Each `output NAME` of a command is an output of the template."""
    assert set(re.findall(r"\$\(output (\w+)\)", document.read_text())) - WRITTEN["Outputs"].keys() == set()


@documents
def test_shell_commands_parse(document: Path) -> None:
    """Bash understands each block that is meant for it."""
    for block in blocks_of(document.read_text(), "bash"):
        done = subprocess.run([BASH, "-n"], input=block, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
        assert done.returncode == 0, f"{done.stderr}\n{block}"


@documents
def test_a_document_names_no_folder_of_one_machine(document: Path) -> None:
    """Paths are relative to the clone."""
    assert re.findall(r"(?<![\w.:/~$}-])/(?:home|mnt|root|tmp|Users|var|work)/\S*", document.read_text()) == []


@documents
def test_a_document_does_not_advertise(document: Path) -> None:
    """Plain words; nothing is left for later."""
    words = r"\b(?:easily|obviously|seamless\w*|robust|powerful|blazing\w*|leverag\w+|TODO|TBD|FIXME|lorem)\b"
    assert re.findall(words, prose_of(document.read_text())) == []


# Decisions, changes, licence


def test_decisions_are_numbered_without_gaps() -> None:
    """Their files and their headings count from 1."""
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for number, path in enumerate(DECISIONS, 1):
        assert re.match(rf"# {number}\. \S", path.read_text()), path.name


@pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
def test_a_decision_says_what_it_rests_on(decision: Path) -> None:
    """Half a page: the context, the decision, its consequences, and what was measured."""
    text = decision.read_text()
    parts = re.findall(r"^\*\*(Context|Decision|Consequences|Measured)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Measured"]
    assert len(text.split()) < 600


def test_the_version_of_the_package_is_in_the_changelog() -> None:
    """What is installed is what the changelog speaks of."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in (ROOT / "CHANGELOG.md").read_text()


def test_the_licence_is_whole() -> None:
    """Apache-2.0, with its conditions, and a copyright line that was filled in."""
    text = (ROOT / "LICENSE").read_text()
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "SES Warden contributors" in text
    assert "[yyyy]" not in text


def write_tables() -> None:
    """Write the tables of docs/reference.md anew."""
    text = REFERENCE.read_text()
    for name, table in TABLES.items():
        table_of(text, name)
        before, _, rest = text.partition(f"<!-- {name} -->\n")
        text = f"{before}<!-- {name} -->\n{table()}\n<!-- /{name} -->{rest.partition(f'<!-- /{name} -->')[2]}"
    REFERENCE.write_text(text)


if __name__ == "__main__":
    write_tables()
