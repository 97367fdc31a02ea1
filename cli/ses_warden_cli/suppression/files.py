"""`suppression list`, `export` and `import`: the table whole, into files and back."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.suppression import options

if TYPE_CHECKING:
    from ses_warden.application.import_suppression import Taken
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.bootstrap.suppression import Desk
    from ses_warden.domain.entries import Entry
    from ses_warden_cli.show import Done


def add_to(group: typer.Typer) -> None:
    """Adds the commands."""
    group.command("list", epilog=_LIST)(list_)
    group.command("export", epilog=_EXPORT)(export)
    group.command("import", epilog=_IMPORT)(import_)


def _desk(connection: "Connection") -> "Desk":
    from ses_warden.bootstrap.suppression import Desk  # noqa: PLC0415 - `--help` must not wait for it

    return Desk(connection)


_LIST = f"""{EXAMPLES}  ses-warden suppression list --reason complaint --since 2026-11-01
  ses-warden suppression list --state watching --domain example.net --json"""


@command
def list_(
    connection: "Connection",
    *,
    reason: options.Reason = None,
    state: options.State = None,
    scope: options.Scope = None,
    domain: options.Domain = None,
    since: options.Since = None,
    until: options.Until = None,
    limit: Annotated[int, typer.Option(metavar="NUMBER", help="Most entries to show.", min=1, max=100_000)] = 100,
    as_json: bool,
) -> bool:
    """List entries of the suppression table, in no order; the whole table is read, to the limit."""
    from ses_warden.domain.entries import filtered  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.suppression import views  # noqa: PLC0415
    from ses_warden_cli.suppression.shapes import HeldList  # noqa: PLC0415

    desk = _desk(connection)
    chosen = filtered(desk.entries(), reason=reason, state=state, scope=scope, domain=domain, **_span(since, until))
    found = list(islice(chosen, limit + 1))
    more, found = len(found) > limit, found[:limit]
    if as_json:
        show.as_json(HeldList(entries=[views.held(one, desk.now) for one in found], more=more))
        return False
    if found:
        show.console().print(views.table_of(found))
    else:
        show.note("No entry matches.")
    if more:
        show.note(f"There are more than {limit:,}: --limit, or `ses-warden suppression export`.")
    return False


def _span(since: str | None, until: str | None) -> dict[str, datetime | None]:
    return {"since": options.moment(since) if since else None, "until": options.moment(until) if until else None}


_EXPORT = f"""{EXAMPLES}  ses-warden suppression export entries.jsonl
  ses-warden suppression export entries.csv --state suppressed
  ses-warden suppression export - --format jsonl | gzip > entries.jsonl.gz"""


@command
def export(
    connection: "Connection",
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard output.")],
    *,
    form: options.Format = None,
    reason: options.Reason = None,
    state: options.State = None,
    scope: options.Scope = None,
    domain: options.Domain = None,
    since: options.Since = None,
    until: options.Until = None,
    as_json: bool,
) -> bool:
    """Write entries into a file: JSON Lines with all that an entry is made from, or CSV with its verdict.

    JSON Lines is what `import` makes the same table from. With `-` nothing else is printed. A file is complete or not there.
    """
    from ses_warden.domain.entries import filtered  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.suppression.shapes import Exported  # noqa: PLC0415

    shape = _form(file, form)
    desk = _desk(connection)
    chosen = filtered(desk.entries(), reason=reason, state=state, scope=scope, domain=domain, **_span(since, until))
    with _output(file) as out, show.progress("exported") as done:
        count = _write(chosen, out, shape, desk, done)
    if file == "-":
        return False
    if as_json:
        show.as_json(Exported(file=file, entries=count))
    else:
        show.console().print(show.plain(f"{count:,} entries in {file}"))
    return False


def _write(entries: "Iterator[Entry]", out: TextIO, form: str, desk: "Desk", done: "Done") -> int:
    from ses_warden_cli import show  # noqa: PLC0415 - `--help` must not wait for it
    from ses_warden_cli.suppression import views  # noqa: PLC0415 - as above

    columns = ("address", "scope", "state", "reason", "confidence", "since", "expires_at", "words")
    writer = csv.writer(out, lineterminator="\n")
    if form == "csv":
        writer.writerow(columns)
    count = 0
    for count, entry in enumerate(entries, 1):
        if form == "csv":
            held = views.held(entry, desk.now)
            writer.writerow([show.cell(held.get(name)) for name in columns])
        else:
            out.write(desk.line(entry))
        done(count)
    return count


_IMPORT = f"""{EXAMPLES}  ses-warden suppression import entries.jsonl
  ses-warden suppression import list-of-old-provider.csv
  gunzip -c entries.jsonl.gz | ses-warden suppression import - --format jsonl"""


@command
def import_(
    connection: "Connection",
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard input.")],
    *,
    form: options.Format = None,
    as_json: bool,
) -> bool:
    """Take entries in: from an export in JSON Lines, or plain records in JSON Lines or CSV with a header.

    A plain record has `address`, and may have `reason` (one of the table's, or BOUNCE or COMPLAINT; none: blocked by an operator),
    `since`, `scope`, `confidence` and `note`. What is there already changes nothing: after an interruption, run it again. Exits
    with 1 when records were left out; each is named with its line.
    """
    from ses_warden_cli import show  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli.suppression.shapes import Imported, Left  # noqa: PLC0415

    shape = _form(file, form)
    with _input(file) as source, show.progress("read") as done:
        taken = _desk(connection).take_in(source, shape, lambda so_far: done(so_far.line))
    if as_json:
        faults = [Left(line=one.line, why=one.why) for one in taken.faults]
        show.as_json(Imported(records=taken.records, changed=taken.changed, unread=taken.unread, faults=faults))
    else:
        _tell(taken)
    return bool(taken.unread)


def _tell(taken: "Taken") -> None:
    from ses_warden_cli import show  # noqa: PLC0415 - `--help` must not wait for it

    show.console().print(show.plain(f"{taken.records:,} records, {taken.changed:,} entries changed"))
    for one in taken.faults[:20]:
        show.note(f"line {one.line}: {one.why}")
    if taken.unread:
        show.note(f"{taken.unread:,} records were left out")


def _form(file: str, form: str | None) -> str:
    suffix = Path(file).suffix.lower()
    found = form or {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(suffix)
    if not found:
        raise typer.BadParameter("give --format csv or --format jsonl: the name of the file does not say")
    return found


@contextmanager
def _output(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdout
        return
    path = Path(file)
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as out:
            yield out
        unfinished.replace(path)
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _input(file: str) -> Iterator[TextIO]:
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
            # A spreadsheet's mark at the beginning, and bytes that are no UTF-8, spoil no more than their record.
            text = TextIOWrapper(source, encoding="utf-8-sig", errors="replace", newline="")
            yield text
            text.detach()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
