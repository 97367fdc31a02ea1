"""What the commands about the account print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class Reviewed(TypedDict):
    """Where AWS's review of the account's details stands."""

    status: str  # PENDING, FAILED, GRANTED, DENIED
    case: str | None


@with_config(ConfigDict(extra="forbid", strict=True))
class QuotaUse(TypedDict):
    """The quota, in recipients, and its use as fractions of it. None: SES does not say, or CloudWatch does not."""

    day: float | None  # in any 24 hours; -1: no limit
    second: float | None
    sent: float | None  # in the last 24 hours
    use: float | None
    peak: float | None  # the highest use of the last 24 hours
    projected: float | None  # the highest until the end of the day (UTC), at the mean pace of the last three hours
    projected_low: float | None  # … at the pace of the slowest of them
    projected_high: float | None  # … of the fastest
    full_at: str | None  # when the quota is used up at that pace, before the end of the day


@with_config(ConfigDict(extra="forbid", strict=True))
class Described(TypedDict):
    """What the owner told SES of the account."""

    mail_type: str | None  # MARKETING, TRANSACTIONAL
    website: str | None
    language: str | None  # EN, JA
    use_case: str | None
    contacts: list[str]


@with_config(ConfigDict(extra="forbid", strict=True))
class AccountShown(TypedDict):
    """What `account` prints. None: SES does not say. Its words may be new ones."""

    region: str
    standing: str  # the worst of the findings
    production: bool | None
    review: Reviewed | None
    enforcement: str | None  # HEALTHY, PROBATION, SHUTDOWN
    sending: bool | None
    quota: QuotaUse
    suppressed_reasons: list[str] | None  # BOUNCE, COMPLAINT
    validation: str | None  # ENABLED, DISABLED: SES suppresses addresses that look undeliverable
    vdm: str | None  # ENABLED, DISABLED: Virtual Deliverability Manager
    vdm_engagement: str | None
    vdm_shared_delivery: str | None
    ip_warmup: bool | None  # of dedicated addresses
    plan: str | None  # NONE, ESSENTIALS, PRO, ENTERPRISE
    next_plan: str | None  # from the next month on
    findings: list[Finding]
    no_stack: str | None  # why no stack was asked about SuppressionAuthority


@with_config(ConfigDict(extra="forbid", strict=True))
class AccessAsked(TypedDict):
    """What `account request-production` prints."""

    region: str
    planned: bool  # nothing was sent
    present: Described | None  # what SES had before
    request: Described  # what replaces it
    review: Reviewed | None  # after it was sent
