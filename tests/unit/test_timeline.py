"""What became of a mail: one status for each recipient, whatever came in whichever order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import NamedTuple

import pytest

from ses_warden.domain.bounces import BounceKind, ComplaintKind
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import Fact, facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.timeline import Status, status_of, timelines
from tests.support.samples import ses

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
JANE, KARL = "jane@example.com", "karl@example.net"

SENT, DELAYED, DELIVERED = ("Send", "sent"), ("DeliveryDelay", "delayed"), ("Delivery", "delivered")
HARD, SOFT, REPLY = ("Bounce", "hard-bounce"), ("Bounce", "soft-bounce"), ("Bounce", "auto-reply")
COMPLAINT, NO_SPAM = ("Complaint", "complaint"), ("Complaint", "not-spam")
OPEN, CLICK = ("Open", "open"), ("Click", "click")
BOT_OPEN, BOT_CLICK = ("Open", "bot-open"), ("Click", "bot-click")


class Step(NamedTuple):
    """A row, as far as a timeline looks at it."""

    recipient: str
    type: str
    kind: str
    at: datetime


def steps(*events: tuple[str, str], recipient: str = JANE) -> list[Step]:
    """Events of one recipient, a minute apart."""
    return [Step(recipient, *event, NOON + timedelta(minutes=number)) for number, event in enumerate(events)]


def facts(*names: str) -> list[Fact]:
    """The facts in samples."""
    events = [event for name in names if isinstance(event := parse_event(ses(name)), MailEvent)]
    return [fact for event in events for fact in facts_of(event)]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([SENT], Status.SENT),
        ([SENT, DELAYED], Status.DELAYED),
        ([SENT, DELAYED, DELAYED, DELIVERED], Status.DELIVERED),
        ([SENT, DELAYED, SOFT], Status.SOFT_BOUNCED),
        ([SENT, SOFT, DELIVERED], Status.DELIVERED),
        ([SENT, DELIVERED, HARD], Status.BOUNCED),
        ([SENT, HARD, DELIVERED], Status.BOUNCED),
        ([SENT, DELIVERED, REPLY], Status.DELIVERED),
        ([SENT, REPLY], Status.SENT),
        ([SENT, DELIVERED, COMPLAINT], Status.COMPLAINED),
        ([SENT, HARD, COMPLAINT], Status.COMPLAINED),
        ([SENT, DELIVERED, COMPLAINT, NO_SPAM], Status.DELIVERED),
        ([SENT, DELIVERED, ("Complaint", "auth-failure")], Status.DELIVERED),
        ([SENT, ("Complaint", "list-hit")], Status.SENT),
        ([SENT, ("Reject", "rejected")], Status.REJECTED),
        ([SENT, ("Rendering Failure", "rendering-failure")], Status.RENDERING_FAILED),
        ([SENT, DELIVERED, ("Subscription", "subscription")], Status.DELIVERED),
        ([OPEN], Status.UNKNOWN),
        ([], Status.UNKNOWN),
    ],
)
def test_the_status_of_a_mail_follows_a_fixed_precedence(events: list[tuple[str, str]], status: Status) -> None:
    """Complaint, hard bounce, delivery, soft bounce, delay, sending: in any order they give the same status."""
    assert {status_of(order) for order in permutations(steps(*events))} == {status}


@pytest.mark.parametrize("kind", list(BounceKind))
def test_every_kind_of_bounce_but_an_automatic_reply_is_a_failure(kind: BounceKind) -> None:
    """A new kind of bounce cannot be forgotten in the timeline."""
    failed = status_of(steps(SENT, ("Bounce", kind))) in (Status.BOUNCED, Status.SOFT_BOUNCED)

    assert failed is (kind is not BounceKind.AUTO_REPLY)


@pytest.mark.parametrize("kind", list(ComplaintKind))
def test_only_a_true_complaint_makes_a_mail_complained_about(kind: ComplaintKind) -> None:
    """Reports of other kinds leave the status as it was."""
    complained = status_of(steps(SENT, DELIVERED, ("Complaint", kind))) is Status.COMPLAINED

    assert complained is (kind is ComplaintKind.COMPLAINT)


def test_each_recipient_of_a_mail_has_a_timeline_of_its_own() -> None:
    """Of two recipients one gets the mail, the other does not."""
    found = timelines([*steps(SENT, DELIVERED), *steps(SENT, HARD, recipient=KARL)])

    assert {recipient: timeline.status for recipient, timeline in found.items()} == {
        JANE: Status.DELIVERED,
        KARL: Status.BOUNCED,
    }


def test_opens_and_clicks_stand_beside_the_status() -> None:
    """They are counted, those of bots apart, and prove no delivery."""
    timeline = timelines(steps(SENT, OPEN, BOT_OPEN, OPEN, CLICK, BOT_CLICK, BOT_OPEN))[JANE]

    assert (timeline.opens, timeline.bot_opens, timeline.clicks, timeline.bot_clicks) == (2, 2, 1, 1)
    assert timeline.status is Status.SENT


def test_opens_of_a_mail_to_several_belong_to_nobody() -> None:
    """They have a timeline of their own, under `*`."""
    found = timelines(facts("open-multi-recipient"))

    assert list(found) == ["*"]
    assert found["*"].opens + found["*"].bot_opens == 1


def test_steps_come_in_the_order_of_their_times() -> None:
    """Whatever order the rows are read in; of one moment, the sending is first."""
    told = [*steps(SENT, DELIVERED, OPEN), Step(JANE, "Reject", "rejected", NOON)]

    for order in permutations(told):
        assert [step.type for step in timelines(order)[JANE].steps] == ["Send", "Reject", "Delivery", "Open"]


def test_facts_have_timelines_as_rows_have() -> None:
    """What an event is taken apart into can be folded without a ledger."""
    found = timelines(facts("bounce-two-recipients"))

    assert {timeline.status for timeline in found.values()} == {Status.BOUNCED}
    assert len(found) == 2
