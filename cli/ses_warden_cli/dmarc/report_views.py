"""`dmarc report` for people: tables, a drawing, and the advice in words."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta

from rich.table import Table
from rich.text import Text

from ses_warden.application.report_dmarc import DmarcReport
from ses_warden.domain.dmarc_sources import Evidence, Kind
from ses_warden.domain.dmarc_summary import SourceSum, Summary, Tally
from ses_warden.domain.findings import Standing, is_bad
from ses_warden_cli import show
from ses_warden_cli.dmarc.report_json import report_shape, write_csv

__all__ = ["is_finding", "show_report", "write_csv"]

_MOST_SOURCES, _MOST_ROWS, _MOST_NAMES = 8, 8, 2
KINDS = {
    Kind.STRANGER: ("strangers", "red"),
    Kind.SES_UNSIGNED: ("SES, without your signature", "yellow"),
    Kind.PASSED_ON: ("passed on by others", "cyan"),
    Kind.OURS_OTHER: ("yours, another way", "green"),
    Kind.OURS_SES: ("yours, through SES", "green"),
}
WORDS = {
    Evidence.KNOWN_ADDRESS: "SES delivers for you from there",
    Evidence.SES_ADDRESS: "an address of SES",
    Evidence.SES_SIGNATURE: "signed by SES",
    Evidence.OUR_KEY: "your signature",
    Evidence.OUR_SPF: "your SPF record",
    Evidence.SES_KEY: "signed as SES signs for you",
    Evidence.KNOWN_KEY: "signed with a key of yours that another host uses",
    Evidence.OUR_ENVELOPE: "your MAIL FROM, not in its SPF record",
    Evidence.BROKEN_SIGNATURE: "your signature, broken",
    Evidence.RECEIVER: "the receiver says so",
    Evidence.SOMEBODY: "authenticates as",
    Evidence.NOTHING: "nothing of yours",
}
_STANDINGS = {Standing.BROKEN: "bold red", Standing.WARN: "yellow", Standing.UNKNOWN: "magenta", Standing.OK: "dim"}


def is_finding(found: DmarcReport) -> bool:
    """Whether mail of ours fails, or would under a stricter policy."""
    return any(is_bad(one) for one in found.advice.findings)


def show_report(found: DmarcReport, *, plot: bool, as_json: bool) -> None:
    """Prints a report."""
    if as_json:
        show.as_json(report_shape(found, finding=is_finding(found)))
        return
    screen, summary = show.console(), found.summary
    for part in (*_head(found), _kinds(summary), Text(), _sources(summary), Text(), *_others(summary)):
        screen.print(part)
    if plot:
        from ses_warden_cli.dmarc.plots import drawing_of  # noqa: PLC0415 - plotext, for those who draw

        screen.print(drawing_of(summary, screen.width, colour=screen.color_system is not None))
        screen.print()
    for line in (*_advice(found), *_notes(found)):
        screen.print(line)


def _head(found: DmarcReport) -> Iterator[Text]:
    summary = found.summary
    days = f"{summary.first:%Y-%m-%d} to {summary.last:%Y-%m-%d}" if summary.first and summary.last else ""
    yield show.plain(
        f"{summary.domain}: {summary.reports:,} reports by {len(summary.reporters):,} receivers, {days}: "
        f"{summary.total.mails:,} mails, {_percent(summary.total, summary.total.passed)} % pass DMARC",
        "bold",
    )
    yield Text()


def _kinds(summary: Summary) -> Table:
    table = _table("whose mail", *_COUNTS)
    for kind, tally in summary.kinds.items():
        words, colour = KINDS[kind]
        table.add_row(Text(words, colour), *_counts(tally))
    return table


def _sources(summary: Summary) -> Table:
    """The greatest of each kind, and the rest of it in a line."""
    table = _table("from", *_COUNTS[:4], "as", "why", "told by")
    for kind in summary.kinds:
        some = [one for one in summary.sources if one.kind is kind]
        for one in some[:_MOST_SOURCES]:
            cells = [show.plain(_names(one.authors)), show.plain(_why(one)), show.plain(_names(sorted(one.reporters)))]
            table.add_row(show.plain(one.address, KINDS[kind][1]), *_counts(one.tally)[:4], *cells)
        if rest := some[_MOST_SOURCES:]:
            _add_rest(table, f"{len(rest):,} more ({KINDS[kind][0]})", (one.tally for one in rest), 4, blank=3)
    return table


def _why(source: SourceSum) -> str:
    """What holds for most of its mails first."""
    words = [WORDS[evidence] for evidence, _ in source.evidence.most_common() if evidence is not Evidence.SOMEBODY]
    if source.somebody:
        words.append(f"{WORDS[Evidence.SOMEBODY]} {_names(name for name, _ in source.somebody.most_common())}")
    return ", ".join(words)


def _others(summary: Summary) -> Iterator[Table | Text]:
    yield _rows("told by", summary.reporters)
    yield Text()
    if len(summary.authors) > 1 or summary.domain not in summary.authors:
        yield _rows("in the From header", {name: _sum(kinds.values()) for name, kinds in summary.authors.items()})
        yield Text()


def _rows(title: str, tallies: Mapping[str, Tally]) -> Table:
    table = _table(title, *_COUNTS)
    for name, tally in list(tallies.items())[:_MOST_ROWS]:
        table.add_row(show.plain(name), *_counts(tally))
    if rest := list(tallies.values())[_MOST_ROWS:]:
        _add_rest(table, f"{len(rest):,} more", rest, len(_COUNTS))
    return table


def _advice(found: DmarcReport) -> Iterator[Text]:
    advice = found.advice
    yield show.plain(advice.headline, "bold", limit=1000)
    for reason in advice.reasons:
        yield show.plain(f"- {reason}", limit=1000)
    for one in advice.findings:
        yield Text()
        yield show.plain(f"{one.where}: {one.what}", _STANDINGS[one.standing], limit=1000)
        yield show.plain(f"{one.mend} ({one.source})" if one.source else one.mend, indent=2, limit=1000)
    if advice.record:
        yield Text()
        yield show.plain(f'_dmarc.{found.summary.domain} TXT "{advice.record}"', "bold", limit=1000)
        yield Text("Keep rua, ruf, fo, adkim, aspf and psd as they stand there now: reports do not tell them.", "dim")
    yield Text()


def _notes(found: DmarcReport) -> Iterator[Text]:
    summary, known = found.summary, found.known
    yield Text("All numbers are sums over reports: what some receivers tell, twice where two tell of one mail.", "dim")
    if summary.unread:
        yield Text(f"{summary.unread:,} records of these reports could not be read, and are not counted.", "yellow")
    if summary.cut:
        yield Text("There are more sources than are kept apart; what is beyond is in the line (rest).", "yellow")
    if known.trouble:
        yield show.plain(
            f"From where SES delivers for you could not be read ({known.trouble}): it takes dynamodb:Query on the reputation "
            "table. What is yours is told by signatures and SPF alone.",
            "yellow",
        )
    elif known.since is None:
        yield Text("From where SES delivers for you is not known yet: deliveries are noted from this version on.", "yellow")
    elif known.since > (found.since + timedelta(days=1)).date():
        yield Text(f"From where SES delivers for you is known since {known.since}.", "yellow")


# Cells

_COUNTS = ("mails", "pass %", "DKIM %", "SPF %", "quarantined", "rejected")


def _counts(tally: Tally) -> list[Text]:
    style = "" if tally.passed == tally.mails else "yellow" if tally.passed else "red"
    return [
        Text(f"{tally.mails:,}"),
        Text(_percent(tally, tally.passed), style),
        Text(_percent(tally, tally.dkim)),
        Text(_percent(tally, tally.spf)),
        Text(f"{tally.dispositions['quarantine']:,}"),
        Text(f"{tally.dispositions['reject']:,}"),
    ]


def _percent(tally: Tally, part: int) -> str:
    """Never 100.0 where one is missing."""
    return f"{100 * tally.rate(part) if part == tally.mails else min(100 * tally.rate(part), 99.9):.1f}"


def _add_rest(table: Table, words: str, tallies: Iterable[Tally], columns: int, blank: int = 0) -> None:
    table.add_row(Text(words, "dim"), *_counts(_sum(tallies))[:columns], *[Text()] * blank)


def _sum(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.merge(tally)
    return total


def _names(names: Iterable[str]) -> str:
    some = list(names)
    more = f" and {len(some) - _MOST_NAMES:,} more" if len(some) > _MOST_NAMES else ""
    return ", ".join(some[:_MOST_NAMES]) + more


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold", min_width=12)
    for column in columns:
        number = column in _COUNTS
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table
