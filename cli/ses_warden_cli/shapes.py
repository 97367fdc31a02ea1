"""What every command may print with `--json`; each group of commands has shapes of its own. Times are ISO 8601 in UTC."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class ErrorDetails(TypedDict):
    """What went wrong."""

    kind: str  # the name of the error, such as `NothingToDo`
    message: str


@with_config(ConfigDict(extra="forbid", strict=True))
class Failed(TypedDict):
    """What any command prints that refuses or fails."""

    error: ErrorDetails
