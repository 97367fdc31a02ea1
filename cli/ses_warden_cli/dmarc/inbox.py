"""`dmarc inbox`: whether mailed reports reach the bucket."""

from typing import TYPE_CHECKING

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection


def add_to(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("inbox", epilog=_INBOX)(inbox)


_INBOX = f"""{EXAMPLES}  ses-warden dmarc inbox
  ses-warden dmarc inbox --json | jq -r '.findings[] | select(.standing == "broken") | .mend'"""


@command
def inbox(connection: "Connection", *, as_json: bool) -> bool:
    """Show whether mailed reports reach the stack's bucket: SES's active receipt rules, and what is to be done.

    Changes nothing. A Region has one active set of receipt rules, and mail of others may depend on it. Exits with 1 when reports
    cannot come in.
    """
    from ses_warden.bootstrap.dmarc_inbox import inbox_findings  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.domain.findings import is_bad  # noqa: PLC0415
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.dmarc.inbox_shapes import DmarcInbox  # noqa: PLC0415
    from ses_warden_cli.findings import STYLES, shapes_of  # noqa: PLC0415

    found = inbox_findings(connection)
    if as_json:
        show.as_json(DmarcInbox(findings=shapes_of(found)))
    else:
        screen = show.console()
        for one in found:
            screen.print(show.plain(f"{one.standing}: {one.what}", STYLES[one.standing]))
            if one.mend:
                screen.print(show.plain(one.mend, indent=2))
            if one.source:
                screen.print(show.plain(one.source, indent=2))
    return any(map(is_bad, found))
