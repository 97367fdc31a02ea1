"""Zones and identities for the audit's tests: a domain in which all is well, and what may be changed about it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ses_warden.domain.identities import Dkim, Identity, IdentityView, MailFrom, Silence
from tests.support.dns_server import Fault, Zone, txt

DOMAIN, BOUNCES, REGION = "example.com", "bounce.example.com", "eu-west-1"
TOKENS = ("aaa", "bbb", "ccc")
MAIL_FROM = MailFrom(BOUNCES, "SUCCESS")
SES_SPF = {"amazonses.com": {"TXT": [txt("v=spf1 ip4:199.255.192.0/22 ip4:54.240.0.0/18 -all")]}}


@cache
def key_text(bits: int = 2048) -> str:
    """An RSA public key as DKIM writes it, of which nobody has the private half."""
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def dkim_zone(domain: str = DOMAIN, key: str | None = None) -> dict[str, dict[str, list[str]]]:
    """The three CNAMEs of Easy DKIM, and Amazon's keys behind them."""
    zone: dict[str, dict[str, list[str]]] = {}
    for token in TOKENS:
        zone[f"{token}._domainkey.{domain}"] = {"CNAME": [f"{token}.dkim.amazonses.com."]}
        zone[f"{token}.dkim.amazonses.com"] = {"TXT": [txt(key or f"v=DKIM1; k=rsa; p={key_text()}")]}
    return zone


def good_zone() -> dict[str, Any]:
    """All as SES's pages and the RFCs want it."""
    return {
        DOMAIN: {"TXT": [txt("v=spf1 include:amazonses.com -all"), txt("unrelated=1")], "MX": ["10 mail.example.com."]},
        BOUNCES: {"MX": [f"10 feedback-smtp.{REGION}.amazonses.com."], "TXT": [txt("v=spf1 include:amazonses.com ~all")]},
        f"_dmarc.{DOMAIN}": {"TXT": [txt(f"v=DMARC1; p=reject; rua=mailto:dmarc@{DOMAIN}")]},
        **SES_SPF,
        **dkim_zone(),
    }


def good_identity(**changes: Any) -> Identity:
    """The identity of the good zone."""
    usual = Identity(
        name=DOMAIN,
        verified=True,
        status="SUCCESS",
        dkim=Dkim(signs=True, status="SUCCESS", tokens=TOKENS, key="RSA_2048_BIT"),
        mail_from=MAIL_FROM,
    )
    return replace(usual, **changes)


@dataclass(frozen=True)
class Case:
    """A domain that is audited.

    `zone` are names that differ from the good zone's (None: the name is gone); `expected` are the findings that are not ok, each
    as `code standing`, sorted; without `identity` there is none in SES.
    """

    name: str
    zone: Mapping[str, Any] = field(default_factory=dict)
    expected: Sequence[str] = ()
    domain: str = DOMAIN
    identity: Identity | None = field(default_factory=good_identity)
    silence: Silence = Silence.NOT_ASKED

    def whole_zone(self) -> Zone:
        """The good zone with the changes."""
        return {name: records for name, records in (good_zone() | dict(self.zone)).items() if records is not None}

    def view(self) -> IdentityView:
        """SES's view."""
        return IdentityView(REGION, self.identity, self.silence)


def spf(text: str) -> dict[str, Any]:
    """The From domain's records with another SPF record."""
    return {DOMAIN: {"TXT": [txt(text)], "MX": ["10 mail.example.com."]}}


def dmarc(text: str, domain: str = DOMAIN) -> dict[str, Any]:
    """Another DMARC record."""
    return {f"_dmarc.{domain}": {"TXT": [txt(text)]}}


def many(count: int) -> dict[str, Any]:
    """Includes of so many services, each a record of its own."""
    return {f"s{number}.example.net": {"TXT": [txt("v=spf1 ip4:192.0.2.1 -all")]} for number in range(count)}


def includes(count: int) -> str:
    """The terms for them."""
    return " ".join(f"include:s{number}.example.net" for number in range(count))


RESTING = [f"{code} unknown" for code in ("identity.verified", "dkim.key", "mailfrom.custom", "spf.ses", "dmarc.dkim_alignment")]
RUA = "rua=mailto:dmarc@example.com"
SUB = "news.example.com"
_SUB_ZONE = {SUB: {"MX": ["10 mail.example.com."]}, **dict.fromkeys(dkim_zone()), **dkim_zone(SUB)}

