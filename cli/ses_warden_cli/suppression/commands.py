"""The group `suppression`: who must not be mailed, and why."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli import operators
from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.keys import KeyFile, key_in
from ses_warden_cli.suppression import files, options, sync

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.bootstrap.suppression import Desk


def add_to(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="Who must not be mailed, and why.", no_args_is_help=True)
    group.command("show", epilog=_SHOW)(show)
    group.command("check", epilog=_CHECK)(check)
    group.command("add", epilog=_ADD)(add)
    group.command("remove", epilog=_REMOVE)(remove)
    files.add_to(group)
    sync.add_to(group)
    app.add_typer(group, name="suppression")


def desk_at(connection: "Connection") -> "Desk":
    """The desk; boto3 is loaded only now."""
    from ses_warden.bootstrap.suppression import Desk  # noqa: PLC0415 - `--help` must not wait for it

    return Desk(connection)


_SHOW = f"""{EXAMPLES}  ses-warden suppression show jane.doe@example.net
  ses-warden suppression show jane.doe@example.net --json | jq .evidence"""


@command
def show(
    connection: "Connection",
    address: options.Who,
    *,
    ask_ses: Annotated[bool, typer.Option("--ask-ses/--no-ses", help="Ask SES for its own list too.")] = True,
    key_file: KeyFile = None,
    as_json: bool,
) -> bool:
    """Show why an address gets no mail: the verdict, the evidence with the mail that caused it, and what operators did.

    With --key-file also what was kept, by a hash, of somebody who was forgotten. Exits with 1 when mail to it is held back, in any
    scope or by SES's own list.
    """
    from ses_warden.errors import SuppressionListError  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show as terminal  # noqa: PLC0415
    from ses_warden_cli.suppression import views  # noqa: PLC0415

    recipient, desk = options.address_of(address), desk_at(connection)
    entries, deeds = desk.known_of(recipient, key_in(key_file))
    listed = None
    if ask_ses:
        try:
            listed = desk.listed(recipient, entries)
        except SuppressionListError as error:
            terminal.note(f"SES's own list is not known: {error}")
    found = views.shown(recipient.key, entries, deeds, listed, desk.now)
    if as_json:
        terminal.as_json(found)
    else:
        views.print_shown(found)
    return found["holds"] or bool(listed)


_CHECK = f"""{EXAMPLES}  ses-warden suppression check jane.doe@example.net joe@example.org --scope configuration-set/newsletter
  ses-warden suppression check - < recipients.txt"""


@command
def check(
    connection: "Connection",
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Addresses, or - to read them from standard input.")],
    *,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", metavar="SCOPE", help="A scope to look into beside the account's; repeatable.")
    ] = None,
    key_file: KeyFile = None,
    as_json: bool,
) -> bool:
    """Check whether addresses may be mailed. Exits with 1 when one may not."""
    from ses_warden_cli import show as terminal  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli.suppression.shapes import Checked  # noqa: PLC0415

    given = [line.strip() for line in sys.stdin if line.strip()] if addresses == ["-"] else addresses
    refused = dict(desk_at(connection).refused(given, scope or (), key_in(key_file)))
    if as_json:
        terminal.as_json(Checked(refused=refused, allowed=[one for one in given if one not in refused]))
    else:
        for one in given:
            terminal.console().print(terminal.plain(f"{one}: {refused.get(one, 'may be mailed')}", "red" if one in refused else ""))
    return bool(refused)


_ADD = f"""{EXAMPLES}  ses-warden suppression add jane.doe@example.net --reason "asked by phone, ticket 4711"
  ses-warden suppression add jane.doe@example.net --scope configuration-set/newsletter --reason "no newsletter" --as joe"""


@command
def add(
    connection: "Connection",
    address: options.Who,
    reason: operators.Why,
    scope: options.Scope = None,
    by: operators.As = None,
    *,
    as_json: bool,
) -> bool:
    """Hold mail to an address back until somebody releases it.

    Refuses (1) where an operator did so already. SES's own list is left as it is: `suppression sync` brings both together.
    """
    from ses_warden_cli import show as terminal  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli.suppression import views  # noqa: PLC0415

    recipient, desk = options.address_of(address), desk_at(connection)
    entry = desk.block(recipient, scope or "account", by=operators.who(by, desk.caller), note=operators.why(reason))
    if as_json:
        terminal.as_json(views.held(entry, desk.now))
    else:
        terminal.console().print(terminal.plain(f"{entry.address}: {views.held(entry, desk.now)['words']}", limit=1000))
    return False


_REMOVE = f"""{EXAMPLES}  ses-warden suppression remove jane.doe@example.net --reason "address works again, ticket 4711"
  ses-warden suppression remove --domain example.net --since 2026-11-24T08:00 --reason "their outage" --plan
  ses-warden suppression remove --domain example.net --since 2026-11-24T08:00 --reason "their outage\""""


@command
def remove(
    connection: "Connection",
    reason: operators.Why,
    address: Annotated[str | None, typer.Argument(metavar="[ADDRESS]", help="The recipient's address.")] = None,
    *,
    scope: options.Scope = None,
    domain: options.Domain = None,
    since: options.Since = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what a release by domain would do.")] = False,
    at_ses: Annotated[bool, typer.Option("--at-ses/--no-ses", help="Change SES's own list too.")] = True,
    key_file: KeyFile = None,
    by: operators.As = None,
    as_json: bool,
) -> bool:
    """Let an address be mailed again, in the table and on SES's own list; or all of a domain that bounced since a time.

    By address: in all scopes but contact lists, which --scope must name; SES's list loses every spelling that is known; with
    --key-file also who was forgotten and is held by a hash. By domain: what was suppressed by itself since then, not what operators
    or recipients decided. Refuses (1) where nothing is held back.
    """
    from ses_warden.errors import NothingToDo  # noqa: PLC0415
    from ses_warden_cli import show as terminal  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli.suppression import views  # noqa: PLC0415
    from ses_warden_cli.suppression.shapes import Removed  # noqa: PLC0415

    if (address is None) == (domain is None) or (domain is None) != (since is None) or (plan and not domain):
        raise typer.BadParameter("give either ADDRESS, or --domain and --since (and --plan)")
    desk = desk_at(connection)
    if domain and since:
        entries = list(desk.undone(domain.lower(), options.moment(since)))
        if not entries:
            raise NothingToDo(f"nothing of {domain} has been suppressed by itself since {since}")
        unlisted: list[str] = []
        if not plan:
            with terminal.progress("released", len(entries)) as done:
                entries, unlisted = desk.release_all(
                    entries,
                    options.moment(since),
                    by=operators.who(by, desk.caller),
                    note=operators.why(reason),
                    at_ses=at_ses,
                    done=done,
                )
    else:
        recipient = options.address_of(address or "")
        key = key_in(key_file)
        entries, unlisted = desk.release(
            recipient, scope, by=operators.who(by, desk.caller), note=operators.why(reason), at_ses=at_ses, key=key
        )
    if as_json:
        terminal.as_json(Removed(released=[views.held(one, desk.now) for one in entries], unlisted=unlisted, planned=plan))
        return False
    console = terminal.console()
    console.print(terminal.plain(f"{len(entries):,} {'would be ' if plan else ''}released"))
    for one in entries[:20]:
        console.print(terminal.plain(f"{one.address} in {one.scope}", limit=1000, indent=2))
    for spelling in unlisted[:20]:
        console.print(terminal.plain(f"{spelling} taken off SES's own list", limit=1000, indent=2))
    return False
