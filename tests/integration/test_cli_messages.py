"""`ses-warden message show` and `message find` on an emulator: what was recorded is found, and nothing else.

A few hundred mails are recorded by the functions' own use case. What should be found is told by the list that they were made from.
"""

import csv
import io
import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from typing import Any

import pytest
from pydantic import TypeAdapter
from typer.testing import CliRunner

from ses_warden.adapters.ledger import Tables
from ses_warden.adapters.mails import DynamoMails
from ses_warden.application.find_mails import find_mails
from ses_warden.domain.search import Query, page_of, token_of
from ses_warden.domain.timeline import Status
from ses_warden_cli.main import app
from ses_warden_cli.messages import shapes
from ses_warden_cli.shapes import Failed
from tests.integration.harness import World, event
from tests.support.emulator import CREDENTIALS, REGION

type Run = Callable[..., subprocess.CompletedProcess[str]]
type Line = tuple[str, str]

FIRST = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
DAYS = ["--since", "2026-11-20", "--until", "2026-11-23"]
SENDERS = ("shop@example.com", "News <News@Example.com>", "billing@example.org")
SUBJECTS = ("Winter boots are here", "Your invoice 4711", "WINTER SALE ends", "=HYPERLINK(1)")
DOMAINS = ("example.net", "mail.example", "bücher.example")
STATES = {
    "delivered": ["Delivery"],
    "bounced": ["Bounce"],
    "soft-bounced": ["bounce-transient-mailboxfull"],
    "complained": ["Delivery", "Complaint"],
    "delayed": ["DeliveryDelay"],
    "sent": [],
}
MAILS = 200


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail as it was sent, and what became of it."""

    message_id: str
    at: datetime
    sender: str
    subject: str
    campaign: str
    states: dict[str, str]
    templated: bool
    opened: bool
    clicked: bool

    def events(self) -> Iterator[str]:
        """What SES tells of it."""
        everybody = list(self.states)
        about: dict[str, Any] = {
            "mail": self.message_id,
            "sent_at": self.at,
            "sender": self.sender,
            "destination": everybody,
            "tags": {"campaign": [self.campaign]},
        }
        kind = "send-templated" if self.templated else "Send"
        yield event(kind, recipients=everybody, days=0, **about, **({} if self.templated else {"subject": self.subject}))
        for recipient, state in self.states.items():
            for number, name in enumerate(STATES[state], 1):
                told = json.loads(event(name, recipients=[recipient], days=number / 1000, subject=self.subject, **about))
                if self.templated:
                    told["mail"]["tags"]["ses:operation"] = ["SendTemplatedEmail"]
                yield json.dumps(told)
        for name in ["Open"] * self.opened + ["Click"] * self.clicked:
            yield event(name, recipients=everybody, days=0.1, subject=self.subject, **about)


def campaign() -> list[Sent]:
    """Mails of four days, to one recipient or two."""
    chance = random.Random(4)  # noqa: S311 - no secret
    mails = []
    for number in range(MAILS):
        people = chance.sample(range(40), 2 if number % 5 == 0 else 1)
        recipients = [f"person{one}@{DOMAINS[one % 3]}" for one in people]
        states = {one: chance.choice(list(STATES)) for one in recipients}
        templated = number % 7 == 0
        # A template's subject is first known when it is delivered, or fails.
        if templated:
            states = {one: state if state in ("bounced", "delivered") else "delivered" for one, state in states.items()}
        read = "delivered" in states.values() and chance.random() < 0.5
        mails.append(
            Sent(
                message_id=f"mail-{number:03}",
                at=FIRST + timedelta(minutes=20 * number),
                sender=chance.choice(SENDERS),
                subject=chance.choice(SUBJECTS),
                campaign=chance.choice(("Spring", "autumn")),
                states=states,
                templated=templated,
                opened=read,
                clicked=read and chance.random() < 0.5,
            )
        )
    return mails


ALL = campaign()


@pytest.fixture(scope="module")
def world(endpoint: str, tables: Tables) -> World:
    """All of it, recorded in no order."""
    world = World(endpoint, tables)
    told = [text for mail in ALL for text in mail.events()]
    random.Random(5).shuffle(told)  # noqa: S311 - no secret
    for some in batched(told, 200, strict=False):
        assert not world.record(*some).failed
    return world


@pytest.fixture
def run(endpoint: str, world: World) -> Run:
    """Runs `ses-warden` in this process."""
    environment = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SES_WARDEN_USE": f"EVENTS_TABLE={world.tables.events}",
    }

    def _run(*words: str) -> subprocess.CompletedProcess[str]:
        others: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("AWS_", "SES_WARDEN_"))}
        result = CliRunner().invoke(app, ["message", *words], env=others | environment, prog_name="ses-warden")
        if not isinstance(result.exception, SystemExit | None):
            raise result.exception
        return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)

    return _run


def printed(result: subprocess.CompletedProcess[str], shape: Any) -> Any:
    """What a command printed with `--json`, checked against its documented shape."""
    return TypeAdapter(shape).validate_json(result.stdout)


def lines(found: shapes.FoundMails) -> list[Line]:
    """The mails of an answer, each with its recipient."""
    return [(mail["message_id"], mail["recipient"]) for mail in found["mails"]]


def key_of(recipient: str) -> str:
    """A recipient as the ledger has it."""
    return recipient.replace("bücher", "xn--bcher-kva")


def expected(wanted: Callable[[Sent, str, str], bool]) -> list[Line]:
    """The mails that are wanted, by mail, recipient's key and state, the newest first."""
    found = [
        (mail.at, mail.message_id, key_of(recipient))
        for mail in ALL
        for recipient, state in mail.states.items()
        if wanted(mail, key_of(recipient), state)
    ]
    return [(message_id, recipient) for _, message_id, recipient in sorted(found, reverse=True)]


