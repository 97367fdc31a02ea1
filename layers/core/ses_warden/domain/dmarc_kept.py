"""DMARC reports as they are kept: how each came in, and whether an operator took it out of all sums."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from ses_warden.domain.outgoing import is_within
from ses_warden.domain.text import clean

_LONGEST_NAME = 120
_HANDLE = re.compile(r"([0-9]{8}T[0-9]{6})Z-([0-9a-f]{8,32})", re.ASCII)
_MOMENT = "%Y%m%dT%H%M%S"
# So much of a report's name is shown: whoever made another with the same beginning is told apart by more of it.
_SHOWN = 10


class Way(StrEnum):
    """How a report came in."""

    MAIL = "mail"  # by SES, which found from whom
    BUCKET = "bucket"  # a file in the bucket, of which SES said nothing
    CLI = "cli"  # `dmarc ingest`


class Act(StrEnum):
    """What an operator does about a report."""

    DISCARD = "discard"
    RESTORE = "restore"


class Ruling(NamedTuple):
    """An operator's word about a report: it counts no more, or again."""

    act: Act
    at: datetime
    by: str
    reason: str


class Handle(NamedTuple):
    """What names a report about a domain: when it begins, and its name or the beginning of it.

    Not the reporter's own id: whoever forges a report chooses that.
    """

    begin: datetime
    name: str

    @property
    def short(self) -> str:
        """As people type it."""
        return f"{self._moment}Z-{self.name[:_SHOWN]}"

    @property
    def whole(self) -> str:
        """As nothing else is named."""
        return f"{self._moment}Z-{self.name}"

    @property
    def _moment(self) -> str:
        # `%Y` of an early year has fewer than four digits.
        begin = self.begin.astimezone(UTC)
        return f"{begin.year:04}{begin:%m%dT%H%M%S}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A report without its sources. `purge_at` is when it is forgotten, `way` and `received` how and when it came in.

    `way` is empty for reports of before that was kept. `rulings` are in the order in which they were made.
    """

    domain: str
    handle: Handle
    reporter: str
    report_id: str
    end: datetime
    mails: int
    received: datetime
    sender: str = ""
    policy: str | None = None
    way: str = ""
    unread: int = 0
    purge_at: datetime | None = None
    rulings: tuple[Ruling, ...] = ()

    @property
    def told_by(self) -> str:
        """See `told_by`."""
        return told_by(self.reporter, self.sender)

    @property
    def discarded(self) -> Ruling | None:
        """By whom it was taken out of all sums, where it is."""
        last = self.rulings[-1] if self.rulings else None
        return last if last and last.act is Act.DISCARD else None


def read_handle(text: str) -> Handle | None:
    """A report's handle as somebody typed it, of eight letters of its name or more; None of what is none."""
    found = _HANDLE.fullmatch(text.strip())
    if not found:
        return None
    try:
        return Handle(datetime.strptime(found[1], _MOMENT).replace(tzinfo=UTC), found[2])
    except ValueError:
        return None


def told_by(reporter: str, sender: str) -> str:
    """The reporter's name; with the domain that its mail came from, where that is another: anybody can write a name."""
    name, sender = clean(reporter, _LONGEST_NAME).lower(), clean(sender, _LONGEST_NAME)
    return f"{name} ({sender})" if sender and not is_within(sender, name) and not is_within(name, sender) else name


def told_twice(reports: Iterable[Kept]) -> frozenset[Handle]:
    """Those that count and whose reporter gave the same id about the same time to another one that counts, with other content.

    RFC 7489 section 7.2.1.1: the id names a report. So one of them is a correction, a mistake or a forgery. What a reporter sends
    about another time under an id of before is no sign of anything.
    """
    counted = [one for one in reports if not one.discarded]
    ids = Counter(_id_of(one) for one in counted)
    return frozenset(one.handle for one in counted if ids[_id_of(one)] > 1)


def _id_of(one: Kept) -> tuple[str, str, datetime]:
    return one.reporter.lower(), one.report_id, one.handle.begin
