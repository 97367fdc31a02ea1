"""Reports that were forged or sent by mistake are taken out of all sums, by an operator, and may be put back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ses_warden.application.dmarc_ports import KeptReports
from ses_warden.domain.dmarc_kept import Act, Handle, Kept, Ruling
from ses_warden.domain.text import clean
from ses_warden.errors import NothingToDo

_MOST_NAMED = 5
# A reporter may claim to tell of days to come.
EVER = datetime(9999, 12, 30, tzinfo=UTC)


def of_reporter(reports: Iterable[Kept], reporter: str | None) -> Iterator[Kept]:
    """Those by a reporter, named as `told_by` names it; all of them for None."""
    wanted = reporter and " ".join(reporter.split()).lower()
    return (one for one in reports if wanted is None or one.told_by == wanted)


def one_to_rule(rows: KeptReports, domain: str, handle: Handle, act: Act) -> Kept:
    """The report that is meant. Raises `NothingToDo` where there is none, more than one, or nothing to do about it."""
    found = rows.named(domain, handle)
    shown = clean(domain, 100)
    if not found:
        raise NothingToDo(
            f"there is no report {handle.short} about {shown}: `ses-warden dmarc reports {shown}` lists them, by the domain that "
            "they are about"
        )
    if len(found) > 1:
        names = " or ".join(one.handle.whole for one in found[:_MOST_NAMED])
        raise NothingToDo(f"{len(found):,} reports about {shown} have names that begin so: say {names}")
    one = found[0]
    if not _is_to_do(one, act):
        raise NothingToDo(_as_it_is(one))
    return one


def all_to_rule(rows: KeptReports, domain: str, reporter: str, since: datetime, act: Act) -> list[Kept]:
    """The reports of a reporter that begin then or later, the newest first; without those about which there is nothing to do.

    Raises `NothingToDo` where that leaves none, with the names of the reporters that there are.
    """
    known = list(rows.kept(domain, since, EVER))
    found = [one for one in of_reporter(known, reporter) if _is_to_do(one, act)]
    if found:
        return found
    shown, name = clean(domain, 100), clean(reporter, 150)
    what = "that counts" if act is Act.DISCARD else "that was discarded"
    names = list(dict.fromkeys(one.told_by for one in known if _is_to_do(one, act)))
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    there = f"; there are some by {', '.join(names[:_MOST_NAMED])}{more}" if names else ""
    raise NothingToDo(f"no report about {shown} by {name} {what} begins on {since:%Y-%m-%d} or later{there}")


def rule(rows: KeptReports, reports: Sequence[Kept], ruling: Ruling, tell: Callable[[int], None] = lambda _: None) -> list[Kept]:
    """Rules on the reports; those on which it took hold, as they are now. What somebody else ruled meanwhile is left out."""
    ruled: list[Kept] = []
    for number, one in enumerate(reports, 1):
        if rows.rule(one, ruling):
            ruled.append(replace(one, rulings=(*one.rulings, ruling)))
        tell(number)
    return ruled


def _is_to_do(report: Kept, act: Act) -> bool:
    return (report.discarded is None) is (act is Act.DISCARD)


def _as_it_is(report: Kept) -> str:
    last = report.discarded
    if not last:
        return f"the report {report.handle.short} counts: it is not discarded"
    by, reason = clean(last.by, 200), clean(last.reason, 200)
    return f"the report {report.handle.short} was discarded on {last.at:%Y-%m-%d} by {by}: {reason}"
