"""The local SES takes mail as SES does: called with boto3, over HTTP, on a port of the loopback interface."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from ses_warden.domain.events import MailEvent
from ses_warden.domain.parsing import parse_event
from ses_warden_simulator import schedule
from ses_warden_simulator.profiles import Profile, Profiles
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import ALL, TOPIC, MemoryBackend, client_of, refused, simple

CALM = Profile(hard_bounce=0, soft_bounce=0, late=0, complaint=0, open=0, click=0, out_of_office=0)
PROFILES = Profiles(
    default=CALM,
    domains={
        "gone.example": CALM.model_copy(update={"hard_bounce": 1.0}),
        "soft.example": CALM.model_copy(update={"soft_bounce": 1.0}),
        "late.example": CALM.model_copy(update={"late": 1.0}),
        "angry.example": CALM.model_copy(update={"complaint": 1.0}),
        "keen.example": CALM.model_copy(update={"open": 1.0, "click": 1.0}),
        "away.example": CALM.model_copy(update={"out_of_office": 1.0}),
    },
)
LINK = '<p>Hi <a class="x" href="https://www.example.com/a">there</a></p>'


@pytest.fixture
def backend() -> MemoryBackend:
    """An emulator that knows a configuration set with a topic for everything."""
    made = MemoryBackend()
    made.subscribe("all", *ALL)
    return made


@pytest.fixture
def service(backend: MemoryBackend) -> Service:
    """A simulator in which time passes only when it is flushed."""
    return Service(backend, Options(seed=7, speed=1e-6, profiles=PROFILES))


@pytest.fixture
def ses(service: Service) -> Iterator[Any]:
    """A client of a served simulator."""
    with Server(service, 0) as server:
        yield client_of(server)


def raw(text: str, **more: Any) -> dict[str, Any]:
    """A request to send a mail that is ready."""
    return {"Content": {"Raw": {"Data": text.replace("\n", "\r\n").encode()}}, **more}


def kinds(backend: MemoryBackend) -> list[str]:
    """The types of the events that were published, in order."""
    return [event["eventType"] for event in backend.events()]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("success@simulator.amazonses.com", ["Send", "Delivery"]),
        ("success+label@simulator.amazonses.com", ["Send", "Delivery"]),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce"]),
        ("Bounce+Label-1@Simulator.amazonses.com", ["Send", "Bounce"]),
        ("ooto@simulator.amazonses.com", ["Send", "Delivery", "Bounce"]),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint"]),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce"]),
        ("misspelt@simulator.amazonses.com", ["Send", "Bounce"]),
        ("a@calm.example", ["Send", "Delivery"]),
        ("a@gone.example", ["Send", "Bounce"]),
        ("a@sub.gone.example", ["Send", "Bounce"]),
        ("a@late.example", ["Send", "DeliveryDelay", "Delivery"]),
        ("a@angry.example", ["Send", "Delivery", "Complaint"]),
        ("a@away.example", ["Send", "Delivery", "Bounce"]),
    ],
)
def test_each_address_has_its_fate(ses: Any, service: Service, backend: MemoryBackend, address: str, expected: list[str]) -> None:
    """The mailbox simulator answers as AWS documents, other domains as their profile says."""
    made = ses.send_email(**simple(address))
    service.schedule.flush()
    assert kinds(backend) == expected
    assert {event["mail"]["messageId"] for event in backend.events()} == {made["MessageId"]}
    assert {topic for topic, _ in backend.published} == {TOPIC}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bounce@simulator.amazonses.com", ("Permanent", "General", True)),
        ("suppressionlist@simulator.amazonses.com", ("Permanent", "General", True)),
        ("ooto@simulator.amazonses.com", ("Transient", "General", False)),
        ("a@gone.example", ("Permanent", "General", True)),
        ("a@away.example", ("Transient", "General", False)),
    ],
)
def test_a_bounce_says_why(
    ses: Any, service: Service, backend: MemoryBackend, address: str, expected: tuple[str, str, bool]
) -> None:
    """Type and sub-type are those that SES gives; an out-of-office reply carries no report."""
    ses.send_email(**simple(address))
    service.schedule.flush()
    bounce = backend.events()[-1]["bounce"]
    reported = "status" in bounce["bouncedRecipients"][0]
    assert (bounce["bounceType"], bounce["bounceSubType"], reported) == expected


def test_soft_bounces_are_of_both_kinds(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Full mailboxes bounce at once; absent servers delay the mail, and bounce when SES gives up."""
    for number in range(20):
        ses.send_email(**simple(f"a{number}@soft.example"))
    service.schedule.flush()
    bounces = [event["bounce"] for event in backend.events() if event["eventType"] == "Bounce"]
    assert {bounce["bounceType"] for bounce in bounces} == {"Transient"}
    assert {bounce["bounceSubType"] for bounce in bounces} == {"MailboxFull", "General"}
    assert len(bounces) == 20
    assert kinds(backend).count("DeliveryDelay") == sum(bounce["bounceSubType"] == "General" for bounce in bounces)


