"""Reports come in: kept once, refused with a reason, set aside with one alert, tried again where that helps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from ses_warden.adapters.dmarc_inbox import S3Inbox, files_in
from ses_warden.adapters.dmarc_opening import Limits
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.adapters.dmarc_rows import DynamoAlertBudget
from ses_warden.application.guard_ports import Notice, NoticeKind
from ses_warden.application.ingest_reports import Ingested, IngestServices, ingest, ingest_file
from ses_warden.domain.dmarc import Report
from ses_warden.domain.dmarc_kept import Way
from ses_warden.errors import AlertError, LedgerBusy, LedgerError, RowRefused, StorageError
from tests.support import dmarc
from tests.support.dmarc import gzipped, mail, record, report, zipped
from tests.support.dynamo import Wire, failure, session, table_shapes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
BUCKET = "mail"
GOOD = report(record(count=7), record(count=2)).encode()
BAD = gzipped(GOOD)[:-30]
SPAM = b"From: a@b.example\nSubject: Buy\n\nBuy now!\n"


@dataclass
class Store:
    """Keeps reports in memory, and fails as often as it is told to."""

    kept: dict[str, Report] = field(default_factory=dict[str, Report])
    failures: list[Exception] = field(default_factory=list[Exception])
    ways: list[Way] = field(default_factory=list[Way])

    def keep(self, report: Report, way: Way) -> bool:
        if self.failures:
            raise self.failures.pop(0)
        self.ways.append(way)
        is_new = report.report_id not in self.kept
        self.kept[report.report_id] = report
        return is_new


@dataclass
class Inbox:
    """A bucket in memory."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    aside: dict[str, str] = field(default_factory=dict[str, str])
    fails: bool = False

    def fetch(self, name: str, most: int) -> bytes | None:
        content = self.files.get(name)
        return content if content is None else content[: most + 1]

    def is_aside(self, name: str) -> bool:
        return name in self.aside

    def set_aside(self, name: str, reason: str) -> str:
        if self.fails:
            raise StorageError("S3 did not set a file aside: SlowDown")
        self.aside[name] = reason
        return name


@dataclass
class Alerts:
    """Alerts that were sent."""

    sent: list[Notice] = field(default_factory=list[Notice])
    fails: bool = False

    def send(self, notice: Notice) -> None:
        if self.fails:
            raise AlertError("it did not go out")
        self.sent.append(notice)


@dataclass
class Budget:
    """So many alerts a day."""

    left: int = 10
    days: list[str] = field(default_factory=list[str])

    def take(self, day: str) -> bool:
        self.days.append(day)
        self.left -= 1
        return self.left >= 0


@dataclass
class World:
    """What a run works with."""

    inbox: Inbox = field(default_factory=Inbox)
    store: Store = field(default_factory=Store)
    alerts: Alerts = field(default_factory=Alerts)
    budget: Budget = field(default_factory=Budget)

    def ingest(self, content: bytes, name: str = "inbox/1") -> Ingested:
        """A file comes in."""
        self.inbox.files[name] = content
        return self.again(name)

    def again(self, name: str = "inbox/1") -> Ingested:
        """S3 tells of a file once more."""
        most = Limits().file
        return ingest_file(
            name, IngestServices(self.inbox, ReportReader(), self.store, self.alerts, self.budget, lambda: NOW, most)
        )


@pytest.fixture
def world() -> World:
    """An empty one."""
    return World()


def test_a_report_is_kept_and_counted(world: World) -> None:
    """With its mails and its sources; nobody is told."""
    assert world.ingest(mail(gzipped(GOOD))) == Ingested(reports=1, mails=9, sources=2)
    assert world.store.kept["42"].mails == 9
    assert (world.alerts.sent, world.inbox.aside) == ([], {})


def test_a_duplicate_is_counted_and_nothing_else(world: World) -> None:
    """S3 tells twice of a file, and reporters send again."""
    world.ingest(GOOD)
    assert world.again() == Ingested(duplicates=1)
    assert world.ingest(zipped(GOOD), "inbox/2") == Ingested(duplicates=1)


def test_a_bad_file_is_set_aside_with_its_reason_and_one_alert(world: World) -> None:
    """However often S3 tells of it."""
    done = world.ingest(BAD)
    assert (done.reports, len(done.bad), done.alerted) == (0, 1, True)
    assert world.inbox.aside == {"inbox/1": "it is a gzip file that ends too early"}
    (notice,) = world.alerts.sent
    assert (notice.kind, notice.scope, notice.reason) == (
        NoticeKind.DMARC_REFUSED,
        "dmarc-file/inbox/1",
        "it is a gzip file that ends too early",
    )
    assert world.again().bad
    assert len(world.alerts.sent) == 1


