"""What the DMARC reports about a domain come to, held against what SES delivered for us, and the next step for the policy."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Protocol

from ses_warden.application.dmarc_ports import ReportRows
from ses_warden.domain.dmarc import Report, domain_key
from ses_warden.domain.dmarc_advice import A_MONTH, Advice, advise
from ses_warden.domain.dmarc_summary import Summary, summarize_twice
from ses_warden.domain.outgoing import is_within
from ses_warden.domain.text import clean
from ses_warden.errors import LedgerError, NothingToDo

# Reports begin and end at the midnight of anywhere, and a mail may take a while.
_AROUND = timedelta(days=1)
_MOST_NAMED = 10


class OutgoingSeen(Protocol):
    """From where mail of ours went out through SES, by the day (UTC). Its methods raise `LedgerError`."""

    def addresses(self, first: date, last: date) -> frozenset[str]:
        """The addresses from which SES delivered mail of ours from the one day to the other."""
        ...

    def domains(self, domain: str, first: date, last: date) -> frozenset[str]:
        """The domain and those below it, of which SES delivered mail of ours as theirs."""
        ...

    def since(self) -> date | None:
        """Since which day that is known; None where nothing is."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """What SES delivered for us in that time. `trouble`: why that could not be read."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    since: date | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class DmarcReport:
    """The reports of some time about a domain, and what to do."""

    since: datetime
    until: datetime
    summary: Summary
    advice: Advice
    known: Known


def report_dmarc(  # noqa: PLR0917 - what, from when to when, from whom
    domain: str,
    since: datetime,
    until: datetime,
    rows: ReportRows,
    seen: OutgoingSeen,
    tell: Callable[[int], None] = lambda _: None,
) -> DmarcReport:
    """The report about a domain, of the reports whose time begins between the two moments; `tell` hears how many were read.

    What SES delivered may be unknown, and then less can be told; without reports there is nothing to tell: `NothingToDo`.
    """
    name = domain_key(domain)
    known = _known(name, since, until, seen)
    reports = _told(rows.reports(name, since, until), tell)
    summary, latest = summarize_twice(name, reports, known.addresses, until - A_MONTH, until)
    if not summary.reports:
        raise NothingToDo(_nothing(name, since, until, rows, summary.discarded))
    return DmarcReport(since, until, summary, advise(summary, None if known.trouble else known.domains, latest), known)


def _told(reports: Iterable[Report], tell: Callable[[int], None]) -> Iterator[Report]:
    for number, report in enumerate(reports, 1):
        yield report
        tell(number)


def _known(domain: str, since: datetime, until: datetime, seen: OutgoingSeen) -> Known:
    first, last = (since - _AROUND).date(), (until + _AROUND).date()
    try:
        return Known(seen.addresses(first, last), seen.domains(domain, first, last), seen.since())
    except LedgerError as error:
        return Known(trouble=str(error))


def _nothing(domain: str, since: datetime, until: datetime, rows: ReportRows, discarded: int) -> str:
    shown = clean(domain, 100)
    if discarded:
        which = f"all {discarded:,} reports about {shown} that begin from {since:%Y-%m-%d} to {until:%Y-%m-%d}"
        return f"{which} are discarded: `ses-warden dmarc reports {shown}` says by whom"
    names = [clean(name, 100) for name in islice(rows.domains(), _MOST_NAMED + 1)]
    near = next((name for name in names if name != domain and is_within(domain, name)), None)
    said = f"no report about {shown} begins from {since:%Y-%m-%d} to {until:%Y-%m-%d}"
    if near:
        return f"{said}; reports come for the domain whose policy applies: try {near}"
    if domain in names:
        return f"{said}; there are others: give an earlier --since"
    if not names:
        return f"{said}, nor about any other domain: has none come in yet? See `ses-warden dmarc ingest`"
    more = " and others" if len(names) > _MOST_NAMED else ""
    return f"{said}; there are reports about {', '.join(names[:_MOST_NAMED])}{more}"
