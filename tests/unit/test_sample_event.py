"""`ses-warden event`: each sample there is, through each door, as a function finds it."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from ses_warden.domain.envelopes import open_event
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import recipients
from ses_warden.domain.parsing import parse_event
from ses_warden_cli.main import app
from ses_warden_cli.samples.commands import DOORS, TYPES
from ses_warden_cli.samples.kinds import SAMPLE_OF, SUB_TYPES, chosen, word
from ses_warden_cli.samples.making import pattern
from tests.support.template import load
from tests.unit.test_samples import BOUNCES, COMPLAINTS

TO = "Jane.Doe+shop@example.com"
SAMPLES = [([word(kind)], sample) for kind, sample in SAMPLE_OF.items()] + [
    ([word(event_type), "--sub-type", name], sample)
    for event_type, samples in SUB_TYPES.items()
    for name, sample in samples.items()
]
A_MOMENT = timedelta(seconds=30)


def printed(*words: str, to: str = TO) -> Any:
    """What the command prints, parsed."""
    result = CliRunner().invoke(app, ["event", *words, "--to", to], prog_name="ses-warden")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def told(payload: Any) -> tuple[MailEvent, str]:
    """The one event that a function finds in there, and its text."""
    [envelope] = open_event(payload)
    assert envelope.problem is None
    event = parse_event(envelope.body)
    assert isinstance(event, MailEvent)
    assert (event.unknown_fields, event.unknown_values) == ({}, ())
    return event, envelope.body


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", TYPES)
def test_each_type_comes_through_each_door(name: str, door: str) -> None:
    """The event is of this type, and tells of the address as it was given."""
    event, _ = told(printed(name, "--door", door))
    assert event.type == TYPES[name]
    assert [who.address.original for who in recipients(event)] == [TO]
    assert list(event.mail.destination) == [TO]


@pytest.mark.parametrize(("words", "sample"), SAMPLES)
def test_each_sample_tells_of_the_address_alone(words: list[str], sample: str) -> None:
    """Wherever it named its own recipient, also in the remote server's answer, the one that was asked for stands."""
    old = pattern(sample)
    event, text = told(printed(*words))
    assert event.type == old["eventType"]
    assert [who.address.original for who in recipients(event)] == [TO]
    assert [address for address in old["mail"]["destination"] if address.partition("@")[0] in text] == []
    assert text.count(TO) == json.dumps(old, ensure_ascii=False).count(old["mail"]["destination"][0])