def test_good_reports_beside_a_bad_attachment_are_kept(world: World) -> None:
    """And the file is set aside for the rest, which is named."""
    done = world.ingest(mail(gzipped(GOOD), BAD))
    assert (done.reports, len(done.bad)) == (1, 1)
    assert world.inbox.aside["inbox/1"].startswith("receiver.example!example.com!1700006400!1700092799.xml.gz: it is")


@pytest.mark.parametrize("content", [SPAM, b"", mail(gzipped(b'{"policies": []}'))])
def test_spam_and_reports_of_other_kinds_wake_nobody(world: World, content: bytes) -> None:
    """They are counted, and stay where they are."""
    done = world.ingest(content)
    assert (len(done.refused), done.bad, done.alerted) == (1, (), False)
    assert (world.alerts.sent, world.inbox.aside, world.budget.days) == ([], {}, [])


def test_a_flood_of_bad_files_is_no_flood_of_alerts(world: World) -> None:
    """Ten a day; the others are set aside all the same."""
    alerted = [world.ingest(BAD, f"inbox/{number}").alerted for number in range(13)]
    assert alerted == [True] * 10 + [False] * 3
    assert (len(world.alerts.sent), len(world.inbox.aside)) == (10, 13)
    assert set(world.budget.days) == {"2026-11-24"}


def test_sess_trial_mail_and_files_that_are_gone_are_nothing(world: World) -> None:
    """SES writes one when a receipt rule is made."""
    assert world.ingest(SPAM, "inbox/AMAZON_SES_SETUP_NOTIFICATION") == Ingested()
    assert world.again("inbox/gone") == Ingested()


@pytest.mark.parametrize("error", [LedgerBusy("DynamoDB is busy"), LedgerError("AccessDenied")])
def test_what_may_pass_is_raised_and_the_next_try_completes_it(world: World, error: Exception) -> None:
    """Nothing is set aside, and no report is lost."""
    world.store.failures = [error]
    with pytest.raises(type(error)):
        world.ingest(mail(gzipped(GOOD), BAD))
    assert (world.alerts.sent, world.inbox.aside) == ([], {})
    done = world.again()
    assert (done.reports, len(done.bad), done.alerted) == (1, 1, True)


def test_a_report_that_dynamodb_never_takes_is_refused(world: World) -> None:
    """No try would help."""
    world.store.failures = [RowRefused("DynamoDB refused a row: ValidationException")]
    assert world.ingest(GOOD).bad[0].reason.startswith("its report cannot be kept")


def test_an_alert_that_fails_is_tried_again(world: World) -> None:
    """The file is set aside only when somebody was told."""
    world.alerts.fails = True
    with pytest.raises(AlertError):
        world.ingest(BAD)
    assert world.inbox.aside == {}
    world.alerts.fails = False
    assert world.again().alerted
    assert world.inbox.aside


def test_a_copy_that_fails_repeats_the_alert(world: World) -> None:
    """Rather twice than never."""
    world.inbox.fails = True
    with pytest.raises(StorageError):
        world.ingest(BAD)
    world.inbox.fails = False
    assert world.again().alerted
    assert len(world.alerts.sent) == 2


def test_a_file_that_is_too_large_is_not_fetched_whole(world: World) -> None:
    """One byte more than is taken shows that."""
    assert world.ingest(b"x" * (Limits().file + 10_000_000)).bad[0].reason.startswith("it has more than")


def test_what_was_found_adds_up() -> None:
    """Over the attachments of a mail, and over files."""
    first = ingest(mail(gzipped(GOOD), BAD), ReportReader(), Store(), Way.CLI)
    second = ingest(dmarc.many(3).encode(), ReportReader(), Store(), Way.CLI)
    both = first.plus(second)
    assert (both.reports, both.sources, both.mails, len(both.refused)) == (2, 5, first.mails + second.mails, 1)


# The bucket


@pytest.fixture
def s3() -> "Iterator[S3Client]":
    """A client, with a bucket."""
    with mock_aws():
        client = session().client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


