"""Other programs hear of a recipient: a bounce in, one event out on the bus, taken by a rule into a queue."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from ses_warden.domain.announcements import DETAIL_TYPES, RecipientSuppressed
from tests.support.samples import make_event, ses_id
from tests.support.stack import Stack, wait_for

QUIET_SECONDS = 3


@pytest.fixture
def queue(stack: Stack) -> Iterator[str]:
    """A queue that a program of somebody else filled by a rule, by the pattern in docs/events.md."""
    events: Any = stack.emulator.client("events")
    name = f"consumer-{uuid4().hex[:8]}"
    url = stack.sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["ses-warden"], "detail-type": list(DETAIL_TYPES.values())}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    yield url
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)


def test_a_bounce_is_told_once(stack: Stack, queue: str) -> None:
    """Two copies of a bounce are one event, which the model reads."""
    sent_at = datetime.now(UTC) - timedelta(minutes=3)
    name = uuid4().hex
    address = f"{name}@example.com"
    at = sent_at + timedelta(seconds=2)
    bounce = make_event("bounce-permanent-noemail", message_id=ses_id(sent_at, name), recipients=[address], at=at, sent_at=sent_at)
    found: list[dict[str, Any]] = []

    def receive() -> bool:
        messages: Any = stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        bodies = [json.loads(message["Body"]) for message in messages]
        found.extend(body for body in bodies if body["detail"]["address"] == address)
        return bool(found)

    stack.publish("FeedbackTopic", json.dumps(bounce))
    wait_for(receive, "event about the recipient")
    stack.publish("FeedbackTopic", json.dumps(bounce))
    time.sleep(QUIET_SECONDS)
    receive()

    [event] = found
    assert (event["source"], event["detail-type"]) == ("ses-warden", "Recipient Suppressed")
    told = RecipientSuppressed.model_validate(event["detail"])
    assert (told.scope, told.reason, told.expires_at, told.was_suppressed) == ("account", "hard_bounce", None, False)
