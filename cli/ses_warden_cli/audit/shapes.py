"""What `audit` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class AuditCheck(TypedDict):
    """A rule of a mailbox provider."""

    provider: str
    rule: str
    mark: str  # pass, fail, unknown
    why: str
    source: str
    read: str  # when the page was last read for this list


@with_config(ConfigDict(extra="forbid", strict=True))
class Audited(TypedDict):
    """What `audit` prints."""

    domain: str
    region: str | None  # of SES; null where it was not asked
    identity: str | None  # of SES, by which the domain's mail is sent: the domain itself or a parent
    standing: str  # the worst of all findings
    findings: list[Finding]
    checklist: list[AuditCheck]
