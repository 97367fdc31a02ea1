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
    keys = {one.token: _key_of(one.key) for one in selectors}
    some_good = any(key is not None and key.bits is not None for key in keys.values())
    for one in selectors:
        if one.cname is not None:
            cname = _look_at_cname(one, identity)
            yield cname
            # What a wrong CNAME leads to says nothing about SES's keys.
            if cname.standing is Standing.BROKEN:
                continue
        yield from _look_at_key(one.key, keys[one.token], some_good=some_good)


def _key_of(answer: Answer) -> DkimKey | None:
    # RFC 6376, section 3.6.2.2: with several records the result is undefined; a record that is no key is left out.
    return next((key for key in map(read_key, answer.records) if key), None)


def _look_at_cname(one: Selector, identity: Identity) -> Finding:
    assert one.cname is not None  # noqa: S101 - for the type checker; Easy DKIM asks for it
    name, wanted = one.cname.name, f"{one.token}.{identity.dkim.zone}".lower()
    mend = f"Publish CNAME {name} -> {wanted}, and nothing else at this name."
    if one.cname.failure:
        return Finding("dkim.cname", Standing.UNKNOWN, name, f"Its CNAME cannot be read: {one.cname.why}.")
    if wanted in one.cname.records:
        return Finding("dkim.cname", Standing.OK, name, "The CNAME leads to SES.")
    if one.cname.records:
        what = f"The CNAME leads to {quoted(one.cname.records)}, not to {wanted}."
    else:
        what = f"The CNAME of SES is missing: {one.cname.why}."
    return Finding("dkim.cname", Standing.BROKEN, name, what, mend, EASY_DKIM)


def _look_at_key(answer: Answer, key: DkimKey | None, *, some_good: bool) -> Iterator[Finding]:
    name, lacking = answer.name, Standing.WARN if some_good else Standing.BROKEN
    if answer.failure:
        yield Finding("dkim.key", Standing.UNKNOWN, name, f"The key cannot be read: {answer.why}.")
    elif key is None:
        what = f"There is no DKIM key here: {quoted(answer.records) or answer.why}."
        yield Finding("dkim.key", lacking, name, what, "Publish the record that SES wants here.", DKIM)
    elif key.revoked:
        what = "The key is revoked (an empty p=): mail signed with it fails DKIM."
        yield Finding("dkim.key", lacking, name, what, "Publish the key that SES signs with.", "RFC 6376, section 3.6.1")
    elif key.bits is None:
        what = f"The key cannot be used: {key.error}."
        yield Finding("dkim.key", lacking, name, what, "Publish it anew, without characters lost.", "RFC 6376, section 3.6.1")
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
