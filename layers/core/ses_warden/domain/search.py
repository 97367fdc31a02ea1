"""The search for mails: which index answers a question, what matches, and where the next page begins.

A mail is found once for each of its recipients, the newest first. Everything here is pure.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from unicodedata import normalize

from ses_warden.domain.addresses import NOBODY, decode_key, domain_of, is_simulator
from ses_warden.domain.facts import key_part
from ses_warden.domain.recorded import RecordedEvent, tag_text
from ses_warden.domain.timeline import Status, Timeline, status_of, timelines
from ses_warden.errors import BadPage

# Each event that comes to one of these has a row in the index of the day; deliveries, opens and clicks have none.
_INDEXED = frozenset(
    {
        Status.COMPLAINED,
        Status.BOUNCED,
        Status.SOFT_BOUNCED,
        Status.REJECTED,
        Status.RENDERING_FAILED,
        Status.DELAYED,
    }
)


# The longest id and recipient that the table takes make shorter ones.
_LONGEST_TOKEN = 32_768
_DAMAGED = "what --next was given is no page of a search: copy it whole from the answer before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked. `first` and `last` are days of sending (UTC), both included; None asks for nothing.

    Neither case matters, nor which of Unicode's spellings a letter has.

    `sender` is a part of an address, `recipient` and `domain` whole keys, `subject` words that all occur, `tag` is `name=value`.
    `opened` and `clicked` mean by a person, as far as SES can tell.
    """

    first: date
    last: date
    sender: str | None = None
    recipient: str | None = None
    subject: str | None = None
    domain: str | None = None
    tag: str | None = None
    state: Status | None = None
    opened: bool = False
    clicked: bool = False

    @property
    def by_recipient(self) -> bool:
        """Whether the index of recipients answers; SES's mailbox simulator is not in it."""
        return self.recipient is not None and not is_simulator(self.recipient)

    def days(self) -> Iterator[date]:
        """The days to look through, the newest first."""
        for back in range((self.last - self.first).days + 1):
            yield self.last - timedelta(days=back)


class Clue(NamedTuple):
    """An entry of an index: `part` is the recipient as it stands in the sort key. It is a `Step` of a timeline."""

    message_id: str
    part: str
    type: str
    kind: str
    at: datetime
    sender: str | None = None
    subject: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def recipient(self) -> str:
        """See `Step`."""
        return self.part


class Position(NamedTuple):
    """Where a mail of one recipient stands in the results, which go downwards. `day` is empty in the index of recipients."""

    day: str
    at: datetime
    message_id: str
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A mail and what became of it for one recipient.

    `shared_opens` and `shared_clicks` are of a mail to several recipients, of whom SES does not say who it was.
    """

    message_id: str
    recipient: str
    sent_at: datetime
    sender: str | None
    subject: str | None
    tags: tuple[str, ...]
    configuration_set: str | None
    tenant: str | None
    timeline: Timeline[RecordedEvent]
    shared_opens: int = 0
    shared_clicks: int = 0


def candidates(clues: Iterable[Clue], query: Query, day: str) -> list[Position]:
    """The mails that may match, by what the index tells of them; what it does not tell is left to `matches`.

    All clues of a mail must be given together.
    """
    by_mail: defaultdict[str, list[Clue]] = defaultdict(list)
    for clue in clues:
        by_mail[clue.message_id].append(clue)
    found = []
    for message_id, told in by_mail.items():
        if not query.by_recipient and not _described(told, query):
            continue
        by_part: defaultdict[str, list[Clue]] = defaultdict(list)
        for clue in told:
            by_part[clue.part].append(clue)
        for part, own in by_part.items():
            if part != NOBODY and _is_asked_for(part, query) and _may_be(own, query):
                found.append(Position(day, min(clue.at for clue in own), message_id, part))
    return found


def found_in(rows: Sequence[RecordedEvent], part: str) -> Found | None:
    """The mail that all these rows are of, for the recipient that stands so in their sort keys; None where none does."""
    by_recipient = timelines(rows)
    own = next((line for recipient, line in by_recipient.items() if key_part(recipient) == part), None)
    if own is None:
        return None
    nobody = by_recipient.get(NOBODY)
    described = sorted(rows, key=lambda row: (row.recipient != own.recipient, row.at))

    def first(values: Iterable[str | None]) -> str | None:
        return next((value for value in values if value), None)

    sent = [row.sent_at for row in own.steps if row.sent_at] or [row.sent_at for row in rows if row.sent_at]
    return Found(
        message_id=rows[0].message_id,
        recipient=own.recipient,
        sent_at=min(sent) if sent else min(row.at for row in rows),
        sender=first(row.sender for row in described),
        subject=first(row.subject for row in described),
        tags=tuple(sorted({tag for row in rows for tag in row.tags})),
        configuration_set=first(row.configuration_set for row in described),
        tenant=first(row.tenant for row in described),
        timeline=own,
        shared_opens=nobody.opens if nobody else 0,
        shared_clicks=nobody.clicks if nobody else 0,
    )


def matches(found: Found, rows: Sequence[RecordedEvent], query: Query) -> bool:
    """Whether a mail is what was asked for; `rows` are all of the mail's."""
    line = found.timeline
    return (
        query.first <= found.sent_at.astimezone(UTC).date() <= query.last
        and _described(rows, query)
        and query.recipient in (None, found.recipient)
        and query.domain in (None, domain_of(found.recipient))
        and query.state in (None, line.status)
        and (not query.opened or line.opens + found.shared_opens > 0)
        and (not query.clicked or line.clicks + found.shared_clicks > 0)
    )


