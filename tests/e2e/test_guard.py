"""The deployed guard: events published to the topics end in a paused configuration set and an alert."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.samples import make_event, ses_id
from tests.support.stack import Stack, wait_for

# The guard's SETTLING: for so long after an event its fellows may still be under way.
SETTLING_SECONDS = 21


def test_a_stale_list_is_paused_by_the_deployed_guard(stack: Stack) -> None:
    """Bounces and deliveries go in, the switch of their set goes off, and the alert topic tells of it."""
    ses: Any = stack.emulator.client("sesv2")
    name = f"stale-{uuid.uuid4().hex[:8]}"
    healthy = f"healthy-{name}"
    for created in (name, healthy):
        ses.create_configuration_set(ConfigurationSetName=created)
    told = stack.sqs.create_queue(QueueName=f"told-{name}")["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stack.sns.subscribe(TopicArn=stack.resources["AlertTopic"], Protocol="sqs", Endpoint=arn)

    for number in range(40):
        stack.publish("ActivityTopic", event("Delivery", name, number))
    for number in range(40, 55):
        stack.send("FeedbackRetryQueue", event("bounce-permanent-noemail", name, number))
    for queue in ("ActivityQueue", "FeedbackRetryQueue"):
        stack.drained(queue)

    stack.invoke("GuardFunction", {})
    time.sleep(SETTLING_SECONDS)
    stack.invoke("GuardFunction", {})

    # The emulator's schedule runs the guard too: it may be amid the pause, which is called one once the switch was read back.
    wait_for(lambda: status(stack, name) == "paused", "paused configuration set")
    assert not sends(ses, name)
    assert sends(ses, healthy)
    wait_for(lambda: [text for text in alerts(stack, told) if name in text and "ses-warden resume" in text], "alert")


def event(kind: str, configuration_set: str, number: int) -> str:
    """The text of an event about a mail of a minute ago."""
    at = datetime.now(UTC)
    made = make_event(
        kind,
        message_id=ses_id(at, f"{configuration_set}-{number}"),
        recipients=[f"person-{number}@d{number}.example.com"],
        at=at,
        sent_at=at - timedelta(minutes=1),
        configuration_set=configuration_set,
    )
    return json.dumps(made)


def alerts(stack: Stack, queue: str) -> list[str]:
    """The texts that the queue gives now."""
    messages = stack.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
    return [json.loads(message.get("Body", "{}"))["Message"] for message in messages]


def status(stack: Stack, name: str) -> str | None:
    """Where the guard's table says that the set stands."""
    rows = {row["item"]: row for row in stack.rows("ReputationTable", scope=f"configuration-set/{name}")}
    return rows.get("state", {}).get("status")


def sends(ses: Any, name: str) -> bool:
    """Whether SES lets the set send."""
    options = ses.get_configuration_set(ConfigurationSetName=name).get("SendingOptions", {})
    return bool(options.get("SendingEnabled", True))
