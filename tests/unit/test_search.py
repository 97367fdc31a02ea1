"""The search for mails, without a table: what a filter matches, where pages begin, and what CSV does not say."""

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ses_warden.adapters.rows import parse_row, row_of
from ses_warden.application.find_mails import find_mails
from ses_warden.domain.events import MailEvent
from ses_warden.domain.facts import facts_of, key_part
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.search import Clue, Position, Query, found_in, matches, page_of, token_of
from ses_warden.domain.timeline import Status
from ses_warden.errors import BadPage
from ses_warden_cli.messages.commands import STATES, days_between
from ses_warden_cli.samples.doors import compact
from ses_warden_cli.show import cell
from tests.support.samples import make_event

DAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WHOLE = Query(first=DAY, last=DAY)


def rows(kind: str, mail: str = "mail-1", to: Sequence[str] = ("jane@example.net",), **more: Any) -> list[RecordedEvent]:
    """The rows of an event about a mail of this day."""
    given_: dict[str, Any] = {"at": AT, "sent_at": AT, "sender": "Shop <Shop@example.com>", "subject": "Winter Boots", **more}
    event = parse_event(compact(make_event(kind, message_id=mail, recipients=list(to), **given_)))
    assert isinstance(event, MailEvent)
    return [parse_row(row_of(fact, purge_at=0)) for fact in facts_of(event)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, True),
        ({"sender": "SHOP@"}, True),
        ({"sender": "news"}, False),
        ({"subject": "BOOTS win"}, True),
        ({"subject": "boots summer"}, False),
        ({"recipient": "jane@example.net"}, True),
        ({"recipient": "jan@example.net"}, False),
        ({"domain": "example.net"}, True),
        ({"domain": "example.ne"}, False),
        ({"tag": "Campaign=MAY"}, True),
        ({"tag": "campaign=ma"}, False),
        ({"tag": "newsletter=" + "x" * 90}, True),
        ({"tag": "newsletter=y" + "x" * 90}, False),
        ({"state": Status.DELIVERED}, True),
        ({"state": Status.SENT}, False),
        ({"opened": True}, True),
        ({"clicked": True}, False),
        ({"last": DAY - timedelta(days=1), "first": DAY - timedelta(days=9)}, False),
    ],
)
def test_a_filter_matches_the_mail_as_all_its_rows_tell(asked: dict[str, Any], found: bool) -> None:
    """In any case of letters; a bot's click is no click."""
    told = [
        *rows("Send", tags={"campaign": ["may"], "newsletter": ["x" * 90]}),
        *rows("Delivery"),
        *rows("Open"),
        *rows("click-bot"),
    ]
    mail = found_in(told, "jane@example.net")
    assert mail
    assert matches(mail, told, Query(**{"first": DAY, "last": DAY, **asked})) is found


def test_an_open_of_a_mail_to_several_is_shared() -> None:
    """It may have been any of them."""
    both = ("jane@example.net", "john@example.net")
    told = [*rows("Send", to=both), *rows("Open", to=both)]
    for recipient in both:
        mail = found_in(told, recipient)
        assert mail
        assert (mail.timeline.opens, mail.shared_opens) == (0, 1)
        assert matches(mail, told, Query(first=DAY, last=DAY, opened=True))


def test_a_mail_has_no_part_for_whom_it_was_not_sent_to() -> None:
    """An index may name what has expired since."""
    assert found_in(rows("Send"), "john@example.net") is None


def test_the_words_of_the_option_are_the_states() -> None:
    """The command line has them twice, since its help must come soon."""
    assert [state.replace("rendering-failed", "rendering failed") for state in STATES] == list(Status)


@given(some.text(), some.text(), some.datetimes(timezones=some.just(UTC)), some.sampled_from(["", "2026-11-23"]))
def test_a_token_is_the_position_again(message_id: str, part: str, at: datetime, day: str) -> None:
    """Whatever stands in it; it carries the days, so that they need not be given again."""
    asked = Query(first=DAY, last=DAY, subject="winter")
    position = Position(day, at, message_id, part)
    later = Query(first=DAY, last=DAY + timedelta(days=1), subject="winter")
    assert page_of(token_of(position, asked), later) == (asked, position)
    with pytest.raises(BadPage):
        page_of(token_of(position, asked), WHOLE)


@given(some.text())
def test_no_text_is_a_page_by_chance(text: str) -> None:
    """It is refused in words."""
    for token in (text, base64.urlsafe_b64encode(text.encode("utf-8", "replace")).decode()):
        with pytest.raises(BadPage):
            page_of(token, WHOLE)