def _ended(wanted: str) -> Callable[[Sent, str, str], bool]:
    return lambda _, __, state: state == wanted


QUESTIONS: dict[str, tuple[list[str], Callable[[Sent, str, str], bool]]] = {
    "everything": ([], lambda *_: True),
    "a day, by UTC": (["--day", "2026-11-21"], lambda mail, *_: mail.at.day == 21),
    "a sender, in any case": (["--from", "NEWS@example.com"], lambda mail, *_: "News" in mail.sender),
    "a sender's domain": (["--from", "@example.org"], lambda mail, *_: mail.sender.endswith("example.org")),
    "words of the subject, in any case and order": (["--subject", "here winter"], lambda mail, *_: mail.subject == SUBJECTS[0]),
    "a recipient": (["--to", "Person7@MAIL.example"], lambda _, who, __: who == "person7@mail.example"),
    "a domain": (["--domain", "Mail.example"], lambda _, who, __: who.endswith("@mail.example")),
    "a domain in its own letters": (["--domain", "bücher.example"], lambda _, who, __: "xn--" in who),
    "a tag": (["--tag", "campaign=spring"], lambda mail, *_: mail.campaign == "Spring"),
    "opened": (["--opened"], lambda mail, *_: mail.opened),
    "clicked": (["--clicked"], lambda mail, *_: mail.clicked),
    "a recipient's complaints": (
        ["--to", "person4@mail.example", "--state", "complained"],
        lambda _, who, state: (who, state) == ("person4@mail.example", "complained"),
    ),
    "all at once": (
        ["--from", "shop", "--subject", "winter", "--domain", "example.net", "--tag", "campaign=AUTUMN", "--state", "delivered"],
        lambda mail, who, state: (
            mail.sender == SENDERS[0]
            and "winter" in mail.subject.lower()
            and who.endswith("@example.net")
            and mail.campaign == "autumn"
            and state == "delivered"
        ),
    ),
    "nothing": (["--subject", "summer"], lambda *_: False),
    **{state: (["--state", state], _ended(state)) for state in STATES},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_exactly_what_matches_is_found_newest_first(run: Run, question: str) -> None:
    """Each filter, and several together, through either index."""
    words, wanted = QUESTIONS[question]
    days = [] if "--day" in words else DAYS
    result = run("find", *words, *days, "--limit", "1000", "--json")
    found = printed(result, shapes.FoundMails)
    assert (result.returncode, result.stderr) == (0, "")
    assert lines(found) == expected(wanted)
    assert found["next"] is None


def test_pages_are_the_same_as_one_page(run: Run) -> None:
    """Of any size, through either index; only the last one says that there is no more."""
    for words in (["--subject", "winter"], ["--to", "person7@mail.example"], ["--opened", "--domain", "example.net"]):
        whole = lines(printed(run("find", *words, *DAYS, "--limit", "1000", "--json"), shapes.FoundMails))
        assert whole
        for size in (1 if "--to" in words else 9, len(whole)):
            pages: list[Line] = []
            following: list[str] = []
            while True:
                # The days are in the token: those of the first page count.
                found = printed(run("find", *words, *(following or DAYS), "--limit", str(size), "--json"), shapes.FoundMails)
                pages += lines(found)
                if found["next"] is None:
                    break
                assert len(found["mails"]) == size
                following = ["--next", found["next"]]
            assert pages == whole


def test_any_question_is_answered_as_by_looking_at_every_mail(world: World) -> None:
    """Random questions, in pages of random size."""
    chance = random.Random(6)  # noqa: S311 - no secret
    mails = DynamoMails(world.client(), world.tables.events)

    def perhaps[T](*values: T) -> T | None:
        return chance.choice(values) if chance.random() < 0.35 else None

    for _ in range(25):
        first = (FIRST + timedelta(days=chance.randrange(4))).date()
        query = Query(
            first=first,
            last=first + timedelta(days=chance.randrange(3)),
            sender=perhaps("shop", "NEWS", "example.com"),
            recipient=perhaps(*(f"person{one}@example.net" for one in range(0, 40, 3))),
            subject=perhaps("winter", "invoice your", "="),
            domain=perhaps("example.net", "mail.example"),
            tag=perhaps("campaign=spring", "campaign=none"),
            state=perhaps(*(Status(state) for state in STATES)),
            opened=chance.random() < 0.2,
            clicked=chance.random() < 0.1,
        )
        wanted = expected(partial(_is_wanted, query))
        found: list[Line] = []
        after, size = None, chance.randint(5, 40)
        while True:
            page = find_mails(mails, query, limit=size, after=after)
            found += [(one.message_id, one.recipient) for one in page.found]
            if page.last is None:
                break
            again, after = page_of(token_of(page.last, query), query)
            assert again == query
        assert found == wanted, query


def _is_wanted(query: Query, mail: Sent, who: str, state: str) -> bool:
    return (
        query.first <= mail.at.date() <= query.last
        and (query.sender or "").lower() in mail.sender.lower()
        and query.recipient in (None, who)
        and all(word in mail.subject.lower() for word in (query.subject or "").split())
        and query.domain in (None, who.partition("@")[2])
        and query.tag in (None, f"campaign={mail.campaign.lower()}")
        and query.state in (None, state)
        and (mail.opened or not query.opened)
        and (mail.clicked or not query.clicked)
    )


def test_a_page_of_another_search_is_refused(run: Run) -> None:
    """Exit code 2, whether the token is of another question or damaged."""
    following = printed(run("find", *DAYS, "--limit", "1", "--json"), shapes.FoundMails)["next"]
    other_days = (["--day", "2026-11-21"], ["--since", "2026-11-21"], ["--until", "2026-11-22"])
    for words in (
        ["--opened", "--next", following],
        *([*days, "--next", following] for days in other_days),
        ["--next", following[:-5]],
        ["--next", "é"],
        ["--next", "bnVsbA"],
    ):
        result = run("find", *words, "--json")
        assert result.returncode == 2
        assert printed(result, Failed)["error"]["kind"] == "BadPage"
    assert run("find", *DAYS, "--next", following, "--json").returncode == 0


def test_csv_has_a_line_a_mail_and_no_formulas(run: Run) -> None:
    """A subject that a spreadsheet would compute begins with an apostrophe; what else there is to say goes to standard error."""
    result = run("find", *DAYS, "--limit", "100", "--csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["message_id"], row["recipient"]) for row in rows] == expected(lambda *_: True)[:100]
    assert {row["subject"] for row in rows} <= {*SUBJECTS[:3], "'=HYPERLINK(1)"}
    assert "'=HYPERLINK(1)" in {row["subject"] for row in rows}
    assert "--next " in result.stderr


def test_a_table_shows_what_was_found_and_notes_what_cannot_be(run: Run) -> None:
    """For people: the mails, or that there are none and why that may be."""
    shown = run("find", *DAYS, "--to", "person7@mail.example")
    assert all(message_id in shown.stdout for message_id, _ in expected(lambda _, who, __: who == "person7@mail.example"))
    nothing = run("find", "--since", "2020-01-01", "--until", "2020-01-02", "--subject", "summer")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    said = " ".join(nothing.stderr.split())
    assert "No mail matches" in said
    assert "includes headers" in said
    assert "beyond RetentionDays" in said


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--to", "*@example.net"], "There are no wildcards"),
        (["--domain", "*.example.net"], "There are no wildcards"),
        (["--to", "a@example.net, b@example.net"], "not one address"),
        (["--since", "9999-01-01"], "still to come"),
    ],
)
def test_where_nothing_is_found_the_likely_mistake_is_named(run: Run, words: list[str], hint: str) -> None:
    """Beside the answer, which is that nothing matches."""
    result = run("find", *words)
    said = " ".join(result.stderr.split())
    assert (result.returncode, result.stdout) == (0, "")
    assert "No mail matches." in said
    assert hint in said


