"""DMARC aggregate reports for tests: made over both schemas, walked through without parsedmarc, and packed as receivers send them.

RFC 7489, appendix C, and RFC 9990 describe them; `report_of` says which of both, and how a reporter departs from it.
"""

import gzip
import io
import random
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from email.message import EmailMessage
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"
BEGIN = 1_700_006_400  # 2023-11-15 00:00:00 UTC
DAY = 86_400

_DOMAINS = ("example.com", "mail.example.com", "example.net", "bounce.example.org", "xn--bcher-kva.example")
_RESULTS = ("none", "pass", "fail", "policy", "neutral", "temperror", "permerror")
_SPF_RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror", "hardfail", "unknown")


@dataclass(frozen=True)
class Made:
    """A report: its XML, and whether it is of RFC 9990."""

    xml: str
    new: bool


def tag(name: str, *content: str, **attributes: str) -> str:
    """An element of elements, or of nothing."""
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{written}>{''.join(content)}</{name}>"


def text(name: str, value: object, **attributes: str) -> str:
    """An element of text; None leaves it out."""
    return "" if value is None else tag(name, escape(str(value)), **attributes)


def record(
    ip: str = "203.0.113.1",
    count: object = 1,
    *,
    disposition: str = "none",
    dkim: str = "pass",
    spf: str = "pass",
    reasons: str = "",
    header_from: str = "example.com",
    envelope_from: str | None = None,
    results: str | None = None,
) -> str:
    """A record as XML."""
    evaluated = tag("policy_evaluated", text("disposition", disposition), text("dkim", dkim), text("spf", spf), reasons)
    if results is None:
        results = tag("spf", text("domain", header_from), text("scope", "mfrom"), text("result", spf))
    return tag(
        "record",
        tag("row", text("source_ip", ip), text("count", count), evaluated),
        tag("identifiers", text("envelope_from", envelope_from), text("header_from", header_from)),
        tag("auth_results", results),
    )


def report(
    *records: str,
    new: bool = False,
    reporter: str = "receiver.example",
    report_id: str = "42",
    domain: str = "example.com",
    begin: object = BEGIN,
    end: object = BEGIN + DAY - 1,
    version: str | None = "1.0",
    policy: str = "",
    metadata: str = "",
    declaration: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
    namespace: bool | None = None,
) -> str:
    """A report as XML. Of RFC 9990 it has its namespace, unless `namespace` says otherwise."""
    head = tag(
        "report_metadata",
        text("org_name", reporter),
        text("email", f"dmarc@{reporter}"),
        metadata,
        text("report_id", report_id),
        tag("date_range", text("begin", begin), text("end", end)),
    )
    published = tag("policy_published", text("domain", domain), policy or text("p", "none"))
    attributes = {"xmlns": NAMESPACE} if (new if namespace is None else namespace) else {}
    return declaration + tag("feedback", text("version", version), head, published, *records, **attributes)


def many(records: int, seed: int = 0) -> str:
    """A report of so many sources."""
    chance = random.Random(seed)  # noqa: S311  # a test's data
    return report(*(record(f"198.51.{n // 250 % 250}.{n % 250}", chance.randint(1, 99)) for n in range(records)))


_addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
_words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=30)


@st.composite
def results(draw: st.DrawFn, *, new: bool) -> str:
    """The DKIM and SPF results of a record; RFC 9990 has the selector always, and one SPF result at most."""
    made = ""
    for _ in range(draw(st.integers(0, 3))):
        selector = draw(st.sampled_from(["s1", "2024._domainkey"])) if new else draw(st.sampled_from([None, "s1"]))
        human = draw(st.none() | _words)
        made += tag(
            "dkim",
            text("domain", draw(st.sampled_from(_DOMAINS))),
            text("selector", selector),
            text("result", draw(st.sampled_from(_RESULTS))),
            text("human_result", human, **({"lang": "en"} if new and draw(st.booleans()) else {})),
        )
    for _ in range(draw(st.integers(0, 1) if new else st.integers(1, 2))):
        made += tag(
            "spf",
            text("domain", draw(st.sampled_from(_DOMAINS))),
            text("scope", draw(st.sampled_from([None, "mfrom"] if new else ["helo", "mfrom"]))),
            text("result", draw(st.sampled_from(_SPF_RESULTS))),
        )
    return made


