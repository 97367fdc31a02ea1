"""`message show` and `message find`: what became of a mail, and which mails were like this."""

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.bootstrap.messages import Archive

# The words of `ses_warden.domain.timeline.Status`, which `--help` need not wait for.
STATES = ("complained", "bounced", "delivered", "soft-bounced", "rejected", "rendering-failed", "delayed", "sent", "unknown")


# DynamoDB takes no longer key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_LONGEST_ID = 2048
# The longest that RetentionDays may be: nothing is kept longer, and nothing was sent after tomorrow.
_LONGEST_KEPT = timedelta(days=3650)
_DAY = timedelta(days=1)


def _words(value: str | None) -> str | None:
    # An empty variable of a script is not meant to find everything, nor an empty token to begin again.
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty; leave it out to ask for nothing")
    return value


def _address(value: str | None) -> str | None:
    if value is not None and not all(value.strip().rpartition("@")[::2]):
        raise typer.BadParameter("it is not a whole address; --domain takes a domain")
    return value


def _domain(value: str | None) -> str | None:
    name = value.strip().lstrip("@") if value is not None else None
    if name is not None and (not name.strip(".") or "@" in name):
        raise typer.BadParameter("it is no domain")
    return name


def _tag(value: str | None) -> str | None:
    if value is not None and not all(value.partition("=")):
        raise typer.BadParameter("it is not NAME=VALUE")
    return value


def _state(value: str | None) -> str | None:
    if value is not None and value not in STATES:
        raise typer.BadParameter(f"it is one of {', '.join(STATES)}")
    return value


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    group = typer.Typer(help="What became of mails.", no_args_is_help=True, rich_markup_mode=None)
    group.command("show", epilog=_SHOW)(show)
    group.command("find", epilog=_FIND)(find)
    app.add_typer(group, name="message")


_SHOW = f"""{EXAMPLES}  ses-warden message show 010201936f3b6c1a-7a1c2c0e-5d0f-4e8e-9d52-3f1f4f6f2a10-000000
  ses-warden message show 010201936f3b6c1a-7a1c2c0e-5d0f-4e8e-9d52-3f1f4f6f2a10-000000 --json | jq '.recipients[].state'"""


@command
def show(
    connection: "Connection",
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", help="The id that SES returned for the mail.")],
    *,
    as_json: bool,
) -> bool:
    """Show what became of a mail, for each of its recipients.

    Exits with 1 where the mail is not known.
    """
    from ses_warden_cli.messages import views  # noqa: PLC0415 - `--help` must not wait for it

    wanted = message_id.strip().strip("<>").partition("@")[0].strip()
    if not wanted or len(wanted.encode("utf-8", "replace")) > _LONGEST_ID:
        raise typer.BadParameter("it is no id of a mail: SES returns one when it is sent")
    archive = _archive(connection)
    known = archive.mail(wanted.encode("utf-8", "replace").decode())
    return views.show_mail(message_id, known, archive.retention.days, as_json=as_json)


_FIND = f"""{EXAMPLES}  ses-warden message find --to jane@example.com
  ses-warden message find --day 2026-11-23 --subject "winter boots" --state bounced
  ses-warden message find --domain example.net --since 2026-11-01 --until 2026-11-07 --csv > mails.csv
  ses-warden message find --tag campaign=november --clicked --limit 500 --json | jq -r '.mails[].recipient'"""