def token_of(position: Position, query: Query) -> str:
    """What `--next` takes: opaque, good for the same question only. It carries the days, since the usual ones move."""
    days = query.first.isoformat(), query.last.isoformat()
    content = [*days, position.day, position.at.isoformat(), position.message_id, position.part]
    text = json.dumps([_mark(query, content), *content])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def page_of(token: str, query: Query) -> tuple[Query, Position]:
    """The question with the days that it had, and the position in a token.

    Raises `BadPage` for a token that is damaged or belongs to another question.
    """
    if len(token) > _LONGEST_TOKEN:
        raise BadPage(_DAMAGED)
    try:
        padded = token.encode() + b"=" * (-len(token) % 4)
        mark, *content = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        first, last, day, at, *key = content
        message_id, part = map(str, key)
        position = Position(str(day), datetime.fromisoformat(at).astimezone(UTC), message_id, part)
        asked = replace(query, first=date.fromisoformat(first), last=date.fromisoformat(last))
    # What base64, UTF-8 or JSON cannot be read as is a ValueError; a time before year 1 in UTC overflows; JSON may nest too deep.
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadPage(_DAMAGED) from error
    if mark != _mark(query, content):
        raise BadPage("what --next was given is another search's, or was changed: copy it whole, and repeat that search's options")
    return asked, position


def _mark(query: Query, content: Sequence[str]) -> str:
    # No secret is in it: it finds mistakes, and who asks may read the table anyhow.
    asked = repr((astuple(replace(query, first=date.min, last=date.min)), list(content)))
    return blake2b(asked.encode("utf-8", "replace"), digest_size=6).hexdigest()


def _described(rows: Iterable[Clue] | Iterable[RecordedEvent], query: Query) -> bool:
    """Whether the mail is described as asked: by any of its rows, since a template's subject is first known on delivery."""
    told: list[Clue | RecordedEvent] = list(rows)
    if query.sender and not any(_folded(query.sender) in _folded(row.sender or "") for row in told):
        return False
    # Compared as it was stored: a long one was cut.
    tag = _folded(tag_text(query.tag)) if query.tag else ""
    if tag and not any(tag == _folded(one) for row in told for one in row.tags):
        return False
    words = _folded(query.subject or "").split()
    return not words or any(_has_all(words, row.subject) for row in told)


def _has_all(words: Sequence[str], subject: str | None) -> bool:
    text = _folded(subject or "")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    """As texts are compared: "é" is one character or two, and a ligature its letters."""
    return normalize("NFKC", normalize("NFKC", text).casefold())


def _is_asked_for(part: str, query: Query) -> bool:
    if "@" not in part:
        return True
    return query.domain in (None, domain_of(decode_key(part))) and (query.recipient is None or part == key_part(query.recipient))


def _may_be(clues: Sequence[Clue], query: Query) -> bool:
    if query.by_recipient:
        # That index has all that became of a mail for its recipient, and its Send tells the day: other mails need not be read.
        days = [clue.at.astimezone(UTC).date() for clue in clues if clue.type == "Send"]
        in_time = not days or query.first <= min(days) <= query.last
        return in_time and query.state in (None, status_of(clues))
    return query.state not in _INDEXED or any(status_of([clue]) is query.state for clue in clues)
