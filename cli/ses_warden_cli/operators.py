"""Who decides something, and why: what commands that change things ask, and what of it is kept."""

from collections.abc import Callable
from typing import Annotated

import typer

_LONGEST_NAME = 200


def some(value: str) -> str:
    """A text that says something."""
    if not value.strip():
        raise typer.BadParameter("it is empty")
    return value


Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept in the audit trail.", callback=some)]
As = Annotated[
    str | None, typer.Option("--as", metavar="NAME", help="Who decides; if not given, the identity of your AWS credentials.")
]


def who(by: str | None, caller: Callable[[], str]) -> str:
    """Who decides, as it is kept."""
    from ses_warden.domain.text import clean  # noqa: PLC0415 - `--help` must not wait for it

    return clean(by or caller(), _LONGEST_NAME)


def why(reason: str, longest: int = 200) -> str:
    """The reason, as it is kept: it names no address."""
    from ses_warden.domain.text import clean, mask_addresses  # noqa: PLC0415 - as above

    return mask_addresses(clean(reason, longest))
