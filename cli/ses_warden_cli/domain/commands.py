"""The group `domain`: the identities of SES, and the DNS records that a sending domain needs."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, override

import typer
from typer.core import TyperGroup

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

_HELP = ("--help",)


class Format(StrEnum):
    """How records are printed."""

    TABLE = "table"
    BIND = "bind"
    JSON = "json"


class Policy(StrEnum):
    """A policy of DMARC."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class _ListsByDefault(TyperGroup):
    """`ses-warden domain`, with options or none, is `ses-warden domain list`."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = args if args and (args[0] in _HELP or not args[0].startswith("-")) else ["list", *args]
        return super().parse_args(ctx, words)


def add_to(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(
        cls=_ListsByDefault, help="SES's identities and the DNS records of sending domains; without a command: list."
    )
    group.command("list", epilog=_LIST)(list_)
    group.command("records", epilog=_RECORDS)(records)
    app.add_typer(group, name="domain")


_LIST = f"""{EXAMPLES}  ses-warden domain list
  ses-warden domain
  ses-warden domain list --json | jq '.findings[] | select(.standing == "warn")'"""


@command
def list_(
    connection: "Connection",
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most identities to look at; SES tells of one a second.")] = 200,
    as_json: bool,
) -> bool:
    """List SES's identities: whether they may send, their DKIM keys, and where their bounces and complaints go.

    Says also whether Virtual Deliverability Manager is on, and what it costs beside SES Warden. Nothing is changed. Exits with 1
    when an identity's feedback goes past the stack, or SES does not see its records.
    """
    from ses_warden.bootstrap.domains import Domains  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.domain import views  # noqa: PLC0415

    domains = Domains(connection)
    with show.progress("asking SES about its identities") as done:
        look = domains.look(limit=limit, progress=lambda number, _: done(number))
    return views.show_look(look, as_json=as_json)


_RECORDS = f"""{EXAMPLES}  ses-warden domain records example.com
  ses-warden domain records example.com --dmarc none --rua dmarc@example.com
  ses-warden domain records example.com --dmarc quarantine --testing --rua dmarc@example.com --format bind > ses.zone
  ses-warden domain records example.com --json | jq -r '.records[] | [.name, .type, .value] | @tsv'"""


@command
def records(
    connection: "Connection",
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain that is an identity of SES.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="A table, lines of a BIND zone file, or JSON.")] = Format.TABLE,
    mail_from: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Label of the MAIL FROM subdomain, if not the one that SES has (or bounce).")
    ] = None,
    dmarc: Annotated[Policy | None, typer.Option(help="Print a DMARC record with this policy, too.")] = None,
    rua: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Where DMARC's aggregate reports go. Repeatable.")
    ] = None,
    testing: Annotated[bool, typer.Option("--testing", help="Ask receivers to act one step milder (t=y).")] = False,
    subdomains: Annotated[Policy | None, typer.Option(help="DMARC's policy for subdomains (sp).")] = None,
    nonexistent: Annotated[Policy | None, typer.Option(help="DMARC's policy for names that do not exist (np).")] = None,
    as_json: bool,
) -> bool:
    """Print the DNS records that a domain needs, for hosts of DNS other than Route 53, and which of them SES sees.

    DKIM's tokens come from SES, so the identity must be there. SES sees DKIM and the MX record of MAIL FROM; whether DNS has the
    others is not asked here. Nothing is changed. Exits with 1 while SES does not see a record.
    """
    from ses_warden.bootstrap.domains import Domains  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli.domain import views  # noqa: PLC0415

    if dmarc is None and (rua or testing or subdomains or nonexistent):
        raise typer.BadParameter("--rua, --testing, --subdomains and --nonexistent belong to a record: add --dmarc none")
    wish = views.wish_of(domain, mail_from, dmarc, rua or (), testing=testing, subdomains=subdomains, nonexistent=nonexistent)
    found = Domains(connection).records(wish)
    return views.show_records(found, Format.JSON if as_json else form)
