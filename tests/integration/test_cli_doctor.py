"""`ses-warden doctor` on an emulator, without a stack: what is named is looked at, and what is not is unknown."""

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from ses_warden_cli.main import app
from ses_warden_cli.pipeline import shapes
from ses_warden_cli.shapes import Finding
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.harness import World
from tests.support.dynamo import session
from tests.support.emulator import CREDENTIALS, REGION

type Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sandbox(endpoint: str) -> Iterator[Server]:
    """A local SES in the sandbox, where a sender must be verified."""
    if endpoint == "aws":
        pytest.skip("changes the account's own configuration sets")
    with Server(Service(HttpBackend(endpoint), Options(sandbox=True)), 0) as started:
        yield started


@pytest.fixture
def queue(endpoint: str, sandbox: Server) -> str:  # noqa: ARG001 - not on AWS
    """A dead-letter queue that is empty."""
    made: Any = session().client
    return str(made("sqs", endpoint_url=endpoint).create_queue(QueueName=f"dead-{uuid.uuid4().hex[:8]}")["QueueUrl"])


@pytest.fixture
def run(endpoint: str, sandbox: Server, world: World, queue: str) -> Run:
    """Runs `ses-warden doctor` with a set, a queue and the tables named, and nothing of AWS's from the machine's environment."""
    ses: Any = session().client("sesv2", endpoint_url=sandbox.url)
    name = f"set-{uuid.uuid4().hex[:8]}"
    ses.create_configuration_set(ConfigurationSetName=name)
    uses = {
        "CONFIGURATION_SET_NAME": name,
        "ACTIVITY_DEAD_LETTER_QUEUE_URL": queue,
        "EVENTS_TABLE": world.tables.events,
        "REPUTATION_TABLE": world.tables.reputation,
        "SES_EMULATOR_ENDPOINT": sandbox.url,
    }

    def _run(*words: str) -> subprocess.CompletedProcess[str]:
        environment: dict[str, str | None] = {one: None for one in os.environ if one.startswith(("AWS_", "SES_WARDEN_"))}
        environment |= CREDENTIALS | {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SES_WARDEN_USE": " ".join(f"{one}={value}" for one, value in uses.items()),
        }
        result = CliRunner().invoke(app, ["doctor", *words], env=environment, prog_name="ses-warden")
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)

    return _run


def lines(result: subprocess.CompletedProcess[str]) -> dict[tuple[str, str], Finding]:
    """What it printed as JSON, checked against its documented shape."""
    examined = TypeAdapter(shapes.Examined).validate_json(result.stdout)
    return {(one["code"], one["where"]): one for one in examined["findings"]}


def test_what_is_named_is_looked_at_and_the_rest_says_how_to_name_it(run: Run, endpoint: str, queue: str) -> None:
    """A message that was given up is found."""
    dead = ("queue.dead", "ActivityDeadLetterQueue")
    before = lines(run("--json"))
    made: Any = session().client
    made("sqs", endpoint_url=endpoint).send_message(QueueUrl=queue, MessageBody="an event")
    after = lines(run("--json"))
    assert (before[dead]["standing"], after[dead]["standing"]) == ("ok", "broken")
    assert "ses-warden redrive --lane activity" in after[dead]["mend"]
    missing = after["topic.policy", "FeedbackTopic"]
    assert (missing["standing"], missing["mend"].partition("=")[0]) == ("unknown", "Name it: --use FEEDBACK_TOPIC_ARN")
    assert after["events.age", "events"]["standing"] == "ok"


def test_a_sender_that_is_not_verified_is_told_so_and_the_rest_is_shown(run: Run) -> None:
    """Nothing was sent; the address is not repeated."""
    result = run("--json", "--send-test", "--from", "nobody@unverified.example")
    refused = lines(result)["test.sent", "send test"]
    assert (result.returncode, refused["standing"]) == (1, "warn")
    assert "Verify the address of --from or its domain in this Region" in refused["mend"]
    assert "nobody@" not in result.stdout
    assert lines(result)["account.sandbox", "account"]["standing"] == "warn"


def test_a_set_that_is_not_watched_is_refused_before_anything_is_looked_at(run: Run) -> None:
    """Wrong usage, in words."""
    result = run("--send-test", "--from", "you@example.com", "--set", "other")
    assert (result.returncode, result.stdout) == (2, "")
    assert "other is none of the watched configuration sets" in result.stderr


def test_a_queue_that_sns_may_not_fill_is_told_until_its_policy_is_back(run: Run, endpoint: str, queue: str) -> None:
    """For the topic that is named, of this account alone."""
    made: Any = session().client
    sqs = made("sqs", endpoint_url=endpoint)
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = f"{arn.replace(':sqs:', ':sns:').rpartition(':')[0]}:activity"
    words = ("--json", "--use", f"ACTIVITY_TOPIC_ARN={topic}", "--use", f"ACTIVITY_DEAD_LETTER_QUEUE_URL={queue}")
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    seen = [lines(run(*words))]
    for condition in ({}, {"ArnEquals": {"aws:SourceArn": topic}}):
        policy = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
        seen.append(lines(run(*words)))
    key = ("queue.policy", "ActivityDeadLetterQueue")
    assert [one[key]["standing"] for one in seen] == ["broken", "warn", "ok"]
