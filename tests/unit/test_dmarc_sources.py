"""Whose mail a source of a DMARC report is: by what is proved, and never by an address alone."""

import pytest

from ses_warden.domain.dmarc import Authenticated, Override, Source
from ses_warden.domain.dmarc_sources import UNREADABLE, Evidence, Keys, Kind, keys_of, kind_of, trace_of
from tests.support.dmarc_ways import (
    BY_SES,
    DOMAIN,
    FAILED_ENVELOPE,
    MAILING_LIST,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    OWN_KEY,
    SES_ADDRESS,
    SES_ENVELOPE,
    SES_KEY,
    source,
    through_ses,
    unsigned_ses,
)

KNOWN = frozenset({SES_ADDRESS})
KEYS = Keys(frozenset({f"ses1._domainkey.{DOMAIN}"}), frozenset({f"own1._domainkey.{DOMAIN}"}))
SERVICE = Authenticated("mail.service.example", "pass", "s1")
BROKEN = Authenticated(DOMAIN, "fail", "ses1")

CASES: dict[str, tuple[Source, Kind, set[Evidence]]] = {
    "SES, known address, all aligned": (
        through_ses(),
        Kind.OURS_SES,
        {Evidence.KNOWN_ADDRESS, Evidence.SES_SIGNATURE, Evidence.OUR_KEY, Evidence.OUR_SPF},
    ),
    "SES, its address not known, our MAIL FROM": (
        through_ses(ip="192.0.2.99"),
        Kind.OURS_SES,
        {Evidence.SES_SIGNATURE, Evidence.OUR_KEY, Evidence.OUR_SPF},
    ),
    "SES, its address not known, no MAIL FROM of ours": (
        source("192.0.2.99", dkim=True, signed=(SES_KEY, BY_SES), envelope=(SES_ENVELOPE,)),
        Kind.OURS_SES,
        {Evidence.SES_ADDRESS, Evidence.SES_SIGNATURE, Evidence.OUR_KEY},
    ),
    "SES, our MAIL FROM, no signature of ours": (
        source(SES_ADDRESS, spf=True, signed=(BY_SES,), envelope=(OWN_ENVELOPE,)),
        Kind.OURS_SES,
        {Evidence.KNOWN_ADDRESS, Evidence.SES_SIGNATURE, Evidence.OUR_SPF},
    ),
    "SES, the reporter names no signatures": (
        source(SES_ADDRESS, dkim=True),
        Kind.OURS_SES,
        {Evidence.KNOWN_ADDRESS, Evidence.OUR_KEY},
    ),
    "our own server": (
        source(OTHER_ADDRESS, dkim=True, spf=True, signed=(OWN_KEY,), envelope=(OWN_ENVELOPE,)),
        Kind.OURS_OTHER,
        {Evidence.OUR_KEY, Evidence.OUR_SPF},
    ),
    "our own server, unsigned": (source(OTHER_ADDRESS, spf=True, envelope=(OWN_ENVELOPE,)), Kind.OURS_OTHER, {Evidence.OUR_SPF}),
    "a service that signs for us, with a MAIL FROM of its own": (
        source(dkim=True, signed=(Authenticated(DOMAIN, "pass", "service"),), envelope=(SERVICE,)),
        Kind.OURS_OTHER,
        {Evidence.OUR_KEY, Evidence.SOMEBODY},
    ),
    "SES's mail, forwarded as it was": (
        source(dkim=True, signed=(SES_KEY, BY_SES), envelope=(FAILED_ENVELOPE,)),
        Kind.PASSED_ON,
        {Evidence.SES_SIGNATURE, Evidence.OUR_KEY, Evidence.SES_KEY, Evidence.OUR_ENVELOPE},
    ),
    "SES's mail, forwarded with another MAIL FROM; one signature told": (
        source(dkim=True, signed=(SES_KEY,), envelope=(SERVICE,)),
        Kind.PASSED_ON,
        {Evidence.OUR_KEY, Evidence.SES_KEY, Evidence.SOMEBODY},
    ),
    "our server's mail, forwarded": (
        source(dkim=True, signed=(OWN_KEY,), envelope=(SERVICE,)),
        Kind.PASSED_ON,
        {Evidence.OUR_KEY, Evidence.KNOWN_KEY, Evidence.SOMEBODY},
    ),
    "signed by us, the reporter names no key": (
        source(dkim=True, envelope=(SERVICE,)),
        Kind.PASSED_ON,
        {Evidence.OUR_KEY, Evidence.SOMEBODY},
    ),
    "a mailing list, by the receiver's word": (source(overrides=(MAILING_LIST,)), Kind.PASSED_ON, {Evidence.RECEIVER}),
    "a mailing list, by its broken signature": (
        source(signed=(BROKEN,), envelope=(SERVICE,)),
        Kind.PASSED_ON,
        {Evidence.BROKEN_SIGNATURE, Evidence.SOMEBODY},
    ),
    "a seal that the receiver trusts": (
        source(overrides=(Override("local_policy", "arc=pass as[1].d=list.example"),)),
        Kind.PASSED_ON,
        {Evidence.RECEIVER},
    ),
    "SES, an address verified alone": (
        unsigned_ses(),
        Kind.SES_UNSIGNED,
        {Evidence.KNOWN_ADDRESS, Evidence.SES_ADDRESS, Evidence.SES_SIGNATURE},
    ),
    "SES, by nothing but a known address": (source(SES_ADDRESS), Kind.SES_UNSIGNED, {Evidence.KNOWN_ADDRESS}),
    "SES, of another account": (unsigned_ses(ip="192.0.2.99"), Kind.SES_UNSIGNED, {Evidence.SES_ADDRESS, Evidence.SES_SIGNATURE}),
    "signed by SES alone, and forwarded": (source(signed=(BY_SES,)), Kind.SES_UNSIGNED, {Evidence.SES_SIGNATURE}),
    "a stranger": (source(), Kind.STRANGER, {Evidence.NOTHING}),
    "a stranger with a name": (source(signed=(SERVICE,)), Kind.STRANGER, {Evidence.SOMEBODY}),
    "a forged signature with a selector of ours": (source(signed=(BROKEN,)), Kind.STRANGER, {Evidence.NOTHING}),
    "a forged signature with another selector": (
        source(signed=(Authenticated(DOMAIN, "fail", "guess"),), envelope=(SERVICE,)),
        Kind.STRANGER,
        {Evidence.SOMEBODY},
    ),
    "a local policy that is no forwarding": (
        source(overrides=(Override("local_policy", "we like it"),)),
        Kind.STRANGER,
        {Evidence.NOTHING},
    ),
    "a policy in its test": (source(overrides=(Override("policy_test_mode"),)), Kind.STRANGER, {Evidence.NOTHING}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_source_is_whose_its_results_prove_it_to_be(name: str) -> None:
    """The kind, and what speaks for it."""
    told, kind, evidence = CASES[name]
    found, why = kind_of(trace_of(told, DOMAIN), KNOWN, KEYS)
    assert (found, set(why)) == (kind, evidence)


def test_an_address_of_ses_proves_no_mail_ours() -> None:
    """The pools are shared: what is not aligned is never ours by its address."""
    for told in (source(SES_ADDRESS), unsigned_ses(), source(SES_ADDRESS, signed=(SERVICE,))):
        kind, _ = kind_of(trace_of(told, DOMAIN), KNOWN, KEYS)
        assert not kind.is_ours


def test_addresses_are_compared_whatever_their_spelling() -> None:
    """IPv6 has many; an IPv4 address may be written within one."""
    for spelling in ("2001:db8::25", "2001:0DB8:0:0:0:0:0:25", " 2001:db8:0::25 "):
        kind, _ = kind_of(trace_of(source(spelling, dkim=True), DOMAIN), {"2001:db8::25"}, Keys())
        assert kind is Kind.OURS_SES
    assert trace_of(source("::ffff:192.0.2.10"), DOMAIN).address == SES_ADDRESS


def test_keys_are_learnt_only_where_no_forwarder_stands_between() -> None:
    """From SES itself, and from hosts that our SPF record names."""
    traces = [
        trace_of(told, DOMAIN)
        for told in (
            through_ses(),
            source(OTHER_ADDRESS, dkim=True, spf=True, signed=(OWN_KEY, SES_KEY), envelope=(OWN_ENVELOPE,)),
            source(dkim=True, signed=(Authenticated(DOMAIN, "pass", "elsewhere"),)),
            source(SES_ADDRESS, signed=(Authenticated("other.example", "pass", "foreign"),)),
        )
    ]
    assert keys_of(traces, KNOWN) == KEYS


def test_a_selector_that_is_not_told_is_no_key() -> None:
    """Else all that tell none would be signed with one key."""
    unnamed = tuple(Authenticated(DOMAIN, "pass", selector) for selector in ("", "none"))
    assert trace_of(source(dkim=True, signed=unnamed), DOMAIN).keys == ()


def test_a_policy_of_a_subdomain_knows_the_keys_of_the_domain_above() -> None:
    """Relaxed alignment: `d=example.com` signs for news.example.com."""
    trace = trace_of(through_ses(author=f"news.{DOMAIN}"), f"news.{DOMAIN}")
    assert trace.keys == (f"ses1._domainkey.{DOMAIN}",)
    assert trace.author == f"news.{DOMAIN}"


HOSTILE = "\x1b]0;owned\x07[red]" + "a" * 5000


def test_what_a_reporter_wrote_is_cleaned_and_bounded() -> None:
    """No terminal obeys it, and none of it is long."""
    told = source(
        HOSTILE, author=HOSTILE, signed=(Authenticated(HOSTILE, "pass", HOSTILE),), envelope=(Authenticated(HOSTILE, "pass"),)
    )
    trace = trace_of(told, DOMAIN)
    for text in (trace.address, trace.author, trace.somebody, *trace.keys):
        assert text.isprintable()
        assert len(text) <= 400
    assert trace_of(source("\x1b"), DOMAIN).address == UNREADABLE
