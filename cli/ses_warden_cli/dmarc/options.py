"""The arguments and options that commands of the group share."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

_DAYS = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)
_DOMAIN = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})+")
_LONGEST_DOMAIN = 253
_FIRST_YEAR, _LAST_YEAR = 1970, 9998


def _domain(value: str) -> str:
    value = value.strip().rstrip(".")
    if len(value) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(value):
        raise typer.BadParameter("it is no domain, such as example.com")
    return value


def checked(value: str | None) -> str | None:
    """A time as it was given, if it is one."""
    if value is not None:
        moment(value, datetime.now(UTC))
    return value


def moment(value: str, now: datetime) -> datetime:
    """`30d` is so many days ago; else a day or a time, which with no zone is UTC's."""
    if days := _DAYS.fullmatch(value):
        return now - timedelta(days=int(days[1]))
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise typer.BadParameter("it is days, a day or a time, such as 30d, 2026-11-24 or 2026-11-24T10:00") from error
    # Days are counted from it, and dates end with the year 9999.
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise typer.BadParameter("there are no reports of that year")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain that the reports are about.", callback=_domain)]
Since = Annotated[
    str, typer.Option(metavar="TIME", help="Reports that begin then or later: 30d, a day, or a time.", callback=checked)
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Reports that begin before that; if not given, until now.", callback=checked)
]
Reporter = Annotated[
    str | None,
    typer.Option(metavar="ORG", help="Only those by it, named as `dmarc reports` does, with the domain in brackets if it has one."),
]
