"""What is read of DMARC reports: the same as parsedmarc reads, and the numbers that the XML says."""

import logging
import os
import socket
import time
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from xml.sax.saxutils import escape

import parsedmarc  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsedmarc.config import ParserConfig  # type: ignore[import-untyped]

from ses_warden.adapters import dmarc_parsing
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.domain.dmarc import Authenticated, Override, Report
from ses_warden.domain.text import clean, mask_addresses
from ses_warden.errors import SettingsError
from tests.support import dmarc
from tests.support.dmarc import BEGIN, DAY, record, report, tag, text, totals

CONFIG = ParserConfig(offline=True, always_use_local_files=True, normalize_timespan_threshold_hours=float("inf"))


def read(xml: str | bytes) -> Report | Refused:
    """What is made of a document."""
    (found,) = ReportReader().read(xml.encode() if isinstance(xml, str) else xml)
    return found


def kept(xml: str | bytes) -> Report:
    """What is made of a good one."""
    found = read(xml)
    assert isinstance(found, Report), found
    return found


def by_parsedmarc(xml: str | bytes) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """The report and its rows as parsedmarc says, called directly."""
    parsed: Any = parsedmarc.parse_aggregate_report_xml(xml, config=CONFIG)
    rows = [
        (
            str(ip_address(one["source"]["ip_address"])),
            one["count"],
            one["policy_evaluated"]["disposition"],
            one["alignment"]["dkim"],
            one["alignment"]["spf"],
            one["alignment"]["dmarc"],
            one["identifiers"]["header_from"],
            (one["identifiers"]["envelope_from"] or "").lower(),
            [(each["domain"].lower(), each["result"], each["selector"]) for each in one["auth_results"]["dkim"]],
            [(each["domain"].lower(), each["result"]) for each in one["auth_results"]["spf"]],
            [
                (each["type"], mask_addresses(clean(each["comment"] or "", 200)))
                for each in one["policy_evaluated"]["policy_override_reasons"]
            ],
        )
        for one in parsed["records"]
    ]
    return parsed, rows


def rows_of(found: Report) -> list[tuple[Any, ...]]:
    """Our rows in the same form."""
    return [
        (
            one.ip,
            one.count,
            one.disposition,
            one.dkim_aligned,
            one.spf_aligned,
            one.passes,
            one.header_from,
            one.envelope_from,
            [(each.domain, each.result, each.selector or "none") for each in one.dkim],
            [(each.domain, each.result) for each in one.spf],
            [(each.kind, each.comment) for each in one.overrides],
        )
        for one in found.sources
    ]


def check_against_parsedmarc(xml: str | bytes) -> Report:
    """Rows, metadata and policy."""
    found = kept(xml)
    parsed, rows = by_parsedmarc(xml)
    metadata, policy = parsed["report_metadata"], parsed["policy_published"]
    assert rows_of(found) == rows
    assert (found.reporter, found.report_id, found.reporter_contact) == (
        clean(metadata["org_name"], 253),
        metadata["report_id"],
        clean(metadata["org_email"], 253),
    )
    assert (found.end - found.begin).total_seconds() == metadata["original_timespan_seconds"]
    assert (found.policy, found.subdomain_policy, found.nonexistent_policy) == (policy["p"], policy["sp"], policy["np"])
    assert found.percent == (None if policy["pct"] is None else int(policy["pct"]))
    assert found.testing == {None: None, "y": True, "n": False}[policy["testing"]]
    return found


def check_against_the_xml(xml: str | bytes, found: Report) -> None:
    """The sums, by a walk without parsedmarc."""
    walked = totals(xml)
    assert (found.mails, found.unread, found.domain) == (walked.mails, 0, walked.domain)
    assert [(one.ip, one.count) for one in found.sources] == [(str(ip_address(ip)), count) for ip, count in walked.by_address]
    assert sum(one.count for one in found.sources if one.passes) == walked.aligned
    assert found.begin == datetime.fromtimestamp(walked.begin, UTC)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(dmarc.reports())
def test_reports_of_both_schemas_are_read_as_parsedmarc_reads_them(made: dmarc.Made) -> None:
    """Eighty made reports: rows, metadata and policy as parsedmarc says, sums as the XML says."""
    check_against_the_xml(made.xml, check_against_parsedmarc(made.xml))


