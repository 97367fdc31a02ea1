"""Mail to the mailbox simulator, and the wait for its events, on a clock of our own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.simulator_post import SimulatorPost
from ses_warden.application.send_test import (
    WANTED,
    Arrivals,
    Clock,
    Post,
    Trial,
    judge_refusal,
    judge_trial,
    send_all,
    wait_for_all,
)
from ses_warden.domain.findings import Standing
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.errors import NotSent, Unseen
from tests.support.aws import shared

AT = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SENDER = "ops@example.com"


@dataclass
class Time:
    """Time that passes while somebody sleeps."""

    seconds: float = 0.0

    def clock(self) -> Clock:
        """As a trial sees it."""
        return Clock(lambda: self.seconds, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass
class Outbox(Post):
    """Takes mail, or refuses it."""

    fault: Exception | None = None
    sent: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, sender: str, recipient: str, configuration_set: str) -> str:
        """The id is the mailbox."""
        if self.fault:
            raise self.fault
        self.sent.append((sender, recipient, configuration_set))
        return recipient.partition("+")[0]


@dataclass
class Table(Arrivals):
    """Events by mail and type, with the second in which they are recorded."""

    time: Time
    events: dict[tuple[str, str], float]

    def rows(self, message_ids: Sequence[str]) -> Iterable[Sequence[RecordedEvent]]:
        """Those that are there by now."""
        return [
            [_event(mail, kind) for (mail, kind), at in self.events.items() if mail == one and at <= self.time.seconds]
            for one in message_ids
        ]


def _event(mail: str, kind: str) -> RecordedEvent:
    return RecordedEvent(mail, "r", kind, kind, AT, None, "mail", None, None, None, {})


def test_only_the_simulator_is_mailed_once_for_each_of_its_answers() -> None:
    """Under a label that no other test has."""
    first, second = Outbox(), Outbox()
    trials = list(send_all(first, SENDER, "mail", Clock()))
    list(send_all(second, SENDER, "mail", Clock()))
    assert [trial.mailbox for trial in trials] == ["success", "bounce", "complaint"]
    for (sender, recipient, configuration_set), mailbox in zip(first.sent, WANTED, strict=True):
        assert (sender, configuration_set) == (SENDER, "mail")
        assert recipient.startswith(f"{mailbox}+doctor-")
        assert recipient.endswith("@simulator.amazonses.com")
    assert {recipient for _, recipient, _ in first.sent}.isdisjoint(recipient for _, recipient, _ in second.sent)


def test_it_waits_until_each_event_is_there_and_no_longer() -> None:
    """And tells how long each took, in the order in which they were found."""
    time = Time()
    every = {(mail, kind): 7.0 if kind in ("Bounce", "Complaint") else 3.0 for mail, kinds in WANTED.items() for kind in kinds}
    trials = list(send_all(Outbox(), SENDER, "mail", time.clock()))
    heard: list[int] = []
    wait_for_all(trials, Table(time, every), 60, time.clock(), lambda some: heard.append(sum(len(one.missing) for one in some)))
    assert time.seconds == 7
    assert (heard[0], heard[-1]) == (7, 0)
    findings = [judge_trial(trial, 60) for trial in trials]
    assert {one.standing for one in findings} == {Standing.OK}
    assert [one.what for one in findings][1:] == [
        "Send after 3 s, Bounce after 7 s",
        "Send after 3 s, Delivery after 3 s, Complaint after 7 s",
    ]


def test_what_does_not_arrive_in_time_is_broken_and_says_where_to_look() -> None:
    """By lane."""
    time = Time()
    came = {("success", "Send"): 1.0, ("success", "Delivery"): 1.0, ("bounce", "Send"): 1.0}
    trials = list(send_all(Outbox(), SENDER, "mail", time.clock()))
    wait_for_all(trials, Table(time, came), 5.5, time.clock(), lambda _: None)
    assert time.seconds == 5.5
    well, bounce, complaint = (judge_trial(trial, 5.5) for trial in trials)
    assert (well.standing, bounce.standing, complaint.standing) == (Standing.OK, Standing.BROKEN, Standing.BROKEN)
    assert "Bounce did not arrive within 6 s; there is Send after 1 s" in bounce.what
    assert "feedback lane" in bounce.mend
    assert "activity" not in bounce.mend
    assert "Send and Delivery and Complaint did not arrive within 6 s; nothing else came" in complaint.what
    assert "activity and the feedback lane" in complaint.mend
    assert "ses-warden message show bounce" in bounce.mend


def test_an_event_more_than_wanted_is_shown_and_does_no_harm() -> None:
    """Such as an open."""
    trial = Trial("success", "success", 0.0, {"Send": 1.0, "Delivery": 2.0, "Open": 4.0})
    assert judge_trial(trial, 60).what == "Send after 1 s, Delivery after 2 s, Open after 4 s"


@pytest.mark.parametrize(
    ("error", "standing", "words"),
    [
        (NotSent("MessageRejected"), Standing.WARN, "Verify the address of --from or its domain in this Region"),
        (NotSent("MailFromDomainNotVerifiedException"), Standing.WARN, "Verify the address"),
        (NotSent("SendingPausedException"), Standing.BROKEN, "ses-warden resume"),
        (NotSent("AccountSuspendedException"), Standing.BROKEN, "SES does not send"),
        (NotSent("NotFoundException"), Standing.BROKEN, "no such configuration set"),
        (NotSent("TooManyRequestsException"), Standing.WARN, "Try again"),
        (Unseen("AccessDeniedException", "ses:SendEmail"), Standing.UNKNOWN, "ses:SendEmail"),
    ],
)
def test_a_refusal_says_what_to_do(error: NotSent | Unseen, standing: Standing, words: str) -> None:
    """A missing right is unknown; a sender that is not verified is no defect of the pipe."""
    finding = judge_refusal(error)
    assert finding.standing is standing
    assert words in f"{finding.what} {finding.mend}"


@pytest.fixture
def client() -> Any:
    """SES."""
    return shared("sesv2")


def test_a_mail_is_sent_by_sess_api(client: Any) -> None:
    """In the name of the set, to one recipient."""
    with Stubber(client) as stub:
        request = {
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": ["bounce+x@simulator.amazonses.com"]},
            "Content": {"Simple": {"Subject": ANY, "Body": ANY}},
            "ConfigurationSetName": "mail",
        }
        stub.add_response("send_email", {"MessageId": "m"}, request)
        assert SimulatorPost(client).send(SENDER, "bounce+x@simulator.amazonses.com", "mail") == "m"


@pytest.mark.parametrize("recipient", ["jane@example.com", "a@simulator.amazonses.com.example.com", "simulator.amazonses.com", ""])
def test_nobody_else_is_mailed(client: Any, recipient: str) -> None:
    """SES is not even asked."""
    with Stubber(client), pytest.raises(NotSent, match="only the mailbox simulator"):
        SimulatorPost(client).send(SENDER, recipient, "mail")


@pytest.mark.parametrize(
    ("code", "kind"), [("MessageRejected", NotSent), ("AccessDeniedException", Unseen), ("SendingPausedException", NotSent)]
)
def test_a_refusal_repeats_no_address(client: Any, code: str, kind: type[Exception]) -> None:
    """SES's message names the sender."""
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, f"Email address is not verified: {SENDER}")
        with pytest.raises(kind) as caught:
            SimulatorPost(client).send(SENDER, "bounce@simulator.amazonses.com", "mail")
    assert str(caught.value) == code


def test_silence_is_told_by_its_kind(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback."""

    def silent(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://example.com")

    monkeypatch.setattr(client, "send_email", silent)
    with pytest.raises(NotSent, match="EndpointConnectionError"):
        SimulatorPost(client).send(SENDER, "bounce@simulator.amazonses.com", "mail")
