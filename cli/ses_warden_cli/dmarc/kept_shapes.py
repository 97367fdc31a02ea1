"""What `dmarc reports` and `dmarc discard` print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcRuling(TypedDict):
    """An operator's word about a report."""

    act: str  # discard or restore
    at: str
    by: str
    reason: str


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcKept(TypedDict):
    """A report that is kept."""

    report: str  # what `dmarc discard` takes
    reporter: str  # as the report has it, with the domain that its mail came from where that is another
    id: str  # the reporter's own
    begin: str
    end: str
    mails: int
    policy: str | None
    came: str | None  # mail, bucket, cli; null where that was not kept yet
    sender: str | None  # the domain that its mail proved to come from; null where SES did not look
    received: str
    until: str | None  # when it is forgotten
    twice: bool  # the reporter gave the same id about the same time to another one that counts
    discarded: bool  # counts in no sum
    rulings: list[DmarcRuling]


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcReports(TypedDict):
    """What `dmarc reports` prints."""

    domain: str
    since: str
    mails: int  # of the reports that count
    discarded: int
    reports: list[DmarcKept]  # the newest first


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcDiscarded(TypedDict):
    """What `dmarc discard` prints."""

    domain: str
    act: str  # discard or restore
    planned: bool  # nothing was changed
    mails: int
    reports: list[DmarcKept]