ODD = {
    "upper case": report(record(dkim="PASS", spf="Fail", disposition="None", header_from="EXAMPLE.com")),
    "no namespace, of RFC 9990": report(
        record(disposition="pass"),
        new=True,
        namespace=False,
        policy=text("p", "reject") + text("np", "reject") + text("testing", "y") + text("discovery_method", "treewalk"),
    ),
    "RFC 9990": report(
        record(disposition="pass", reasons=tag("reason", text("type", "policy_test_mode"), text("comment", "t=y", lang="en"))),
        new=True,
        version=None,
        policy=text("p", "none") + text("testing", "n"),
        metadata=text("generator", "Reporter 2"),
    ),
    "no version": report(record(), version=None),
    "seven days": report(record(count=700), end=BEGIN + 7 * DAY),
    "times with decimals": report(record(), begin=f"{BEGIN}.0", end=f"{BEGIN + DAY}.999"),
    "several records of one address": report(record(count=2), record(count=3, dkim="fail"), record(count=4, spf="fail")),
    "an empty sender": report(record(envelope_from="")),
    "old SPF results": report(record(results=tag("spf", text("domain", "example.com"), text("result", "hardfail")))),
    "no results": report(record(results="")),
    "an IPv6 address in capitals": report(record("2001:DB8::00FF")),
    "blanks around": report(record(" 203.0.113.1 ", "\n 7 ")).replace("<feedback>", "\n  <feedback>\n"),
    "a mark of UTF-8": "\ufeff" + report(record()),
    "another encoding in its declaration": report(record(), declaration='<?xml version="1.0" encoding="windows-1252"?>'),
    "a comment and a processing instruction": report("<!-- from us -->", record(), "<?what ever?>"),
    "CDATA": report(record()).replace("receiver.example<", "<![CDATA[receiver.example]]><"),
    "an attribute": report(record()).replace("<email>", '<email xml:lang="en">'),
    "the policy twice": report(record(), policy=text("p", "none") + "</policy_published><policy_published>" + text("p", "reject")),
    "an id like an address": report(record(), report_id="<1234@receiver.example>"),
    "a schema's prefix": report(record(), namespace=True),
    "an extension": report(record(), tag("extension", tag("x:y", "z", **{"xmlns:x": "urn:x"})), new=True),
    "unknown elements": report(record().replace("</row>", "<more><deep>1</deep></more></row>")),
}


@pytest.mark.parametrize("xml", ODD.values(), ids=ODD)
def test_odd_reports_are_read_as_parsedmarc_reads_them(xml: str) -> None:
    """As they come from the wild."""
    check_against_the_xml(xml.removeprefix("\ufeff").encode(), check_against_parsedmarc(xml))


def test_invalid_utf8_is_left_out() -> None:
    """The rest of the report is as good as ever; parsedmarc does the same."""
    xml = report(record(count=5), reporter="Pro\udc80vider \udcff").encode("utf-8", "surrogateescape")
    found = check_against_parsedmarc(xml)
    assert (found.reporter, found.mails) == ("Provider", 5)


MENDED = {
    "a control character": report(record(count=5)).replace("receiver.example<", "receiver.example\x01<"),
    "a bare ampersand": report(record(count=5)).replace("receiver.example<", "A & B<"),
    "an end that is missing": report(record(count=5)).removesuffix("</feedback>"),
    "wrapped in a schema": report(record(count=5)).replace("<feedback>", "<xs:schema><feedback>"),
    "text behind the end": report(record(count=5)) + "thank you",
}


@pytest.mark.parametrize("xml", MENDED.values(), ids=MENDED)
def test_what_is_not_well_formed_is_mended_where_parsedmarc_can(xml: str) -> None:
    """Reporters write XML by hand."""
    assert check_against_parsedmarc(xml).mails == 5


def test_a_namespace_with_a_prefix_is_no_hindrance() -> None:
    """Names count without it, which parsedmarc alone does not see."""
    plain = report(record(count=5), new=True, declaration="")
    prefixed = plain.replace("</", "</d:").replace("<", "<d:").replace("<d:/d:", "</d:").replace("xmlns=", "xmlns:d=")
    assert kept(prefixed) == kept(plain)


def test_an_empty_reason_is_none() -> None:
    """Parsedmarc alone refuses such a record."""
    assert kept(report(record(reasons="<reason/>"))).sources[0].overrides == ()


