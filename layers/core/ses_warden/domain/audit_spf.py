"""What the audit says about SPF records (RFC 7208), at the From domain and at the MAIL FROM domain."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ses_warden.domain.audit_identity import MAIL_FROM
from ses_warden.domain.dns_answers import Answer, quoted
from ses_warden.domain.findings import Finding, Standing

SPF_LIMITS = "RFC 7208, section 4.6.4"
SES_SPF = "amazonses.com"
MOST_LOOKUPS, MOST_VOID = 10, 2
_FEW_LEFT = 9


@dataclass(frozen=True, slots=True)
class SpfReading:
    """What evaluating one SPF record comes to.

    `lookups` and `void_lookups` count as RFC 7208 section 4.6.4 does; None where evaluation ended before. `all_is` is what becomes
    of mail from anywhere else: `pass`, `neutral`, `softfail`, `fail`. `includes` are the domains that it takes in, at any depth.
    With `has_macros` only receivers know all of its names. `error` says why it is a permanent error; `failures` are names that no
    name server answered for, which leave the rest open.
    """

    lookups: int | None = None
    void_lookups: int | None = None
    all_is: str = "neutral"
    uses_ptr: bool = False
    has_macros: bool = False
    includes: frozenset[str] = field(default_factory=frozenset[str])
    error: str = ""
    failures: tuple[str, ...] = ()


def spf_records(answer: Answer) -> list[str]:
    """Which TXT records are SPF records: RFC 7208 section 4.5, "v=spf1" and then a space or the end."""
    return [record for record in answer.records if record.lower() == "v=spf1" or record[:7].lower() == "v=spf1 "]


def look_at_spf(answer: Answer, reading: SpfReading | None, *, for_envelope: bool) -> Iterator[Finding]:
    """Findings about the TXT records of a domain, and the reading of its one SPF record.

    `for_envelope`: it is the MAIL FROM domain, whose SPF record must let SES send; that of a From domain alone need not.
    """
    name, records = answer.name, spf_records(answer)
    if answer.failure:
        yield Finding("spf.record", Standing.UNKNOWN, name, f"Its SPF record cannot be read: {answer.why}.")
        return
    if not records:
        yield _missing(answer, for_envelope=for_envelope)
        return
    if len(records) > 1:
        yield Finding(
            "spf.record",
            Standing.BROKEN,
            name,
            f"There are {len(records)} SPF records, which is a permanent error: {quoted(records)}.",
            "Join them into one TXT record.",
            "RFC 7208, section 4.5",
        )
        return
    yield Finding("spf.record", Standing.OK, name, f"There is one SPF record: {quoted(records)}.")
    if reading is not None:
        yield from _look_at_reading(name, reading, for_envelope=for_envelope)


def _missing(answer: Answer, *, for_envelope: bool) -> Finding:
    if for_envelope:
        return Finding(
            "spf.record",
            Standing.BROKEN,
            answer.name,
            "The MAIL FROM domain has no SPF record, so that SPF passes for none of the mail.",
            f'Publish TXT "v=spf1 include:{SES_SPF} ~all" at {answer.name}.',
            MAIL_FROM,
        )
    return Finding(
        "spf.record",
        Standing.OK,
        answer.name,
        "There is no SPF record. Mail through SES needs none here: receivers ask the domain of the envelope, MAIL FROM.",
        source=MAIL_FROM,
    )


def _look_at_reading(name: str, reading: SpfReading, *, for_envelope: bool) -> Iterator[Finding]:
    if reading.error and not reading.failures:
        yield Finding(
            "spf.syntax",
            Standing.BROKEN,
            name,
            f"Receivers come to a permanent error: {reading.error}",
            "Correct the record; until then SPF passes for nobody.",
            "RFC 7208, section 4.6",
        )
    elif reading.failures:
        yield Finding("spf.syntax", Standing.UNKNOWN, name, f"It cannot be followed to its end: {quoted(reading.failures)}.")
    else:
        yield Finding("spf.syntax", Standing.OK, name, "The record and what it includes can be evaluated.")
    yield from _look_at_counts(name, reading)
    yield _look_at_all(name, reading)
    if reading.uses_ptr:
        yield Finding(
            "spf.ptr",
            Standing.WARN,
            name,
            "It uses the mechanism ptr, which is slow and which some receivers ignore.",
            "Name the addresses instead (ip4:, ip6:, include:).",
            "RFC 7208, section 5.5",
        )
    if for_envelope:
        yield _look_for_ses(name, reading)


def _look_at_counts(name: str, reading: SpfReading) -> Iterator[Finding]:
    if reading.lookups is not None:
        over, near = reading.lookups > MOST_LOOKUPS, reading.lookups >= _FEW_LEFT
        standing = Standing.BROKEN if over else Standing.UNKNOWN if reading.failures else Standing.WARN if near else Standing.OK
        least = "at least " if reading.failures else ""
        yield Finding(
            "spf.lookups",
            standing,
            name,
            f"It takes {least}{reading.lookups} of at most {MOST_LOOKUPS} DNS lookups"
            + (", which is a permanent error for receivers." if over else "."),
            "Remove includes of services that you no longer use, or move some to a subdomain." if over or near else "",
            SPF_LIMITS,
        )
    if reading.void_lookups is not None:
        over, some = reading.void_lookups > MOST_VOID, reading.void_lookups > 0
        standing = Standing.BROKEN if over else Standing.UNKNOWN if reading.failures else Standing.WARN if some else Standing.OK
        yield Finding(
            "spf.void_lookups",
            standing,
            name,
            f"{reading.void_lookups} of its lookups find nothing, where {MOST_VOID} may"
            + (", which is a permanent error for receivers." if over else "."),
            "Remove the names that no longer exist; whoever registers one of them may send as you." if some else "",
            SPF_LIMITS,
        )


def _look_at_all(name: str, reading: SpfReading) -> Finding:
    if reading.all_is == "pass":
        what, mend = "It lets everybody send as you (+all).", "End it with ~all or -all."
        return Finding("spf.all", Standing.BROKEN, name, what, mend, "RFC 7208, section 5.1")
    if reading.error or reading.failures:
        return Finding("spf.all", Standing.UNKNOWN, name, "What it says of everybody else is open.")
    if reading.all_is == "neutral":
        what = "It says nothing about mail from elsewhere (?all, or no all at its end)."
        return Finding("spf.all", Standing.WARN, name, what, "End it with ~all or -all.", "RFC 7208, section 5.1")
    return Finding("spf.all", Standing.OK, name, f"Mail from elsewhere comes to {reading.all_is}.")


def _look_for_ses(name: str, reading: SpfReading) -> Finding:
    if SES_SPF in reading.includes:
        return Finding("spf.ses", Standing.OK, name, f"It includes {SES_SPF}.")
    if reading.has_macros:
        what = f"It does not include {SES_SPF} by name; whether its macros let SES send cannot be said."
        return Finding("spf.ses", Standing.UNKNOWN, name, what, source="RFC 7208, section 7")
    standing = Standing.UNKNOWN if reading.failures else Standing.BROKEN
    return Finding(
        "spf.ses",
        standing,
        name,
        f"It does not include {SES_SPF}, so that SPF fails for mail through SES.",
        f"Add include:{SES_SPF}.",
        MAIL_FROM,
    )
