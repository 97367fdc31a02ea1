"""How things are shown: JSON for scripts, rich for people. What strangers wrote is cleaned, and no markup is read in it."""

import errno
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from ses_warden.domain.text import clean
from ses_warden.errors import WardenError

_LONGEST = 500
_WIDTH_OF_A_FILE = 160
# A spreadsheet takes what begins so for a formula, in Japanese in full width too, and where a semicolon separates cells, what comes
# after it: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - full width
_NEXT_CELL = re.compile(r"(;[\s\"']*)(?=[=+\-@＝＋－＠])")  # noqa: RUF001 - as above


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would end with 1, which means a finding.
        raise BrokenPipeError(errno.EPIPE, "nobody reads")


def console(*, stderr: bool = False) -> Console:
    """A console that takes texts as they are. In a file or pipe, lines are long enough for a table."""
    made = _Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=False)
    if not made.is_terminal and "COLUMNS" not in made._environ:  # noqa: SLF001 - rich's own copy of the environment
        made.width = _WIDTH_OF_A_FILE
    return made


def plain(text: object, style: str = "", *, limit: int = _LONGEST, indent: int = 0) -> Text:
    """A text of anybody's as rich shall show it: on one line, without what a terminal would obey."""
    return Text(" " * indent + clean(str(text), limit), style)


def cell(value: object) -> str:
    """A text as no spreadsheet takes it for a formula, on one line."""
    text = _NEXT_CELL.sub(r"\1'", clean(str(value or ""), _LONGEST))
    return f"'{text}" if text.startswith(_FORMULAS) else text


def as_json(shape: Mapping[str, Any]) -> None:
    """Prints one of the shapes; in ASCII, so that no terminal finds a command in it."""
    sys.stdout.write(json.dumps(shape, indent=2) + "\n")


def error(found: WardenError, *, as_json: bool) -> None:
    """Says why a command refused or failed."""
    if as_json:
        sys.stdout.write(json.dumps({"error": {"kind": type(found).__name__, "message": str(found)}}, indent=2) + "\n")
        return
    console(stderr=True).print(plain(found, "red"))


type Done = Callable[[int], None]


@contextmanager
def progress(words: str, total: int | None = None) -> Iterator[Done]:
    """A bar on standard error, on a terminal alone; it is told how many are done."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield lambda _: None
        return
    from rich.progress import Progress  # noqa: PLC0415 - for those who see it

    with Progress(console=out, transient=True) as bar:
        task = bar.add_task(words, total=total)
        yield lambda done: bar.update(task, completed=done)


def note(text: str) -> None:
    """Something to know beside the answer, on standard error."""
    console(stderr=True).print(plain(text, "yellow"))


def iso(moment: datetime | None) -> str | None:
    """A moment for JSON."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None


def at(moment: datetime | None) -> str:
    """A moment for people."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""


def percent(rate: float) -> str:
    """A rate for people: two digits at least, complaints being far below one per cent."""
    return f"{100 * rate:.1f}" if rate >= 0.01 else f"{100 * rate:.2g}"  # noqa: PLR2004 - one per cent