def test_what_a_report_says_is_all_there() -> None:
    """A row of a source with all its parts."""
    xml = report(
        record(
            "203.0.113.9",
            12,
            disposition="quarantine",
            spf="fail",
            reasons=tag("reason", text("type", "mailing_list"), text("comment", "via list@lists.example")),
            header_from="News.example.com",
            envelope_from="jane.doe@bounce.example.net",
            results=tag("dkim", text("domain", "example.com"), text("selector", "s1"), text("result", "pass"))
            + tag("dkim", text("domain", "example.net"), text("result", "fail"))
            + tag("spf", text("domain", "bounce.example.net"), text("result", "softfail")),
        ),
        domain="Example.com",
        policy=text("p", "quarantine") + text("sp", "reject") + text("pct", 50),
    )
    found = kept(xml)
    (source,) = found.sources
    assert (found.domain, found.policy, found.subdomain_policy, found.percent) == ("example.com", "quarantine", "reject", 50)
    assert (source.ip, source.count, source.disposition) == ("203.0.113.9", 12, "quarantine")
    assert (source.dkim_aligned, source.spf_aligned, source.passes) == (True, False, True)
    assert (source.header_from, source.envelope_from) == ("news.example.com", "bounce.example.net")
    assert source.dkim == (Authenticated("example.com", "pass", "s1"), Authenticated("example.net", "fail"))
    assert source.spf == (Authenticated("bounce.example.net", "softfail"),)
    assert source.overrides == (Override("mailing_list", "via l***@l***.example"),)


def test_a_thousand_records_are_all_there() -> None:
    """They are read in bites, which nobody notices."""
    xml = dmarc.many(1_000)
    check_against_the_xml(xml, check_against_parsedmarc(xml))


def test_records_far_apart_are_one_report() -> None:
    """Whatever stands among them."""
    xml = report(*(record(count=1) + " <extension/> " for _ in range(3_000)), record(count=5))
    assert kept(xml).mails == 3_005


UNREADABLE = {
    "no address": record("none"),
    "an empty address": record(""),
    "no number": record(count="many"),
    "less than nothing": record(count=-1),
    "a number beyond all mails": record(count=10**13),
    "a number of ten thousand digits": record(count="9" * 10_000),
    "nothing at all": "<record/>",
    "no row": "<record><identifiers/></record>",
    "a reason without a type": record(reasons="<reason>why</reason>"),
}


@pytest.mark.parametrize("bad", UNREADABLE.values(), ids=UNREADABLE)
def test_a_record_that_cannot_be_read_is_counted(bad: str) -> None:
    """The others are kept."""
    found = kept(report(record(count=2), bad, record(count=3)))
    assert (found.mails, len(found.sources), found.unread) == (5, 2, 1)


@pytest.mark.parametrize("bad", UNREADABLE.values(), ids=UNREADABLE)
def test_a_report_without_any_readable_record_is_refused(bad: str) -> None:
    """It would say that no mail was seen."""
    for xml in (report(bad), report(bad, bad)):
        found = read(xml)
        assert isinstance(found, Refused)
        assert found.trouble is Trouble.DAMAGED


def test_a_bad_record_alone_in_its_bite_is_one_bad_record() -> None:
    """Not a bad report."""
    whole = [record(count=1) for _ in range(2_000)]
    found = kept(report(*whole, record(count=1, header_from="x" * 50_000), "<record/>"))
    assert (len(found.sources), found.unread) == (2_001, 1)


BROKEN = {
    "no records": report(),
    "no domain": report(record(), domain=""),
    "no domain but words": report(record(), domain="#domains"),
    "no metadata": report(record()).replace("report_metadata", "other"),
    "no policy": report(record()).replace("policy_published", "other"),
    "no reporter": report(record()).replace("<org_name>receiver.example</org_name>", ""),
    "no id": report(record()).replace("<report_id>42</report_id>", ""),
    "no times": report(record()).replace("date_range", "other"),
    "times that are none": report(record(), begin="yesterday"),
    "a time beyond all calendars": report(record(), begin=10**15, end=10**15),
    "an end at the end of time": report(record(), end=253_402_300_799 + 10**9),
    "another document": '<?xml version="1.0"?><rss><channel/></rss>',
    "no elements": '<?xml version="1.0"?>',
    "half a document": '<?xml version="1.0"?><feedback><report_metadata>',
}


@pytest.mark.parametrize("xml", BROKEN.values(), ids=BROKEN)
def test_what_is_no_aggregate_report_is_refused_with_a_reason(xml: str) -> None:
    """A sentence without what strangers wrote at length."""
    found = read(xml)
    assert isinstance(found, Refused)
    assert found.trouble is Trouble.DAMAGED
    assert 10 < len(found.reason) < 300


