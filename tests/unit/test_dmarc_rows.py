"""DMARC reports as rows of DynamoDB, on moto."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from moto import mock_aws

from ses_warden.adapters.dmarc_rows import PACK_BYTES, DynamoReports, packed, unpacked
from ses_warden.application.dmarc_ports import ReportRows, ReportStore
from ses_warden.domain.dmarc import Authenticated, Override, Report, Source, domain_key
from ses_warden.errors import LedgerBusy, LedgerError
from tests.support.dynamo import LARGEST_ITEM, Wire, failure, item_bytes, session, table_shapes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "DmarcTable"
DAY = timedelta(days=1)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
SOURCE = Source(
    ip="203.0.113.9",
    count=12,
    disposition="quarantine",
    dkim_aligned=True,
    spf_aligned=False,
    header_from="news.example.com",
    envelope_from="bounce.example.net",
    dkim=(Authenticated("example.com", "pass", "s1"), Authenticated("example.net", "fail")),
    spf=(Authenticated("bounce.example.net", "softfail"),),
    overrides=(Override("mailing_list", "via a list"), Override("other")),
)
REPORT = Report(
    reporter="google.com",
    report_id="1234",
    domain="example.com",
    begin=BEGIN,
    end=BEGIN + DAY - timedelta(seconds=1),
    sources=(SOURCE, replace(SOURCE, ip="2001:db8::1", count=1, dkim=(), spf=(), overrides=(), envelope_from="")),
    policy="none",
    subdomain_policy="quarantine",
    nonexistent_policy="reject",
    testing=False,
    percent=50,
    reporter_contact="noreply-dmarc@google.com",
    unread=3,
    sender="google.com",
)


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the table of the template."""
    with mock_aws():
        client = session().client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        client.create_table(TableName=TABLE, **table_shapes()[TABLE])
        yield client


def stored(client: "DynamoDBClient", pack_bytes: int = PACK_BYTES) -> DynamoReports:
    """The adapter under test."""
    return DynamoReports(client, TABLE, retention=timedelta(days=400), clock=lambda: NOW, pack_bytes=pack_bytes)


@pytest.fixture
def reports(dynamodb: "DynamoDBClient") -> DynamoReports:
    """The adapter under test."""
    return stored(dynamodb)


def large(records: int, seed: int = 0) -> Report:
    """A report whose sources hardly compress."""
    source = random.Random(seed)  # noqa: S311  # a test's data

    def name() -> str:
        return f"{source.getrandbits(800):x}.example"

    return replace(
        REPORT, sources=tuple(replace(SOURCE, count=number, header_from=name(), envelope_from=name()) for number in range(records))
    )


def of(rows: ReportRows, domain: str = "example.com", since: datetime = BEGIN, days: int = 1) -> list[Report]:
    """The reports of some days."""
    return list(rows.reports(domain, since, since + days * DAY))


def test_a_report_comes_back_as_it_was_kept(reports: DynamoReports) -> None:
    """With all that it says, and by its domain however that is written."""
    store: ReportStore = reports
    assert store.keep(REPORT)
    assert of(reports, "Example.COM.") == [REPORT]


def test_what_a_reporter_does_not_say_stays_unsaid(reports: DynamoReports) -> None:
    """None is not a policy of its own."""
    bare = Report("a", "", "example.com", BEGIN, BEGIN + DAY, ())
    assert reports.keep(bare)
    assert of(reports) == [bare]


def test_each_report_is_kept_once(reports: DynamoReports) -> None:
    """Its name is the reporter's, its id and its beginning, as reporters reuse ids; and by whichever way it comes again."""
    assert [reports.keep(REPORT), reports.keep(REPORT), reports.keep(replace(REPORT, sender=""))] == [True, False, False]
    others = [
        replace(REPORT, reporter="yahoo.com"),
        replace(REPORT, report_id="1235"),
        replace(REPORT, begin=BEGIN + timedelta(hours=1)),
        replace(REPORT, domain="example.net"),
    ]
    assert all(reports.keep(other) for other in others)
    assert len(of(reports)) == 4


def test_a_forged_report_keeps_no_true_one_away(reports: DynamoReports) -> None:
    """Whoever guesses a reporter's next id can send another report first: both are there, and the second is not lost."""
    forged = replace(REPORT, sources=(replace(SOURCE, count=10**9),))
    assert [reports.keep(forged), reports.keep(REPORT), reports.keep(REPORT), reports.keep(forged)] == [True, True, False, False]
    assert sorted(each.mails for each in of(reports)) == [REPORT.mails, 10**9]


def test_a_report_is_found_by_when_it_begins(reports: DynamoReports) -> None:
    """From the first moment on, the last one left out, in order."""
    days = [replace(REPORT, report_id=str(day), begin=BEGIN + day * DAY, end=BEGIN + (day + 1) * DAY) for day in (2, 0, 1, 3)]
    for each in days:
        reports.keep(each)
    assert [each.report_id for each in of(reports, days=3)] == ["0", "1", "2"]
    assert of(reports, since=BEGIN + timedelta(seconds=1), days=1) == [days[2]]
    assert of(reports, "example.net", days=9) == []


