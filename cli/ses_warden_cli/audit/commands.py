"""`audit`: what SES and the world see of a domain, and what is wrong with it."""

from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.auditing import Auditor
    from ses_warden.bootstrap.connection import Connection


def add_to(app: typer.Typer) -> None:
    """Adds the command of this module."""
    app.command("audit", epilog=_AUDIT)(audit)


def _domain(value: str) -> str:
    from ses_warden.domain.dns_answers import ascii_name  # noqa: PLC0415 - `--help` must not wait for it

    known = ascii_name(value)
    if known is None:
        raise typer.BadParameter("it is no domain, such as example.com")
    return known


_AUDIT = f"""{EXAMPLES}  ses-warden audit example.com
  ses-warden audit news.example.com --nameserver 192.0.2.53
  ses-warden audit example.com --no-ses --json | jq '.findings[] | select(.standing == "broken")'"""


@command
def audit(
    connection: "Connection",
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain in the From field.", callback=_domain)],
    *,
    nameserver: Annotated[
        list[str] | None,
        typer.Option(metavar="IP[:PORT]", help="Ask this DNS resolver instead of the system's. Repeatable."),
    ] = None,
    no_ses: Annotated[bool, typer.Option("--no-ses", help="Ask the DNS alone, and nothing of AWS.")] = False,
    as_json: bool,
) -> bool:
    """Look at a domain as SES and as mailbox providers see it, and say how to mend what is wrong.

    SES: verification, DKIM and MAIL FROM. The DNS: SPF, DKIM, MAIL FROM, DMARC and its reports, MX. Then the rules of Gmail, Yahoo
    and Microsoft for bulk senders. What could not be asked is unknown, never broken. Exits with 1 when something is bad.
    """
    from ses_warden.domain.findings import is_bad  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.audit import views  # noqa: PLC0415

    auditor = _auditor(connection, nameserver or [], ask_ses=not no_ses)
    with show.progress(f"asking about {domain}"):
        found, seen = auditor.audit(domain), auditor.seen()
    views.show_audit(found, seen, as_json=as_json)
    return any(map(is_bad, found.findings))


def _auditor(connection: "Connection", nameservers: list[str], *, ask_ses: bool) -> "Auditor":
    from ses_warden.errors import SettingsError  # noqa: PLC0415 - as above

    try:
        from ses_warden.bootstrap.auditing import Auditor  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("checkdmarc", "dns"):
            raise
        raise SettingsError("the audit needs two more packages: pip install 'ses-warden[cli,audit]'") from error
    return Auditor(connection, nameservers, ask_ses=ask_ses)
