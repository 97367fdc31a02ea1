"""The DNS records of a sending domain, and how hosts of DNS want them written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ses_warden.domain.dns_answers import DEVIATING
from ses_warden.errors import RecordError

TTL_SECONDS = 3600
# https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
SPF = "v=spf1 include:amazonses.com ~all"
# RFC 1035, sections 2.3.4 (a name) and 3.3 (a string of a TXT record).
_LONGEST_NAME, _LONGEST_STRING = 253, 255
# Underscores do occur in names (`_dmarc`), though in no host's.
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")


class Purpose(StrEnum):
    """What a record is for."""

    DKIM = "dkim"
    MAIL_FROM = "mail-from"
    SPF = "spf"
    DMARC = "dmarc"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record. `name` has no trailing dot; `value` is a CNAME's target, an MX's `10 host`, or the bare text of a TXT."""

    name: str
    kind: str  # CNAME, MX, TXT
    value: str
    purpose: Purpose


def domain_name(text: str) -> str:
    """A domain as DNS knows it: lower case, A-labels, no trailing dot. Raises `RecordError` for what is none."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii() and len(name) <= _LONGEST_NAME and not DEVIATING & set(name):
        try:
            name = name.encode("idna").decode("ascii")
        except UnicodeError:
            name = ""
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or len(labels) == 1 or not all(map(_LABEL.fullmatch, labels)):
        raise RecordError(f"{text[:_LONGEST_NAME]!r} is no domain, such as example.com")
    return name


def dkim_records(domain: str, tokens: Iterable[str], zone: str) -> list[DnsRecord]:
    """The CNAME records of Easy DKIM, whose keys are in `zone`. Raises `RecordError` for a token that can stand in no name."""
    return [
        DnsRecord(domain_name(f"{token}._domainkey.{domain}"), "CNAME", domain_name(f"{token}.{zone}"), Purpose.DKIM)
        for token in tokens
    ]


def mail_from_records(mail_from: str, region: str) -> list[DnsRecord]:
    """The two records of a custom MAIL FROM domain.

    It must have this one MX record and no other: https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
    """
    return [
        DnsRecord(mail_from, "MX", f"10 feedback-smtp.{region}.amazonses.com", Purpose.MAIL_FROM),
        DnsRecord(mail_from, "TXT", SPF, Purpose.SPF),
    ]


def dmarc_record(domain: str, text: str) -> DnsRecord:
    """The record at `_dmarc` below the domain (RFC 9989)."""
    return DnsRecord(domain_name(f"_dmarc.{domain}"), "TXT", text, Purpose.DMARC)


def txt_strings(text: str) -> list[str]:
    """The text in strings of 255 bytes at most, which whoever reads the record puts together again without a gap.

    Raises `RecordError` for other than printable ASCII, which no record of mail has.
    """
    if not text.isascii() or not text.isprintable():
        raise RecordError("a TXT record of mail takes printable ASCII only")
    return [text[at : at + _LONGEST_STRING] for at in range(0, len(text), _LONGEST_STRING)] or [""]


def quoted(text: str) -> str:
    """A TXT record's value as zone files and Route 53 write it: its strings in quotes (RFC 1035, section 5.1)."""
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in txt_strings(text))


def bind_zone(records: Iterable[DnsRecord], ttl: int = TTL_SECONDS) -> str:
    """The records as lines of a zone file; all names are absolute, so that they may stand in the file of any zone above."""
    return "".join(f"{record.name}. {ttl} IN {record.kind} {_in_zone(record)}\n" for record in records)


def _in_zone(record: DnsRecord) -> str:
    return quoted(record.value) if record.kind == "TXT" else f"{record.value}."
