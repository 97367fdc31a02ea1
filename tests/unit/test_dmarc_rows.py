"""DMARC reports as rows of DynamoDB, on moto."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config
from moto import mock_aws

from ses_warden.adapters.dmarc_kept_rows import DynamoKeptReports
from ses_warden.adapters.dmarc_rows import PACK_BYTES, DynamoReports, packed, unpacked
from ses_warden.application.dmarc_ports import KeptReports, ReportRows, ReportStore
from ses_warden.domain.dmarc import Authenticated, Override, Report, Source, domain_key
from ses_warden.domain.dmarc_kept import Act, Handle, Ruling, Way
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
    assert store.keep(REPORT, Way.MAIL)
    assert of(reports, "Example.COM.") == [REPORT]


def test_what_a_reporter_does_not_say_stays_unsaid(reports: DynamoReports) -> None:
    """None is not a policy of its own."""
    bare = Report("a", "", "example.com", BEGIN, BEGIN + DAY, ())
    assert reports.keep(bare, Way.MAIL)
    assert of(reports) == [bare]


def test_each_report_is_kept_once(reports: DynamoReports) -> None:
    """Its name is the reporter's, its id and its beginning, as reporters reuse ids; and by whichever way it comes again."""
    assert [reports.keep(REPORT, Way.MAIL), reports.keep(REPORT, Way.MAIL), reports.keep(replace(REPORT, sender=""), Way.MAIL)] == [
        True,
        False,
        False,
    ]
    others = [
        replace(REPORT, reporter="yahoo.com"),
        replace(REPORT, report_id="1235"),
        replace(REPORT, begin=BEGIN + timedelta(hours=1)),
        replace(REPORT, domain="example.net"),
    ]
    assert all(reports.keep(other, Way.MAIL) for other in others)
    assert len(of(reports)) == 4


def test_a_forged_report_keeps_no_true_one_away(reports: DynamoReports) -> None:
    """Whoever guesses a reporter's next id can send another report first: both are there, and the second is not lost."""
    forged = replace(REPORT, sources=(replace(SOURCE, count=10**9),))
    assert [
        reports.keep(forged, Way.MAIL),
        reports.keep(REPORT, Way.MAIL),
        reports.keep(REPORT, Way.MAIL),
        reports.keep(forged, Way.MAIL),
    ] == [True, True, False, False]
    assert sorted(each.mails for each in of(reports)) == [REPORT.mails, 10**9]


def test_a_report_is_found_by_when_it_begins(reports: DynamoReports) -> None:
    """From the first moment on, the last one left out, in order."""
    days = [replace(REPORT, report_id=str(day), begin=BEGIN + day * DAY, end=BEGIN + (day + 1) * DAY) for day in (2, 0, 1, 3)]
    for each in days:
        reports.keep(each, Way.MAIL)
    assert [each.report_id for each in of(reports, days=3)] == ["0", "1", "2"]
    assert of(reports, since=BEGIN + timedelta(seconds=1), days=1) == [days[2]]
    assert of(reports, "example.net", days=9) == []


def test_the_domains_are_named_each_once_and_sorted(reports: DynamoReports) -> None:
    """Without a scan."""
    assert list(reports.domains()) == []
    for domain in ("example.net", "Example.com", "example.com", "bücher.example"):
        reports.keep(replace(REPORT, domain=domain), Way.MAIL)
    assert list(reports.domains()) == ["example.com", "example.net", "xn--bcher-kva.example"]


