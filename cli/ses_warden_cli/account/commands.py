"""`account`: what AWS allows an account in a Region, and thinks of it; `account request-production` asks for more."""

import inspect
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.domain.production import AccessRequest

# A use case has 5,000 characters at most; what is far larger is another file.
_LARGEST_FILE = 100_000


class Mail(StrEnum):
    """What most of the mail is."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Speech(StrEnum):
    """The language that AWS answers in."""

    ENGLISH = "EN"
    JAPANESE = "JA"


def add_to(app: typer.Typer) -> None:
    """Adds the group, which is a command by itself."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    group.callback(epilog=_ACCOUNT)(_alone(account))
    group.command("request-production", epilog=_REQUEST)(request_production)
    app.add_typer(group, name="account")


def _alone(shown: Any) -> Any:
    """The command, where none of the group's follows; its options are not theirs, and must not be taken for theirs."""

    def run(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is None:
            shown(**given)
        elif misplaced := [one.opts[0] for one in context.command.params if _was_typed(context, one.name)]:
            raise typer.BadParameter(f"{', '.join(misplaced)} must stand behind {context.invoked_subcommand}")

    signature = inspect.signature(shown)
    first = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    run.__signature__ = signature.replace(parameters=[first, *signature.parameters.values()])  # type: ignore[attr-defined]
    run.__annotations__ = {"context": typer.Context, **shown.__annotations__}
    run.__doc__ = shown.__doc__
    return run


def _was_typed(context: typer.Context, name: str | None) -> bool:
    source = context.get_parameter_source(name or "")
    return source is not None and source.name == "COMMANDLINE"


_ACCOUNT = f"""{EXAMPLES}  ses-warden account
  ses-warden account --region eu-west-1 --json | jq '.findings[] | select(.standing != "ok")'"""


@command
def account(connection: "Connection", *, as_json: bool) -> bool:
    """Show what AWS allows the account in a Region, and thinks of it.

    Sandbox or production, the review, the quota and its use, AWS's enforcement status, the sending switch, the suppression
    settings, the plan. Works before a stack is deployed; of a stack it asks SuppressionAuthority. Exits with 1 when something
    should be looked at.
    """
    from ses_warden_cli.account import views  # noqa: PLC0415 - `--help` must not wait for it

    return views.show_account(connection, as_json=as_json)


_REQUEST = f"""{EXAMPLES}  ses-warden account request-production --mail-type transactional --website https://www.example.com \\
    --use-case @use-case.txt --plan
  ses-warden account request-production --mail-type marketing --website https://www.example.com \\
    --use-case @use-case.txt --additional-contact ops@example.com --yes"""


@command
def request_production(
    connection: "Connection",
    *,
    mail_type: Annotated[Mail, typer.Option(help="What most of the mail is.")],
    website: Annotated[str, typer.Option(metavar="URL", help="The website that reviewers look at.")],
    use_case: Annotated[
        str, typer.Option(metavar="TEXT|@FILE", help="What you send, to whom, and how you handle bounces; 5,000 characters.")
    ],
    contact_language: Annotated[Speech | None, typer.Option(help="The language that AWS answers in.")] = None,
    additional_contact: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Who else hears of the review; up to four.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would be sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send it without asking.")] = False,
    as_json: bool,
) -> bool:
    """Ask AWS to let the account out of the sandbox in a Region.

    Shows what will be sent beside what SES has, and asks before it sends: the new details replace the old ones. Refuses (1) when
    the account has production access, or AWS is reviewing it already. The first answer takes about 24 hours, by mail; then
    `ses-warden account` shows it.
    """
    from ses_warden.domain.production import AccessRequest, Language, MailType  # noqa: PLC0415 - as above
    from ses_warden_cli.account import views  # noqa: PLC0415 - as above

    request = AccessRequest(
        mail_type=MailType(mail_type.value.upper()),
        website=website.strip(),
        use_case=_text(use_case),
        language=Language(contact_language.value) if contact_language else None,
        contacts=tuple(dict.fromkeys(one.strip() for one in additional_contact or ())),
    )
    _refuse_faults(request)
    if as_json and not (plan or yes):
        raise typer.BadParameter("--json goes with --plan or --yes: nobody is asked then")
    return views.request_production(connection, request, plan=plan, yes=yes, as_json=as_json)


def _refuse_faults(request: "AccessRequest") -> None:
    from ses_warden.domain.production import faults_of  # noqa: PLC0415 - as above

    if faults := list(faults_of(request)):
        raise typer.BadParameter("; ".join(faults))


def _text(given: str) -> str:
    if not given.startswith("@"):
        return given.strip()
    file = Path(given[1:])
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise typer.BadParameter(f"{file} has more than {_LARGEST_FILE:,} bytes: is it the right one?")
        return content.decode("utf-8-sig").strip()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is no text in UTF-8") from error
