"""Mails as tables, CSV and JSON."""

import csv
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime

from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table

from ses_warden.application.find_mails import Page
from ses_warden.domain.addresses import read_address
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.search import Found, Query, token_of
from ses_warden.domain.text import clean
from ses_warden.domain.timeline import Status, Timeline
from ses_warden_cli import show
from ses_warden_cli.messages import shapes

_COLOURS = {Status.COMPLAINED: "red", Status.BOUNCED: "red", Status.DELIVERED: "green", Status.SOFT_BOUNCED: "yellow"}
_COLUMNS = ("sent", "message_id", "recipient", "state", "sender", "subject", "tags", "configuration_set", "tenant")
_COUNTS = ("opens", "clicks", "shared_opens", "shared_clicks")
_LONGEST = 1000


# One mail


def show_mail(message_id: str, known: Mapping[str, Timeline[RecordedEvent]], kept_days: int, *, as_json: bool) -> bool:
    """Prints a mail's timelines; whether there are none."""
    if as_json:
        show.as_json(mail_shape(message_id, known))
        return not known
    if not known:
        show.note(
            f"Nothing is recorded of {clean(message_id, 100)}. Check the id (SES returns it when the mail is sent), that the mail "
            f"named a configuration set that is watched, that it is not older than {kept_days} days (RetentionDays), and, if it "
            "was sent just now, try again in some seconds."
        )
        return True
    about = mail_shape(message_id, known)
    screen = show.console()
    for name in ("message_id", "sent", "sender", "subject", "configuration_set", "tenant"):
        if value := about[name]:
            screen.print(show.plain(f"{name.replace('_', ' ')}: {value}"))
    if about["tags"]:
        screen.print(show.plain(f"tags: {', '.join(about['tags'])}"))
    for line in known.values():
        screen.print()
        screen.print(show.plain(_headline(line), _COLOURS.get(line.status, "")))
        table = _table("time (UTC)", "event", "meaning", "status", "detail")
        for step in line.steps:
            told = ", ".join(f"{name}: {value}" for name, value in step.detail.items())
            cells = (f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3], step.type, step.kind, step.status or "", told)
            table.add_row(*map(show.plain, cells))
        screen.print(table)
    return False


def _headline(line: Timeline[RecordedEvent]) -> str:
    counts = f"opens: {line.opens} (bots: {line.bot_opens}), clicks: {line.clicks} (bots: {line.bot_clicks})"
    if line.recipient == "*":
        return f"one of the recipients (SES does not say who); {counts}"
    return f"{line.recipient}: {line.status}; {counts}"


def mail_shape(message_id: str, known: Mapping[str, Timeline[RecordedEvent]]) -> shapes.Mail:
    """The whole of it."""
    steps = [step for line in known.values() for step in line.steps]

    def first(name: str) -> str | None:
        return next((getattr(step, name) for step in steps if getattr(step, name)), None)

    sent = [step.sent_at for step in steps if step.sent_at]
    return shapes.Mail(
        message_id=steps[0].message_id if steps else message_id,
        sent=show.iso(min(sent)) if sent else None,
        sender=first("sender"),
        subject=first("subject"),
        tags=sorted({tag for step in steps for tag in step.tags}),
        configuration_set=first("configuration_set"),
        tenant=first("tenant"),
        recipients=[
            shapes.Part(
                recipient=line.recipient,
                state=line.status.value,
                opens=line.opens,
                bot_opens=line.bot_opens,
                clicks=line.clicks,
                bot_clicks=line.bot_clicks,
                steps=[
                    shapes.Step(
                        at=step.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                        type=step.type,
                        kind=step.kind,
                        status=step.status,
                        detail=dict(step.detail),
                    )
                    for step in line.steps
                ],
            )
            for line in known.values()
        ],
    )


# Many mails


@contextmanager
def progress(query: Query) -> Iterator[Callable[[date], None]]:
    """A bar on standard error, on a terminal only: how many of the days were looked through."""
    screen = show.console(stderr=True)
    # A day may have a million mails: what turns and counts shows that it goes on.
    columns = (SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal or query.by_recipient) as bar:
        task = bar.add_task("searching", total=(query.last - query.first).days + 1)

        def tell(day: date) -> None:
            bar.update(task, description=f"searching {day}", completed=(query.last - day).days)

        yield tell


def show_page(query: Query, page: Page, gone: date | None, *, as_json: bool, as_csv: bool) -> None:
    """Prints what was found, and on standard error what cannot be found and where it goes on.

    `gone` is the day up to which mail that was asked for is kept no more, None if there is none.
    """
    following = token_of(page.last, query) if page.last else None
    if as_json:
        mails = [found_shape(one) for one in page.found]
        since, until = query.first.isoformat(), query.last.isoformat()
        show.as_json(shapes.FoundMails(since=since, until=until, complete=gone is None, mails=mails, next=following))
        return
    if as_csv:
        _write_csv(page)
    elif page.found:
        show.console().print(_found_table(page))
    if not page.found:
        show.note(" ".join(["No mail matches.", *_hints(query)]))
    if gone:
        show.note(f"Mail sent on {gone} or before is beyond RetentionDays, and cannot be found any more; some of that day's may.")
    if following:
        # Not wrapped: it is to be copied.
        sys.stderr.write(f"More: the same options, and --next {following}\n")


def _hints(query: Query) -> Iterator[str]:
    """Why nothing may have been found."""
    asked = (query.sender, query.recipient, query.subject, query.domain, query.tag)
    if any("*" in text for text in asked if text):
        yield "There are no wildcards: * stands for itself."
    if query.recipient and not read_address(query.recipient).valid:
        yield "What --to was given is not one address as SES takes it."
    if query.first > datetime.now(UTC).date():
        yield "These days are still to come."
    if query.subject:
        yield "By subject only mail is found whose event destination includes headers, and templated mail once delivered."


def _found_table(page: Page) -> Table:
    table = _table("sent (UTC)", "recipient", "state", "opens", "clicks", "sender", "subject", "message id")
    for one in page.found:
        line = one.timeline
        table.add_row(
            show.plain(f"{one.sent_at:%Y-%m-%d %H:%M:%S}"),
            show.plain(one.recipient),
            show.plain(line.status, _COLOURS.get(line.status, "")),
            show.plain(_count(line.opens, one.shared_opens)),
            show.plain(_count(line.clicks, one.shared_clicks)),
            show.plain(one.sender or ""),
            show.plain(one.subject or ""),
            show.plain(one.message_id),
        )
    return table


def _count(own: int, shared: int) -> str:
    return f"{own} (+{shared} shared)" if shared else str(own)


def _write_csv(page: Page) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*_COLUMNS, *_COUNTS])
    for one in page.found:
        shape = found_shape(one)
        texts = {**shape, "tags": " ".join(shape["tags"])}
        writer.writerow([*(show.cell(texts[name]) for name in _COLUMNS), *(texts[name] for name in _COUNTS)])


def found_shape(found: Found) -> shapes.FoundMail:
    """A mail that was found."""
    return shapes.FoundMail(
        sent=found.sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        message_id=found.message_id,
        recipient=found.recipient,
        state=found.timeline.status.value,
        sender=found.sender,
        subject=found.subject,
        tags=list(found.tags),
        configuration_set=found.configuration_set,
        tenant=found.tenant,
        opens=found.timeline.opens,
        clicks=found.timeline.clicks,
        shared_opens=found.shared_opens,
        shared_clicks=found.shared_clicks,
    )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
