"""What the deployed functions make of events that SES publishes to the topics: seen in the tables and the bucket alone.

Feedback events are published one at a time: the emulator starts a process for each that overlaps with another.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter

from ses_warden_cli.pipeline import shapes
from tests.support.samples import make_event, ses, ses_id, wrap_destination, wrap_sns
from tests.support.stack import Stack, wait_for

COPIES = 8
# What `doctor` looks at and no other test breaks.
DOCTORS_LINES = [
    *((f"set.{lane}", name) for lane in ("feedback", "activity") for name in ("ses-warden", "win-back", "receipts")),
    *(("topic.policy", f"{name}Topic") for name in ("Feedback", "Activity", "Alert")),
    *(("subscription.lane", f"{name}Topic") for name in ("Feedback", "Activity")),
    *(("function.state", f"{name}Function") for name in ("Feedback", "Activity", "Guard", "Publisher")),
    *(("function.source", f"{name}Function") for name in ("Feedback", "Activity", "Publisher")),
    *(("subscription.redrive", f"{name}Topic") for name in ("Feedback", "Activity")),
    *(("function.invoker", f"{name}Function") for name in ("Feedback", "Guard", "Sync", "Audit", "DmarcReports")),
    *(("function.failures", f"{name}Function") for name in ("Feedback", "Guard", "Audit", "DmarcReports", "Publisher")),
    *((f"rule.{line}", f"{name}FunctionEachDay") for name in ("Sync", "Audit") for line in ("state", "target")),
    *((f"rule.{line}", name) for name in ("GuardFunctionEachMinute", "TenantStatusRule") for line in ("state", "target")),
    *(("queue.policy", name) for name in ("ActivityQueue", "FeedbackRetryQueue", "ActivityDeadLetterQueue")),
    *(("queue.redrive", name) for name in ("ActivityQueue", "FeedbackRetryQueue")),
    ("dmarc.notification", "MailBucket"),
    *(("test." + mailbox, mailbox + "@simulator") for mailbox in ("success", "bounce", "complaint")),
]


class Mail:
    """One mail of this test alone, sent three minutes ago, and the events that SES would publish about it."""

    def __init__(self) -> None:
        """Choose an id and a recipient that no other test has."""
        self.now = datetime.now(UTC)
        self.sent_at = self.now - timedelta(minutes=3)
        name = uuid.uuid4().hex
        self.message_id = ses_id(self.sent_at, name)
        self.recipient = f"{name}@example.com"

    def event(self, kind: str, /, after: timedelta = timedelta(seconds=2), **detail: Any) -> str:
        """The text of an event of this mail, some time after it was sent."""
        at = self.sent_at + after
        event = make_event(kind, message_id=self.message_id, recipients=[self.recipient], at=at, sent_at=self.sent_at, **detail)
        return json.dumps(event)


@pytest.fixture
def mail() -> Mail:
    """A mail that no other test knows."""
    return Mail()


def test_a_hard_bounce_suppresses_its_recipient(stack: Stack, mail: Mail) -> None:
    """A bounce published to FeedbackTopic becomes a row, and its recipient a suppressed address of the account."""
    stack.publish("FeedbackTopic", mail.event("bounce-permanent-noemail"))
    [entry] = wait_for(lambda: stack.rows("SuppressionTable", address=mail.recipient), "suppression entry")
    assert (entry["scope"], entry["state"]) == ("account", "suppressed")
    assert types(rows(stack, mail)) == ["Bounce"]


def test_sends_deliveries_opens_and_clicks_become_rows(stack: Stack, mail: Mail) -> None:
    """Events published to ActivityTopic pass the queue, and each becomes a row of the mail, in time order."""
    kinds = ["Send", "Delivery", "Open", "Click"]
    for seconds, kind in enumerate(kinds):
        stack.publish("ActivityTopic", mail.event(kind, after=timedelta(seconds=seconds)))
    wait_for(lambda: len(rows(stack, mail)) == len(kinds), "rows of all four events")
    assert types(sorted(rows(stack, mail), key=lambda row: row["at"])) == kinds
    stack.drained("ActivityQueue")


def test_a_set_up_message_leaves_no_trace(stack: Stack) -> None:
    """The text by which SES tries out a topic is counted, and neither recorded nor put into quarantine."""
    before = contents(stack)
    stack.publish("FeedbackTopic", ses("setup-validated"))
    wait_for(lambda: any('"SetupMessages"' in line for line in stack.log("FeedbackFunction")), "metric of it")
    assert contents(stack) == before


@pytest.mark.parametrize("topic", ["FeedbackTopic", "ActivityTopic"])
def test_what_cannot_be_read_is_kept_byte_for_byte(stack: Stack, topic: str) -> None:
    """An unparsable message lies in the quarantine as it came, and does not come again."""
    message = f'{{"eventType":"Bounce","mail":{{"messageId":"{uuid.uuid4()}"'
    stack.publish(topic, message)
    wait_for(lambda: message.encode() in stack.objects("QuarantineBucket").values(), "object in quarantine")
    for queue in ("ActivityQueue", "FeedbackRetryQueue"):
        stack.drained(queue)
    assert waiting_in_dead_letter_queues(stack) == 0


def test_an_event_that_failed_comes_again_through_the_retry_queue(stack: Stack, mail: Mail) -> None:
    """The record that Lambda makes of a failed run is worked off from FeedbackRetryQueue like the event itself."""
    failed = wrap_destination(wrap_sns(mail.event("complaint-abuse"), topic=stack.resources["FeedbackTopic"]))
    stack.send("FeedbackRetryQueue", json.dumps(failed))
    [entry] = wait_for(lambda: stack.rows("SuppressionTable", address=mail.recipient), "suppression entry")
    assert entry["state"] == "suppressed"
    assert types(rows(stack, mail)) == ["Complaint"]
    stack.drained("FeedbackRetryQueue")
    assert waiting_in_dead_letter_queues(stack) == 0


@pytest.mark.parametrize("kind", ["bounce-permanent-general", "Delivery"])
def test_copies_of_an_event_change_nothing(stack: Stack, mail: Mail, kind: str) -> None:
    """The first copy of an event counts; seven more, through both lanes, leave every table as it was."""
    event = mail.event(kind)
    publish_and_settle(stack, event)
    before = contents(stack)
    for _ in range(COPIES // 2):
        stack.publish("ActivityTopic", event)
    for _ in range(COPIES // 2 - 1):
        publish_and_settle(stack, event)
    stack.drained("ActivityQueue")
    assert contents(stack) == before
    assert len(rows(stack, mail)) == 1


@pytest.mark.parametrize("first", ["identity", "publishing"])
def test_both_forms_of_a_bounce_are_one_row(stack: Stack, mail: Mail, first: str) -> None:
    """Identity feedback and event publishing tell of the same bounce: one row, counted once in each of its scopes."""
    counted = counters(stack)
    late = timedelta(seconds=2, milliseconds=347)
    forms = [mail.event("identity-bounce", after=late, bounceSubType="NoEmail")]
    forms.append(mail.event("bounce-permanent-noemail", after=late, configuration_set="e2e"))
    for form in forms if first == "identity" else reversed(forms):
        publish_and_settle(stack, form)
    [row] = rows(stack, mail)
    assert row["configuration_set"] == "e2e"
    hour = f"hour/{mail.sent_at:%Y-%m-%dT%H}"
    for scope in ("account", "configuration-set/e2e"):
        moved = counters(stack)[scope, hour]["hard"] - counted.get((scope, hour), {}).get("hard", Decimal(0))
        assert moved == 1, scope
    [entry] = stack.rows("SuppressionTable", address=mail.recipient)
    assert entry["state"] == "suppressed"


def rows(stack: Stack, mail: Mail) -> list[dict[str, Any]]:
    """The rows of a mail."""
    return stack.rows("EventsTable", message_id=mail.message_id)


def types(found: list[dict[str, Any]]) -> list[str]:
    """The event types of rows: the second part of their sort keys."""
    return [row["event"].split("#")[1] for row in found]


def publish_and_settle(stack: Stack, event: str) -> None:
    """Publish to FeedbackTopic, and wait until the function has run to its end."""
    before = stack.runs("FeedbackFunction")
    stack.publish("FeedbackTopic", event)
    wait_for(lambda: stack.runs("FeedbackFunction") > before, "end of a run of FeedbackFunction")


def contents(stack: Stack) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Mapping[Any, Any], set[str]]:
    """All that the stack holds, in an order of its own; how counters are spread over shards does not matter."""
    events, entries = (sorted(stack.rows(table), key=repr) for table in ("EventsTable", "SuppressionTable"))
    return events, entries, counters(stack), set(stack.objects("QuarantineBucket"))


def counters(stack: Stack) -> dict[tuple[str, str], dict[str, Decimal]]:
    """The counters by scope and period, summed over the shards."""
    sums: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in stack.rows("ReputationTable"):
        scope, shard, _ = row["scope"].partition("#")
        if not shard:
            continue  # notes that a scope was seen
        counts = sums.setdefault((scope, row["item"]), {})
        for name, value in row.items():
            if name not in ("scope", "item", "purge_at", "changed_in", "changed_at", "progress"):
                counts[name] = counts.get(name, Decimal(0)) + value
    return sums


def waiting_in_dead_letter_queues(stack: Stack) -> int:
    """How many messages were given up."""
    return stack.waiting("ActivityDeadLetterQueue") + stack.waiting("FeedbackDeadLetterQueue")


def test_the_command_line_takes_back_what_was_given_up(stack: Stack, mail: Mail) -> None:
    """`redrive --apply` finds the queues by the stack's outputs; `replay --quarantine` its bucket."""
    stack.send("FeedbackDeadLetterQueue", json.dumps(wrap_destination(wrap_sns(mail.event("complaint-abuse")))))
    assert stack.ses_warden("redrive", "--lane", "feedback").returncode == 1
    done = stack.ses_warden("redrive", "--apply", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert types(rows(stack, mail)) == ["Complaint"]
    assert waiting_in_dead_letter_queues(stack) == 0
    bucket = stack.resources["QuarantineBucket"]
    stack.emulator.client("s3").put_object(Bucket=bucket, Key="events/mended", Body=mail.event("Send").encode())
    stack.ses_warden("replay", "--quarantine")
    assert sorted(types(rows(stack, mail))) == ["Complaint", "Send"]
    assert "events/mended" not in stack.objects("QuarantineBucket")


def test_the_doctor_finds_the_pipe_alive_and_what_is_broken_in_it(stack: Stack) -> None:
    """Each part of the stack that other tests leave alone is well, mail comes through, and a destination that is off is found."""
    words = ("doctor", "--json", "--send-test", "--from", "ops@example.com", "--set", "ses-warden")
    examined = TypeAdapter(shapes.Examined).validate_json(stack.ses_warden(*words).stdout)
    found = {(one["code"], one["where"]): one for one in examined["findings"]}
    for key in DOCTORS_LINES:
        assert found[key]["standing"] == "ok", found[key]
    assert [one["code"] for one in examined["findings"] if one["standing"] == "unknown"] == []
    assert {one["mailbox"]: sorted(one["seconds"]) for one in examined["trials"]} == {
        "success": ["Delivery", "Send"],
        "bounce": ["Bounce", "Send"],
        "complaint": ["Complaint", "Delivery", "Send"],
    }
    mails = {row["message_id"] for row in stack.rows("EventsTable")}
    assert {one["message_id"] for one in examined["trials"]} <= mails
    assert not [row for row in stack.rows("SuppressionTable") if "doctor-" in row["address"]]

    ses: Any = stack.emulator.client("sesv2")
    destination = {"MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": stack.resources["FeedbackTopic"]}}
    name = {"ConfigurationSetName": "off", "EventDestinationName": "ses-warden-feedback"}
    ses.create_configuration_set(ConfigurationSetName="off")
    ses.create_configuration_set_event_destination(**name, EventDestination=destination | {"Enabled": False})
    uses = [
        f"--use={setting}" for setting in ("CONFIGURATION_SET_NAME=off", f"FEEDBACK_TOPIC_ARN={stack.outputs['FeedbackTopicArn']}")
    ]
    broken = stack.ses_warden("doctor", *uses)
    assert broken.returncode == 1
    assert "the event destination ses-warden-feedback is switched off" in " ".join(broken.stdout.split())
    assert "could not be seen" in broken.stderr
