"""What the audit says about MX records: one, of SES, at the MAIL FROM domain, and some at the From domain."""

from collections.abc import Iterator

from ses_warden.domain.audit_identity import MAIL_FROM
from ses_warden.domain.dns_answers import Absence, Answer, quoted
from ses_warden.domain.findings import Finding, Standing

NULL_MX = "0 ."


def feedback_host(region: str) -> str:
    """Where bounces of a Region go."""
    return f"feedback-smtp.{region}.amazonses.com"


def look_at_mail_from(answer: Answer, region: str, domain: str) -> Iterator[Finding]:
    """Findings about the MX records of the MAIL FROM domain, of which SES wants exactly one."""
    name, wanted = answer.name, feedback_host(region)
    mend = f"Publish exactly one MX at {name}: 10 {wanted}."
    if name == domain:
        yield Finding(
            "mailfrom.subdomain",
            Standing.BROKEN,
            name,
            "The MAIL FROM domain is the From domain itself, whose MX would have to be SES's alone.",
            "Use a subdomain that does nothing else.",
            MAIL_FROM,
        )
    if answer.failure:
        yield Finding("mailfrom.mx", Standing.UNKNOWN, name, f"Its MX cannot be read: {answer.why}.")
        return
    hosts = [record.rpartition(" ")[2] for record in answer.records]
    if not hosts or NULL_MX in answer.records:
        what = "It accepts no mail (a null MX)" if hosts else f"It has no MX: {answer.why}"
        yield Finding("mailfrom.mx", Standing.BROKEN, name, f"{what}, so that SES does not use it.", mend, MAIL_FROM)
    elif len(hosts) > 1:
        what = f"It has {len(hosts)} MX records, where SES wants exactly one: {quoted(answer.records)}."
        yield Finding("mailfrom.mx", Standing.BROKEN, name, what, mend, MAIL_FROM)
    elif hosts[0] != wanted:
        what = f"Its MX is {quoted(hosts)}, not {wanted}."
        yield Finding("mailfrom.mx", Standing.BROKEN, name, what, mend, MAIL_FROM)
    else:
        yield Finding("mailfrom.mx", Standing.OK, name, "Its one MX is SES's.")


def look_at_mx(mx: Answer, addresses: Answer) -> Iterator[Finding]:
    """Findings about whether the From domain can be answered. `addresses` serve where there is no MX (RFC 5321, section 5.1)."""
    name = mx.name
    if mx.failure:
        yield Finding("mx.record", Standing.UNKNOWN, name, f"Its MX cannot be read: {mx.why}.")
    elif NULL_MX in mx.records:
        yield Finding(
            "mx.record",
            Standing.WARN,
            name,
            "It accepts no mail (a null MX): some receivers refuse mail from whom they could not answer.",
            "Publish an MX, or send from a domain that has one.",
            "RFC 7505, section 4.2",
        )
    elif mx.records:
        yield Finding("mx.record", Standing.OK, name, f"Replies go to {quoted(mx.records)}.")
    elif mx.absence is Absence.NXDOMAIN:
        what = "There is no such domain: receivers refuse mail from it."
        yield Finding("mx.record", Standing.BROKEN, name, what, "Publish an MX for it.", "RFC 5321, section 5.1")
    elif addresses.records:
        what = "It has no MX; replies go to its address (A or AAAA)."
        yield Finding("mx.record", Standing.OK, name, what, source="RFC 5321, section 5.1")
    elif addresses.failure:
        yield Finding("mx.record", Standing.UNKNOWN, name, f"It has no MX, and its address cannot be read: {addresses.why}.")
    else:
        what = "It has neither an MX nor an address: nobody can reply, and some receivers refuse such mail."
        yield Finding("mx.record", Standing.WARN, name, what, "Publish an MX.", "RFC 5321, section 5.1")
