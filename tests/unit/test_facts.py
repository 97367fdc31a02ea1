"""When it happened, whom it is about, and what makes it the same event: each answered in one place."""

import json
from datetime import datetime
from typing import Any

import pytest

from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import event_time, facts_of, fingerprint, recipients
from ses_warden.domain.parsing import parse_event
from ses_warden.errors import UnparsableEvent
from tests.support.samples import SAMPLE_OF, ses


def parsed(name: str, **changes: Any) -> MailEvent:
    """A sample, with fields of the type's own object or of the mail replaced (`mail_destination=[…]`)."""
    said = json.loads(ses(name))
    for path, value in changes.items():
        part, _, key = path.rpartition("__")
        (said[part] if part else said)[key] = value
    event = parse_event(json.dumps(said))
    assert isinstance(event, MailEvent)
    return event


def keys(event: MailEvent) -> list[str]:
    """Whom the event is about."""
    return [who.address.key for who in recipients(event)]


def named(*addresses: str) -> list[dict[str, str]]:
    """Recipients as bounces and complaints list them."""
    return [{"emailAddress": address} for address in addresses]


@pytest.mark.parametrize("kind", ["Send", "Reject", "Rendering Failure"])
def test_events_without_a_time_of_their_own_happened_when_the_mail_was_sent(kind: str) -> None:
    """Send, Reject and Rendering Failure carry the mail's time alone."""
    event = parsed(SAMPLE_OF[kind])

    assert event_time(event) == event.mail.timestamp


@pytest.mark.parametrize("kind", ["Bounce", "Complaint", "Delivery", "Open", "Click", "DeliveryDelay", "Subscription"])
def test_other_events_have_a_time_of_their_own(kind: str) -> None:
    """It stands in the object that only this type has, and is not that of the mail."""
    event = parsed(SAMPLE_OF[kind])
    said = json.loads(ses(SAMPLE_OF[kind]))
    own = {"DeliveryDelay": "deliveryDelay"}.get(kind, kind.lower())

    assert event_time(event) == datetime.fromisoformat(said[own]["timestamp"])
    assert event_time(event) != event.mail.timestamp


def test_a_year_that_utc_does_not_have_makes_an_event_unparsable() -> None:
    """The last hours of the year 9999 west of Greenwich."""
    with pytest.raises(UnparsableEvent, match="year 9999"):
        facts_of(parsed("send", mail__timestamp="9999-12-31T23:59:59-05:00"))


@pytest.mark.parametrize(
    ("event", "about"),
    [
        (parsed("send", mail__destination=["Jane <JANE@a.example>", "karl@b.example"]), ["jane@a.example", "karl@b.example"]),
        (parsed("bounce-twin", mail__destination=["x@a.example"], bounce__bouncedRecipients=named("j@a.example")), ["j@a.example"]),
        (parsed("bounce-twin", bounce__bouncedRecipients=[]), ["*"]),
        (parsed("complaint-abuse", complaint__complainedRecipients=named("a@x.example", "b@x.org")), ["a@x.example", "b@x.org"]),
        (parsed("delivery", delivery__recipients=["jane@example.com"]), ["jane@example.com"]),
        (parsed("open", mail__destination=["jane@example.com"]), ["jane@example.com"]),
        (parsed("open", mail__destination=["jane@example.com", "karl@example.net"]), ["*"]),
        (parsed("click", mail__destination=[]), ["*"]),
        (parsed("subscription", mail__destination=["jane@example.com"]), ["jane@example.com"]),
    ],
)  # fmt: skip
def test_an_event_is_about_those_it_names(event: MailEvent, about: list[str]) -> None:
    """A bounce never about all recipients of the mail; an open of a mail to several about nobody known."""
    assert keys(event) == about


def test_a_recipient_named_twice_is_one_fact() -> None:
    """To and Bcc may hold the same mailbox in two spellings."""
    assert len(facts_of(parsed("send", mail__destination=["jane@example.com", "JANE@EXAMPLE.COM"]))) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (parsed("bounce-twin"), parsed("identity-bounce-twin"), True),
        (parsed("bounce-permanent-general"), parsed("bounce-permanent-general", bounce__timestamp="2026-11-30T00:00:00Z"), True),
        (parsed("bounce-permanent-general"), parsed("bounce-permanent-general", bounce__feedbackId="another"), True),
        (parsed("bounce-permanent-general"), parsed("bounce-permanent-general", bounce__bounceSubType="NoEmail"), False),
        (parsed("complaint-abuse"), parsed("complaint-abuse", complaint__timestamp="2026-11-30T00:00:00Z"), True),
        (parsed("complaint-abuse"), parsed("complaint-not-spam"), False),
        (parsed("delivery"), parsed("delivery", delivery__timestamp="2026-11-30T00:00:00Z"), True),
        (parsed("open"), parsed("open", open__timestamp="2026-11-30T00:00:00.001Z"), False),
        (parsed("open"), parsed("open", open__ipAddress="192.0.2.77"), False),
        (parsed("open"), parsed("open", open__isBotEvent="Likely"), True),
        (parsed("click"), parsed("click", click__link="https://example.com/other"), False),
        (parsed("delivery-delay"), parsed("delivery-delay", deliveryDelay__timestamp="2026-11-30T00:00:00.000Z"), False),
        (parsed("subscription"), parsed("resubscribe"), False),
    ],
)  # fmt: skip
def test_two_notifications_are_the_same_event_or_not(one: MailEvent, other: MailEvent, same: bool) -> None:
    """By type: neither the envelope, nor a bounce's or complaint's time or feedback id, makes a difference."""
    assert (fingerprint(one) == fingerprint(other)) is same


def test_an_address_cannot_break_out_of_its_place_in_the_sort_key() -> None:
    """`#` is legal in a local part and separates the parts of the key; overlong addresses are hashed."""
    (fact,) = facts_of(parsed("send", mail__destination=["a#bounce#x@example.com"]))
    (long,) = facts_of(parsed("send", mail__destination=["#" * 64 + "@" + "d" * 240 + ".example"]))

    assert fact.sort_key == "a%23bounce%23x@example.com#Send#-"
    assert len(long.sort_key) < 1024
