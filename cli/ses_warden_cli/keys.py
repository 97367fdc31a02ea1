"""The operator's key, by which addresses of forgotten people are hashed."""

from pathlib import Path
from typing import Annotated

import typer

# RFC 2104 section 3: less than the length of the hash weakens it; half of SHA-256's is the least that is taken.
_LEAST_KEY = 16

KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Secret by which forgotten addresses are hashed.", envvar="SES_WARDEN_KEY_FILE"),
]


def key_in(file: Path | None) -> bytes | None:
    """The key in a file."""
    if file is None:
        return None
    try:
        key = file.read_bytes().strip()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from error
    if len(key) < _LEAST_KEY:
        raise typer.BadParameter(f"the key in {file} has fewer than {_LEAST_KEY} bytes")
    return key
