"""Reports that are kept, for people and for scripts."""

from collections.abc import Collection, Sequence
from datetime import datetime

from rich.table import Table

from ses_warden.domain.dmarc_kept import Act, Handle, Kept, told_twice
from ses_warden_cli import show
from ses_warden_cli.dmarc import kept_shapes as shapes

_MOST_SHOWN = 50
_COUNTED = {Act.DISCARD: "discarded: no sum counts it any more", Act.RESTORE: "restored: it counts again"}
_COUNTED_MANY = {Act.DISCARD: "discarded: no sum counts them any more", Act.RESTORE: "restored: they count again"}


def show_reports(domain: str, since: datetime, reports: Sequence[Kept], twice: Collection[Handle], *, as_json: bool) -> None:
    """The reports about a domain."""
    counted = [one for one in reports if not one.discarded]
    if as_json:
        show.as_json(
            shapes.DmarcReports(
                domain=domain,
                since=str(show.iso(since)),
                mails=_mails(counted),
                discarded=len(reports) - len(counted),
                reports=[_shape(one, twice) for one in reports],
            )
        )
        return
    out = len(reports) - len(counted)
    discarded = f"; {out:,} more {'is' if out == 1 else 'are'} discarded, and count{'s' if out == 1 else ''} nowhere" if out else ""
    heading = f"{domain}: {len(counted):,} reports that begin on {since:%Y-%m-%d} or later tell of {_mails(counted):,} mails"
    show.console().print(show.plain(f"{heading}{discarded}", "bold"))
    print_table(reports, twice)
    if any(one.handle in twice for one in reports):
        show.note("The same id twice: the reporter tells two things of one time. One is a correction, a mistake, or forged.")


def show_ruling(domain: str, act: Act, reports: Sequence[Kept], *, plan: bool, as_json: bool) -> None:
    """What was discarded or restored, or would be."""
    if as_json:
        kept = [_shape(one, told_twice(reports)) for one in reports]
        show.as_json(shapes.DmarcDiscarded(domain=domain, act=act.value, planned=plan, mails=_mails(reports), reports=kept))
    elif plan:
        show.note("Nothing was changed: this was only shown.")
    else:
        words = _COUNTED if len(reports) == 1 else _COUNTED_MANY
        show.console().print(show.plain(f"{summed(reports)} {words[act]}.", "green"))


def summed(reports: Sequence[Kept]) -> str:
    """How many they are, and of how many mails they tell."""
    return f"{len(reports):,} report{'' if len(reports) == 1 else 's'} about {_mails(reports):,} mails"


def print_table(reports: Sequence[Kept], twice: Collection[Handle] = frozenset()) -> None:
    """The first of them, a line each, and how many there are more."""
    if not reports:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("report", "by", "from", "to", "mails", "came", "taken in", ""):
        table.add_column(
            name, justify="right" if name == "mails" else "left", no_wrap=name not in {"by", ""}, overflow="fold", min_width=4
        )
    for one in reports[:_MOST_SHOWN]:
        style = "dim" if one.discarded else ""
        count = show.plain(f"{one.mails:,}", style)
        texts = (one.handle.short, one.told_by, show.at(one.handle.begin), show.at(one.end))
        more = (one.way, show.at(one.received))
        table.add_row(
            *(show.plain(text, style) for text in texts),
            count,
            *(show.plain(text, style) for text in more),
            show.plain(_remark(one, twice), style or "yellow"),
        )
    show.console().print(table)
    if len(reports) > _MOST_SHOWN:
        show.note(f"… and {len(reports) - _MOST_SHOWN:,} more; --json prints them all")


def _remark(one: Kept, twice: Collection[Handle]) -> str:
    if ruling := one.discarded:
        return f"discarded by {ruling.by}: {ruling.reason}"
    return "the same id twice" if one.handle in twice else ""


def _mails(reports: Sequence[Kept]) -> int:
    return sum(one.mails for one in reports)


def _shape(one: Kept, twice: Collection[Handle]) -> shapes.DmarcKept:
    return shapes.DmarcKept(
        report=one.handle.whole,
        reporter=one.told_by,
        id=one.report_id,
        begin=str(show.iso(one.handle.begin)),
        end=str(show.iso(one.end)),
        mails=one.mails,
        policy=one.policy,
        came=one.way or None,
        sender=one.sender or None,
        received=str(show.iso(one.received)),
        until=show.iso(one.purge_at),
        twice=one.handle in twice,
        discarded=one.discarded is not None,
        rulings=[
            shapes.DmarcRuling(act=each.act.value, at=str(show.iso(each.at)), by=each.by, reason=each.reason)
            for each in one.rulings
        ],
    )