def test_files_are_fetched_and_set_aside_in_the_bucket(s3: "S3Client") -> None:
    """Byte for byte, with the reason as metadata, without addresses."""
    inbox = S3Inbox(s3, BUCKET)
    s3.put_object(Bucket=BUCKET, Key="inbox/a b.eml", Body=BAD, Tagging="from=me")
    assert inbox.fetch("inbox/a b.eml", 1_000_000) == BAD
    assert inbox.fetch("inbox/a b.eml", 9) == BAD[:10]
    assert inbox.fetch("inbox/gone", 9) is None
    assert not inbox.is_aside("inbox/a b.eml")
    assert inbox.set_aside("inbox/a b.eml", "jane.doe@example.com: bäd") == "refused/a b.eml"
    assert inbox.is_aside("inbox/a b.eml")
    copy = s3.get_object(Bucket=BUCKET, Key="refused/a b.eml")
    assert copy["Body"].read() == BAD
    assert copy["Metadata"] == {"reason": "j***@e***.com: b?d"}
    assert s3.get_object_tagging(Bucket=BUCKET, Key="refused/a b.eml")["TagSet"] == []


CALLS: dict[str, tuple[str, Callable[[S3Inbox], Any]]] = {
    "fetch": ("get_object", lambda inbox: inbox.fetch("inbox/1", 9)),
    "is_aside": ("head_object", lambda inbox: inbox.is_aside("inbox/1")),
    "set_aside": ("copy_object", lambda inbox: inbox.set_aside("inbox/1", "bad")),
}


@pytest.mark.parametrize(("operation", "call"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied", "403"])
def test_failures_of_s3_are_ours(operation: str, call: Callable[[S3Inbox], Any], code: str) -> None:
    """Without their text, which may name keys."""
    client = session().client("s3", config=Config(retries={"total_max_attempts": 1}))
    stub = Stubber(client)
    stub.add_client_error(operation, code, "the key jane.doe@example.com")
    with stub, pytest.raises(StorageError) as caught:
        call(S3Inbox(client, BUCKET))
    assert code in str(caught.value)
    assert "jane" not in str(caught.value)


def test_a_file_that_breaks_off_is_fetched_again() -> None:
    """The line may be cut while it comes."""

    class Broken(BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            from botocore.exceptions import IncompleteReadError  # noqa: PLC0415

            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    client = session().client("s3")
    stub = Stubber(client)
    stub.add_response("get_object", {"Body": Broken()})
    with stub, pytest.raises(StorageError, match="IncompleteRead"):
        S3Inbox(client, BUCKET).fetch("inbox/1", 9)


def test_keys_come_as_in_a_url() -> None:
    """`+` is a blank; events of other services, and tests of S3, name no file."""
    entry = {"s3": {"bucket": {"name": "mail"}, "object": {"key": "inbox/a+b%2Bc%21.eml"}}}
    assert files_in({"Records": [entry, {"eventSource": "aws:other"}]}) == [("mail", "inbox/a b+c!.eml")]
    assert files_in({"Service": "Amazon S3", "Event": "s3:TestEvent"}) == []
    assert files_in([]) == []


# The day's alerts


def test_a_day_has_so_many_alerts() -> None:
    """And the next day has them anew; the count is gone two days later."""
    with mock_aws():
        client: DynamoDBClient = session().client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
        client.create_table(TableName="DmarcTable", **table_shapes()["DmarcTable"])
        budget = DynamoAlertBudget(client, "DmarcTable", most=2, clock=lambda: NOW)
        assert [budget.take("2026-11-24") for _ in range(4)] == [True, True, False, False]
        assert budget.take("2026-11-25")
        (first, _) = client.scan(TableName="DmarcTable")["Items"]
        assert first["purge_at"] == {"N": str(int(NOW.timestamp()) + 2 * 86_400)}
        Wire(client, before=lambda *_: failure("ThrottlingException"))
        with pytest.raises(LedgerBusy):
            budget.take("2026-11-24")


def test_how_a_report_came_is_kept_with_it(world: World) -> None:
    """By mail where SES said from whom; else as a file of the bucket, or by the command."""
    told = b"Authentication-Results: amazonses.com; spf=none; dmarc=pass header.from=receiver.example;\n"
    world.ingest(told + mail(gzipped(GOOD)))
    world.ingest(mail(gzipped(GOOD)), "inbox/2")
    world.ingest(GOOD, "inbox/3")
    ingest(told + mail(gzipped(GOOD)), ReportReader(), world.store, Way.CLI)
    assert world.store.ways == [Way.MAIL, Way.BUCKET, Way.BUCKET, Way.CLI]
