"""Which DNS records a sending domain needs, and which of them SES sees already."""

from dataclasses import dataclass
from typing import Protocol

from ses_warden.domain.dmarc_record import DmarcWish, dmarc_text, strangers
from ses_warden.domain.dns_records import DnsRecord, Purpose, dkim_records, dmarc_record, domain_name, mail_from_records
from ses_warden.domain.identities import Identity
from ses_warden.errors import NoIdentity, RecordError

USUAL_MAIL_FROM = "bounce"


class OneIdentity(Protocol):
    """What SES knows of an identity."""

    def identity(self, name: str) -> Identity:
        """Raises `IdentityError`; `NoIdentity` where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsWish:
    """For which domain; with which label for MAIL FROM (None: what SES has, else the usual); with which DMARC record, if any."""

    domain: str
    mail_from: str | None = None
    dmarc: DmarcWish | None = None


@dataclass(frozen=True, slots=True)
class Needed:
    """A record, and whether SES sees it; None where SES does not look, or does not say."""

    record: DnsRecord
    seen: bool | None


@dataclass(frozen=True, slots=True)
class Records:
    """The records, and what else is to be done, a sentence each."""

    domain: str
    region: str
    records: tuple[Needed, ...]
    notes: tuple[str, ...]


def records_of(ses: OneIdentity, wish: RecordsWish, region: str) -> Records:
    """What the domain needs. Raises `NoIdentity` where SES does not have it, `RecordError` for what is no domain."""
    if "@" in wish.domain:
        raise RecordError("an address needs no DNS records: SES mails it a link. Its domain is what they are for")
    domain = domain_name(wish.domain)
    try:
        identity = ses.identity(domain)
    except NoIdentity as error:
        raise NoIdentity(
            f"SES has no identity {domain} in {region}. Make it with the stack (parameter SendingDomain), or by `aws sesv2 "
            f"create-email-identity --email-identity {domain} --dkim-signing-attributes NextSigningKeyLength=RSA_2048_BIT`"
        ) from error
    notes: list[str] = []
    found = [*_dkim(identity, notes), *_mail_from(identity, wish.mail_from, region, notes), *_dmarc(domain, wish.dmarc, notes)]
    return Records(domain, region, tuple(found), tuple(notes))


def _dkim(identity: Identity, notes: list[str]) -> list[Needed]:
    dkim = identity.dkim
    if dkim.is_own:
        notes.append("Its DKIM key is its owner's (BYODKIM): SES does not have the record, which is a TXT below _domainkey.")
        return []
    if not dkim.tokens:
        notes.append(
            "SES gave no DKIM tokens: `aws sesv2 put-email-identity-dkim-signing-attributes "
            f"--email-identity {identity.name} --signing-attributes-origin AWS_SES "
            "--signing-attributes NextSigningKeyLength=RSA_2048_BIT` makes them."
        )
    if not dkim.signs:
        switch = f"aws sesv2 put-email-identity-dkim-attributes --email-identity {identity.name} --signing-enabled"
        notes.append(f"Signing is off: `{switch}`.")
    seen = dkim.status == "SUCCESS"
    return [Needed(record, seen) for record in dkim_records(identity.name, dkim.tokens, dkim.zone)]


def _mail_from(identity: Identity, label: str | None, region: str, notes: list[str]) -> list[Needed]:
    known = identity.mail_from
    if label is not None or known is None:
        below = f".{identity.name}"
        name = domain_name((label or USUAL_MAIL_FROM).lower().rstrip(".").removesuffix(below) + below)
    else:
        name = domain_name(known.domain)
    seen = known is not None and known.domain == name and known.status == "SUCCESS"
    if known is None or known.domain != name:
        has = f"SES has {known.domain} as its MAIL FROM domain" if known else "SES has no MAIL FROM domain for it yet"
        put = f"aws sesv2 put-email-identity-mail-from-attributes --email-identity {identity.name} --mail-from-domain {name}"
        notes.append(f"{has}: `{put}`.")
    notes.append(f"{name} must have this MX record and no other, and be used for nothing else.")
    return [
        # SES says that it found the MX record; whether it looked at the TXT record it does not say.
        Needed(record, seen if record.purpose is Purpose.MAIL_FROM else None)
        for record in mail_from_records(name, region)
    ]


def _dmarc(domain: str, wish: DmarcWish | None, notes: list[str]) -> list[Needed]:
    if wish is None:
        return []
    notes.append(f"A name has one DMARC record: where _dmarc.{domain} has one already, change it, and add no second one.")
    notes.extend(
        f"Reports go to {other}, another domain: it must have a TXT record `v=DMARC1` at {domain}._report._dmarc.{other}, "
        "unless both belong to one organization (RFC 9990)."
        for other in strangers(domain, wish.reports)
    )
    return [Needed(dmarc_record(domain, dmarc_text(wish)), None)]