def test_an_answer_says_whether_all_that_was_asked_for_is_kept(run: Run) -> None:
    """On the day on which the retention begins some mail is gone already; without a first day all that is kept is meant."""
    begins = (datetime.now(UTC) - timedelta(days=30)).date()

    def complete(*words: str) -> bool:
        found: shapes.FoundMails = printed(run("find", "--to", "person7@mail.example", *words, "--json"), shapes.FoundMails)
        return found["complete"]

    assert complete()
    assert complete("--since", (begins + timedelta(days=1)).isoformat())
    assert not complete("--since", begins.isoformat())
    assert not complete("--day", begins.isoformat())
    assert not complete("--until", "2020-01-01")


def test_a_mail_is_shown_for_each_recipient(run: Run) -> None:
    """Its description, and the folded state and steps of each; as JSON and for people."""
    mail = next(one for one in ALL if len(one.states) == 2 and one.opened and not one.templated)
    shown = printed(run("show", mail.message_id, "--json"), shapes.Mail)
    assert (shown["message_id"], shown["subject"], shown["tags"]) == (mail.message_id, mail.subject, [f"campaign={mail.campaign}"])
    assert datetime.fromisoformat(str(shown["sent"])) == mail.at
    parts = {part["recipient"]: part for part in shown["recipients"]}
    assert {who: part["state"] for who, part in parts.items() if who != "*"} == {
        key_of(who): state for who, state in mail.states.items()
    }
    assert parts["*"]["opens"] == 1
    for part in parts.values():
        assert [step["at"] for step in part["steps"]] == sorted(step["at"] for step in part["steps"])
    people = run("show", mail.message_id)
    assert (people.returncode, people.stderr) == (0, "")
    assert all(f"{key_of(who)}: {state}" in people.stdout for who, state in mail.states.items())
    assert "one of the recipients" in people.stdout


