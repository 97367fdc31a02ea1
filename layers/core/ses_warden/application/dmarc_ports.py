"""What reading and keeping DMARC reports needs from the world."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ses_warden.domain.dmarc import Report
from ses_warden.domain.dmarc_kept import Handle, Kept, Ruling, Way


class ReportRows(Protocol):
    """The reports that were kept. Its methods raise `LedgerError` when DynamoDB does not serve them."""

    def reports(self, domain: str, since: datetime, until: datetime) -> Iterator[Report]:
        """The reports about a domain whose time begins at `since` or later, and before `until`; in the order of their beginning.

        Those too that were discarded, and say so.
        """
        ...

    def domains(self) -> Iterable[str]:
        """All domains that reports were kept about, sorted."""
        ...


class ReportStore(Protocol):
    """Where reports are kept."""

    def keep(self, report: Report, way: Way) -> bool:
        """Keeps it; False if it is there already, or was discarded. Raises `LedgerError`, of which `LedgerBusy` passes."""
        ...


class KeptReports(Protocol):
    """The reports that were kept, without what they tell, and what operators said of them. Its methods raise `LedgerError`."""

    def kept(self, domain: str, since: datetime, until: datetime) -> Iterator[Kept]:
        """Those about a domain whose time begins at `since` or later, and before `until`; the newest first."""
        ...

    def named(self, domain: str, handle: Handle) -> list[Kept]:
        """Those that the handle may mean: more than one where it has but the beginning of a name."""
        ...

    def rule(self, report: Kept, ruling: Ruling) -> bool:
        """Writes the ruling into the report; False where it stands so already, or the report is gone."""
        ...


class Trouble(StrEnum):
    """Why a file gave no report."""

    HOSTILE = "hostile"  # an archive or document made to exhaust or to reach out
    DAMAGED = "damaged"  # truncated, corrupt, or against the schema
    OTHER_KIND = "other-kind"  # a report of another kind: of a single failure, or about TLS
    NOTHING = "nothing"  # holds no report at all


@dataclass(frozen=True, slots=True)
class Refused:
    """A file, or a part of it, that is no report for us; `reason` is for people, and holds nothing of the content but its names."""

    trouble: Trouble
    reason: str
    part: str = ""


class Inbox(Protocol):
    """The bucket that mails and files are put into. Its methods raise `StorageError` when S3 does not serve them."""

    def fetch(self, name: str, most: int) -> bytes | None:
        """A file, or its beginning of `most` bytes and one more; None if it is gone."""
        ...

    def is_aside(self, name: str) -> bool:
        """Whether it was set aside before."""
        ...

    def set_aside(self, name: str, reason: str) -> str:
        """Keeps a copy apart, byte for byte, with the reason; returns where."""
        ...


class AlertBudget(Protocol):
    """How many alerts a day may have: a stranger who sends a thousand bad mails shall not send a thousand alerts."""

    def take(self, day: str) -> bool:
        """Takes one of the day's (`2026-11-24`); False if none is left. Raises `LedgerError`."""
        ...


class Reader(Protocol):
    """Reads what came in."""

    def read(self, content: bytes) -> Iterator[Report | Refused]:
        """The reports in a mail, an archive or a document, one at a time; nothing else is raised for content that is bad."""
        ...
