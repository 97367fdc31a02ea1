"""`ses-warden replay` and `redrive` on an emulator: what the tables, the bucket and the queues hold afterwards."""

import gzip
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from ses_warden_cli.pipeline import shapes
from ses_warden_cli.shapes import Failed
from tests.integration.command_line import Run, environment_of, printed, run_here
from tests.integration.harness import World, event
from tests.support.dynamo import session
from tests.support.emulator import REGION
from tests.support.samples import wrap_destination, wrap_sns


class Account:
    """A quarantine and both dead-letter queues, under names of their own."""

    def __init__(self, endpoint: str, world: World) -> None:
        """Makes them."""
        made: Any = session().client
        self.s3, self.sqs = (made(name, endpoint_url=endpoint) for name in ("s3", "sqs"))
        suffix = uuid.uuid4().hex[:8]
        self.bucket = f"quarantine-{suffix}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.feedback, self.activity = (
            self.sqs.create_queue(QueueName=f"{name}-{suffix}")["QueueUrl"] for name in ("feedback", "activity")
        )
        self.uses = {
            "EVENTS_TABLE": world.tables.events,
            "SUPPRESSION_TABLE": world.tables.suppression,
            "REPUTATION_TABLE": world.tables.reputation,
            "QUARANTINE_BUCKET": self.bucket,
            "FEEDBACK_DEAD_LETTER_QUEUE_URL": self.feedback,
            "ACTIVITY_DEAD_LETTER_QUEUE_URL": self.activity,
        }

    def put(self, key: str, body: bytes) -> None:
        """An object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def keys(self) -> list[str]:
        """The bucket's objects."""
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def waiting(self, queue: str) -> list[str]:
        """The bodies of messages that a reader finds now, which hides them for no time."""
        answer = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]


@pytest.fixture
def account(endpoint: str, world: World) -> Account:
    """What the commands work with."""
    if endpoint == "aws":
        pytest.skip("makes queues and buckets")
    return Account(endpoint, world)


@pytest.fixture
def run(endpoint: str, account: Account) -> Run:
    """Runs `ses-warden` in this process."""
    return lambda *words, given=None, **uses: run_here(words, environment_of(endpoint, **(account.uses | uses)), given)


def test_a_file_is_replayed_once(run: Run, world: World, tmp_path: Path) -> None:
    """A plan writes nothing; a second replay finds all there; what cannot be read is named with its line."""
    file = tmp_path / "events.json.gz"
    file.write_bytes(gzip.compress(f"{event('Send')}{event('Bounce')}\n{{broken\n".encode()))
    plan = run("replay", str(file), "--plan", "--json")
    assert (plan.returncode, printed(plan, shapes.Replayed)["events"], world.snapshot().events) == (1, {"Bounce": 1, "Send": 1}, {})
    first = printed(run("replay", str(file), "--json"), shapes.Replayed)
    before = world.snapshot()
    second = printed(run("replay", str(file), "--json"), shapes.Replayed)
    assert (first["recorded"], second["recorded"], second["duplicates"], world.snapshot()) == (2, 0, 2, before)
    assert first["problems"][0]["place"] == f"{file}, document 3 (line 2)"
    told = run("replay", str(file))
    assert "line 2" in told.stderr
    assert "1 unparsable" in told.stdout


def test_standard_input_and_a_prefix_are_replayed(run: Run, world: World, account: Account) -> None:
    """A key that is there is meant alone."""
    assert run("replay", "-", given=event("Send", "m0").encode()).returncode == 0
    for number in (1, 11, 2):
        account.put(f"archive/m{number}", event("Send", f"m{number}").encode())
    assert run("replay", f"s3://{account.bucket}/archive/m1").returncode == 0
    assert {mail for mail, _ in world.snapshot().events} == {"m0", "m1"}
    found = printed(run("replay", f"s3://{account.bucket}/archive/", "--json"), shapes.Replayed)
    assert (found["sources"], found["recorded"], found["duplicates"]) == (3, 2, 1)


def test_the_quarantine_is_emptied_of_what_can_be_read_now(run: Run, world: World, account: Account) -> None:
    """The rest stays, byte for byte."""
    account.put("events/good", event("Bounce").encode())
    account.put("events/odd", b"\xff{")
    assert printed(run("replay", "--quarantine", "--plan", "--json"), shapes.Replayed)["removed"] == 0
    result = run("replay", "--quarantine")
    assert (result.returncode, account.keys(), len(world.snapshot().suppression)) == (1, ["events/odd"], 1)


@pytest.mark.parametrize("source", ["/nowhere/events.json", "s3://no-such-bucket-of-ours/x", "s3://{bucket}/nothing", "s3:///x"])
def test_a_source_that_is_not_there_is_a_failure(run: Run, account: Account, source: str) -> None:
    """Exit code 2, and no traceback: it is most likely misspelt."""
    result = run("replay", source.format(bucket=account.bucket), "--plan", "--json")
    assert result.returncode == 2
    assert printed(result, Failed)["error"]["kind"] in ("StorageError", "SettingsError")


def test_both_queues_are_redriven(run: Run, world: World, account: Account) -> None:
    """A look leaves all of it there; applied, all is recorded, deleted, and what cannot be read is in the quarantine."""
    account.sqs.send_message(QueueUrl=account.feedback, MessageBody=json.dumps(wrap_destination(wrap_sns(event("Complaint", "c")))))
    account.sqs.send_message(
        QueueUrl=account.activity,
        MessageBody=event("Send", "s"),
        MessageAttributes={"ErrorCode": {"DataType": "String", "StringValue": "AccessDenied"}},
    )
    account.sqs.send_message(QueueUrl=account.activity, MessageBody="nonsense")
    look = run("redrive", "--json")
    [feedback, activity] = printed(look, shapes.Redriven)["queues"]
    assert (look.returncode, feedback["types"], activity["types"]) == (1, {"Complaint": 1}, {"Send": 1, "unparsable": 1})
    assert activity["reasons"] == {"SNS: AccessDenied": 1, "SQS: received too often": 1}
    assert world.snapshot().events == {}
    assert len(account.waiting(account.activity)) == 2
    done = run("redrive", "--apply")
    assert (done.returncode, "1 events went to the quarantine" in done.stdout) == (0, True)
    assert {mail for mail, _ in world.snapshot().events} == {"c", "s"}
    assert [account.waiting(queue) for queue in (account.feedback, account.activity)] == [[], []]
    assert len(account.keys()) == 1
    assert run("redrive", "--lane", "activity").returncode == 0


def test_what_fails_again_stays(run: Run, account: Account) -> None:
    """Without its table nothing is taken; the message shows again at once."""
    account.sqs.send_message(QueueUrl=account.feedback, MessageBody=event("Complaint"))
    result = run("redrive", "--lane", "feedback", "--apply", "--json", EVENTS_TABLE="no-such-table")
    [queue] = printed(result, shapes.Redriven)["queues"]
    assert (result.returncode, queue["failed"], queue["deleted"], bool(queue["stopped"])) == (1, 1, 0, True)
    assert len(account.waiting(account.feedback)) == 1


def test_a_queue_that_does_not_serve_is_a_failure(run: Run, account: Account) -> None:
    """Exit code 2, with SQS's code."""
    result = run("redrive", "--json", FEEDBACK_DEAD_LETTER_QUEUE_URL=f"{account.feedback}-gone")
    assert (result.returncode, printed(result, Failed)["error"]["kind"]) == (2, "StorageError")
