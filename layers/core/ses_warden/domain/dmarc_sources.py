"""Whose mail a source of a DMARC report is, by what the report proves and by what SES delivered for us.

An address alone proves nothing: SES's shared pools send for all its customers. What proves a mail ours is an aligned signature,
which takes our key, or an aligned MAIL FROM, whose SPF record we publish.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from ses_warden.domain.dmarc import Authenticated, Source
from ses_warden.domain.outgoing import address_key, is_within, name_key
from ses_warden.domain.text import clean

# With this SES signs all mail beside our own signature, and this is the MAIL FROM where we have set none:
# https://docs.aws.amazon.com/ses/latest/dg/mail-from.html
_SES = "amazonses.com"
# RFC 7489 appendix C and RFC 9990 appendix A: reasons that say that the mail came by way of somebody else.
_PASSED_ON = frozenset({"forwarded", "mailing_list", "trusted_forwarder"})
# Gmail and others write so when a forwarder's seal (RFC 8617) convinced them.
_ARC = "arc=pass"
_LONGEST_NAME = 120
# RFC 8601 section 2.7.1: a signature was there, and did not verify, for its text or for its key.
_BROKEN = frozenset({"fail", "policy", "neutral", "temperror", "permerror"})
# parsedmarc writes `none` where a reporter names no selector.
_NO_SELECTOR = ("", "none")
UNREADABLE = "?"


class Kind(StrEnum):
    """Whose mail it is, the unknown first."""

    STRANGER = "stranger"
    SES_UNSIGNED = "ses-unsigned"
    PASSED_ON = "passed-on"
    OURS_OTHER = "ours-other"
    OURS_SES = "ours-ses"

    @property
    def is_ours(self) -> bool:
        """Whether we sent it, and nobody stood between us and the receiver."""
        return self in (Kind.OURS_SES, Kind.OURS_OTHER)


class Evidence(StrEnum):
    """What speaks for a kind."""

    KNOWN_ADDRESS = "known-address"  # SES delivered mail of ours from it
    SES_ADDRESS = "ses-address"  # the SPF record of amazonses.com names it
    SES_SIGNATURE = "ses-signature"  # a valid signature of amazonses.com
    OUR_KEY = "our-key"  # aligned DKIM
    OUR_SPF = "our-spf"  # aligned SPF
    SES_KEY = "ses-key"  # signed with the key by which SES signs for us
    KNOWN_KEY = "known-key"  # signed with the key of another source of ours
    OUR_ENVELOPE = "our-envelope"  # our MAIL FROM, whose SPF record does not name the address
    BROKEN_SIGNATURE = "broken-signature"  # of a key by which our mail is signed, by way of somebody else; or ours, from SES
    RECEIVER = "receiver"  # the receiver says that it was passed on
    SOMEBODY = "somebody"  # authenticates as somebody else
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Trace:
    """What the results of a record tell about the way of its mails: equal for records that fared alike.

    `author` is the domain of the From header; `keys` are the valid signatures' `selector._domainkey.domain` within our domain,
    `broken` those that did not verify; `somebody` the foreign domain that it authenticates as.
    """

    address: str
    author: str
    dkim: bool
    spf: bool
    ses_signature: bool = False
    ses_address: bool = False
    our_envelope: bool = False
    passed_on: str = ""
    keys: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    somebody: str = ""

    @property
    def passes(self) -> bool:
        """Whether the mails pass DMARC."""
        return self.dkim or self.spf


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys by which mail of ours is signed: those that SES signs with, and those of other sources."""

    ses: frozenset[str] = frozenset()
    other: frozenset[str] = frozenset()


def trace_of(source: Source, domain: str) -> Trace:
    """The trace of a record in a report about a domain. What a reporter wrote is cleaned and bounded."""
    passing = [(_name(one.domain), one) for one in source.dkim if one.result == "pass"]
    failing = [(_name(one.domain), one) for one in source.dkim if one.result in _BROKEN]
    spf = [(_name(one.domain), one.result) for one in source.spf]
    foreign = [name for name, _ in passing if not is_within(name, _SES) and not _aligns(name, domain)]
    foreign += [name for name, result in spf if result == "pass" and not is_within(name, _SES) and not _aligns(name, domain)]
    return Trace(
        address=address_key(source.ip) or clean(source.ip, _LONGEST_NAME) or UNREADABLE,
        author=_name(source.header_from) or domain,
        dkim=source.dkim_aligned,
        spf=source.spf_aligned,
        ses_signature=any(is_within(name, _SES) for name, _ in passing),
        ses_address=any(result == "pass" and is_within(name, _SES) for name, result in spf),
        our_envelope=any(result in ("fail", "softfail") and _aligns(name, domain) for name, result in spf),
        passed_on=_passed_on(source),
        keys=_keys((one, name) for name, one in passing if _aligns(name, domain)),
        broken=_keys((one, name) for name, one in failing if _aligns(name, domain)),
        somebody=next((name for name in foreign if name), ""),
    )


