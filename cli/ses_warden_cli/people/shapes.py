"""What `forget` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class Forgot(TypedDict):
    """How many rows were, or (`planned`) would be, erased."""

    events: int
    entries: int  # of the suppression table
    audit: int  # rows of its audit trail
    kept: list[str]  # scopes in which a keyed hash goes on being suppressed
    planned: bool
