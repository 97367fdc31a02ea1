"""What senders install: the wheel with its base dependencies, in an environment of its own; README's examples run in it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ses_warden.adapters.entries import item_from
from ses_warden.domain.addresses import Address
from ses_warden.domain.envelopes import open_event
from ses_warden.domain.signals import operator_signal
from ses_warden.domain.suppression import decide
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import MemoryBackend
from tests.support.dynamo import table_shapes
from tests.support.emulator import ROOT, Emulator
from tests.unit.test_documents import README, blocks_of

UV = ROOT / ".tools" / "venv" / "bin" / "uv"
TABLE = "SuppressionTable"
SECTION = README.read_text().partition("### Ask before you send\n")[2].partition("\n### ")[0]
PLAIN, DJANGO = blocks_of(SECTION, "python")
ALLOWED, BLOCKED = "Jane <jane@example.com>", "Blocked@example.com"
WHY = "suppressed for good, since 2026-11-24 12:00 UTC: an operator blocked it (told to)."


def run(*command: str | Path, folder: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What a command prints; fails with all that it said."""
    done = subprocess.run([str(word) for word in command], cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


class Sender:
    """An environment in which nothing but a sender's packages are installed."""

    def __init__(self, folder: Path, *packages: str | Path, lock: Path = ROOT) -> None:
        self._folder = folder
        folder.mkdir()
        # The versions of the lock file, so that a release of somebody's breaks no test.
        pins = folder / "pins.txt"
        pins.write_text(
            run(UV, "export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--no-hashes", folder=lock)
        )
        run(UV, "venv", "--quiet", "--no-project", "--python", sys.executable, folder / "venv")
        self._python = folder / "venv" / "bin" / "python"
        run(UV, "pip", "install", "--quiet", "--python", self._python, "--constraint", pins, *packages, folder=folder)

    def run(self, program: str, env: dict[str, str]) -> str:
        """What a program prints that sees nothing of this repository; its warnings are errors."""
        script = self._folder / "program.py"
        script.write_text(program)
        return run(self._python, "-I", "-W", "error", script, folder=self._folder, env={"PATH": os.defpath} | env)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Sender:
    """The wheel and its base dependencies."""
    return Sender(tmp_path_factory.mktemp("bare") / "sender", wheel)


@pytest.fixture
def backend() -> MemoryBackend:
    """Behind the simulated SES: a configuration set whose events can be looked at."""
    backend = MemoryBackend()
    backend.subscribe("marketing", "SEND")
    return backend


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with a suppression table, in which one address is blocked."""
    with Emulator() as started:
        client = started.client("dynamodb")
        client.create_table(TableName=TABLE, **table_shapes()[TABLE])
        key = BLOCKED.lower()
        at = datetime(2026, 11, 24, 12, tzinfo=UTC)
        entry = decide(None, operator_signal(Address(key, BLOCKED, True), block=True, at=at, note="told to"))
        assert entry
        client.put_item(TableName=TABLE, Item=item_from(entry))
        yield started


@pytest.fixture
def world(emulator: Emulator, backend: MemoryBackend) -> Iterator[dict[str, str]]:
    """The environment in which AWS is the emulator and SES the simulator."""
    with Server(Service(backend, Options(speed=1000)), 0) as server:
        yield emulator.env() | {"AWS_ENDPOINT_URL_SESV2": server.url}


def test_a_wheel_with_the_command_line_has_the_sample_events(wheel: Path, tmp_path: Path) -> None:
    """`ses-warden event` finds each sample that it offers, away from this repository and from AWS."""
    terminal = Sender(tmp_path / "terminal", f"{wheel}[cli]")
    program = dedent("""
        import sys
        from ses_warden_cli.samples.kinds import SAMPLE_OF, SUB_TYPES
        from ses_warden_cli.samples.making import pattern
        for sample in [*SAMPLE_OF.values(), *(sample for samples in SUB_TYPES.values() for sample in samples.values())]:
            pattern(sample)
        from ses_warden_cli.main import app
        app(["event", "bounce", "--to", "jane@example.com"])
    """)
    [envelope] = open_event(json.loads(terminal.run(program, {})))
    assert '"emailAddress":"jane@example.com"' in envelope.body


def sent_to(backend: MemoryBackend) -> list[str]:
    """Whom SES took mail for."""
    events: list[dict[str, Any]] = backend.events()
    return [recipient for event in events if event["eventType"] == "Send" for recipient in event["mail"]["destination"]]


def test_the_bare_wheel_asks_the_table(bare: Sender, world: dict[str, str]) -> None:
    """With boto3 and pydantic alone: a gate and a snapshot answer, and nothing of the command line or of Lambda is there."""
    program = dedent(f"""
        import importlib.util, sys
        from ses_warden.gate import SuppressionGate

        extras = ("typer", "rich", "plotext", "aws_lambda_powertools", "checkdmarc", "parsedmarc")
        assert [name for name in extras if importlib.util.find_spec(name)] == []
        gate = SuppressionGate({TABLE!r}, on_error="raise")
        for judge in (gate, gate.snapshot()):
            parts = judge.partition([{ALLOWED!r}, {BLOCKED!r}])
            print(parts.allowed, [(v.recipient, v.reason.value) for v in parts.refused])
        print(gate.check({BLOCKED!r}).explanation)
        print("ses_warden.bootstrap" in sys.modules)
    """)
    told = f"{[ALLOWED]} {[(BLOCKED, 'manual')]}"
    assert bare.run(program, world).splitlines() == [told, told, WHY, "False"]


def test_the_readmes_ten_lines_for_boto3_send_to_the_allowed(bare: Sender, world: dict[str, str], backend: MemoryBackend) -> None:
    """As they stand there, with the bare wheel; SES takes mail for the allowed alone."""
    content = {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}}
    program = f"SUPPRESSION_TABLE = {TABLE!r}\n{PLAIN}\nprint(send({[ALLOWED, BLOCKED]!r}, {content!r}))\n"
    assert bare.run(program, world) == f"{ {BLOCKED: WHY} }\n"
    assert sent_to(backend) == ["jane@example.com"]


def test_the_readmes_django_backend_sends_to_the_allowed(
    wheel: Path, world: dict[str, str], backend: MemoryBackend, tmp_path: Path
) -> None:
    """In a Django project, by Django's own way of sending: a recipient is taken out of each field, a mail to nobody is not sent."""
    anymail = ROOT / "environments" / "anymail"
    sender = Sender(tmp_path / "sender", wheel, "django-anymail[amazon-ses]", lock=anymail)
    program = dedent(f"""
        import sys, types, warnings
        warnings.simplefilter("default")  # of Django's and Anymail's future
        from django.conf import settings
        settings.configure(
            EMAIL_BACKEND="project_mail.GatedBackend", SUPPRESSION_TABLE={TABLE!r}, INSTALLED_APPS=["anymail"],
            ANYMAIL={{"AMAZON_SES_CONFIGURATION_SET_NAME": "marketing"}},
        )
        import django
        django.setup()
        module = sys.modules["project_mail"] = types.ModuleType("project_mail")
        exec({DJANGO!r}, module.__dict__)

        from django.core.mail import EmailMessage, get_connection
        one = EmailMessage("Hi", "Hi", "news@example.com", [{ALLOWED!r}, {BLOCKED!r}], cc=["cc@example.com"], bcc=[{BLOCKED!r}])
        other = EmailMessage("Hi", "Hi", "news@example.com", [{BLOCKED!r}])
        print(get_connection().send_messages([one, other]))
    """)
    assert sender.run(program, world) == "1\n"
    assert sorted(sent_to(backend)) == ["cc@example.com", "jane@example.com"]
