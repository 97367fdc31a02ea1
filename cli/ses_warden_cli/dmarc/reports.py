"""`dmarc reports`: the reports that are kept about a domain."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.dmarc import options

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.domain.dmarc_kept import Kept


def add_to(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("reports", epilog=_REPORTS)(reports)


_REPORTS = f"""{EXAMPLES}  ses-warden dmarc reports example.com
  ses-warden dmarc reports example.com --since 90d --reporter "google.com (sender.example)"
  ses-warden dmarc reports example.com --json | jq -r '.reports[] | select(.twice) | .report'"""


@command
def reports(
    connection: "Connection",
    domain: options.Domain,
    since: options.Since = "30d",
    reporter: options.Reporter = None,
    *,
    as_json: bool,
) -> bool:
    """List the reports about a domain that are kept, the newest first: by whom, about which time, how many mails, how they came.

    Those too that were discarded, with who did so and why. Whose mail came from another domain than its reporter's name says has
    that domain beside it. Exits with 1 where there is none.
    """
    from ses_warden.bootstrap.dmarc_shelf import DmarcShelf  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.domain.dmarc_kept import told_twice  # noqa: PLC0415
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.dmarc import kept_views  # noqa: PLC0415

    begin = options.moment(since, datetime.now(UTC))
    found: list[Kept] = []
    with show.progress("reports") as done:
        for one in DmarcShelf(connection).listed(domain, begin, reporter):
            found.append(one)
            done(len(found))
    kept_views.show_reports(domain, begin, found, told_twice(found), as_json=as_json)
    return not found
