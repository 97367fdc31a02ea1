"""The arguments and options of the group."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ses_warden.domain.addresses import Address

_SCOPE = re.compile(r"account|(configuration-set|tenant|contact-list)/[\w.-]{1,200}", re.ASCII)
REASONS = (
    "ses_list",
    "soft_bounces",
    "unknown_bounce",
    "global_list",
    "hard_bounce",
    "complaint",
    "unsubscribe",
    "manual",
)
STATES = ("suppressed", "watching", "released")


def address_of(text: str) -> "Address":
    """The address that was given."""
    from ses_warden.domain.addresses import read_address  # noqa: PLC0415 - `--help` must not wait for it

    found = read_address(text)
    if not found.valid:
        raise typer.BadParameter(f"{text!r} is no e-mail address")
    return found


def _scope(value: str | None) -> str | None:
    if value is not None and not _SCOPE.fullmatch(value):
        raise typer.BadParameter("it is `account`, `configuration-set/NAME`, `tenant/NAME` or `contact-list/NAME`")
    return value


def _moment(value: str | None) -> str | None:
    if value is not None:
        moment(value)
    return value


def moment(value: str) -> datetime:
    """A time that was given: with no zone it is UTC's."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise typer.BadParameter("it is a day or a time, such as 2026-11-24 or 2026-11-24T10:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _one_of(*names: str) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if value is not None and value not in names:
            raise typer.BadParameter(f"it is one of {', '.join(names)}")
        return value

    return check


Who = Annotated[str, typer.Argument(metavar="ADDRESS", help="The recipient's address.")]
Scope = Annotated[
    str | None,
    typer.Option(metavar="SCOPE", help="account, configuration-set/NAME, tenant/NAME or contact-list/NAME.", callback=_scope),
]
Reason = Annotated[
    str | None, typer.Option(metavar="REASON", help=f"Only of this reason: {', '.join(REASONS)}.", callback=_one_of(*REASONS))
]
State = Annotated[
    str | None, typer.Option(metavar="STATE", help=f"Only in this state: {', '.join(STATES)}.", callback=_one_of(*STATES))
]
Domain = Annotated[str | None, typer.Option(metavar="DOMAIN", help="Only recipients of this domain.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only what began then or later.", callback=_moment)]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Only what began before.", callback=_moment)]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="csv|jsonl", help="If the name of the file does not say so.", callback=_one_of("csv", "jsonl")
    ),
]