def keys_of(traces: Iterable[Trace], addresses: Collection[str]) -> Keys:
    """By which keys our mail is signed, from those traces that no forwarder can leave: SES itself, or our own SPF record."""
    ses: set[str] = set()
    other: set[str] = set()
    for trace in traces:
        if trace.dkim and _is_from_ses(trace, addresses):
            ses.update(trace.keys)
        elif trace.dkim and trace.spf:
            other.update(trace.keys)
    return Keys(frozenset(ses), frozenset(other - ses))


def kind_of(trace: Trace, addresses: Collection[str], keys: Keys) -> tuple[Kind, tuple[Evidence, ...]]:
    """Whose mail it is, and why. `addresses` are those from which SES delivered mail of ours."""
    kind = _kind(trace, addresses, keys)
    return kind, tuple(_evidence(trace, addresses, keys, kind)) or (Evidence.NOTHING,)


def _kind(trace: Trace, addresses: Collection[str], keys: Keys) -> Kind:
    from_ses = _is_from_ses(trace, addresses)
    if trace.passes and from_ses:
        return Kind.OURS_SES
    if trace.spf:
        return Kind.OURS_OTHER
    if trace.dkim:
        # The key is ours. A service that signs for us and has a MAIL FROM of its own looks as a forwarder does; what tells them
        # apart is whether somebody else signs with that key, and whose the MAIL FROM is.
        relayed = trace.ses_signature or trace.our_envelope or trace.passed_on or not trace.keys
        return Kind.PASSED_ON if relayed or _is_known(trace.keys, keys) else Kind.OURS_OTHER
    if trace.passed_on or _is_broken(trace, keys):
        return Kind.PASSED_ON
    return Kind.SES_UNSIGNED if from_ses or trace.ses_signature else Kind.STRANGER


def _is_from_ses(trace: Trace, addresses: Collection[str]) -> bool:
    """Whether SES itself brought it: the address is one of SES's, or SES signed it and our SPF record names the address."""
    return trace.address in addresses or trace.ses_address or (trace.ses_signature and trace.spf)


def _is_known(found: Collection[str], keys: Keys) -> bool:
    return not (keys.ses | keys.other).isdisjoint(found)


def _is_broken(trace: Trace, keys: Keys) -> bool:
    """Mailing lists change what was signed and send under a name of their own; a forger has to know a selector to look so."""
    return bool(trace.somebody) and _is_known(trace.broken, keys)


def _evidence(trace: Trace, addresses: Collection[str], keys: Keys, kind: Kind) -> Iterable[Evidence]:
    passed_on = kind is Kind.PASSED_ON
    found = {
        Evidence.KNOWN_ADDRESS: trace.address in addresses,
        Evidence.SES_ADDRESS: trace.ses_address,
        Evidence.SES_SIGNATURE: trace.ses_signature,
        Evidence.OUR_KEY: trace.dkim,
        Evidence.OUR_SPF: trace.spf,
        Evidence.SES_KEY: passed_on and not keys.ses.isdisjoint(trace.keys),
        Evidence.KNOWN_KEY: passed_on and not keys.other.isdisjoint(trace.keys),
        Evidence.OUR_ENVELOPE: passed_on and trace.our_envelope,
        Evidence.BROKEN_SIGNATURE: not trace.passes
        and ((passed_on and _is_broken(trace, keys)) or (kind is Kind.SES_UNSIGNED and bool(trace.broken))),
        Evidence.RECEIVER: passed_on and bool(trace.passed_on),
        Evidence.SOMEBODY: bool(trace.somebody),
    }
    return [evidence for evidence, holds in found.items() if holds]


def _passed_on(source: Source) -> str:
    for reason in source.overrides:
        if reason.kind in _PASSED_ON:
            return reason.kind
        if reason.kind == "local_policy" and _ARC in reason.comment.lower():
            return "arc"
    return ""


def _keys(signatures: Iterable[tuple[Authenticated, str]]) -> tuple[str, ...]:
    """A report need not name the selector (RFC 7489): then there is no key to compare."""
    named = ((clean(one.selector, _LONGEST_NAME).lower(), name) for one, name in signatures)
    return tuple(sorted({f"{selector}._domainkey.{name}" for selector, name in named if selector not in _NO_SELECTOR}))


def _aligns(name: str, domain: str) -> bool:
    """Whether a domain is ours, as far as the domain of the policy tells: it, what is below it, or what it is below."""
    return bool(name) and (is_within(name, domain) or (is_within(domain, name) and "." in name))


def _name(text: str) -> str:
    return name_key(text) or clean(text, _LONGEST_NAME).lower()
