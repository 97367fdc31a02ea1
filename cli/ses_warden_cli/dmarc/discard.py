"""`dmarc discard`: a forged or mistaken report is taken out of all sums."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli import operators
from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.dmarc import options

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.domain.dmarc_kept import Handle


def add_to(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("discard", epilog=_DISCARD)(discard)


_DISCARD = f"""{EXAMPLES}  ses-warden dmarc discard example.com 20261123T000000Z-9f3ac1d2e4 --reason "forged, ticket 4711"
  ses-warden dmarc discard example.com --reporter "google.com (sender.example)" --since 90d --reason "forged" --plan
  ses-warden dmarc discard example.com 20261123T000000Z-9f3ac1d2e4 --restore --reason "it was theirs" --yes"""


@command
def discard(
    connection: "Connection",
    domain: options.Domain,
    reason: operators.Why,
    report: Annotated[
        str | None, typer.Argument(metavar="[REPORT]", help="The report, as `dmarc reports` names it, or more of its name.")
    ] = None,
    *,
    reporter: options.Reporter = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="With --reporter: those that begin then or later.", callback=options.checked),
    ] = None,
    restore: Annotated[bool, typer.Option("--restore", help="Let it count again.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what it would do.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    by: operators.As = None,
    as_json: bool,
) -> bool:
    """Take a report out of all sums and out of the advice, or all of a reporter since a time; --restore puts it back.

    Shows what it is about, and asks. The row stays as long as the report would have, with who, when and why: the same report is not
    counted when it comes again, and can be restored. Refuses (1) where there is nothing to do. What a reporter sends later counts:
    whoever forged some may send more.
    """
    from ses_warden.bootstrap.dmarc_shelf import DmarcShelf  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.domain.dmarc_kept import Act  # noqa: PLC0415
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.dmarc import kept_views  # noqa: PLC0415

    if (report is None) == (reporter is None) or (reporter is None) != (since is None):
        raise typer.BadParameter("give either REPORT, or --reporter and --since")
    if as_json and not (plan or yes):
        raise typer.BadParameter("--json goes with --plan or --yes: nobody is asked then")
    if not (plan or yes or sys.stdin.isatty()):
        raise typer.BadParameter("nobody can be asked here: --yes does it without asking, --plan only shows it")
    act, handle = Act.RESTORE if restore else Act.DISCARD, _handle(report)
    shelf = DmarcShelf(connection)
    if handle:
        found = [shelf.one(domain, handle, act)]
    else:
        found = shelf.all_of(domain, reporter or "", options.moment(since or "", datetime.now(UTC)), act)
    if not as_json:
        kept_views.print_table(found)
    if not (plan or yes) and not typer.confirm(f"{act.value.capitalize()} {kept_views.summed(found)}?"):
        show.note("Nothing was changed.")
        return True
    if not plan:
        with show.progress("reports", len(found)) as done:
            found = shelf.rule(found, act, by=operators.who(by, shelf.caller), reason=operators.why(reason), done=done)
    kept_views.show_ruling(domain, act, found, plan=plan, as_json=as_json)
    return not found


def _handle(report: str | None) -> "Handle | None":
    from ses_warden.domain.dmarc_kept import read_handle  # noqa: PLC0415 - as above

    if report is None:
        return None
    if (found := read_handle(report)) is None:
        raise typer.BadParameter("a report is named as `dmarc reports` does, such as 20261123T000000Z-9f3ac1d2e4")
    return found
