"""The DNS records of a sending domain, in the forms that hosts of DNS take."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.dmarc_record import DmarcWish, Policy, dmarc_text, report_uri, strangers
from ses_warden.domain.dns_records import (
    DnsRecord,
    Purpose,
    bind_zone,
    dkim_records,
    dmarc_record,
    domain_name,
    mail_from_records,
    quoted,
    txt_strings,
)
from ses_warden.errors import RecordError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        (" Example.COM. ", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("_dmarc.mail.example.co.uk", "_dmarc.mail.example.co.uk"),
    ],
)
def test_a_domain_is_read_as_dns_knows_it(text: str, name: str) -> None:
    """Lower case, A-labels, no dot at the end."""
    assert domain_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "com",
        "a..com",
        "-a.com",
        "a-.com",
        "a b.com",
        "jane@example.com",
        "x" * 64 + ".com",
        "a." * 130 + "com",
        'a".com',
        "ü" * 300,
        "straße.example",  # another domain in IDNA 2003
    ],
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    """A name that DNS would not take, or that is more than a name."""
    with pytest.raises(RecordError, match="is no domain"):
        domain_name(text)


def test_the_records_of_dkim_are_where_the_tokens_say() -> None:
    """A CNAME for each; SES says in which zone the keys are, since new Regions have zones of their own."""
    [one] = dkim_records("example.com", ["abc"], "dkim.amazonses.com")
    [other] = dkim_records("example.com", ["abc"], "dkim.af-south-1.amazonses.com")
    assert one == DnsRecord("abc._domainkey.example.com", "CNAME", "abc.dkim.amazonses.com", Purpose.DKIM)
    assert other.value == "abc.dkim.af-south-1.amazonses.com"


def test_a_token_that_is_no_label_is_refused() -> None:
    """Nothing that SES says gets into a zone unread."""
    with pytest.raises(RecordError):
        dkim_records("example.com", ['x" IN TXT "y'], "dkim.amazonses.com")


def test_a_zone_file_has_absolute_names_and_quoted_texts() -> None:
    """Lines that a zone's administrator can paste."""
    records = [
        *dkim_records("example.com", ["abc"], "dkim.amazonses.com"),
        *mail_from_records("bounce.example.com", "eu-west-1"),
        dmarc_record("example.com", "v=DMARC1; p=none"),
    ]
    assert bind_zone(records).splitlines() == [
        "abc._domainkey.example.com. 3600 IN CNAME abc.dkim.amazonses.com.",
        "bounce.example.com. 3600 IN MX 10 feedback-smtp.eu-west-1.amazonses.com.",
        'bounce.example.com. 3600 IN TXT "v=spf1 include:amazonses.com ~all"',
        '_dmarc.example.com. 3600 IN TXT "v=DMARC1; p=none"',
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'),
        ('say "hi" \\ there', '"say \\"hi\\" \\\\ there"'),
        ("a" * 255, '"' + "a" * 255 + '"'),
        ("a" * 256, '"' + "a" * 255 + '" "a"'),
    ],
)
def test_a_text_is_quoted_string_by_string(text: str, written: str) -> None:
    """Quotes and backslashes are escaped, after 255 bytes a new string begins."""
    assert quoted(text) == written


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=1200))
def test_the_strings_together_are_the_text(text: str) -> None:
    """None is longer than DNS takes, none is lost."""
    strings = txt_strings(text)
    assert "".join(strings) == text
    assert all(len(part) <= 255 for part in strings)


@pytest.mark.parametrize("text", ["ä", "a\nb", "\x00"])
def test_a_text_that_no_mail_record_has_is_refused(text: str) -> None:
    """A line end would begin another record."""
    with pytest.raises(RecordError):
        txt_strings(text)


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"policy": Policy.NONE}, "v=DMARC1; p=none"),
        ({"policy": Policy.REJECT, "reports": ("d@example.com",)}, "v=DMARC1; p=reject; rua=mailto:d@example.com"),
        (
            {"policy": Policy.QUARANTINE, "testing": True, "reports": ("d@example.com", "mailto:e@example.net", "d@example.com")},
            "v=DMARC1; p=quarantine; t=y; rua=mailto:d@example.com,mailto:e@example.net",
        ),
        (
            {"policy": Policy.NONE, "subdomains": Policy.QUARANTINE, "nonexistent": Policy.REJECT, "testing": True},
            "v=DMARC1; p=none; sp=quarantine; np=reject; t=y",
        ),
    ],
)
def test_a_dmarc_record_has_its_tags_in_order(wish: dict[str, Any], text: str) -> None:
    """`v` and `p` come first, as older receivers want it; what is as usual is left out."""
    assert dmarc_text(DmarcWish(**wish)) == text


@pytest.mark.parametrize("policy", Policy)
def test_no_dmarc_record_has_a_percentage(policy: Policy) -> None:
    """`pct` is historic since RFC 9989."""
    for testing in (False, True):
        wish = DmarcWish(policy=policy, testing=testing, nonexistent=Policy.REJECT, reports=("d@example.com",))
        assert "pct" not in dmarc_text(wish)


def test_testing_needs_something_to_soften() -> None:
    """With a policy of none all over, `t=y` would say nothing."""
    with pytest.raises(RecordError, match="there is none"):
        dmarc_text(DmarcWish(policy=Policy.NONE, testing=True))


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("dmarc@example.com", "mailto:dmarc@example.com"),
        ("MAILTO:Dmarc@Example.com", "mailto:Dmarc@example.com"),
        ("a+b@example.com", "mailto:a+b@example.com"),
        ("a!b@example.com", "mailto:a%21b@example.com"),
        ("a%b@example.com", "mailto:a%25b@example.com"),
        ("d@bücher.example", "mailto:d@xn--bcher-kva.example"),
    ],
)
def test_an_address_of_reports_becomes_a_uri(text: str, uri: str) -> None:
    """What separates URIs or sizes in the record is percent-encoded."""
    assert report_uri(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "https://example.com/dmarc",
        "a@b@c",
        "a@x.example,b@y.example",
        "a;p=none@x.example",
        '"a b"@x.example',
        "Jane <jane@x.example>",
    ],
)
def test_what_takes_no_reports_is_refused(text: str) -> None:
    """And nothing that would end the tag gets through; the message names nobody."""
    with pytest.raises(RecordError, match="is none") as refusal:
        report_uri(text)
    assert "jane@x.example" not in str(refusal.value)


def test_too_many_addresses_are_refused() -> None:
    """Some DNS hosts take no long texts, and receivers ignore reports' addresses beyond a few."""
    with pytest.raises(RecordError, match="name fewer addresses"):
        dmarc_text(DmarcWish(policy=Policy.NONE, reports=tuple(f"someone-{number}@reports.example.com" for number in range(40))))


def test_domains_of_others_must_say_that_they_want_reports() -> None:
    """Those above and below the domain need not."""
    reports = ("a@example.com", "b@mail.example.com", "c@reports.example.net", "mailto:d@reports.example.net")
    assert strangers("example.com", reports) == ["reports.example.net"]
    assert strangers("mail.example.com", ["a@example.com"]) == []
    assert strangers("example.com", ["a@notexample.com"]) == ["notexample.com"]
