"""What Gmail, Yahoo and Microsoft ask of bulk senders, as a checklist over the audit's findings.

Each rule names the page that it is from, and when that page was last read for this list.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ses_warden.domain.findings import Finding, Standing

GMAIL = "https://support.google.com/a/answer/81126"
YAHOO = "https://senders.yahooinc.com/best-practices/"
MICROSOFT = (
    "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/"
    "strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730"
)
READ = {GMAIL: "2026-03-21", YAHOO: "2025", MICROSOFT: "2026-06"}
_TLS = "https://docs.aws.amazon.com/ses/latest/dg/security-protocols.html"
_UNSUBSCRIBE = "https://docs.aws.amazon.com/ses/latest/dg/sending-email-subscription-management.html"
_ONE_CLICK = (
    "Gmail and Yahoo want one click (RFC 8058), done within two days; Microsoft a link that works. What is recorded does not tell. "
    f"SES adds the headers with ListManagementOptions ({_UNSUBSCRIBE})."
)


class Mark(StrEnum):
    """How a rule is kept."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """A rule of a provider, and how it is kept. `why` is a sentence; `read` is when the page was last read."""

    provider: str
    rule: str
    mark: Mark
    why: str
    source: str
    read: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What only sending tells: complaints as a fraction of the mails delivered where complaints are reported, None if unknown."""

    complaint_rate: float | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    name: str
    source: str
    limit: float | None  # of complaints, as a fraction


_PROVIDERS = (
    _Provider("Gmail", GMAIL, 0.003),
    _Provider("Yahoo", YAHOO, 0.003),
    _Provider("Microsoft", MICROSOFT, None),
)


def check_rules(findings: Sequence[Finding], seen: Seen) -> list[Check]:
    """The checklist, provider by provider."""
    return [check for provider in _PROVIDERS for check in _checks(provider, findings, seen)]


def _checks(provider: _Provider, findings: Sequence[Finding], seen: Seen) -> Iterable[Check]:
    def check(rule: str, verdict: tuple[Mark, str]) -> Check:
        mark, why = verdict
        return Check(provider.name, rule, mark, why, provider.source, READ[provider.source])

    yield check("SPF passes", _spf(findings))
    yield check("DKIM passes", _dkim(findings))
    yield check("DMARC is published, p=none at least", _dmarc(findings))
    yield check("DMARC passes: SPF or DKIM aligns with From", _alignment(findings))
    yield check("the From domain can be replied to", _replies(findings))
    yield check("servers have forward and reverse DNS", (Mark.PASS, "The servers are Amazon's, which keeps their PTR records."))
    yield check("mail is sent over TLS", (Mark.PASS, f"SES uses TLS with every server that offers it ({_TLS})."))
    yield check("complaints are few", _complaints(provider, seen))
    yield check("marketing mail is unsubscribed from easily", (Mark.UNKNOWN, _ONE_CLICK))


def _of(findings: Sequence[Finding], codes: tuple[str, ...], where: str | None = None) -> tuple[Mark, str]:
    """The worst of the findings: broken fails, unknown leaves it open; what is only not at its best passes."""
    chosen = [one for one in findings if one.code in codes and where in (None, one.where)]
    for standing, mark in ((Standing.BROKEN, Mark.FAIL), (Standing.UNKNOWN, Mark.UNKNOWN)):
        for one in chosen:
            if one.standing is standing:
                return mark, one.what
    return (Mark.PASS, chosen[0].what) if chosen else (Mark.UNKNOWN, "It was not looked at.")


def _spf(findings: Sequence[Finding]) -> tuple[Mark, str]:
    custom = next((one for one in findings if one.code == "mailfrom.custom"), None)
    looked_at = any(one.code == "mailfrom.mx" for one in findings)
    if custom is None or (custom.standing is Standing.UNKNOWN and not looked_at):
        return Mark.UNKNOWN, "SES's view is not known, and with it whose SPF record counts."
    if not looked_at:
        return Mark.PASS, "Envelopes come from amazonses.com, whose SPF record is Amazon's; it does not align."
    codes = ("mailfrom.mx", "spf.record", "spf.syntax", "spf.lookups", "spf.void_lookups", "spf.ses")
    return _of(findings, codes, where=custom.where)


def _dkim(findings: Sequence[Finding]) -> tuple[Mark, str]:
    codes = ("identity.signing", "identity.dkim", "dkim.cname", "dkim.key", "dkim.key_length")
    if not any(one.code == "identity.dkim" for one in findings):
        return Mark.UNKNOWN, "SES's view is not known, and with it whether and how it signs."
    return _of(findings, codes)


def _dmarc(findings: Sequence[Finding]) -> tuple[Mark, str]:
    return _of(findings, ("dmarc.record", "dmarc.duplicates", "dmarc.syntax"))


def _replies(findings: Sequence[Finding]) -> tuple[Mark, str]:
    mark, why = _of(findings, ("mx.record",))
    unanswered = any(one.code == "mx.record" and one.standing is Standing.WARN for one in findings)
    return Mark.FAIL if unanswered else mark, why


def _alignment(findings: Sequence[Finding]) -> tuple[Mark, str]:
    chosen = [one for one in findings if one.code in ("dmarc.dkim_alignment", "dmarc.spf_alignment")]
    aligned = next((one for one in chosen if one.standing is Standing.OK), None)
    if aligned:
        return Mark.PASS, aligned.what
    if not chosen:
        return Mark.UNKNOWN, "What SES signs and sends for is not known, or no DMARC record is."
    if any(one.standing is Standing.UNKNOWN for one in chosen):
        return Mark.UNKNOWN, chosen[0].what
    return Mark.FAIL, chosen[0].what


def _complaints(provider: _Provider, seen: Seen) -> tuple[Mark, str]:
    if provider.name == "Gmail":
        return Mark.UNKNOWN, "It tells SES of no complaints; Google's Postmaster Tools show them (below 0.1 %, never 0.3 %)."
    if provider.limit is None:
        return Mark.UNKNOWN, "It publishes no limit; SNDS and JMRP show what its users report."
    if seen.complaint_rate is None:
        return Mark.UNKNOWN, "The complaint rate is not known; `ses-warden status` shows it."
    rate, limit = f"{100 * seen.complaint_rate:.2g} %", f"{100 * provider.limit:g} %"
    words = f"{rate} of the account's mail where complaints are reported; {limit} is too much."
    return (Mark.PASS if seen.complaint_rate < provider.limit else Mark.FAIL), words