def test_a_large_report_takes_several_items(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """Each within what DynamoDB takes, and they come back as one."""
    report = large(6_000)
    assert reports.keep(report, Way.MAIL)
    items = [item for page in dynamodb.get_paginator("scan").paginate(TableName=TABLE) for item in page["Items"]]
    assert len(items) == 5
    assert all(item_bytes(item) < LARGEST_ITEM for item in items)
    reports.keep(replace(REPORT, report_id="another"), Way.MAIL)
    assert sorted(of(reports), key=lambda each: each.report_id) == [report, replace(REPORT, report_id="another")]
    assert not reports.keep(report, Way.MAIL)


def test_a_thousand_records_are_one_item(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """As most of what they say repeats."""
    sources = tuple(replace(SOURCE, ip=f"203.0.{n // 250}.{n % 250}", count=n) for n in range(1_000))
    reports.keep(replace(REPORT, sources=sources), Way.MAIL)
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
        stored(dynamodb, 5_000).keep(report, Way.MAIL)
    assert of(stored(dynamodb)) == []
    assert stored(dynamodb, 5_000).keep(report, Way.MAIL)
    assert of(stored(dynamodb)) == [report]


def test_what_another_try_left_behind_is_no_part_of_a_report(dynamodb: "DynamoDBClient") -> None:
    """Two files of one name that came at once: the first to finish stands, and is read without the other's items."""
    reports, report, other = stored(dynamodb, 5_000), large(60), large(60, seed=1)
    Wire(dynamodb, before=lambda number, *_: failure("ThrottlingException") if number == 5 else None)
    with pytest.raises(LedgerBusy):
        reports.keep(other, Way.MAIL)
    assert reports.keep(report, Way.MAIL)
    assert of(reports) == [report]


def test_reports_are_kept_for_so_long_from_when_they_came(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """And the name of the domain as long as the last of them."""
    reports.keep(replace(REPORT, begin=BEGIN - 3_000 * DAY), Way.MAIL)
    purge_at = {"N": str(int((NOW + timedelta(days=400)).timestamp()))}
    assert [item["purge_at"] for item in dynamodb.scan(TableName=TABLE)["Items"]] == [purge_at, purge_at]


@pytest.mark.parametrize(("code", "raised"), [("ThrottlingException", LedgerBusy), ("AccessDeniedException", LedgerError)])
def test_failures_of_dynamodb_are_ours(dynamodb: "DynamoDBClient", code: str, raised: type[LedgerError]) -> None:
    """Without their text, which may hold keys."""
    Wire(dynamodb, before=lambda *_: failure(code))
    reports = stored(dynamodb)
    for call in (lambda: reports.keep(REPORT, Way.MAIL), lambda: of(reports), lambda: list(reports.domains())):
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


UNTIL = BEGIN + 400 * DAY
DISCARD = Ruling(Act.DISCARD, NOW, "jane", "forged, ticket 4711")
RESTORE = Ruling(Act.RESTORE, NOW + DAY, "joe", "it was theirs")


def shelf(client: "DynamoDBClient") -> KeptReports:
    """The adapter of who lists and discards."""
    return DynamoKeptReports(client, TABLE)


def test_the_reports_are_listed_without_what_they_tell(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """The newest first, each once however many items it takes; with how and when each came, and until when it is kept."""
    reports.keep(large(6_000), Way.BUCKET)
    later = replace(REPORT, report_id="later", begin=BEGIN + DAY, end=BEGIN + 2 * DAY, sender="", policy=None, unread=0)
    reports.keep(later, Way.CLI)
    first, second = shelf(dynamodb).kept("Example.COM.", BEGIN, UNTIL)
    assert (first.report_id, first.mails, first.way, first.sender, first.policy, first.unread) == ("later", 13, "cli", "", None, 0)
    assert (second.report_id, second.way, second.sender, second.policy) == ("1234", "bucket", "google.com", "none")
    assert second.unread == 3
    assert second.handle == Handle(BEGIN, large(6_000).name)
    assert (second.received, second.purge_at) == (NOW, NOW + 400 * DAY)
    assert [one.report_id for one in shelf(dynamodb).kept("example.com", BEGIN, BEGIN + DAY)] == ["1234"]
    assert list(shelf(dynamodb).kept("example.net", BEGIN, UNTIL)) == []


def test_a_report_of_before_is_listed_too(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """How it came was not kept then."""
    reports.keep(REPORT, Way.MAIL)
    (item,) = (item for item in dynamodb.scan(TableName=TABLE)["Items"] if "way" in item)
    key = {name: item[name] for name in ("domain", "report")}
    dynamodb.update_item(TableName=TABLE, Key=key, UpdateExpression="REMOVE way, purge_at")
    (found,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    assert (found.way, found.purge_at, found.rulings) == ("", None, ())


def test_a_report_is_found_by_the_beginning_of_its_name(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """And none of another time or domain."""
    reports.keep(large(6_000), Way.MAIL)
    reports.keep(replace(large(6_000), domain="example.net"), Way.MAIL)
    name = large(6_000).name
    assert [one.handle.name for one in shelf(dynamodb).named("example.com", Handle(BEGIN, name[:8]))] == [name]
    assert shelf(dynamodb).named("example.com", Handle(BEGIN + DAY, name[:8])) == []
    assert shelf(dynamodb).named("example.com", Handle(BEGIN, "0" * 8)) == []


def test_a_discarded_report_says_so_and_is_not_taken_in_again(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """For as long as it would have been kept; restored it counts, and nothing of it is lost. Its row says who ruled."""
    reports.keep(REPORT, Way.MAIL)
    (one,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    assert [shelf(dynamodb).rule(one, DISCARD), shelf(dynamodb).rule(one, DISCARD._replace(by="joe"))] == [True, False]
    assert of(reports) == [replace(REPORT, discarded=True)]
    assert not reports.keep(REPORT, Way.CLI)
    (after,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    assert after == replace(one, rulings=(DISCARD,))
    assert [shelf(dynamodb).rule(one, RESTORE), shelf(dynamodb).rule(one, RESTORE)] == [True, False]
    assert of(reports) == [REPORT]
    (after,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    assert after == replace(one, rulings=(DISCARD, RESTORE))


def test_a_large_report_is_discarded_whole(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """All of its items, and no item grows too large by it."""
    report = large(6_000)
    reports.keep(report, Way.MAIL)
    (one,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    assert shelf(dynamodb).rule(one, DISCARD._replace(by="j" * 200, reason="r" * 200))
    assert not reports.keep(report, Way.MAIL)
    assert of(reports) == [replace(report, discarded=True)]


def test_a_report_that_is_gone_does_not_come_back_as_a_ruling(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """Its retention may end while somebody looks at it."""
    reports.keep(REPORT, Way.MAIL)
    (one,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={name: item[name] for name in ("domain", "report")})
    assert not shelf(dynamodb).rule(one, DISCARD)
    assert dynamodb.scan(TableName=TABLE)["Items"] == []


def test_who_may_not_list_or_discard_is_told(dynamodb: "DynamoDBClient", reports: DynamoReports) -> None:
    """By our own error."""
    reports.keep(REPORT, Way.MAIL)
    (one,) = shelf(dynamodb).kept("example.com", BEGIN, UNTIL)
    Wire(dynamodb, before=lambda *_: failure("AccessDeniedException"))
    for ask in (lambda: list(shelf(dynamodb).kept("example.com", BEGIN, UNTIL)), lambda: shelf(dynamodb).rule(one, DISCARD)):
        with pytest.raises(LedgerError, match="AccessDeniedException"):
            ask()
