"""The local SES in front of an emulator: what is sent through it comes out of a queue as SES's events."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from ses_warden.domain.envelopes import open_event
from ses_warden.domain.events import MailEvent
from ses_warden.domain.parsing import parse_event
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import ALL, client_of, simple
from tests.support.emulator import REGION, ROOT, Emulator
from tests.support.stack import wait_for


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator of our own."""
    with Emulator() as started:
        yield started


@pytest.fixture
def server(emulator: Emulator) -> Iterator[Server]:
    """A simulator in front of it, a hundred times faster than life."""
    emulator.reset()
    with Server(Service(HttpBackend(emulator.endpoint), Options(seed=1, speed=100)), 0) as started:
        yield started


@pytest.fixture
def ses(server: Server) -> Any:
    """A client of the simulator."""
    return client_of(server)


@pytest.fixture
def queue(emulator: Emulator, ses: Any) -> str:
    """The queue into which the configuration set `all` publishes, through its topic."""
    topic = emulator.client("sns").create_topic(Name="events")["TopicArn"]
    url = emulator.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    arn = emulator.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    # Through the simulator: what it does not own, the emulator makes.
    ses.create_configuration_set(ConfigurationSetName="all")
    destination = {"Enabled": True, "MatchingEventTypes": list(ALL), "SnsDestination": {"TopicArn": topic}}
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="all", EventDestinationName="topic", EventDestination=destination
    )
    return str(url)


def received(emulator: Emulator, url: str, count: int) -> list[MailEvent]:
    """The events that the queue holds, as soon as there are so many."""
    found: list[MailEvent] = []

    def look() -> bool:
        answered = emulator.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        for message in answered.get("Messages", []):
            (envelope,) = open_event({"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]})
            event = parse_event(envelope.body)
            assert isinstance(event, MailEvent)
            found.append(event)
        return len(found) >= count

    wait_for(look, f"{count} events", seconds=20)
    return found


def test_a_mail_becomes_events_in_a_queue(emulator: Emulator, ses: Any, queue: str) -> None:
    """Sent with boto3, published by the emulator's SNS, read by our parser, which knows every field."""
    made = ses.send_email(**simple("bounce@simulator.amazonses.com"))
    assert ses.send_email(**simple("complaint+x@simulator.amazonses.com"))["MessageId"] != made["MessageId"]
    events = received(emulator, queue, 5)
    assert sorted(event.type for event in events) == ["Bounce", "Complaint", "Delivery", "Send", "Send"]
    assert not [event.unknown_fields for event in events if event.unknown_fields]
    bounce = next(event for event in events if event.type == "Bounce")
    assert bounce.mail.message_id == made["MessageId"]
    assert bounce.mail.configuration_set == "all"


def test_a_pause_holds_from_its_answer_on(ses: Any, queue: str) -> None:  # noqa: ARG001 -- makes the configuration set
    """Configuration set and tenant are the emulator's, the account is the simulator's; each stops the very next mail."""
    ses.create_tenant(TenantName="shop")
    mail = simple("success@simulator.amazonses.com", TenantName="shop")
    arn = ses.get_tenant(TenantName="shop")["Tenant"]["TenantArn"]
    entity = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": arn}

    def switch(status: str, *, on: bool) -> None:
        match status:
            case "account":
                ses.put_account_sending_attributes(SendingEnabled=on)
            case "set":
                ses.put_configuration_set_sending_options(ConfigurationSetName="all", SendingEnabled=on)
            case _:
                wanted = "ENABLED" if on else "DISABLED"
                ses.update_reputation_entity_customer_managed_status(**entity, SendingStatus=wanted)

    for scope in ("account", "set", "tenant"):
        assert ses.send_email(**mail)["MessageId"]
        switch(scope, on=False)
        with pytest.raises(ClientError, match="SendingPausedException"):
            ses.send_email(**mail)
        switch(scope, on=True)
    assert ses.send_email(**mail)["MessageId"]
    assert [each["ReputationEntityReference"] for each in ses.list_reputation_entities()["ReputationEntities"]] == [arn]


def test_templates_and_identities_are_the_emulators(emulator: Emulator, ses: Any, queue: str) -> None:
    """A template made through the simulator is filled in by it; so are those of bulk mail."""
    ses.create_email_template(TemplateName="hello", TemplateContent={"Subject": "Hi {{name}}", "Text": "Hello"})
    content = {"Template": {"TemplateName": "hello", "TemplateData": json.dumps({"name": "Ada"})}}
    ses.send_email(**{**simple("success@simulator.amazonses.com"), "Content": content})
    delivery = next(event for event in received(emulator, queue, 2) if event.type == "Delivery")
    assert delivery.mail.common_headers is not None
    assert delivery.mail.common_headers.subject == "Hi Ada"


def test_a_missing_configuration_set_is_found_as_soon_as_it_is_there(emulator: Emulator, ses: Any) -> None:
    """What was not there is not remembered, also where it is made behind the simulator's back."""
    mail = simple("success@simulator.amazonses.com", ConfigurationSetName="new")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.send_email(**mail)
    emulator.client("sesv2").create_configuration_set(ConfigurationSetName="new")
    assert ses.send_email(**mail)["MessageId"]


def test_a_silent_emulator_is_told(server: Server) -> None:
    """Whoever asks for what is the emulator's learns that it does not answer."""
    with Server(Service(HttpBackend("http://127.0.0.1:1"), Options()), 0) as lonely:
        ses = client_of(lonely)
        with pytest.raises(ClientError, match="does not answer"):
            ses.list_configuration_sets()
        assert ses.get_account()["SendingEnabled"]
    assert server.url != lonely.url


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", ["ses_warden_simulator", "ses_warden_cli simulator", "ses_warden_cli simulator --json"])
def test_the_program_serves_until_it_is_ended(emulator: Emulator, name: str, number: signal.Signals) -> None:
    """By either name it says where it answers, and ends with code 0 when asked to."""
    command = [sys.executable, "-m", *name.split(), "--port", "0", "--backend", emulator.endpoint, "--seed", "3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as program:  # noqa: S603 -- above
        assert program.stdout is not None
        line = program.stdout.readline()
        url = json.loads(line)["url"] if "--json" in name else line.partition(" on ")[2].split(";")[0].strip()
        session: Any = boto3.Session("test", "test", region_name=REGION)
        assert session.client("sesv2", endpoint_url=url).get_account()["SendingEnabled"]
        program.send_signal(number)
        assert program.wait(timeout=10) == 0