@pytest.mark.parametrize("pair", BOUNCES)
def test_each_bounce_type_and_sub_type_can_be_had(pair: tuple[str, str]) -> None:
    """Both stand in the event."""
    bounce = json.loads(told(printed("bounce", "--sub-type", "/".join(pair)))[1])["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == pair


@pytest.mark.parametrize("pair", COMPLAINTS)
def test_each_feedback_type_and_complaint_sub_type_can_be_had(pair: tuple[str | None, str | None]) -> None:
    """Both stand in the event."""
    complaint = json.loads(told(printed("complaint", "--sub-type", pair[0] or pair[1] or "none"))[1])["complaint"]
    assert (complaint.get("complaintFeedbackType"), complaint["complaintSubType"]) == pair


@pytest.mark.parametrize("name", SUB_TYPES["DeliveryDelay"])
def test_each_delay_type_can_be_had(name: str) -> None:
    """It stands in the event."""
    assert json.loads(told(printed("delivery-delay", "--sub-type", name))[1])["deliveryDelay"]["delayType"] == name


@pytest.mark.parametrize(
    ("words", "sample"),
    [
        (["Rendering Failure"], "rendering-failure"),
        (["DeliveryDelay"], "delivery-delay"),
        (["Bounce", "--sub-type", "mailboxfull"], "bounce-transient-mailboxfull"),
        (["bounce", "--sub-type", "mailbox-full"], "bounce-transient-mailboxfull"),
        (["bounce", "--sub-type", "Suppressed"], "bounce-permanent-suppressed"),
        (["bounce", "--sub-type", "transient/general"], "bounce-transient-general"),
        (["complaint", "--sub-type", "NOT_SPAM"], "complaint-not-spam"),
    ],
)
def test_a_name_may_be_written_as_ses_does_or_otherwise(words: list[str], sample: str) -> None:
    """Case, spaces and hyphens do not matter, and a bounce's type may be left out where one sub-type is meant."""
    subject = pattern(sample)["mail"].get("commonHeaders", {}).get("subject")
    assert json.loads(told(printed(*words))[1])["mail"].get("commonHeaders", {}).get("subject") == subject


def test_each_event_is_another() -> None:
    """A function that recorded the first records the second too. The id carries the mail's time, as SES's do."""
    first, second = (told(printed("delivery", "--json"))[0] for _ in range(2))
    assert first.mail.message_id != second.mail.message_id
    sent = json.loads(told(printed("send"))[1])["mail"]
    assert int(sent["messageId"][4:16], 16) == round(datetime.fromisoformat(sent["timestamp"]).timestamp() * 1000)


@pytest.mark.parametrize("door", DOORS)
def test_every_time_in_an_envelope_is_of_this_moment(door: str) -> None:
    """In the envelope as in the event."""
    payload = printed("bounce", "--door", door)
    texts = [json.dumps(payload), told(payload)[1]]
    times = [datetime.fromisoformat(time) for text in texts for time in re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+Z", text)]
    now = datetime.now(UTC)
    assert len(times) >= len(texts)
    assert [time for time in times if not timedelta(0) <= now - time < A_MOMENT] == []


def test_the_tenant_of_a_tenants_sample_is_kept() -> None:
    """A bounce from a tenant's suppression list makes no sense without."""
    event, _ = told(printed("bounce", "--sub-type", "OnTenantSuppressionList"))
    assert event.mail.tags["ses:tenant-name"]


@pytest.mark.parametrize(
    ("destination", "source"), [("FeedbackEventDestination", "aws:sns"), ("ActivityEventDestination", "aws:sqs")]
)
def test_without_a_door_it_is_that_of_the_stack(destination: str, source: str) -> None:
    """SNS invokes the feedback function, and the activity function reads a queue."""
    matching = load()["Resources"][destination]["Properties"]["EventDestination"]["MatchingEventTypes"]
    names = matching if isinstance(matching, list) else matching["Fn::If"][1]
    for name in names:
        [record] = printed(name)["Records"]
        assert record.get("EventSource", record.get("eventSource")) == source, name


@pytest.mark.parametrize(
    ("words", "complaints"),
    [
        (["event"], ["Missing argument"]),
        (["event", "bounce"], ["Missing option '--to'"]),
        (["event", "recall", "--to", TO], list(TYPES)),
        (["event", "bounce", "--to", "jane"], ["whole address"]),
        (["event", "bounce", "--to", TO, "--door", "http"], list(DOORS)),
        (["event", "bounce", "--to", TO, "--sub-type", "Soft"], list(SUB_TYPES["Bounce"])),
        (["event", "bounce", "--to", TO, "--sub-type", "General"], ["Permanent/General", "Transient/General"]),
        (["event", "complaint", "--to", TO, "--sub-type", "General"], list(SUB_TYPES["Complaint"])),
        (["event", "send", "--to", TO, "--sub-type", "General"], ["send has none"]),
    ],
)
def test_wrong_usage_names_the_choices(words: list[str], complaints: list[str]) -> None:
    """Exit code 2, and nothing on standard output that a function could be given."""
    result = CliRunner().invoke(app, words, prog_name="ses-warden")
    assert (result.exit_code, result.stdout) == (2, "")
    assert [one for one in complaints if one not in result.stderr] == []


def test_a_word_means_one_choice_or_none() -> None:
    """Never one of several."""
    assert chosen("General", SUB_TYPES["Bounce"]) is None
    assert chosen("", TYPES) is None