def test_our_parser_knows_all_that_is_published(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """No event has a field or a value that the models of SES's events do not know."""
    addresses = [f"a@{name}.example" for name in ("calm", "gone", "soft", "late", "angry", "keen", "away")]
    simulated = [f"{name}@simulator.amazonses.com" for name in ("success", "bounce", "ooto", "complaint", "suppressionlist")]
    backend.tenants["shop"] = "tn-1"
    for address in (*addresses, *simulated):
        ses.send_email(**simple(address, html=LINK, TenantName="shop", EmailTags=[{"Name": "campaign", "Value": "a"}]))
    ses.put_suppressed_destination(EmailAddress="c@calm.example", Reason="COMPLAINT")
    ses.send_email(**simple("c@calm.example"))
    ses.send_email(**raw("From: a@example.com\nTo: b@calm.example\nSubject: s\n\nhello", ConfigurationSetName="all"))
    virus = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*"
    ses.send_email(**simple("a@calm.example", html=virus))
    inline = {"Template": {"TemplateContent": {"Subject": "{{missing}}"}, "TemplateData": "{}"}}
    ses.send_email(**{**simple("a@calm.example"), "Content": inline})
    service.schedule.flush()
    wanted = {"Send", "Reject", "Bounce", "Complaint", "Delivery", "Open", "Click", "Rendering Failure", "DeliveryDelay"}
    assert set(kinds(backend)) == wanted
    for event in backend.events():
        parsed = parse_event(json.dumps(event))
        assert isinstance(parsed, MailEvent)
        assert not parsed.unknown_fields
        assert not parsed.unknown_values
        assert parsed.mail.configuration_set == "all"
        assert parsed.mail.tenant in (["shop", None] if parsed.type in {"Bounce", "Complaint"} else [None])


def test_opens_and_clicks_need_html_and_a_link(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """A text cannot be tracked; what was followed is a link of the mail."""
    ses.send_email(**simple("a@keen.example"))
    service.schedule.flush()
    assert kinds(backend) == ["Send", "Delivery"]
    ses.send_email(**simple("a@keen.example", html=LINK))
    service.schedule.flush()
    assert kinds(backend)[2:] == ["Send", "Delivery", "Open", "Click"]
    click = backend.events()[-1]
    assert click["click"]["link"] == "https://www.example.com/a"
    assert "sourceArn" not in click["mail"]


def test_tracking_can_be_switched_off_for_a_mail(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """ConfigurationOverrides are heeded."""
    off = {"Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}}
    ses.send_email(**simple("a@keen.example", html=LINK, ConfigurationOverrides=off))
    service.schedule.flush()
    assert kinds(backend) == ["Send", "Delivery"]


def test_only_what_a_destination_asks_for_is_published(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Types that do not match, and destinations that are switched off, get nothing."""
    backend.subscribe("bounces", "BOUNCE")
    backend.subscribe("off", *ALL, enabled=False)
    ses.send_email(**simple("bounce@simulator.amazonses.com", ConfigurationSetName="bounces"))
    ses.send_email(**simple("bounce@simulator.amazonses.com", ConfigurationSetName="off"))
    no_set = simple("bounce@simulator.amazonses.com")
    del no_set["ConfigurationSetName"]
    ses.send_email(**no_set)
    service.schedule.flush()
    assert kinds(backend) == ["Bounce"]


def test_a_raw_mail_brings_what_ses_reads_from_it(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Recipients, configuration set, tags and links come from the message."""
    text = (
        'From: =?utf-8?b?TcO8bGxlcg==?= <a@example.com>\nTo: b@keen.example, "C, D" <c@calm.example>\nSubject: Hello\n'
        f"X-SES-CONFIGURATION-SET: all\nX-SES-MESSAGE-TAGS: campaign=x, audience=y\nContent-Type: text/html\n\n{LINK}"
    )
    ses.send_email(**raw(text))
    service.schedule.flush()
    mail = backend.events()[0]["mail"]
    assert mail["destination"] == ["b@keen.example", "c@calm.example"]
    assert mail["tags"]["campaign"] == ["x"]
    assert mail["tags"]["audience"] == ["y"]
    assert mail["tags"]["ses:operation"] == ["SendRawEmail"]
    assert mail["commonHeaders"]["subject"] == "Hello"
    assert kinds(backend)[-2:] == ["Open", "Click"]


def test_a_template_is_filled_in(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """The stored template is the emulator's; the values may be nested."""
    backend.templates["hello"] = {"Subject": "Hi {{user.name}}", "Text": "{{ n }} new"}
    content = {"Template": {"TemplateName": "hello", "TemplateData": '{"user": {"name": "Ada"}, "n": 3}'}}
    ses.send_email(**{**simple("a@calm.example"), "Content": content})
    service.schedule.flush()
    assert backend.events()[1]["mail"]["commonHeaders"]["subject"] == "Hi Ada"
    assert "sourceArn" not in backend.events()[0]["mail"]


def test_a_template_without_its_values_is_accepted_and_fails(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """SES says so in an event, and sends nothing."""
    backend.templates["hello"] = {"Subject": "Hi {{name}}"}
    content = {"Template": {"TemplateName": "hello", "TemplateData": "{}"}}
    ses.send_email(**{**simple("a@calm.example"), "Content": content})
    service.schedule.flush()
    assert kinds(backend) == ["Rendering Failure"]
    failure = {"errorMessage": "Attribute 'name' is not present in the rendering data.", "templateName": "hello"}
    assert backend.events()[0]["failure"] == failure
    assert "headers" not in backend.events()[0]["mail"]


def test_bulk_mail_answers_for_each_entry(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """One that is wrong does not keep the others."""
    backend.templates["hello"] = {"Subject": "Hi {{name}}", "Text": "x"}
    made = ses.send_bulk_email(
        FromEmailAddress="a@example.com",
        ConfigurationSetName="all",
        DefaultContent={"Template": {"TemplateName": "hello", "TemplateData": '{"name": "you"}'}},
        DefaultEmailTags=[{"Name": "campaign", "Value": "x"}],
        BulkEmailEntries=[
            {
                "Destination": {"ToAddresses": ["a@calm.example"]},
                "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Ada"}'}},
                "ReplacementTags": [{"Name": "campaign", "Value": "y"}],
            },
            {"Destination": {"ToAddresses": ["no address"]}},
            {"Destination": {"ToAddresses": ["b@calm.example"]}},
        ],
    )["BulkEmailEntryResults"]
    service.schedule.flush()
    assert [entry["Status"] for entry in made] == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    sends = [event["mail"] for event in backend.events() if event["eventType"] == "Send"]
    assert [mail["commonHeaders"]["subject"] for mail in sends] == ["Hi Ada", "Hi you"]
    assert [mail["tags"]["campaign"] for mail in sends] == [["y"], ["x"]]


def test_recipients_of_one_fate_share_a_notification(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Two simulated bounces of one mail come in one event."""
    ses.send_email(**simple("bounce+1@simulator.amazonses.com", "bounce+2@simulator.amazonses.com"))
    service.schedule.flush()
    assert kinds(backend) == ["Send", "Bounce"]
    assert len(backend.events()[1]["bounce"]["bouncedRecipients"]) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ConfigurationSetName": "none"}, "NotFoundException"),
        ({"ConfigurationSetName": "../account"}, "BadRequestException"),
        ({"TenantName": "none"}, "NotFoundException"),
        ({"FromEmailAddress": "nobody"}, "BadRequestException"),
        ({"Destination": {}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": [f"a{n}@calm.example" for n in range(51)]}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["ä@calm.example"]}}, "BadRequestException"),
        ({"Destination": {"ToAddresses": ["a@calm.example\nBcc: b@calm.example"]}}, "BadRequestException"),
        ({"Content": {}}, "BadRequestException"),
        ({"Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {}}}}, "BadRequestException"),
        ({"Content": {"Template": {"TemplateName": "none", "TemplateData": "{}"}}}, "NotFoundException"),
        ({"EmailTags": [{"Name": "ses:operation", "Value": "mine"}]}, "BadRequestException"),
        ({"EmailTags": [{"Name": "a b", "Value": "c"}]}, "BadRequestException"),
    ],
)
def test_what_ses_would_not_take_is_refused(ses: Any, backend: MemoryBackend, change: dict[str, Any], code: str) -> None:
    """The error has SES's name, and nothing is sent."""
    with refused(code):
        ses.send_email(**{**simple("a@calm.example"), **change})
    assert backend.published == []


def test_headers_are_cut_at_ten_kilobytes(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """The event says so, and fits into a notification of SNS."""
    extra = [{"Name": f"X-{number}", "Value": "v" * 990} for number in range(15)]
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}, "Headers": extra}}
    ses.send_email(**{**simple("a@calm.example"), "Content": content})
    ses.send_email(**simple("a@calm.example"))
    service.schedule.flush()
    long, short = [event["mail"] for event in backend.events() if event["eventType"] == "Send"]
    assert long["headersTruncated"] is True
    assert sum(len(header["name"]) + len(header["value"]) for header in long["headers"]) <= 10 * 1024
    assert short["headersTruncated"] is False


def test_the_tags_of_the_request_replace_those_of_the_message(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """They are not merged."""
    text = "From: a@example.com\nTo: b@calm.example\nX-SES-MESSAGE-TAGS: campaign=header, other=header\n\nhello"
    ses.send_email(**raw(text, ConfigurationSetName="all", EmailTags=[{"Name": "campaign", "Value": "request"}]))
    service.schedule.flush()
    tags = backend.events()[0]["mail"]["tags"]
    assert tags["campaign"] == ["request"]
    assert "other" not in tags


def test_a_virus_in_an_attachment_is_rejected(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Whether SES puts the message together or it comes ready, and nobody gets it."""
    virus = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
    content = {
        "Simple": {
            "Subject": {"Data": "s"},
            "Body": {"Text": {"Data": "t"}},
            "Attachments": [{"FileName": "a.txt", "RawContent": virus}],
        }
    }
    ses.send_email(**{**simple("a@calm.example"), "Content": content})
    encoded = b64encode(virus).decode()
    text = f"From: a@example.com\nTo: b@calm.example\nContent-Transfer-Encoding: base64\n\n{encoded}"
    ses.send_email(**raw(text, ConfigurationSetName="all"))
    service.schedule.flush()
    assert kinds(backend) == ["Reject", "Reject"]
    assert backend.events()[0]["reject"] == {"reason": "Bad content"}


def test_mail_is_refused_while_too_much_is_pending(ses: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; once it has happened, mail is taken again."""
    monkeypatch.setattr(schedule, "MOST_PENDING", 1)
    ses.send_email(**simple("a@calm.example"))
    with refused("TooManyRequestsException"):
        ses.send_email(**simple("a@calm.example"))
    service.schedule.flush()
    assert ses.send_email(**simple("a@calm.example"))["MessageId"]
