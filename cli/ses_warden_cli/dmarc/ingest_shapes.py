"""What `dmarc ingest` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcRefused(TypedDict):
    """A file, or an attachment or archive member in it, that is no report."""

    file: str
    part: str
    trouble: str  # hostile, damaged, other-kind or nothing
    reason: str


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcIngested(TypedDict):
    """What `dmarc ingest` prints. What is counted after `duplicates` is of new reports."""

    plan: bool  # nothing was kept
    files: int
    reports: int
    duplicates: int  # reports that were there already
    mails: int
    sources: int  # records of the reports: an address of a sender, and what became of its mails
    unread: int  # records that could not be read
    refused: list[DmarcRefused]  # the first 1,000