@pytest.mark.parametrize("content", [None, 1, [], ["x"] * 7, {"a": 1}, [1, 2, 3, 4, 5, 6, 7], [["x"]] * 7])
def test_json_of_another_shape_is_no_page(content: Any) -> None:
    """Nor does it end in a traceback."""
    with pytest.raises(BadPage):
        page_of(base64.urlsafe_b64encode(json.dumps(content).encode()).decode(), WHOLE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r\n=1", "'=1"),
        ("a=1", "a=1"),
        ("\uff1dSUM(A1)", "'\uff1dSUM(A1)"),
        ("boots;=1+1", "boots;'=1+1"),
        ('boots; "@SUM(A1)', "boots; \"'@SUM(A1)"),
        ("a; b", "a; b"),
        ("two\nlines", "two lines"),
        ("\x1b[31mred", "red"),
        (None, ""),
    ],
)
def test_csv_holds_no_formula_and_no_command_for_a_terminal(text: str | None, shown: str) -> None:
    """OWASP's list of what a spreadsheet computes."""
    assert cell(text) == shown


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("Caf\u00e9", "cafe\u0301"),
        ("Cafe\u0301", "CAF\u00c9"),
        ("o\ufb03ce", "OFFICE"),
        ("Stra\u00dfe", "STRASSE"),
        ("\uff33\uff21\uff2c\uff25", "sale"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?b?IGF1cyBL9mxu?=", "GR\u00dcSSE k\u00f6ln"),
    ],
)
def test_a_letter_is_found_however_unicode_spells_it(subject: str, asked: str) -> None:
    """Mail programs compose accents and terminals do not, or the other way round."""
    told = rows("Send", subject=subject)
    mail = found_in(told, "jane@example.net")
    assert mail
    assert matches(mail, told, Query(first=DAY, last=DAY, subject=asked))


def content_of(token: str) -> list[Any]:
    """What stands in a token."""
    content: list[Any] = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    return content


@pytest.mark.parametrize(
    "changed",
    [
        lambda _: "[" * 20_000,
        lambda _: "[" * 40_000,
        lambda content: json.dumps([content[0], "0001-01-01", "9999-12-31", *content[3:]]),
        lambda content: json.dumps([*content[:6], "another"]),
        lambda content: json.dumps([*content[:4], "0001-01-01T00:00:00+01:00", *content[5:]]),
        lambda content: json.dumps([*content[:4], "9999-12-31T23:59:59-01:00", *content[5:]]),
    ],
    ids=["nested", "endless", "of all days", "of another mail", "before year 1", "after year 9999"],
)
def test_what_only_somebody_hostile_would_make_is_no_page(changed: Callable[[list[Any]], str]) -> None:
    """Neither a traceback nor a long wait."""
    content = content_of(token_of(Position("2026-11-23", AT, "m", "p"), WHOLE))
    with pytest.raises(BadPage):
        page_of(base64.urlsafe_b64encode(changed(content).encode()).decode(), WHOLE)


def test_a_recipient_of_an_odd_domain_is_found_by_it() -> None:
    """What stands encoded in the index is compared decoded."""
    told = [row._replace(recipient="jane@odd#example.net") for row in rows("Send")]
    page = find_mails(Memory(told), Query(first=DAY, last=DAY, domain="odd#example.net"), limit=5)
    assert [one.recipient for one in page.found] == ["jane@odd#example.net"]


def test_a_mail_whose_events_name_two_days_is_found_once() -> None:
    """On the first of them, by whichever index, in pages of one."""
    later = AT + timedelta(days=1)
    told = [*rows("Send"), *rows("Bounce", sent_at=later, at=later), *rows("Send", "mail-2", sent_at=later, at=later)]
    both = Query(first=DAY, last=later.date())
    for query in (both, replace(both, recipient="jane@example.net")):
        first = find_mails(Memory(told), query, limit=1)
        second = find_mails(Memory(told), query, limit=1, after=first.last)
        assert [one.message_id for one in (*first.found, *second.found)] == ["mail-2", "mail-1"]
        assert second.last is None
    assert not find_mails(Memory(told[:-1]), Query(first=later.date(), last=later.date()), limit=1).found


@pytest.mark.parametrize(
    ("asked", "read"), [({}, ["mail-2"]), ({"state": Status.SENT}, []), ({"state": Status.BOUNCED}, ["mail-2"])]
)
def test_of_a_recipients_mails_only_those_are_read_that_may_match(asked: dict[str, Any], read: list[str]) -> None:
    """The index tells when each was sent and what became of it."""
    seen: list[str] = []

    class Counting(Memory):
        def rows(self, message_ids: Sequence[str]) -> list[list[RecordedEvent]]:
            seen.extend(message_ids)
            return super().rows(message_ids)

    later = AT + timedelta(days=1)
    told = [*rows("Send", "mail-1", sent_at=later, at=later), *rows("Send", "mail-2"), *rows("Bounce", "mail-2")]
    page = find_mails(Counting(told), Query(first=DAY, last=DAY, recipient="jane@example.net", **asked), limit=5)
    assert ([one.message_id for one in page.found], seen) == (read, read)


def test_a_mail_to_many_is_read_once() -> None:
    """Not once for each of them."""
    read: list[str] = []

    class Counting(Memory):
        def rows(self, message_ids: Sequence[str]) -> list[list[RecordedEvent]]:
            read.extend(message_ids)
            return super().rows(message_ids)

    people = [f"r{number}@example.net" for number in range(20)]
    page = find_mails(Counting(rows("Send", to=people)), WHOLE, limit=50)
    assert ([one.recipient for one in page.found], read) == (sorted(people, reverse=True), ["mail-1"])


