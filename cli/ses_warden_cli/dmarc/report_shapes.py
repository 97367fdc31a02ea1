"""What `dmarc report` prints with `--json`. All numbers of mails are sums over reports."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcTally(TypedDict):
    """How mails fared."""

    mails: int
    passed: int  # DMARC
    dkim: int  # by an aligned signature
    spf: int  # by aligned SPF
    spf_alone: int
    delivered: int  # what receivers did
    quarantined: int
    rejected: int


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcSource(TypedDict):
    """The mails of one kind from one address."""

    address: str
    kind: str  # stranger, ses-unsigned, passed-on, ours-other, ours-ses
    evidence: list[str]  # what speaks for the kind: docs/dmarc.md
    tally: DmarcTally
    authors: dict[str, int]  # mails by the domain of their From header
    somebody: dict[str, int]  # mails by the foreign domain that they authenticate as
    keys: list[str]  # names of the keys of the valid signatures of the domain
    reporters: list[str]
    first_day: str
    last_day: str
    days: int


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcAuthor(TypedDict):
    """The mails with one domain in their From header."""

    domain: str
    kinds: dict[str, DmarcTally]


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcPublished(TypedDict):
    """The policy, as the newest report tells it; null is what reports do not tell."""

    p: str | None
    sp: str | None
    np: str | None
    t: bool | None
    pct: int | None
    since: str | None  # the first report since which it has not changed


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcAdvice(TypedDict):
    """The next step."""

    step: str  # wait, mend, publish-none, quarantine-test, quarantine, reject, stay
    headline: str
    reasons: list[str]
    findings: list[Finding]
    record: str | None  # the text to publish; its rua is whatever stands there now


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcOutgoing(TypedDict):
    """What SES delivered for us in that time."""

    addresses: int
    domains: list[str]
    since: str | None  # the first day of which that is known
    trouble: str | None  # why it could not be read


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcReport(TypedDict):
    """What `dmarc report` prints."""

    domain: str
    since: str
    until: str
    finding: bool
    reports: int
    unread: int  # records of reports that could not be read
    discarded: int  # reports that an operator took out; nothing else here counts them
    first: str | None  # the time that the reports cover
    last: str | None
    complete: bool  # no sources were left in a sum of their own for being too many
    total: DmarcTally
    kinds: dict[str, DmarcTally]
    sources: list[DmarcSource]
    reporters: dict[str, DmarcTally]
    days: dict[str, DmarcTally]
    authors: list[DmarcAuthor]
    published: DmarcPublished
    outgoing: DmarcOutgoing
    advice: DmarcAdvice