@command
def find(  # noqa: PLR0917 - options, given by name
    connection: "Connection",
    sender: Annotated[
        str | None, typer.Option("--from", metavar="TEXT", help="A part of the sender's address.", callback=_words)
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="The recipient's whole address.", callback=_address)] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Words that all occur in the subject.", callback=_words)
    ] = None,
    domain: Annotated[str | None, typer.Option(metavar="DOMAIN", help="The recipient's domain.", callback=_domain)] = None,
    tag: Annotated[str | None, typer.Option(metavar="NAME=VALUE", help="A message tag.", callback=_tag)] = None,
    day: Annotated[
        datetime | None, typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="The day of sending (UTC).")
    ] = None,
    since: Annotated[datetime | None, typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="The first day.")] = None,
    until: Annotated[datetime | None, typer.Option(metavar="YYYY-MM-DD", formats=["%Y-%m-%d"], help="The last day.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help=f"What became of it: {', '.join(STATES)}.", callback=_state)
    ] = None,
    *,
    opened: Annotated[bool, typer.Option("--opened", help="Only what a person opened, as far as SES can tell.")] = False,
    clicked: Annotated[bool, typer.Option("--clicked", help="Only where a person followed a link.")] = False,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="Most mails of a page.", min=1, max=10000)] = 50,
    after: Annotated[
        str | None, typer.Option("--next", metavar="TOKEN", help="The next page: what the last one said.", callback=_words)
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: bool,
) -> bool:
    """Find mails, one line for each recipient, the newest first.

    Upper and lower case are the same; there are no wildcards. Without days, all that is kept is searched (RetentionDays); with --to
    that is quick, else each day is read whole until the page is full, and with --opened, --clicked and the states delivered, sent
    and unknown each of its mails that may match. Not found by subject: mail whose event destination has no headers, and templated
    mail before its delivery.
    """
    from ses_warden.domain.addresses import domain_of, normalize  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.domain.search import Query, page_of  # noqa: PLC0415
    from ses_warden.domain.timeline import Status  # noqa: PLC0415
    from ses_warden.errors import BadPage  # noqa: PLC0415
    from ses_warden_cli.messages import views  # noqa: PLC0415

    if day and (since or until):
        raise typer.BadParameter("give either --day, or --since and --until")
    if as_csv and as_json:
        raise typer.BadParameter("give either --csv or --json")
    if since and until and until < since:
        raise typer.BadParameter("the range ends before it begins")
    wanted = domain_of(normalize(f"x@{domain}").key) if domain else None
    if domain and not wanted:
        raise typer.BadParameter("it is no domain", param_hint="'--domain'")
    archive = _archive(connection)
    begin, end = day or since, day or until
    first, last = days_between(begin, end, archive.oldest, datetime.now(UTC).date())
    query = Query(
        first=first,
        last=last,
        sender=sender,
        recipient=normalize(to).key if to else None,
        subject=subject,
        domain=wanted,
        tag=tag,
        state=Status(state.replace("rendering-failed", "rendering failed")) if state else None,
        opened=opened,
        clicked=clicked,
    )
    position = None
    if after:
        query, position = page_of(after, query)
        # Days that were given, unlike the usual ones, do not move; but what lies beyond all that is kept does.
        if (begin and begin.date() == first != query.first) or (end and end.date() == last != query.last):
            raise BadPage("what --next was given belongs to a search of other days: repeat that search's options, or give no days")
    with views.progress(query) as tell:
        page = archive.find(query, limit=limit, after=position, progress=tell)
    # Without a first day all that is kept is asked for, whatever is left of the oldest.
    whole = query.first > archive.oldest or not (begin or query.last < archive.oldest)
    views.show_page(query, page, None if whole else archive.oldest, as_json=as_json, as_csv=as_csv)
    return False


def days_between(begin: datetime | None, end: datetime | None, oldest: date, today: date) -> tuple[date, date]:
    """The first and the last day to look through. A day that is asked for is looked through, whenever it is."""
    last = end.date() if end else max(today, begin.date()) if begin else today
    first = begin.date() if begin else min(oldest, last)
    last = min(last, max(today + _DAY, first))
    return max(first, min(today - _LONGEST_KEPT - _DAY, last)), last


def _archive(connection: "Connection") -> "Archive":
    from ses_warden.bootstrap.messages import Archive  # noqa: PLC0415 - `--help` must not wait for it

    return Archive(connection)
