"""What the commands about sending domains print with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class DomainIdentity(TypedDict):
    """An identity of SES. What could not be asked is null."""

    name: str
    domain: bool  # or else an address
    verified: bool | None
    dkim: str | None  # SES's word: SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE, NOT_STARTED
    dkim_key: str | None  # RSA_2048_BIT, RSA_1024_BIT; empty where SES does not say
    mail_from: str | None  # empty where there is none of its own
    configuration_set: str | None  # its default; empty where there is none
    recorded: bool | None  # whether that set publishes bounces and complaints to the stack
    forwards: bool | None  # bounces and complaints are mailed to the sender, too
    topics: dict[str, str] | None  # its own, by type: Bounce, Complaint, Delivery
    topics_elsewhere: list[str] | None  # the types whose topic is not the stack's


@with_config(ConfigDict(extra="forbid", strict=True))
class DomainVdm(TypedDict):
    """Virtual Deliverability Manager, and what it costs beside us: estimates in US dollars for the mails of the last 30 days."""

    enabled: bool | None
    plan: str | None  # NONE, ESSENTIALS, PRO, ENTERPRISE
    engagement: bool | None  # of the configuration set if it says so, else of the account
    shared_delivery: bool | None  # likewise
    mails: int | None
    vdm_dollars: float | None  # à la carte; null for more mails than the price is known for
    our_dollars: float | None
    included: bool | None  # whether the plan has VDM, at no further price


@with_config(ConfigDict(extra="forbid", strict=True))
class Domains(TypedDict):
    """What `domain list` prints."""

    identities: list[DomainIdentity]
    not_looked_at: int
    findings: list[Finding]
    vdm: DomainVdm


@with_config(ConfigDict(extra="forbid", strict=True))
class DomainRecord(TypedDict):
    """A DNS record that the domain needs."""

    name: str
    type: str  # CNAME, MX, TXT
    ttl: int  # seconds
    value: str  # without quotes
    strings: list[str]  # of a TXT: at most 255 bytes each
    purpose: str  # dkim, mail-from, spf, dmarc
    seen: bool | None  # whether SES sees it; null where SES does not look


@with_config(ConfigDict(extra="forbid", strict=True))
class DomainRecords(TypedDict):
    """What `domain records` prints."""

    domain: str
    region: str
    records: list[DomainRecord]
    notes: list[str]