CASES = [
    Case("all is well"),
    # --- SPF
    Case("no SPF record at the From domain is no fault", {DOMAIN: {"MX": ["10 mail.example.com."]}}),
    Case(
        "two SPF records",
        {DOMAIN: {"TXT": [txt("v=spf1 -all"), txt("v=spf1 mx -all")], "MX": ["10 m.example.com."]}},
        ["spf.record broken"],
    ),
    Case("ten lookups are few left", spf(f"v=spf1 {includes(10)} -all") | many(10), ["spf.lookups warn"]),
    Case("eleven lookups", spf(f"v=spf1 {includes(11)} -all") | many(11), ["spf.lookups broken"]),
    Case(
        "eleven lookups in depth",
        spf("v=spf1 include:deep.example.net -all")
        | {"deep.example.net": {"TXT": [txt(f"v=spf1 {includes(10)} -all")]}}
        | many(10),
        ["spf.lookups broken"],
    ),
    Case("one void lookup", spf("v=spf1 a:gone.example.net include:amazonses.com -all"), ["spf.void_lookups warn"]),
    Case(
        "three void lookups",
        spf("v=spf1 a:one.example.net a:two.example.net mx:three.example.net -all"),
        ["spf.void_lookups broken"],
    ),
    Case(
        "an mx of more than ten hosts",
        {DOMAIN: {"TXT": [txt("v=spf1 mx -all")], "MX": [f"10 m{number}.example.com." for number in range(11)]}},
        ["spf.all unknown", "spf.syntax broken"],
    ),
    Case(
        "macros, of which only receivers know the names",
        spf("v=spf1 exists:%{i}._spf.example.net include:%{ir}.%{v}.%{d}.spf.example.org include:amazonses.com -all"),
    ),
    Case(
        "addresses of one kind only",
        {DOMAIN: {"TXT": [txt("v=spf1 a mx -all")], "MX": ["10 m.example.com."], "A": ["192.0.2.1"]}}
        | {"m.example.com": {"A": ["192.0.2.2"]}},
    ),
    Case("everybody may send", spf("v=spf1 include:amazonses.com +all"), ["spf.all broken"]),
    Case("no end", spf("v=spf1 include:amazonses.com"), ["spf.all warn"]),
    Case("a neutral end", spf("v=spf1 include:amazonses.com ?all"), ["spf.all warn"]),
    Case(
        "the mechanism ptr",
        spf("v=spf1 ptr -all"),
        ["spf.ptr warn", "spf.void_lookups warn"],
    ),
    Case("a mechanism that there is not", spf("v=spf1 ipv4:192.0.2.1 -all"), ["spf.all unknown", "spf.syntax broken"]),
    Case("an include without a record", spf("v=spf1 include:gone.example.net -all"), ["spf.all unknown", "spf.syntax broken"]),
    Case("an include that includes the record", spf("v=spf1 include:example.com -all"), ["spf.all unknown", "spf.syntax broken"]),
    Case(
        "includes that lead on and on",
        spf("v=spf1 include:d1.example.net -all")
        | {f"d{n}.example.net": {"TXT": [txt(f"v=spf1 include:d{n + 1}.example.net -all")]} for n in range(1, 200)},
        ["spf.all unknown", "spf.lookups broken", "spf.syntax unknown"],
    ),
    Case("a redirect to a good record", spf("v=spf1 redirect=amazonses.com")),
    Case(
        "an SPF record in several strings",
        {DOMAIN: {"TXT": ['"v=spf1 include:amazon" "ses.com -all"'], "MX": ["10 mail.example.com."]}},
    ),
    Case(
        "an include that nobody answers for",
        spf("v=spf1 include:lost.example.net -all") | {"lost.example.net": Fault.SERVFAIL},
        ["spf.all unknown", "spf.syntax unknown"],
    ),
    # --- DKIM
    Case(
        "a CNAME to another token",
        {"aaa._domainkey.example.com": {"CNAME": ["zzz.dkim.amazonses.com."]}},
        ["dkim.cname broken"],
    ),
    Case("a missing CNAME", {"bbb._domainkey.example.com": None}, ["dkim.cname broken"]),
    Case(
        "a CNAME that leads on",
        {
            "aaa._domainkey.example.com": {"CNAME": ["alias.example.net."]},
            "alias.example.net": {"CNAME": ["aaa.dkim.amazonses.com."]},
        },
    ),
    Case(
        "a CNAME that leads elsewhere, where nobody answers",
        {"aaa._domainkey.example.com": {"CNAME": ["alias.example.net."]}, "alias.example.net": Fault.SERVFAIL},
        ["dkim.cname unknown", "dkim.key unknown"],
    ),
    Case("two of SES's keys are empty", {f"{token}.dkim.amazonses.com": {"TXT": ['""']} for token in TOKENS[1:]}),
    Case("two of SES's keys are not there", {f"{token}.dkim.amazonses.com": None for token in TOKENS[1:]}),
    Case("a revoked key", {"aaa.dkim.amazonses.com": {"TXT": [txt("v=DKIM1; p=")]}}),
    Case(
        "the one key that is not empty cannot be read",
        {"aaa.dkim.amazonses.com": Fault.SERVFAIL} | {f"{token}.dkim.amazonses.com": {"TXT": ['""']} for token in TOKENS[1:]},
        ["dkim.key unknown"] * 3,
    ),
    Case(
        "the one key that is not empty may be where a CNAME is missing",
        {"aaa._domainkey.example.com": None} | {f"{token}.dkim.amazonses.com": {"TXT": ['""']} for token in TOKENS[1:]},
        ["dkim.cname broken", "dkim.key unknown", "dkim.key unknown"],
    ),
    Case("all keys are revoked", dkim_zone(key="v=DKIM1; p="), ["dkim.key broken"] * 3),
    Case("a key that is none", {"aaa.dkim.amazonses.com": {"TXT": [txt("v=DKIM1; p=AAAA")]}}, ["dkim.key warn"]),
    Case("keys of 1024 bits", dkim_zone(key=f"v=DKIM1; k=rsa; p={key_text(1024)}"), ["dkim.key_length warn"] * 3),
    Case("a key that is tested", {"ccc.dkim.amazonses.com": {"TXT": [txt(f"t=y; p={key_text()}")]}}, ["dkim.testing warn"]),
    Case(
        "keys that nobody answers for",
        {f"{token}.dkim.amazonses.com": Fault.SERVFAIL for token in TOKENS},
        ["dkim.key unknown"] * 3,
    ),
    Case(
        "a key of one's own",
        {"mine._domainkey.example.com": {"TXT": [txt(f"v=DKIM1; p={key_text()}")]}},
        identity=good_identity(dkim=Dkim(signs=True, status="SUCCESS", origin="EXTERNAL", tokens=("mine",))),
    ),
    Case(
        "a key of one's own whose selector SES does not name",
        identity=good_identity(dkim=Dkim(signs=True, status="SUCCESS", origin="EXTERNAL")),
        expected=["dkim.key unknown"],
    ),
    Case(
        "a key of one's own that is gone",
        identity=good_identity(dkim=Dkim(signs=True, status="SUCCESS", origin="EXTERNAL", tokens=("mine",))),
        expected=["dkim.key broken"],
    ),
    Case(
        "SES has given up on the DKIM records, and signs no more",
        dmarc(f"v=DMARC1; p=reject; {RUA}"),
        identity=good_identity(dkim=Dkim(signs=True, status="FAILED", tokens=TOKENS)),
        expected=["dmarc.dkim_alignment warn", "identity.dkim broken"],
    ),
    Case(
        "a Region with a zone of its own",
        {f"{token}._domainkey.example.com": {"CNAME": [f"{token}.dkim.eu-west-1.amazonses.com."]} for token in TOKENS}
        | {f"{token}.dkim.eu-west-1.amazonses.com": {"TXT": [txt(f"p={key_text()}")]} for token in TOKENS},
        identity=good_identity(
            dkim=Dkim(signs=True, status="SUCCESS", tokens=TOKENS, zone="dkim.eu-west-1.amazonses.com", key="RSA_2048_BIT")
        ),
    ),
    Case(
        "SES names no CNAMEs",
        identity=good_identity(dkim=Dkim(signs=True, status="PENDING")),
        expected=["dkim.key unknown", "dmarc.dkim_alignment warn", "identity.dkim warn"],
    ),
    Case("a CNAME that leads to nothing, another key being in use", {"aaa.dkim.amazonses.com": None}, []),
    # --- MAIL FROM
    Case(
        "MAIL FROM is the From domain",
        {DOMAIN: {"MX": [f"10 feedback-smtp.{REGION}.amazonses.com."], "TXT": [txt("v=spf1 include:amazonses.com -all")]}},
        ["mailfrom.subdomain broken"],
        identity=good_identity(mail_from=MailFrom(DOMAIN, "SUCCESS")),
    ),
    Case(
        "MAIL FROM with a null MX",
        {BOUNCES: {"MX": ["0 ."], "TXT": [txt("v=spf1 include:amazonses.com ~all")]}},
        ["mailfrom.mx broken"],
    ),
    Case(
        "two MX at MAIL FROM",
        {
            BOUNCES: {
                "MX": [f"10 feedback-smtp.{REGION}.amazonses.com.", "20 mail.example.com."],
                "TXT": [txt("v=spf1 include:amazonses.com ~all")],
            }
        },
        ["mailfrom.mx broken"],
    ),
    Case(
        "MAIL FROM of another Region",
        {BOUNCES: {"MX": ["10 feedback-smtp.us-east-1.amazonses.com."], "TXT": [txt("v=spf1 include:amazonses.com ~all")]}},
        ["mailfrom.mx broken"],
    ),
    Case("MAIL FROM without SPF", {BOUNCES: {"MX": [f"10 feedback-smtp.{REGION}.amazonses.com."]}}, ["spf.record broken"]),
    Case(
        "MAIL FROM whose SPF leaves SES out",
        {BOUNCES: {"MX": [f"10 feedback-smtp.{REGION}.amazonses.com."], "TXT": [txt("v=spf1 ip4:192.0.2.1 -all")]}},
        ["spf.ses broken"],
    ),
    Case(
        "MAIL FROM whose SPF has macros",
        {BOUNCES: {"MX": [f"10 feedback-smtp.{REGION}.amazonses.com."], "TXT": [txt("v=spf1 include:%{d}.spf.example.net -all")]}},
        ["spf.ses unknown"],
    ),
    Case("MAIL FROM that is gone", {BOUNCES: None}, ["mailfrom.mx broken", "spf.record broken"]),
    Case("MAIL FROM that nobody answers for", {BOUNCES: Fault.SERVFAIL}, ["mailfrom.mx unknown", "spf.record unknown"]),
    Case(
        "SES has given up on MAIL FROM and on DKIM: nothing aligns",
        identity=good_identity(mail_from=MailFrom(BOUNCES, "FAILED"), dkim=Dkim(signs=True, status="PENDING", tokens=TOKENS)),
        expected=["dmarc.dkim_alignment broken", "identity.dkim warn", "mailfrom.custom broken"],
    ),
    Case("no MAIL FROM of one's own", identity=good_identity(mail_from=None), expected=["mailfrom.custom warn"]),
    # --- DMARC
    Case("no DMARC record", {"_dmarc.example.com": None}, ["dmarc.record broken"]),
    Case("a DMARC record in the wrong place", {"_dmarc.example.com": None} | spf("v=DMARC1; p=none"), ["dmarc.record broken"]),
    Case(
        "two DMARC records",
        {"_dmarc.example.com": {"TXT": [txt("v=DMARC1; p=none"), txt("v=DMARC1; p=reject")]}},
        ["dmarc.duplicates broken", "dmarc.record broken"],
    ),
    Case("another record beside DMARC's", {"_dmarc.example.com": {"TXT": [txt("hello"), txt(f"v=DMARC1; p=reject; {RUA}")]}}),
    Case("monitoring only", dmarc(f"v=DMARC1; p=none; {RUA}"), ["dmarc.policy warn"]),
    Case("nobody reads reports", dmarc("v=DMARC1; p=reject"), ["dmarc.reports warn"]),
    Case(
        "historic tags",
        dmarc(f"v=DMARC1; p=quarantine; pct=50; rf=afrf; ri=3600; {RUA}"),
        ["dmarc.historic_pct warn", "dmarc.historic_rf warn", "dmarc.historic_ri warn"],
    ),
    Case("a policy that is tested", dmarc(f"v=DMARC1; p=reject; t=y; {RUA}"), ["dmarc.testing warn"]),
    Case("subdomains are left open", dmarc(f"v=DMARC1; p=reject; sp=none; {RUA}"), ["dmarc.sp warn"]),
    Case("names that do not exist are left open", dmarc(f"v=DMARC1; p=reject; np=none; {RUA}"), ["dmarc.np warn"]),
    Case("a policy that there is not", dmarc(f"v=DMARC1; p=refuse; {RUA}"), ["dmarc.policy warn", "dmarc.syntax broken"]),
    Case("no policy", dmarc(f"v=DMARC1; {RUA}"), ["dmarc.policy warn", "dmarc.syntax broken"]),
    Case("a tag twice", dmarc(f"v=DMARC1; p=reject; p=none; {RUA}"), ["dmarc.syntax broken"]),
    Case(
        "the domain calls itself a public suffix",
        dmarc(f"v=DMARC1; p=reject; psd=y; {RUA}"),
        ["dmarc.psd warn", "dmarc.spf_alignment warn"],
    ),
    Case(
        "reports go to whom they were not promised",
        dmarc("v=DMARC1; p=reject; rua=mailto:a@reports.example.net"),
        ["dmarc.rua_authorised warn"],
    ),
    Case(
        "reports go to who wants them",
        dmarc("v=DMARC1; p=reject; rua=mailto:a@reports.example.net!10m")
        | {"example.com._report._dmarc.reports.example.net": {"TXT": [txt("v=DMARC1")]}},
    ),
    Case("reports go to a subdomain of one's own", dmarc("v=DMARC1; p=reject; rua=mailto:a@reports.example.com")),
    Case(
        "whether they are wanted nobody says",
        dmarc("v=DMARC1; p=reject; ruf=mailto:a@reports.example.net; " + RUA)
        | {"example.com._report._dmarc.reports.example.net": Fault.SERVFAIL},
        ["dmarc.ruf_authorised unknown"],
    ),
    Case("strict SPF alignment", dmarc(f"v=DMARC1; p=reject; aspf=s; {RUA}"), ["dmarc.spf_alignment warn"]),
    Case(
        "SES does not sign",
        identity=good_identity(dkim=Dkim(signs=False, status="NOT_STARTED")),
        expected=["dmarc.dkim_alignment warn", "identity.dkim broken", "identity.signing broken"],
    ),
    # --- subdomains
    Case("a subdomain by the tree walk", _SUB_ZONE, domain=SUB, identity=good_identity(name=SUB)),
    Case(
        "a subdomain sent by its parent's identity",
        {SUB: {"MX": ["10 mail.example.com."]}},
        domain=SUB,
    ),
    Case(
        "a subdomain, strict DKIM alignment, SPF to the rescue",
        {SUB: {"MX": ["10 mail.example.com."]}} | dmarc(f"v=DMARC1; p=reject; adkim=s; {RUA}"),
        ["dmarc.dkim_alignment warn"],
        domain=SUB,
    ),
    Case(
        "a subdomain, strict both ways",
        {SUB: {"MX": ["10 mail.example.com."]}} | dmarc(f"v=DMARC1; p=reject; adkim=s; aspf=s; {RUA}"),
        ["dmarc.dkim_alignment broken", "dmarc.spf_alignment warn"],
        domain=SUB,
    ),
    Case(
        "a subdomain of which sp asks for nothing",
        {SUB: {"MX": ["10 mail.example.com."]}} | dmarc(f"v=DMARC1; p=reject; sp=none; {RUA}"),
        ["dmarc.policy warn"],
        domain=SUB,
    ),
    Case(
        "a subdomain that does not exist, by np",
        dmarc(f"v=DMARC1; p=reject; np=none; {RUA}"),
        ["dmarc.policy warn", "mx.record broken"],
        domain="gone.example.com",
    ),
    Case(
        "an organization of its own below a public suffix",
        {"shop.hosting.example": {"MX": ["10 mail.example.com."]}}
        | dmarc("v=DMARC1; p=reject; psd=y; rua=mailto:a@hosting.example", "hosting.example")
        | {"shop.hosting.example._report._dmarc.hosting.example": {"TXT": [txt("v=DMARC1")]}}
        | {"hosting.example._report._dmarc.hosting.example": {"TXT": [txt("v=DMARC1")]}},
        ["dmarc.dkim_alignment broken", "dmarc.spf_alignment warn"],
        domain="shop.hosting.example",
    ),
    Case(
        "a department of its own (psd=n)",
        {SUB: {"MX": ["10 mail.example.com."]}} | dmarc(f"v=DMARC1; p=reject; psd=n; rua=mailto:a@{SUB}", SUB),
        ["dmarc.dkim_alignment broken", "dmarc.spf_alignment warn"],
        domain=SUB,
    ),
    Case(
        "the subdomain's record cannot be read: its parent's does not count",
        {SUB: {"MX": ["10 mail.example.com."]}, f"_dmarc.{SUB}": Fault.SERVFAIL},
        ["dmarc.record unknown"],
        domain=SUB,
    ),
    Case(
        "a record of the organization may hide behind a failure",
        {"a.news.example.com": {"MX": ["10 mail.example.com."]}, "_dmarc.example.com": Fault.SERVFAIL}
        | dmarc(f"v=DMARC1; p=none; {RUA}", SUB),
        ["dmarc.record unknown"],
        domain="a.news.example.com",
    ),
    Case(
        "a top level that does not answer hides nothing",
        {SUB: {"MX": ["10 mail.example.com."]}, "_dmarc.com": Fault.SERVFAIL},
        ["dmarc.dkim_alignment unknown", "dmarc.spf_alignment unknown"],
        domain=SUB,
    ),
    # --- MX
    Case("a null MX", {DOMAIN: {"MX": ["0 ."]}}, ["mx.record warn"]),
    Case("an address instead of an MX", {DOMAIN: {"A": ["192.0.2.1"]}}),
    Case(
        "no MX, and an address that nobody answers for",
        {DOMAIN: {"A": Fault.SERVFAIL, "AAAA": Fault.SERVFAIL}},
        ["mx.record unknown"],
    ),
    Case("neither MX nor address", {DOMAIN: {"TXT": [txt("hello")]}}, ["mx.record warn"]),
    # --- faults
    Case(
        "SERVFAIL for all of it",
        dict.fromkeys(good_zone(), Fault.SERVFAIL),
        ["dkim.cname unknown"] * 3
        + ["dkim.key unknown"] * 3
        + ["dmarc.record unknown", "mailfrom.mx unknown", "mx.record unknown", "spf.record unknown", "spf.record unknown"],
    ),
    Case(
        "a text that nobody should believe",
        {DOMAIN: {"TXT": [txt("v=spf1 \x1b[31m -all " + "a" * 6_000)], "MX": ["10 m.example.com."]}},
        ["spf.all unknown", "spf.syntax broken"],
    ),
    Case(
        "a text that is too long to be read",
        {DOMAIN: {"TXT": [txt("a" * 20_000)], "MX": ["10 m.example.com."]}},
        ["spf.record unknown"],
    ),
    # --- SES's view
    Case("SES does not know the domain", identity=None, silence=Silence.NO_IDENTITY, expected=["identity.verified warn"]),
    Case("SES may not be asked", identity=None, silence=Silence.DENIED, expected=RESTING),
    Case("SES was not to be asked", identity=None),
    Case(
        "not verified",
        identity=good_identity(verified=False, status="FAILED", error="HOST_NOT_FOUND"),
        expected=["identity.verified broken"],
    ),
    Case(
        "SES's own keys are short",
        identity=good_identity(dkim=Dkim(signs=True, status="SUCCESS", tokens=TOKENS, key="RSA_1024_BIT")),
        expected=["identity.key_length warn"],
    ),
    Case(
        "a replica of another Region's identity",
        {f"{token}._domainkey.example.com": {"CNAME": [f"{token}.dkim.us-east-1.amazonses.com."]} for token in TOKENS}
        | {f"{TOKENS[0]}.dkim.us-east-1.amazonses.com": {"TXT": [txt(f"p={key_text()}")]}},
        identity=good_identity(
            dkim=Dkim(signs=True, status="SUCCESS", origin="AWS_SES_US_EAST_1", tokens=TOKENS, zone="dkim.us-east-1.amazonses.com")
        ),
    ),
    Case(
        "names in capitals, a DMARC record elsewhere, wildcards",
        {
            DOMAIN: {"TXT": [txt("V=SPF1 Include:AmazonSES.com -ALL")], "MX": ["10 Mail.Example.COM."]},
            BOUNCES: {"MX": [f"10 Feedback-SMTP.{REGION}.AmazonSES.com."], "TXT": [txt("v=spf1 include:amazonses.com ~all")]},
            "_dmarc.example.com": {"CNAME": ["Policies.Example.NET."]},
            "policies.example.net": {"TXT": [txt("hello"), txt(f"v=DMARC1;p=reject;{RUA}")]},
            "_dmarc.bounce.example.com": {"TXT": [txt("v=spf1 -all")]},
        },
    ),
    Case(
        "SES has not seen the MAIL FROM domain yet",
        identity=good_identity(mail_from=MailFrom(BOUNCES, "PENDING")),
        expected=["mailfrom.custom warn"],
    ),
]
