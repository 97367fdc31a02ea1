"""What operators ask about mails: what became of one, and which were like this. Nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import batched
from typing import NamedTuple, Protocol

from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.search import Clue, Found, Position, Query, candidates, found_in, matches

# So many mails are read ahead of knowing whether they match.
_AHEAD = 25


class Mails(Protocol):
    """The ledger of events, read by its key and its two indexes. All raise `LedgerError`."""

    def of_day(self, day: date) -> Iterator[Sequence[Clue]]:
        """What the index says of the mails sent on a day, in parts; all clues of a mail are in one part."""
        ...

    def of_recipient(self, recipient: str, since: datetime) -> Sequence[Clue]:
        """What the index says of a recipient's events since then."""
        ...

    def rows(self, message_ids: Sequence[str]) -> Iterable[Sequence[RecordedEvent]]:
        """All rows of each of these mails, in the order of the ids."""
        ...


class Page(NamedTuple):
    """A page of results, the newest first; `last` is where the next one begins, None if there is none."""

    found: Sequence[Found]
    last: Position | None


def find_mails(
    mails: Mails,
    query: Query,
    *,
    limit: int,
    after: Position | None = None,
    progress: Callable[[date], None] = lambda _: None,
) -> Page:
    """At most `limit` mails that match, after a position; `progress` is told of each day before it is looked through."""
    found: list[Found] = []
    last: Position | None = None
    for position, mail in _matching(mails, query, after, progress):
        if len(found) == limit:
            return Page(found, last)
        found.append(mail)
        last = position
    return Page(found, None)


def _matching(
    mails: Mails, query: Query, after: Position | None, progress: Callable[[date], None]
) -> Iterator[tuple[Position, Found]]:
    for known in _parts(mails, query, after, progress):
        down = sorted((one for one in known if after is None or one < after), reverse=True)
        for some in batched(down, _AHEAD, strict=False):
            # A mail to fifty stands here fifty times, and is read once.
            ids = list(dict.fromkeys(one.message_id for one in some))
            read = dict(zip(ids, mails.rows(ids), strict=True))
            for position in some:
                rows = read[position.message_id]
                # An index may still name a row that has expired since.
                found = found_in(rows, position.part) if rows else None
                # Of two days that its events name, a mail is found on the first.
                if found and position.day in ("", f"{found.sent_at:%Y-%m-%d}") and matches(found, rows, query):
                    yield position, found


def _parts(mails: Mails, query: Query, after: Position | None, progress: Callable[[date], None]) -> Iterator[list[Position]]:
    """The mails that may match: of the recipient at once, or day by day, the newest first."""
    if query.by_recipient:
        since = datetime.combine(query.first, time(), UTC)
        yield candidates(mails.of_recipient(str(query.recipient), since), query, "")
        return
    for day in query.days():
        if after and day.isoformat() > after.day:
            continue
        progress(day)
        yield [one for part in mails.of_day(day) for one in candidates(part, query, day.isoformat())]
