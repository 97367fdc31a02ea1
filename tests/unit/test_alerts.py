"""The alert that a person reads, and the event that a machine reads."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.alerts import AwsAlerts, event_of, subject_of, text_of
from ses_warden.application.guard_ports import Notice, NoticeKind
from ses_warden.application.notices import enforcement_notice, failure_notice, notice_of
from ses_warden.domain.guard_states import Action, State, Status
from ses_warden.errors import AlertError
from tests.support.aws import client_for

NOW = datetime(2026, 11, 24, 3, 0, 5, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
SCOPES = {
    "account": "the whole account in this Region",
    "configuration-set/marketing": "configuration set marketing",
    "tenant/acme": "tenant acme",
}


def state(scope: str, untold: Action) -> State:
    """A state that owes an alert."""
    return State(scope=scope, status=Status.PAUSED, since=NOW, reason="hard bounces: 40 of 200 mails, 20.0 %", untold=untold)


def notice() -> Notice:
    """An alert."""
    return notice_of(state("configuration-set/marketing", Action.PAUSED), NOW)


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("untold", [Action.WARN, Action.WOULD_PAUSE, Action.PAUSED, Action.RESUMED])
def test_an_alert_says_what_where_why_what_was_done_and_what_next(scope: str, untold: Action) -> None:
    """In words, with the command to go on with where there is one."""
    text = text_of(notice_of(state(scope, untold), NOW), "ses-warden")
    for part in (
        SCOPES[scope],
        "What we saw: hard bounces: 40 of 200",
        "What was done: ",
        "What you can do: ",
        "2026-11-24 03:00:05 UTC",
    ):
        assert part in text
    if untold is Action.PAUSED:
        assert f"ses-warden resume {scope} --reason" in text
        assert "is paused" in text
    else:
        assert "is paused" not in text
    assert "{" not in text


@pytest.mark.parametrize(
    ("scope", "command"),
    [
        ("account", "put-account-sending-attributes --no-sending-enabled"),
        (
            "configuration-set/marketing",
            "put-configuration-set-sending-options --no-sending-enabled --configuration-set-name marketing",
        ),
        ("tenant/acme", "update-reputation-entity-customer-managed-status"),
    ],
)
def test_a_failed_pause_says_how_to_do_it_by_hand(scope: str, command: str) -> None:
    """And that sending goes on."""
    failed = failure_notice(state(scope, Action.PAUSED), "SES refused a request: TooManyRequestsException", NOW)
    text = text_of(failed, "ses-warden")
    assert command in text
    assert "FAILED" in text
    assert "still sends" in text


@pytest.mark.parametrize(
    ("status", "words"), [("PROBATION", "AWS reviews"), ("SHUTDOWN", "stopped"), ("HEALTHY", "good"), ("NEW", "not know")]
)
def test_an_enforcement_status_is_told_in_plain_words(status: str, words: str) -> None:
    """Those of AWS mean little at night."""
    assert words in enforcement_notice("X", status, NOW).reason


@pytest.mark.parametrize("name", ["marketing", "x" * 64])
def test_a_subject_is_what_sns_takes(name: str) -> None:
    """Fewer than a hundred ASCII characters in one line."""
    subject = subject_of(notice_of(state(f"configuration-set/{name}", Action.WOULD_PAUSE), NOW))
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()


def test_an_event_has_the_parts_apart() -> None:
    """For rules and for tools."""
    event = event_of(notice(), "ses-warden")
    assert (event["Source"], event["DetailType"], event["Time"]) == ("ses-warden", "Sending Paused", NOW)
    detail = json.loads(event["Detail"])
    assert detail["scope"] == "configuration-set/marketing"
    assert detail.keys() == {"scope", "status", "reason", "done", "next", "by", "episode", "stack"}


def test_the_detail_types_are_a_promise() -> None:
    """Rules of operators name them."""
    assert {kind.value for kind in NoticeKind} == {
        "Sending Warned",
        "Sending Would Be Paused",
        "Sending Paused",
        "Sending Pause Failed",
        "Sending Resumed",
        "Enforcement Status Changed",
        "Domain Audit Changed",
        "DMARC Report Refused",
        "Account Changed",
    }


class Clients:
    """SNS and EventBridge, answered by a test."""

    def __init__(self) -> None:
        """Each tries once."""
        self.sns, self.events = client_for("sns"), client_for("events")
        self.alerts = AwsAlerts(self.sns, self.events, topic=TOPIC, stack="ses-warden")


@pytest.fixture(scope="module")
def clients() -> Clients:
    """Both."""
    return Clients()


def test_people_and_machines_are_told(clients: Clients) -> None:
    """One message, one event."""
    with Stubber(clients.sns) as sns, Stubber(clients.events) as events:
        sns.add_response("publish", {"MessageId": "1"}, {"TopicArn": TOPIC, "Subject": ANY, "Message": ANY})
        events.add_response(
            "put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}, {"Entries": [event_of(notice(), "ses-warden")]}
        )
        clients.alerts.send(notice())
        sns.assert_no_pending_responses()
        events.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("sns_fails", "bus", "words"),
    [
        (True, {"FailedEntryCount": 0, "Entries": [{}]}, "SNS: AuthorizationError"),
        (False, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}, "EventBridge: ThrottlingException"),
        (False, None, "EventBridge: InternalException"),
        (True, None, "SNS: AuthorizationError, EventBridge: InternalException"),
    ],
)
def test_an_alert_that_did_not_go_out_everywhere_is_an_error(
    clients: Clients, sns_fails: bool, bus: dict[str, Any] | None, words: str
) -> None:
    """The bus is tried even if the topic refused; an entry that the bus refused is no success."""
    with Stubber(clients.sns) as sns, Stubber(clients.events) as events:
        if sns_fails:
            sns.add_client_error("publish", "AuthorizationError")
        else:
            sns.add_response("publish", {"MessageId": "1"})
        if bus is None:
            events.add_client_error("put_events", "InternalException")
        else:
            events.add_response("put_events", bus)
        with pytest.raises(AlertError, match=words):
            clients.alerts.send(notice())
        events.assert_no_pending_responses()


def test_silence_is_an_error() -> None:
    """Of the topic as of the bus."""

    def cut(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://aws.example")

    clients = Clients()
    for client in (clients.sns, clients.events):
        client.meta.events.register_first("before-send", cut)
    with pytest.raises(AlertError, match="SNS: ConnectTimeoutError, EventBridge: ConnectTimeoutError"):
        clients.alerts.send(notice())
