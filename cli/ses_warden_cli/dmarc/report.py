"""`dmarc report`: who sends mail in the name of a domain, and the next step for its policy."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.dmarc import options

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection


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
    domain: options.Domain,
    since: options.Since = "30d",
    until: options.Until = None,
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
    begin, end = options.moment(since, now), options.moment(until, now) if until else now
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
