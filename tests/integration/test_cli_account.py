"""`ses-warden account` and `account request-production`, by their entry point, through a local SES; nothing is deployed."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from pydantic import TypeAdapter

from ses_warden_cli.account import shapes
from ses_warden_cli.shapes import Failed
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.command_line import environment_of, run_here
from tests.simulator_fakes import ask, simple
from tests.support.dynamo import session
from tests.support.emulator import CREDENTIALS, REGION

type Run = Callable[..., tuple[int, str, str]]

USE_CASE = "Receipts for people who bought something.\nBounces and complaints are suppressed at once."
REQUEST = ["account", "request-production", "--mail-type", "transactional", "--website", "https://www.example.com"]


@pytest.fixture
def sandbox(endpoint: str) -> Any:
    """A local SES whose account is in the sandbox."""
    if endpoint == "aws":
        pytest.skip("asks for production access")
    with Server(Service(HttpBackend(endpoint), Options(sandbox=True)), 0) as started:
        yield started


def client_at(url: str, service: str = "sesv2", region: str = REGION) -> Any:
    """A client with the emulator's credentials."""
    made: Any = session().client
    return made(service, endpoint_url=url, region_name=region, config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture
def run(endpoint: str) -> Run:
    """Runs `ses-warden` by its entry point: all of AWS is the emulator, but SES is the server."""

    def _run(server: Server, *words: str, answer: str | None = None) -> tuple[int, str, str]:
        result = run_here(words, environment_of(endpoint, server.url), answer)
        return result.returncode, result.stdout, result.stderr

    return _run


def stood(answered: tuple[int, str, str]) -> shapes.AccountShown:
    """What `account --json` printed."""
    found: shapes.AccountShown = TypeAdapter(shapes.AccountShown).validate_json(answered[1])
    return found


def review(server: Server, status: str) -> None:
    """What AWS's reviewers come to."""
    scope = {"Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/20261124/{REGION}/ses/aws4_request"}
    code, _, _ = ask(server, "PUT", "/_simulator/review", f'{{"Status": "{status}"}}'.encode(), scope)
    assert code == 200


def test_an_account_is_shown_before_anything_is_deployed(run: Run, simulator: Server) -> None:
    """There is no stack: it says so, and that all is well with the account."""
    code, text, errors = run(simulator, "account")
    assert code == 0
    assert f"SES account in {REGION}" in text
    assert "The account has production access." in text
    assert "No stack told its SuppressionAuthority" in errors

    shown = stood(run(simulator, "account", "--json"))
    assert (shown["standing"], shown["production"], shown["enforcement"]) == ("ok", True, "HEALTHY")
    assert shown["quota"]["day"] == 50_000
    assert shown["no_stack"]


def test_settings_instead_of_a_stack_tell_whose_list_decides(run: Run, simulator: Server) -> None:
    """An account without reasons is a finding, unless the table decides; no stack is asked."""
    client_at(simulator.url).put_account_suppression_attributes(SuppressedReasons=[])
    code, text, _ = run(simulator, "account", "--use", "SUPPRESSION_AUTHORITY=ses", "--json")
    assert code == 1
    assert stood((code, text, ""))["no_stack"] is None
    assert run(simulator, "account", "--use", "SUPPRESSION_AUTHORITY=warden")[0] == 0


def test_the_quotas_course_is_counted_from_cloudwatch(run: Run, simulator: Server, endpoint: str) -> None:
    """What was sent in the last hours, in recipients, and how that goes on."""
    now = datetime.now(UTC)
    # Metrics stay in the emulator: in the Region of the other tests they would pass for mail of theirs.
    apart = "eu-north-1"
    ses = client_at(simulator.url, region=apart)
    ses.create_configuration_set(ConfigurationSetName=f"all-{now:%H%M%S%f}")
    everybody = [f"r{number}@calm.example" for number in range(40)]
    ses.send_email(**simple(*everybody, ConfigurationSetName=f"all-{now:%H%M%S%f}"))
    data = [
        {"MetricName": "Send", "Timestamp": now - timedelta(minutes=minutes), "Value": 10.0, "Unit": "Count"}
        for minutes in (30, 90, 150)
    ]
    client_at(endpoint, "cloudwatch", apart).put_metric_data(Namespace="AWS/SES", MetricData=data)

    shown = stood(run(simulator, "account", "--region", apart, "--json"))

    quota = shown["quota"]
    assert (quota["sent"], quota["use"]) == (40, 40 / 50_000)
    assert quota["projected"] is not None
    assert quota["projected_low"] is not None
    assert quota["projected_high"] is not None
    assert 40 / 50_000 <= quota["projected_low"] <= quota["projected"] <= quota["projected_high"] < 0.1


def test_the_sandbox_is_a_finding_until_it_is_left_by_the_command(run: Run, sandbox: Server, tmp_path: Path) -> None:
    """Shown first, sent by --yes, granted: then there is nothing more to ask for."""
    file = tmp_path / "use-case.txt"
    file.write_text(USE_CASE)
    words = [*REQUEST, "--use-case", f"@{file}", "--additional-contact", "ops@example.com", "--contact-language", "EN"]
    code, text, _ = run(sandbox, "account")
    assert code == 1
    assert "ses-warden account request-production" in text

    code, text, errors = run(sandbox, *words, "--plan")
    assert code == 0
    assert "ops@example.com" in text
    assert "".join(f"  {line}\n" for line in USE_CASE.splitlines()) in text
    assert "Nothing was sent" in errors
    assert "Details" not in client_at(sandbox.url).get_account()

    code, text, _ = run(sandbox, *words, "--yes", "--json")
    asked: shapes.AccessAsked = TypeAdapter(shapes.AccessAsked).validate_json(text)
    assert (code, asked["planned"], asked["present"], asked["review"]) == (0, False, None, {"status": "GRANTED", "case": None})
    assert asked["request"] == {
        "mail_type": "TRANSACTIONAL",
        "website": "https://www.example.com",
        "language": "EN",
        "use_case": USE_CASE,
        "contacts": ["ops@example.com"],
    }
    details = client_at(sandbox.url).get_account()["Details"]
    assert details["UseCaseDescription"] == USE_CASE
    assert details["AdditionalContactEmailAddresses"] == ["ops@example.com"]

    code, text, _ = run(sandbox, *words, "--yes", "--json")
    assert (code, TypeAdapter(Failed).validate_json(text)["error"]["kind"]) == (1, "NothingToDo")
    assert run(sandbox, "account")[0] == 0


def test_during_a_review_nothing_is_sent(run: Run, sandbox: Server) -> None:
    """It refuses and says where the review stands; a request that was denied may be made again, and shows what it replaces."""
    review(sandbox, "PENDING")
    code, text, _ = run(sandbox, *REQUEST, "--use-case", "Receipts.", "--yes")
    assert (code, "Review: PENDING." in text) == (0, True)
    code, text, errors = run(sandbox, *REQUEST, "--use-case", "Other words.", "--yes")
    assert (code, text) == (1, "")
    assert "reviewing the account's details already" in " ".join(errors.split())
    assert stood(run(sandbox, "account", "--json"))["review"] == {"status": "PENDING", "case": None}

    review(sandbox, "DENIED")
    code, text, errors = run(sandbox, *REQUEST, "--use-case", "Other words.", "--plan")
    assert code == 0
    assert "Receipts." in text
    assert "Other words." in text
    assert "AWS denied the last request" in errors


def test_without_a_terminal_and_without_yes_nothing_is_sent(run: Run, sandbox: Server) -> None:
    """A script must say that it means it."""
    code, _, errors = run(sandbox, *REQUEST, "--use-case", "Receipts.", answer="y\n")
    assert code == 2
    assert "--yes sends it without asking" in " ".join(errors.split())
    assert "Details" not in client_at(sandbox.url).get_account()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_on_a_terminal_it_asks(endpoint: str, sandbox: Server, answer: str, code: int) -> None:
    """Only a clear yes sends it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SES_WARDEN_"))}
    keyboard, terminal = os.openpty()
    with os.fdopen(keyboard, "wb", buffering=0) as typed, os.fdopen(terminal) as stdin:
        typed.write(answer.encode())
        result = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "ses_warden_cli", *REQUEST, "--use-case", "Receipts."],
            stdin=stdin,
            env=inherited | environment_of(endpoint, sandbox.url),
            capture_output=True,
            check=False,
            timeout=60,
        )
    assert result.returncode == code, result.stderr
    assert b"Send this to AWS" in result.stdout + result.stderr
    assert ("Details" in client_at(sandbox.url).get_account()) is (code == 0)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--use-case", "@/nowhere/at-all.txt"], "cannot be read"),
        (["--use-case", "x", "--additional-contact", "jane"], "additional contact 1"),
        (["--use-case", "  "], "use case is empty"),
        (["--use-case", "x", "--json"], "--json goes with --plan or --yes"),
    ],
)
def test_wrong_usage_asks_nobody(run: Run, simulator: Server, words: list[str], complaint: str) -> None:
    """Exit code 2, before SES is asked."""
    code, text, errors = run(simulator, *REQUEST, *words)
    assert (code, text) == (2, "")
    assert complaint in " ".join(errors.split())


def test_a_region_that_stands_in_front_of_the_command_is_not_taken_for_its_own(run: Run, sandbox: Server) -> None:
    """A request for the wrong Region would be filed otherwise."""
    code, _, errors = run(sandbox, "account", "--region", "us-east-1", *REQUEST[1:], "--use-case", "Receipts.", "--yes")
    assert code == 2
    assert "--region must stand behind request-production" in " ".join(errors.split())
    assert "Details" not in client_at(sandbox.url).get_account()


def test_an_unreachable_ses_is_a_failure_in_words(run: Run, endpoint: str) -> None:
    """Exit code 2, no traceback."""
    with Server(Service(HttpBackend(endpoint), Options()), 0) as gone:
        pass
    code, text, _ = run(gone, "account", "--use", "SUPPRESSION_AUTHORITY=ses", "--json")
    assert (code, TypeAdapter(Failed).validate_json(text)["error"]["kind"]) == (2, "AccountError")
