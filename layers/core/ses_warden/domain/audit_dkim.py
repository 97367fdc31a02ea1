"""What the audit says about the DKIM records of an identity: that they lead to keys of SES, which are strong enough."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ses_warden.domain.audit_identity import DKIM, EASY_DKIM
from ses_warden.domain.dkim_keys import DkimKey, read_key
from ses_warden.domain.dns_answers import Answer, quoted
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Identity

_WEAK, _TOO_WEAK = 2048, 1024


@dataclass(frozen=True, slots=True)
class Selector:
    """The two answers about one selector: its CNAME (None with a key of one's own), and the TXT record that it leads to."""

    token: str
    cname: Answer | None
    key: Answer


def selector_name(token: str, identity: Identity) -> str:
    """Where the record of a token stands."""
    return f"{token}._domainkey.{identity.name}"


def look_at_dkim(identity: Identity, selectors: Sequence[Selector]) -> Iterator[Finding]:
    """Findings about the records. Which of Easy DKIM's three keys SES signs with now is not known, as it changes them in turn."""
    if not selectors:
        yield Finding(
            "dkim.key",
            Standing.UNKNOWN,
            identity.name,
            "SES names no DKIM records for the identity, so that none can be looked for.",
            source=EASY_DKIM,
        )
        return
    led = []
    for one in selectors:
        cname = None if one.cname is None else _look_at_cname(one, one.cname, identity)
        if cname is not None:
            yield cname
        # What a wrong CNAME leads to says nothing about SES's keys.
        if cname is None or cname.standing is not Standing.BROKEN:
            led.append(one)
    lacking = _lacking(led, all_led=len(led) == len(selectors), own=identity.dkim.is_own)
    for one in led:
        yield from _look_at_key(one.key, _key_of(one.key), lacking)


def _lacking(led: Sequence[Selector], *, all_led: bool, own: bool) -> Standing:
    """How a selector without a key stands.

    Easy DKIM has one key at a time, and a second while it changes them: that the others are empty is as it should be
    (https://aws.amazon.com/blogs/messaging-and-targeting/dkim-troubleshooting-series-your-dkim-status-is-pending/). The one may
    also stand where nobody answered, or where a wrong CNAME leads away.
    """
    if own:
        return Standing.BROKEN
    if any(key is not None and key.bits is not None for key in map(_key_of, (one.key for one in led))):
        return Standing.OK
    return Standing.BROKEN if all_led and not any(one.key.failure for one in led) else Standing.UNKNOWN


def _key_of(answer: Answer) -> DkimKey | None:
    # RFC 6376, section 3.6.2.2: with several records the result is undefined; a record that is no key is left out.
    return next((key for key in map(read_key, answer.records) if key), None)


def _look_at_cname(one: Selector, cname: Answer, identity: Identity) -> Finding:
    name, wanted = cname.name, f"{one.token}.{identity.dkim.zone}".lower()
    mend = f"Publish CNAME {name} -> {wanted}, and nothing else at this name."
    if cname.failure:
        return Finding("dkim.cname", Standing.UNKNOWN, name, f"Its CNAME cannot be read: {cname.why}.")
    # Receivers follow a chain of aliases (RFC 1034, section 3.6.2); what SES makes of it, its own status says.
    if wanted in (*cname.records, *one.key.aliases):
        return Finding("dkim.cname", Standing.OK, name, "The CNAME leads to SES.")
    if cname.records:
        what = f"The CNAME leads to {quoted(cname.records)}, not to {wanted}."
        if one.key.failure:
            return Finding("dkim.cname", Standing.UNKNOWN, name, f"{what} Where that leads nobody answers.")
    else:
        what = f"The CNAME of SES is missing: {cname.why}."
    return Finding("dkim.cname", Standing.BROKEN, name, what, mend, EASY_DKIM)


def _look_at_key(answer: Answer, key: DkimKey | None, lacking: Standing) -> Iterator[Finding]:
    name = answer.name
    if answer.failure:
        yield Finding("dkim.key", Standing.UNKNOWN, name, f"The key cannot be read: {answer.why}.")
    elif key is None or key.revoked:
        found = "an empty one (p=)" if key else quoted(filter(None, answer.records)) or answer.why
        if lacking is Standing.OK:
            what = "There is no key here now, as SES has another one in use and changes them in turn."
            yield Finding("dkim.key", lacking, name, what, source=EASY_DKIM)
            return
        what = f"There is no DKIM key here: {found}."
        mend = "" if lacking is Standing.UNKNOWN else "Publish the record that SES wants here."
        yield Finding("dkim.key", lacking, name, what, mend, DKIM)
    elif key.bits is None:
        what = f"The key cannot be used: {key.error}."
        standing = Standing.WARN if lacking is Standing.OK else Standing.BROKEN
        yield Finding("dkim.key", standing, name, what, "Publish it anew, without characters lost.", "RFC 6376, section 3.6.1")
    else:
        yield Finding("dkim.key", Standing.OK, name, f"There is a key ({key.kind}, {key.bits} bits).")
        yield from _look_at_strength(name, key, key.bits)


def _look_at_strength(name: str, key: DkimKey, bits: int) -> Iterator[Finding]:
    if key.kind == "rsa":
        standing = Standing.OK if bits >= _WEAK else Standing.WARN if bits >= _TOO_WEAK else Standing.BROKEN
        mend = "" if standing is Standing.OK else "Use a key of 2048 bits."
        yield Finding("dkim.key_length", standing, name, f"The key has {bits} bits.", mend, "RFC 8301, section 3.2")
    if key.testing:
        what = "The key says that it is only tested (t=y): receivers may treat mail as if it was not signed."
        yield Finding("dkim.testing", Standing.WARN, name, what, "Remove t=y.", "RFC 6376, section 3.6.1")
