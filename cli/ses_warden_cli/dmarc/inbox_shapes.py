"""What `dmarc inbox` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class InboxFinding(TypedDict):
    """One thing that was looked at."""

    code: str
    standing: str  # ok, unknown, warn or broken
    where: str
    what: str
    mend: str
    source: str


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcInbox(TypedDict):
    """What `dmarc inbox` prints."""

    findings: list[InboxFinding]
