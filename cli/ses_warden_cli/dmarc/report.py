"""`dmarc report`: who sends mail in the name of a domain, and the next step for its policy."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

_DAYS = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)
_DOMAIN = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})+")
_LONGEST_DOMAIN = 253
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _domain(value: str) -> str:
    value = value.strip().rstrip(".")
    if len(value) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(value):
        raise typer.BadParameter("it is no domain, such as example.com")
    return value


def _moment(value: str | None) -> str | None:
    if value is not None:
        moment(value, datetime.now(UTC))
    return value


def moment(value: str, now: datetime) -> datetime:
    """`30d` is so many days ago; else a day or a time, which with no zone is UTC's."""
    if days := _DAYS.fullmatch(value):
        return now - timedelta(days=int(days[1]))
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise typer.BadParameter("it is days, a day or a time, such as 30d, 2026-11-24 or 2026-11-24T10:00") from error
    # Days are counted from it, and dates end with the year 9999.
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise typer.BadParameter("there are no reports of that year")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def add_to(group: typer.Typer) -> None:
    """Adds the command to the group `dmarc`."""
    group.command("report", epilog=_REPORT)(report)


_REPORT = f"""{EXAMPLES}  ses-warden dmarc report example.com
  ses-warden dmarc report example.com --since 90d --plot
  ses-warden dmarc report example.com --since 2026-10-01 --until 2026-11-01 --csv > sources.csv
  ses-warden dmarc report example.com --json | jq -r '.advice.record'"""


@command
def report(
    connection: "Connection",
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain that the reports are about.", callback=_domain)],
    since: Annotated[
        str, typer.Option(metavar="TIME", help="Reports that begin then or later: 30d, a day, or a time.", callback=_moment)
    ] = "30d",
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Reports that begin before that; if not given, until now.", callback=_moment)
    ] = None,
    *,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the mails of each day.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print all sources as CSV.")] = False,
    as_json: bool,
) -> bool:
    """Show who sends mail in the name of a domain, unknown senders first, and the next step for its DMARC policy.

    All numbers are sums over what receivers report. The addresses from which SES delivered for you, and the signatures, tell what
    is yours; nothing is looked up in the DNS. Exits with 1 where mail of yours fails, and where there is no report.
    """
    from ses_warden.bootstrap.dmarc_reporting import DmarcDesk  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.dmarc import report_views  # noqa: PLC0415

    if as_csv and as_json:
        raise typer.BadParameter("give either --csv or --json")
    now = datetime.now(UTC)
    begin, end = moment(since, now), moment(until, now) if until else now
    if end <= begin:
        raise typer.BadParameter("the time ends before it begins")
    desk = DmarcDesk(connection)
    with show.progress("reports") as done:
        found = desk.report(domain, begin, end, done)
    if as_csv:
        report_views.write_csv(found)
    else:
        report_views.show_report(found, plot=plot, as_json=as_json)
    return report_views.is_finding(found)
