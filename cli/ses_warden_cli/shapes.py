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


@with_config(ConfigDict(extra="forbid", strict=True))
class Finding(TypedDict):
    """One thing that was looked at."""

    code: str  # names the rule for ever, such as spf.lookups; before the dot stands what it is about
    standing: str  # ok, unknown (could not be seen), warn or broken
    where: str  # a DNS name, an identity, a queue, …
    what: str
    mend: str  # what to do; empty where nothing is to be done
    source: str  # the RFC's section or the page that the rule comes from, where there is one