def test_an_unknown_mail_is_a_finding_that_says_what_to_check(run: Run) -> None:
    """Exit code 1."""
    result = run("show", "no-such-mail")
    assert (result.returncode, result.stdout) == (1, "")
    assert "RetentionDays" in " ".join(result.stderr.split())
    as_json = run("show", "no-such-mail", "--json")
    assert (as_json.returncode, printed(as_json, shapes.Mail)["recipients"]) == (1, [])


def test_the_simulators_mail_is_found_though_no_index_of_recipients_has_it(run: Run, world: World) -> None:
    """Through its day."""
    at = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
    world.record(event("Send", "drill", ["bounce@simulator.amazonses.com"], 0, sent_at=at))
    found = printed(run("find", "--to", "bounce@simulator.amazonses.com", "--day", "2026-11-10", "--json"), shapes.FoundMails)
    assert lines(found) == [("drill", "bounce@simulator.amazonses.com")]


def test_a_very_long_recipient_is_found_and_so_is_mail_of_which_only_the_bounce_is_known(run: Run, world: World) -> None:
    """An address that stands as a digest in its key; an identity's own notification, without Send or tags."""
    at = datetime(2026, 11, 12, 9, 0, tzinfo=UTC)
    long = f"{'x' * 250}@example.net"
    world.record(
        event("Send", "long", [long], 0, sent_at=at), event("identity-bounce", "bounced", ["a%b#c@example.net"], 0.5, sent_at=at)
    )
    found = printed(run("find", "--domain", "example.net", "--day", "2026-11-12", "--json"), shapes.FoundMails)
    assert sorted(lines(found)) == [("bounced", "a%b#c@example.net"), ("long", long)]
    for message_id, recipient in lines(found):
        again = printed(run("find", "--to", recipient, "--day", "2026-11-12", "--json"), shapes.FoundMails)
        assert lines(again) == [(message_id, recipient)]