def moment(text: str | None) -> datetime | None:
    """As the option is read."""
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("begin", "end", "first", "last"),
    [
        (None, None, "2026-10-25", "2026-11-24"),
        ("2026-11-01", None, "2026-11-01", "2026-11-24"),
        (None, "2026-11-01", "2026-10-25", "2026-11-01"),
        (None, "2020-01-01", "2020-01-01", "2020-01-01"),
        ("2026-11-23", "2026-11-23", "2026-11-23", "2026-11-23"),
        # Millions of days, of which nothing can be kept.
        ("0001-01-01", None, "2016-11-25", "2026-11-24"),
        ("0001-01-01", "9999-12-31", "2016-11-25", "2026-11-25"),
        ("2026-11-01", "9999-12-31", "2026-11-01", "2026-11-25"),
        ("0001-01-01", "2010-01-01", "2010-01-01", "2010-01-01"),
        # One day that is asked for is looked through, whenever it is.
        ("0001-01-01", "0001-01-01", "0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31", "9999-12-31", "9999-12-31"),
        ("2027-01-01", None, "2027-01-01", "2027-01-01"),
    ],
)
def test_days_on_which_nothing_can_be_are_not_looked_through(begin: str | None, end: str | None, first: str, last: str) -> None:
    """Each day is sixteen questions."""
    found = days_between(moment(begin), moment(end), date(2026, 10, 25), date(2026, 11, 24))
    assert [one.isoformat() for one in found] == [first, last]


class Memory:
    """The `Mails` port over a list of rows; a mail's rows come in one part, as in the index."""

    def __init__(self, told: Sequence[RecordedEvent]) -> None:
        self.told = told

    def of_day(self, day: date) -> Iterator[Sequence[Clue]]:
        """Two parts."""
        own = [row for row in self.told if row.sent_at and row.sent_at.date() == day]
        for odd in (0, 1):
            yield [_clue(row) for row in own if len(row.message_id) % 2 == odd]

    def of_recipient(self, recipient: str, since: datetime) -> Sequence[Clue]:
        """Without a description, as that index."""
        own = [row for row in self.told if row.recipient == recipient and row.at >= since]
        return [_clue(row)._replace(sender=None, subject=None, tags=()) for row in own]

    def rows(self, message_ids: Sequence[str]) -> list[list[RecordedEvent]]:
        """All of each mail."""
        return [[row for row in self.told if row.message_id == message_id] for message_id in message_ids]


def _clue(row: RecordedEvent) -> Clue:
    return Clue(row.message_id, key_part(row.recipient), row.type, row.kind, row.at, row.sender, row.subject, row.tags)


_PEOPLE = ["jane@example.net", "john@example.org", "ann@example.net"]
_mails = some.lists(
    some.tuples(
        some.integers(0, 60),  # hours before the end of the day
        some.sets(some.sampled_from(_PEOPLE), min_size=1),
        some.sampled_from(["Winter boots", "Your invoice"]),
        some.lists(some.sampled_from(["Delivery", "Bounce", "Complaint", "DeliveryDelay", "Open", "Click"]), max_size=3),
    ),
    max_size=8,
)
_questions = some.fixed_dictionaries(
    {},
    optional={
        "recipient": some.sampled_from(_PEOPLE),
        "domain": some.sampled_from(["example.net", "example.org"]),
        "subject": some.sampled_from(["winter", "invoice"]),
        "state": some.sampled_from(list(Status)),
        "opened": some.booleans(),
        "clicked": some.booleans(),
    },
)


@given(_mails, _questions, some.integers(1, 5))
def test_pages_hold_what_a_look_at_all_rows_finds(mails: list[Any], asked: dict[str, Any], size: int) -> None:
    """Through either index, newest first, nothing twice and nothing left out."""
    told: list[RecordedEvent] = []
    for number, (hours, people, subject, kinds) in enumerate(mails):
        at = AT + timedelta(hours=14 - hours)
        for kind in ["Send", *dict.fromkeys(kinds)]:
            told += rows(
                kind,
                f"mail-{'x' * number}",
                sorted(people),
                subject=subject,
                sent_at=at,
                at=at + timedelta(minutes=kind != "Send"),
            )
    query = Query(first=DAY - timedelta(days=1), last=DAY, **asked)
    memory = Memory(told)

    wanted = []
    for message_id in {row.message_id for row in told}:
        [own] = memory.rows([message_id])
        for recipient in {row.recipient for row in own} - {"*"}:
            mail = found_in(own, recipient)
            assert mail
            if matches(mail, own, query):
                wanted.append((mail.sent_at, message_id, recipient))

    found, after = [], None
    while True:
        page = find_mails(memory, query, limit=size, after=after)
        found += [(one.sent_at, one.message_id, one.recipient) for one in page.found]
        after = page.last
        if after is None:
            break
        assert len(page.found) == size
    assert found == sorted(wanted, reverse=True)
