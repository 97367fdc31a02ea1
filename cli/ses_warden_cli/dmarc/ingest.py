"""`dmarc ingest`: reports from files into the table."""

from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.application.ingest_reports import Ingested
    from ses_warden.bootstrap.connection import Connection
    from ses_warden_cli.dmarc.ingest_shapes import DmarcRefused

_MOST_REFUSED = 1_000


def add_to(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("ingest", epilog=_INGEST)(ingest)


_INGEST = f"""{EXAMPLES}  ses-warden dmarc ingest google.com!example.com!1700000000!1700086399.zip
  ses-warden dmarc ingest reports/ --plan
  ses-warden dmarc ingest s3://my-mail/inbox/
  cat mail.eml | ses-warden dmarc ingest - --json"""


@command
def ingest(
    connection: "Connection",
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER|S3-URL|-", help="Files, folders, s3://bucket/key-or-prefix, or -.")
    ],
    *,
    plan: Annotated[bool, typer.Option("--plan", help="Only read, and say what is there; no stack is asked.")] = False,
    as_json: bool,
) -> bool:
    """Read DMARC aggregate reports into the stack's table, each once.

    Takes mails, and reports as XML, gzip or zip, of RFC 7489 and RFC 9990. What is no report is named with its reason (exit
    code 1), and the others are kept all the same. Nothing is unpacked to disk, and no name is looked up.
    """
    from ses_warden.application.ingest_reports import Ingested  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.bootstrap.dmarc_ingesting import Ingesting  # noqa: PLC0415
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.dmarc.ingest_shapes import DmarcIngested  # noqa: PLC0415

    work = Ingesting(connection, plan=plan)
    total, files = Ingested(), 0
    refused: list[DmarcRefused] = []
    with show.progress("files") as done:
        for source in sources:
            for file in work.files(source):
                found = work.ingest(file)
                total, files = total.plus(found), files + 1
                refused += _refused(file.name, found)[: _MOST_REFUSED - len(refused)]
                done(files)
    if as_json:
        show.as_json(
            DmarcIngested(
                plan=plan,
                files=files,
                reports=total.reports,
                duplicates=total.duplicates,
                mails=total.mails,
                sources=total.sources,
                unread=total.unread,
                refused=refused,
            )
        )
    else:
        _print(total, files, refused, plan=plan)
    return bool(total.refused or not files)


def _refused(file: str, found: "Ingested") -> "list[DmarcRefused]":
    return [{"file": file, "part": one.part, "trouble": one.trouble.value, "reason": one.reason} for one in found.refused]


def _print(total: "Ingested", files: int, refused: "list[DmarcRefused]", *, plan: bool) -> None:
    from ses_warden_cli import show  # noqa: PLC0415 - as above

    for one in refused:
        part = f" ({one['part']})" if one["part"] else ""
        show.note(f"{one['file']}{part}: {one['reason']}")
    screen = show.console()
    if not files:
        show.note("There are no files.")
        return
    counts = f"{total.reports:,} reports about {total.mails:,} mails from {total.sources:,} sources"
    what = f"{counts} in {files:,} files" if plan else f"{counts} kept, {total.duplicates:,} were there already ({files:,} files)"
    screen.print(show.plain(what, "green" if total.reports or total.duplicates else ""))
    if total.unread:
        screen.print(show.plain(f"{total.unread:,} records of them could not be read, and are left out", "yellow"))