def test_the_domains_are_named_each_once_and_sorted(reports: DynamoReports) -> None:
    """Without a scan."""
    assert list(reports.domains()) == []
    for domain in ("example.net", "Example.com", "example.com", "bücher.example"):
        reports.keep(replace(REPORT, domain=domain))
    assert list(reports.domains()) == ["example.com", "example.net", "xn--bcher-kva.example"]


def test_a_large_report_takes_several_items(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """Each within what DynamoDB takes, and they come back as one."""
    report = large(6_000)
    assert reports.keep(report)
    items = [item for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE) for item in page["Items"]]
    assert len(items) == 5
    assert all(item_bytes(item) < LARGEST_ITEM for item in items)
    reports.keep(replace(REPORT, report_id="another"))
    assert sorted(of(reports), key=lambda each: each.report_id) == [report, replace(REPORT, report_id="another")]
    assert not reports.keep(report)


def test_a_thousand_records_are_one_item(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """As most of what they say repeats."""
    sources = tuple(replace(SOURCE, ip=f"203.0.{n // 250}.{n % 250}", count=n) for n in range(1_000))
    reports.keep(replace(REPORT, sources=sources))
    (item,) = (item for item in dynamodb.scan(TableName=TABLE)["Items"] if "parts" in item)
    assert item["parts"] == {"N": "1"}
    assert item_bytes(item) < 20_000
    assert of(reports)[0].sources == sources


# The domain's name, a look whether the report is there, three further items, the first item.
@pytest.mark.parametrize("fails_at", range(6))
def test_a_large_report_is_whole_or_not_there(dynamodb: "DynamoDBClient", fails_at: int) -> None:
    """Wherever the writing stops, nothing is seen of it, and the next try completes it."""
    report, busy = large(60), failure("ProvisionedThroughputExceededException")
    Wire(dynamodb, before=lambda number, *_: busy if number == fails_at else None)
    with pytest.raises(LedgerBusy):
        stored(dynamodb, 5_000).keep(report)
    assert of(stored(dynamodb)) == []
    assert stored(dynamodb, 5_000).keep(report)
    assert of(stored(dynamodb)) == [report]


def test_what_another_try_left_behind_is_no_part_of_a_report(dynamodb: "DynamoDBClient") -> None:
    """Two files of one name that came at once: the first to finish stands, and is read without the other's items."""
    reports, report, other = stored(dynamodb, 5_000), large(60), large(60, seed=1)
    Wire(dynamodb, before=lambda number, *_: failure("ThrottlingException") if number == 5 else None)
    with pytest.raises(LedgerBusy):
        reports.keep(other)
    assert reports.keep(report)
    assert of(reports) == [report]


def test_reports_are_kept_for_so_long_from_when_they_came(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """And the name of the domain as long as the last of them."""
    reports.keep(replace(REPORT, begin=BEGIN - 3_000 * DAY))
    purge_at = {"N": str(int((NOW + timedelta(days=400)).timestamp()))}
    assert [item["purge_at"] for item in dynamodb.scan(TableName=TABLE)["Items"]] == [purge_at, purge_at]


@pytest.mark.parametrize(("code", "raised"), [("ThrottlingException", LedgerBusy), ("AccessDeniedException", LedgerError)])
def test_failures_of_dynamodb_are_ours(dynamodb: "DynamoDBClient", code: str, raised: type[LedgerError]) -> None:
    """Without their text, which may hold keys."""
    Wire(dynamodb, before=lambda *_: failure(code))
    reports = stored(dynamodb)
    for call in (lambda: reports.keep(REPORT), lambda: of(reports), lambda: list(reports.domains())):
        with pytest.raises(raised) as caught:
            call()
        assert code in str(caught.value)
        assert "jane" not in str(caught.value)


def test_packs_hold_all_sources_in_order() -> None:
    """And one source too many for a pack is still one pack."""
    sources = large(100).sources
    packs = list(packed(sources, 2_000))
    assert len(packs) > 3
    assert [source for pack in packs for source in unpacked(pack)] == list(sources)
    assert [unpacked(pack) for pack in packed(sources[:2], 10)] == [[sources[0]], [sources[1]]]
    assert [unpacked(pack) for pack in packed((), 1)] == [[]]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Example.COM.", "example.com"),
        (" example.com ", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("ü" * 300, "ü" * 253),
        ("ü" * 100, "ü" * 100),
        ("a" * 300, "a" * 253),
    ],
)
def test_a_domain_has_one_key(written: str, key: str) -> None:
    """Of at most 253 characters."""
    assert domain_key(written) == key
