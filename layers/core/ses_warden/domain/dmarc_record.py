"""The text of a DMARC record, as RFC 9989 has it.

`pct` is historic since then (its appendix "Removal of the pct Tag"), and so are `rf` and `ri`: none of them is ever written.
Receivers of before want `p` right behind `v` (RFC 7489, section 6.4), so that is where it stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from ses_warden.domain.addresses import domain_of, read_address
from ses_warden.domain.text import clean, mask_address
from ses_warden.errors import RecordError

_SCHEME = "mailto:"
# What may stand in the local part of a mailto URI (RFC 6068, section 2) and separates nothing in the record.
_PLAIN_IN_LOCAL = "$&'*+/="
_LONGEST = 1_000


class Policy(StrEnum):
    """What a receiver is asked to do with mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcWish:
    """What a domain's owner wants: for the domain, for subdomains (`sp`), for names that do not exist (`np`).

    With `testing` (`t=y`) receivers act one step milder than asked, which takes the place of `pct=0`. `reports` are addresses or
    mailto URIs.
    """

    policy: Policy
    subdomains: Policy | None = None
    nonexistent: Policy | None = None
    testing: bool = False
    reports: tuple[str, ...] = ()


def dmarc_text(wish: DmarcWish) -> str:
    """The record's text. Raises `RecordError` for an address of reports that is none, or a wish that asks for nothing."""
    if wish.testing and {wish.policy, wish.subdomains, wish.nonexistent} <= {Policy.NONE, None}:
        raise RecordError("testing (t=y) softens a policy of quarantine or reject, and there is none")
    tags = [
        ("v", "DMARC1"),
        ("p", wish.policy),
        ("sp", wish.subdomains),
        ("np", wish.nonexistent),
        ("t", "y" if wish.testing else None),
        ("rua", ",".join(dict.fromkeys(map(report_uri, wish.reports)))),
    ]
    text = "; ".join(f"{tag}={value}" for tag, value in tags if value)
    if len(text) > _LONGEST:
        raise RecordError(
            f"the DMARC record would have {len(text)} characters; {_LONGEST} are enough for any, name fewer addresses"
        )
    return text


def report_uri(text: str) -> str:
    """An address, with or without `mailto:`, as `rua` takes it. Raises `RecordError` for what is none.

    In the record commas separate URIs and `!` began a size (obsolete in RFC 9989): both, and `;`, are percent-encoded.
    """
    bare = text.strip()
    if bare.lower().startswith(_SCHEME):
        bare = bare[len(_SCHEME) :]
    local, at, _ = bare.rpartition("@")
    found = read_address(bare)
    # What `read_address` forgives (names, brackets, comments) was hardly meant here.
    if not (at and found.valid and found.key.partition("@")[0] == local.lower() and local.isprintable() and " " not in local):
        raise RecordError(
            f"reports go to an e-mail address, such as dmarc@example.com, and {mask_address(clean(bare, 80))} is none"
        )
    return f"{_SCHEME}{quote(local, safe=_PLAIN_IN_LOCAL)}@{domain_of(found.key)}"


def strangers(domain: str, reports: Iterable[str]) -> list[str]:
    """The domains of report addresses that lie neither above nor below the domain: these must say that they want its reports.

    They do by a TXT record `v=DMARC1` at `<domain>._report._dmarc.<theirs>` (RFC 9990, "Verifying External Destinations"), unless
    both belong to one organization, which only DNS can tell.
    """
    theirs = dict.fromkeys(domain_of(report_uri(report)) for report in reports)
    return [other for other in theirs if not _related(domain, other)]


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)
