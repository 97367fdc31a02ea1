"""`forget`: what is known of a person is erased."""

from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.keys import KeyFile, key_in

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

_REST = (
    "What is left: DynamoDB's point-in-time recovery keeps what was erased for 35 days, the quarantine what could not be read for "
    "QuarantineRetentionDays. SES's own suppression list is not changed."
)


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("forget", epilog=_FORGET)(forget)


_FORGET = f"""{EXAMPLES}  ses-warden forget jane.doe@example.net --key-file pseudonyms.key --plan
  ses-warden forget jane.doe@example.net --key-file pseudonyms.key
  head -c 32 /dev/urandom | base64 > pseudonyms.key"""


@command
def forget(
    connection: "Connection",
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The recipient's address.")],
    *,
    key_file: KeyFile = None,
    let_go: Annotated[bool, typer.Option("--let-go", help="Keep no hash: who was suppressed may be mailed again.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would be erased.")] = False,
    as_json: bool,
) -> bool:
    """Erase a person's events, entries and audit rows; who must not be mailed stays suppressed under a keyed hash.

    Senders find the hash with the same key (`SuppressionGate(pseudonym_key=…)`). Run it again when mail was still under way: an
    event about the person that comes later is recorded like any other.
    """
    from ses_warden.bootstrap.people import People  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.domain.addresses import read_address  # noqa: PLC0415
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.people.shapes import Forgot  # noqa: PLC0415

    recipient, key = read_address(address), key_in(key_file)
    if not recipient.valid:
        raise typer.BadParameter(f"{address!r} is no e-mail address")
    people = People(connection)
    found = people.plan(recipient) if plan else people.forget(recipient, key, let_go=let_go)
    if as_json:
        show.as_json(Forgot(events=found.events, entries=found.entries, audit=found.deeds, kept=found.kept, planned=plan))
        return False
    would = "would be " if plan else ""
    kept = f"; stays suppressed, by a hash, in {', '.join(found.kept)}" if found.kept and not let_go else ""
    rows = f"{found.events:,} events, {found.entries:,} entries, {found.deeds:,} audit rows"
    show.console().print(show.plain(f"{rows} {would}erased{kept}."))
    show.note(_REST)
    return False