def test_a_reason_holds_no_address() -> None:
    """Parsedmarc's errors may repeat what it read."""
    found = read(report(record(), begin="jane.doe@example.net"))
    assert isinstance(found, Refused)
    assert "jane.doe" not in found.reason


def test_texts_of_strangers_are_bounded_and_clean() -> None:
    """They are shown on terminals, and stored."""
    long = "x" * 5_000
    found = kept(
        report(record(disposition=long, header_from=long, envelope_from=long), reporter=f"a\u202eb {long}", report_id=long)
    )
    (source,) = found.sources
    assert max(map(len, (found.reporter, found.report_id, source.disposition, source.header_from, source.envelope_from))) <= 255
    assert found.reporter.startswith("a b x")


def test_many_results_are_cut() -> None:
    """Fifty signatures are more than any mail has."""
    results = tag("dkim", text("domain", "example.com"), text("result", "pass")) * 500
    assert len(kept(report(record(results=results))).sources[0].dkim) == 50


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A machine without a network, which notes who asks for it; and files that are opened to be read or written."""
    asked: list[str] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(repr(arguments))
        raise OSError("no network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    return asked


def test_nothing_is_looked_up(nowhere: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No DNS, no download, and no database of where addresses are."""
    monkeypatch.setattr("maxminddb.open_database", lambda *_: pytest.fail("the database of addresses was opened"))
    dmarc_parsing._parser.cache_clear()
    assert kept(report(record("8.8.8.8"), record("2001:4860:4860::8888"), reporter="mail.google.com")).reporter == "google.com"
    assert nowhere == []


def test_parsedmarc_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It would repeat what strangers wrote, for each record."""
    caplog.set_level(logging.DEBUG)
    kept(report(record(), record("jane.doe@example.net"), new=True, policy=text("p", "none") + text("np", "jane.doe@example.net")))
    read(report(record(), begin="jane.doe@example.net"))
    assert [one for one in caplog.records if one.name.startswith("parsedmarc")] == []


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("begin", [BEGIN, 1_761_436_800, 1_761_440_400, 1_761_444_000, 1_762_063_200, 1_762_066_800])
def test_a_time_is_the_same_in_all_zones(monkeypatch: pytest.MonkeyPatch, zone: str, begin: int) -> None:
    """Also in the hours that clocks repeat in autumn (25 October and 2 November 2025); parsedmarc tells local time."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = kept(report(record(), begin=begin, end=begin + DAY))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert (found.begin.timestamp(), found.end.timestamp()) == (begin, begin + DAY)
    assert os.environ.get("TZ") is None


def test_without_parsedmarc_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `dmarc` is for those who read reports."""
    dmarc_parsing._parser.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "parsedmarc", None)
    with pytest.raises(SettingsError, match=r"pip install 'ses-warden\[cli,dmarc\]'"):
        ReportReader()
    dmarc_parsing._parser.cache_clear()


_names = st.sampled_from(
    [
        *("feedback", "version", "report_metadata", "org_name", "email", "report_id", "date_range", "begin", "end", "row", "type"),
        *("policy_published", "domain", "p", "sp", "np", "pct", "testing", "record", "source_ip", "count", "policy_evaluated"),
        *("disposition", "dkim", "spf", "reason", "comment", "identifiers", "header_from", "envelope_from", "auth_results"),
        *("selector", "result", "scope"),
    ]
)
_texts = st.sampled_from(["", "1", "203.0.113.1", "pass", "example.com", "1700000000", "a@b.example", "\u202e", "-1", "9" * 400])
_trees = st.recursive(
    _texts.map(escape),
    lambda inner: st.builds(
        lambda name, parts, lang: tag(name, *parts, **({"lang": "en"} if lang else {})),
        _names,
        st.lists(inner, max_size=4),
        st.booleans(),
    ),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_shape_of_xml_is_an_error(data: st.DataObject) -> None:
    """Any element may be missing, repeated, empty, nested or dressed with attributes: a report or a reason comes of it."""
    xml = report(record(count=2), record(count=3), policy=text("p", "none") + text("pct", "1"))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(xml)))
        end = data.draw(st.integers(start, min(len(xml), start + 60)))
        xml = xml[:start] + data.draw(_trees) + xml[end:]
    found = list(ReportReader().read(xml.encode()))
    assert all(isinstance(one, Report | Refused) for one in found)
    assert len(found) == 1
