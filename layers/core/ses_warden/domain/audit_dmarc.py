"""What the audit says about DMARC (RFC 9989): the record that governs, and whether what SES signs and sends aligns with it."""

from collections.abc import Iterator
from dataclasses import dataclass

from ses_warden.domain.audit_identity import MAIL_FROM
from ses_warden.domain.dmarc_policies import Policy, Walk, is_dmarc, records_of
from ses_warden.domain.dns_answers import Answer, quoted
from ses_warden.domain.findings import Finding, Standing

SES_DMARC = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dmarc.html"
_TAGS, _WALK = "RFC 9989, section 4.7", "RFC 9989, section 4.10"
_HISTORIC = {
    "pct": "Remove it; to try a policy out, say t=y.",
    "rf": "Remove it; there is one format of reports.",
    "ri": "Remove it; reports come daily.",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """Where DKIM and SPF authenticate SES's mail for: the walks from `d=` and from MAIL FROM; None where there is none."""

    dkim: Walk | None
    spf: Walk | None


@dataclass(frozen=True, slots=True)
class DmarcEvidence:
    """What the rules go by.

    `own` is the answer to `_dmarc.` of the domain itself, `apex` its TXT records. `syntax` is what is wrong with the form of the
    record that governs. `signed` is None where SES's view is not known.
    """

    walk: Walk
    own: Answer
    apex: Answer
    exists: bool = True
    syntax: str = ""
    signed: Signed | None = None


def look_at_dmarc(evidence: DmarcEvidence) -> Iterator[Finding]:
    """Findings about the record, its policy, and alignment."""
    walk, own = evidence.walk, evidence.own
    where = own.name
    if len(records_of(own)) > 1:
        what = f"There are {len(records_of(own))} DMARC records, which receivers discard all: {quoted(records_of(own))}."
        yield Finding("dmarc.duplicates", Standing.BROKEN, where, what, "Leave one.", _WALK)
    policy = walk.policy
    if policy is None or not walk.is_sure:
        yield _missing(evidence)
        return
    inherited = "" if policy.domain == walk.domain else f" It is inherited from {policy.domain}."
    yield Finding("dmarc.record", Standing.OK, where, f"{quoted([policy.record])} governs.{inherited}", source=_WALK)
    yield from _look_at_form(policy, evidence.syntax)
    yield from _look_at_policy(policy, evidence)
    if evidence.signed:
        yield from _look_at_alignment(policy, walk, evidence.signed)


def _missing(evidence: DmarcEvidence) -> Finding:
    where = evidence.own.name
    if evidence.walk.is_open:
        failed = ", ".join(answer.name for answer in evidence.walk.failed)
        why = evidence.walk.failed[0].why
        return Finding("dmarc.record", Standing.UNKNOWN, where, f"Its DMARC record cannot be read ({failed}): {why}.")
    misplaced = any(is_dmarc(record) for record in evidence.apex.records)
    hint = f" One stands at {evidence.apex.name} itself, where nobody looks." if misplaced else ""
    return Finding(
        "dmarc.record",
        Standing.BROKEN,
        where,
        f"No DMARC record governs the domain; Gmail, Yahoo and Microsoft refuse bulk mail from it.{hint}",
        f'Publish TXT "v=DMARC1; p=none; rua=mailto:…" at {where}.',
        SES_DMARC,
    )


def _look_at_form(policy: Policy, syntax: str) -> Iterator[Finding]:
    where = f"_dmarc.{policy.domain}"
    wrong = policy.wrong_policies()
    if wrong:
        what = f"The record has no valid {' and no valid '.join(wrong)}: receivers take it for p=none, or for no record at all."
        yield Finding("dmarc.syntax", Standing.BROKEN, where, what, "Say none, quarantine or reject.", _TAGS)
    elif syntax:
        what = f"The record is not well-formed: {syntax}"
        yield Finding("dmarc.syntax", Standing.BROKEN, where, what, "Correct it.", "RFC 9989, section 4.8")
    else:
        yield Finding("dmarc.syntax", Standing.OK, where, "The record is well-formed.")
    for tag, mend in _HISTORIC.items():
        if tag in policy.tags:
            what = f"The tag {tag} is historic: receivers take no notice of it."
            yield Finding(f"dmarc.historic_{tag}", Standing.WARN, where, what, mend, _TAGS)
    if not policy.tags.get("rua"):
        what = "Nobody receives aggregate reports (no rua), so that nobody sees who else sends as you."
        yield Finding("dmarc.reports", Standing.WARN, where, what, "Add rua=mailto:….", _TAGS)


def _look_at_policy(policy: Policy, evidence: DmarcEvidence) -> Iterator[Finding]:
    where = f"_dmarc.{policy.domain}"
    own = policy.domain == evidence.walk.domain
    tag = "p" if own else "sp" if evidence.exists else "np"
    applied = policy.policy(tag)
    source = "RFC 9989, section 4.10.1"
    if applied == "none":
        what = f"The policy for {evidence.walk.domain} is none: mail that others send as you is delivered all the same."
        mend = "When the reports show that your own mail passes, ask for quarantine, and then reject."
        yield Finding("dmarc.policy", Standing.WARN, where, what, mend, SES_DMARC)
    else:
        yield Finding("dmarc.policy", Standing.OK, where, f"The policy for {evidence.walk.domain} is {applied}.", source=source)
    if policy.tags.get("t", "n").lower() == "y" and applied != "none":
        what = "The policy is only tested (t=y): receivers go one step easier on what fails."
        yield Finding("dmarc.testing", Standing.WARN, where, what, "Remove t=y once the reports are clean.", _TAGS)
    for weaker, words in (("sp", "subdomains"), ("np", "subdomains that do not exist")):
        if own and weaker in policy.tags and policy.policy() != "none" and policy.policy(weaker) == "none":
            what = f"{weaker}=none leaves {words} open to everybody."
            yield Finding(f"dmarc.{weaker}", Standing.WARN, where, what, f"Remove {weaker}, or raise it.", _TAGS)
    if own and policy.psd == "y":
        what = "The record says that the domain is a public suffix (psd=y), below which everybody is another organization."
        yield Finding("dmarc.psd", Standing.WARN, where, what, "Remove psd=y.", "RFC 9989, section 4.10.2")


def _look_at_alignment(policy: Policy, walk: Walk, signed: Signed) -> Iterator[Finding]:
    dkim = _alignment(walk, signed.dkim, strict=policy.is_strict("adkim"))
    spf = _alignment(walk, signed.spf, strict=policy.is_strict("aspf"))
    yield _by_dkim(policy, walk, signed, dkim, spf)
    if signed.spf is None:
        return
    if spf is Standing.OK:
        what = f"SPF for {signed.spf.domain} aligns with the From domain."
        yield Finding("dmarc.spf_alignment", Standing.OK, walk.domain, what, source=MAIL_FROM)
    elif spf is Standing.UNKNOWN:
        what = "Whether SPF aligns is open, as a DMARC record above could not be read."
        yield Finding("dmarc.spf_alignment", Standing.UNKNOWN, walk.domain, what)
    else:
        strict = policy.is_strict("aspf")
        reason = "aspf=s asks for the very same domain, and MAIL FROM is a subdomain" if strict else "they are of two organizations"
        what = f"SPF for {signed.spf.domain} does not align with {walk.domain}: {reason}."
        mend = "Remove aspf=s." if strict else "Use a MAIL FROM domain below the From domain's organization."
        yield Finding("dmarc.spf_alignment", Standing.WARN, walk.domain, what, mend, MAIL_FROM)


def _by_dkim(policy: Policy, walk: Walk, signed: Signed, dkim: Standing, spf: Standing) -> Finding:
    code, where = "dmarc.dkim_alignment", walk.domain
    if signed.dkim is None:
        # RFC 9989 wants no domain with p=reject to rely on SPF alone.
        standing = Standing.WARN if spf is Standing.OK else Standing.UNKNOWN if spf is Standing.UNKNOWN else Standing.BROKEN
        rests = "fails for all mail through SES" if spf is Standing.BROKEN else "rests on SPF alone, which forwarding breaks"
        what = f"SES does not sign for the domain, so that DMARC {rests}."
        return Finding(code, standing, where, what, "Let SES sign with DKIM.", SES_DMARC)
    if dkim is Standing.OK:
        return Finding(code, dkim, where, f"The signature for {signed.dkim.domain} aligns with the From domain.", source=SES_DMARC)
    if dkim is Standing.UNKNOWN:
        return Finding(code, dkim, where, "Whether DKIM aligns is open, as a DMARC record above could not be read.")
    strict = policy.is_strict("adkim")
    reason = "adkim=s asks for the very same domain" if strict else "they are of two organizations"
    fails = "" if spf is Standing.OK else " Neither does SPF, so that DMARC fails for all mail through SES."
    standing = Standing.WARN if spf in (Standing.OK, Standing.UNKNOWN) else Standing.BROKEN
    what = f"SES signs for {signed.dkim.domain}, which does not align with {where}: {reason}.{fails}"
    mend = f"Verify {where} as an identity of its own" + (", or remove adkim=s." if strict else ".")
    return Finding(code, standing, where, what, mend, SES_DMARC)


def _alignment(walk: Walk, other: Walk | None, *, strict: bool) -> Standing:
    """RFC 9989, section 4.4."""
    if other is None:
        return Standing.BROKEN
    if other.domain == walk.domain:
        return Standing.OK
    if strict:
        return Standing.BROKEN
    if walk.is_open or other.is_open:
        return Standing.UNKNOWN
    return Standing.OK if walk.organization == other.organization else Standing.BROKEN


def look_at_reports(policy: Policy, tag: str, destination: str, answer: Answer, *, may_be_ours: bool) -> Finding:
    """The finding about a report's destination in another organization, which must say that it wants them.

    `may_be_ours`: that it is another one is not certain, as a DMARC record above could not be read.
    """
    code, where = f"dmarc.{tag}_authorised", answer.name
    source = "RFC 9990, section 4"
    if any(is_dmarc(record) for record in answer.records):
        return Finding(code, Standing.OK, where, f"{destination} wants the reports.", source=source)
    if answer.failure or may_be_ours:
        return Finding(code, Standing.UNKNOWN, where, f"Whether {destination} wants the reports cannot be said: {answer.why}.")
    what = f"{destination} does not say that it takes reports about {policy.domain} ({tag}), so that receivers send it none."
    mend = f'Have TXT "v=DMARC1" published at {where}, or use an address of your own.'
    return Finding(code, Standing.WARN, where, what, mend, source)
