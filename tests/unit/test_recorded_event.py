"""A row, read back: the event that it was made from, as far as the row keeps it."""

import json

import pytest

from ses_warden.adapters.rows import parse_row, row_of
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.text import clean
from tests.support.samples import make_event, names, ses


def mail_event(text: str) -> MailEvent:
    """An event about a mail."""
    event = parse_event(text)
    assert isinstance(event, MailEvent)
    return event


@pytest.mark.parametrize("name", sorted({*names("publishing"), *names("identity")} - {"unknown-type"}))
def test_a_row_tells_what_its_fact_said(name: str) -> None:
    """For each sample and recipient: who, what, when, and through which configuration set."""
    for fact in facts_of(mail_event(ses(name))):
        told = parse_row(row_of(fact, purge_at=0))

        assert told[:5] == (fact.message_id, fact.recipient, fact.type, fact.kind, fact.at)
        assert (told.configuration_set, told.tenant) == (fact.configuration_set, fact.tenant)
        assert told.status == (clean(fact.who.status, 20) if fact.who.status else None)


def test_the_details_of_a_bounce_are_read_back() -> None:
    """They go by SES's own names."""
    [fact] = facts_of(mail_event(ses("bounce-permanent-noemail")))

    detail = parse_row(row_of(fact, purge_at=0)).detail

    assert (detail["type"], detail["subType"], detail["action"]) == ("Permanent", "NoEmail", "failed")
    assert str(detail["diagnosticCode"]).startswith("smtp; 550-5.1.1 The email account")


@pytest.mark.parametrize("recipient", ["jane#doe@example.com", "jane%23doe@example.com", '"a b"@example.com'])
def test_a_recipient_with_a_separator_in_it_is_read_back(recipient: str) -> None:
    """`#` separates the parts of a sort key, and is legal in an address."""
    moment = mail_event(ses("delivery")).mail.timestamp
    event = make_event("delivery", message_id="m1", recipients=[recipient], at=moment, sent_at=moment)
    [fact] = facts_of(mail_event(json.dumps(event)))

    assert parse_row(row_of(fact, purge_at=0)).recipient == recipient


def test_what_a_row_omits_is_missing() -> None:
    """An open of a mail to several has no recipient, no sender and no subject of its own."""
    [fact] = facts_of(mail_event(ses("open-multi-recipient")))

    told = parse_row(row_of(fact, purge_at=0))

    assert (told.recipient, told.sender, told.subject) == ("*", None, None)