@st.composite
def records(draw: st.DrawFn, *, new: bool) -> str:
    """A record of one of the schemas."""
    kinds = ["local_policy", "mailing_list", "other", "trusted_forwarder"] + (
        ["policy_test_mode"] if new else ["forwarded", "sampled_out"]
    )
    reasons = "".join(
        tag(
            "reason",
            text("type", draw(st.sampled_from(kinds))),
            text("comment", draw(st.none() | _words), **({"lang": "en"} if new and draw(st.booleans()) else {})),
        )
        for _ in range(draw(st.integers(0, 2)))
    )
    verdicts = st.sampled_from(["pass", "fail", "Pass", "FAIL"])
    return record(
        draw(_addresses),
        draw(st.integers(0, 10**7)),
        disposition=draw(st.sampled_from(["none", "quarantine", "reject", "None"] + (["pass"] if new else []))),
        dkim=draw(verdicts),
        spf=draw(verdicts),
        reasons=reasons,
        header_from=draw(st.sampled_from([*_DOMAINS, "Example.COM"])),
        envelope_from=draw(st.sampled_from([None, "", *_DOMAINS])),
        results=draw(results(new=new)),
    )


@st.composite
def reports(draw: st.DrawFn) -> Made:
    """A report of one of the schemas, as such as reporters write it."""
    new = draw(st.booleans())
    policies = st.sampled_from(["none", "quarantine", "reject"])
    policy = text("adkim", draw(st.sampled_from([None, "r", "s"]))) + text("p", draw(policies))
    policy += text("sp", draw(st.none() | policies))
    if new:
        policy += text("np", draw(st.none() | policies)) + text("testing", draw(st.sampled_from([None, "y", "n"])))
        policy += text("discovery_method", draw(st.sampled_from([None, "psl", "treewalk"])))
    else:
        policy += text("pct", draw(st.none() | st.integers(0, 100)))
    begin = draw(st.integers(1_350_000_000, 1_900_000_000))
    made = report(
        *draw(st.lists(records(new=new), min_size=1, max_size=6)),
        new=new,
        reporter=draw(st.sampled_from(["google.com", "Yahoo", "Enterprise Outlook", "mail.ru", "comcast.net", "Gürtel GmbH"])),
        report_id=draw(st.text("abcdef0123456789-_.", min_size=1, max_size=40)),
        domain=draw(st.sampled_from(_DOMAINS)),
        begin=begin,
        end=begin + draw(st.sampled_from([0, 3_600, DAY - 1, DAY, 7 * DAY])),
        version=draw(st.sampled_from([None, "1.0", "0.1"])),
        policy=policy,
        metadata=text("extra_contact_info", draw(st.none() | _words), **({"lang": "en"} if new and draw(st.booleans()) else {}))
        + (text("generator", "a generator 1.0") if new and draw(st.booleans()) else ""),
        declaration=draw(st.sampled_from(['<?xml version="1.0" encoding="UTF-8" ?>\n', '<?xml version="1.0"?>', ""])),
        namespace=draw(st.booleans()) if new else None,
    )
    return Made(made, new)


@dataclass(frozen=True)
class Totals:
    """What a walk through the XML finds."""

    records: int
    mails: int
    by_address: tuple[tuple[str, int], ...]
    aligned: int  # mails
    begin: int
    domain: str


def totals(xml: str | bytes) -> Totals:
    """Walks through a well-formed report, by local names, with the standard library alone."""
    root = ET.fromstring(xml)  # noqa: S314  # our own
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]

    def of(element: ET.Element, path: str) -> str:
        return (element.findtext(path) or "").strip()

    rows = root.findall("record")
    mails = [int(of(row, "row/count")) for row in rows]
    passing = [
        count
        for row, count in zip(rows, mails, strict=True)
        if "pass" in (of(row, "row/policy_evaluated/dkim").lower(), of(row, "row/policy_evaluated/spf").lower())
    ]
    addresses = [of(row, "row/source_ip") for row in rows]
    return Totals(
        len(rows),
        sum(mails),
        tuple(zip(addresses, mails, strict=True)),
        sum(passing),
        int(of(root, "report_metadata/date_range/begin").split(".")[0]),
        of(root, "policy_published/domain"),
    )


def gzipped(data: bytes) -> bytes:
    """Packed as most receivers do."""
    return gzip.compress(data, mtime=0)


def zipped(data: bytes, *more: bytes, name: str = "report.xml", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Packed as Google and Microsoft do."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for number, member in enumerate((data, *more)):
            archive.writestr(zipfile.ZipInfo(name if not number else f"{number}-{name}"), member, method)
    return made.getvalue()


def mail(
    *attachments: bytes, subtype: str = "gzip", name: str = "receiver.example!example.com!1700006400!1700092799.xml.gz"
) -> bytes:
    """A mail with these attachments."""
    message = EmailMessage()
    message["From"] = "dmarc@receiver.example"
    message["To"] = "reports@dmarc.example.com"
    message["Subject"] = "Report Domain: example.com Submitter: receiver.example Report-ID: 42"
    message.set_content("This is an aggregate report.")
    for attachment in attachments:
        message.add_attachment(attachment, maintype="application", subtype=subtype, filename=name)
    return message.as_bytes()
