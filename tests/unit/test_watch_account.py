"""The watch of the account: which change is told, which is not, and what is remembered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ses_warden.adapters.alerts import subject_of, text_of
from ses_warden.adapters.memory import DynamoMemory
from ses_warden.application.guard_ports import NoticeKind
from ses_warden.application.look_at_account import AccountDesk, SendMetric
from ses_warden.application.watch import Memory
from ses_warden.application.watch_account import SUBJECT, AccountWatch, AccountWatched, watch_account
from ses_warden.domain.account import UNLIMITED, Account, Details, Quota, Review
from ses_warden.domain.findings import Finding
from ses_warden.domain.production import AccessRequest
from ses_warden.errors import AccountError, AlertError, LedgerBusy, LedgerError, MetricsError
from tests.guard_fakes import FakeAlerts
from tests.support.aws import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
FINE = Account(
    production=True,
    enforcement="HEALTHY",
    sending=True,
    quota=Quota(50_000.0, 14.0, 1_000.0),
    suppressed_reasons=("BOUNCE", "COMPLAINT"),
    validation="DISABLED",
    vdm="DISABLED",
    vdm_engagement="DISABLED",
    vdm_shared_delivery="DISABLED",
    ip_warmup=True,
    plan="NONE",
    details=Details("MARKETING", "https://www.example.com", "EN", "A newsletter.", ("ops@example.com",)),
    review=Review("GRANTED", "4711"),
)


@dataclass
class FakeDesk:
    """The `AccountDesk` port: the account of a day."""

    account: Account = FINE
    error: AccountError | None = None

    def read(self) -> Account:
        """See the port."""
        if self.error:
            raise self.error
        return self.account

    def request_production(self, request: AccessRequest) -> None:
        """See the port; nobody asks here."""
        raise AssertionError(request)


@dataclass
class FakeMetric:
    """The `SendMetric` port."""

    mails: dict[datetime, float] = field(default_factory=dict)
    error: MetricsError | None = None

    def sent(self, since: datetime, until: datetime) -> Mapping[datetime, float]:
        """See the port."""
        if self.error:
            raise self.error
        return {moment: count for moment, count in self.mails.items() if since <= moment < until}


@dataclass
class FakeMemory:
    """The `Memory` port."""

    kept: list[Finding] | None = None
    fails: str = ""

    def last(self, subject: str) -> Sequence[Finding] | None:
        """See the port."""
        assert subject == SUBJECT
        if self.fails == "read":
            raise LedgerError("the row cannot be read")
        return self.kept

    def keep(self, subject: str, findings: Sequence[Finding], now: datetime) -> None:
        """See the port."""
        assert (subject, now.tzinfo) == (SUBJECT, UTC)
        if self.fails == "write":
            raise LedgerBusy("the row cannot be written")
        self.kept = list(findings)


_: tuple[type[AccountDesk], type[SendMetric], type[Memory]] = (FakeDesk, FakeMetric, FakeMemory)


class Days:
    """A watch that looks once a day."""

    def __init__(self, memory: Memory | None = None) -> None:
        """Nothing was seen yet."""
        self.desk, self.metric, self.alerts = FakeDesk(), FakeMetric(), FakeAlerts()
        self.memory = memory or FakeMemory()
        self.now = NOW

    def look(self, account: Account | None = None) -> AccountWatched:
        """The next day's look."""
        self.desk.account = account or self.desk.account
        self.now += timedelta(days=1)
        watch = AccountWatch(
            desk=self.desk,
            metric=self.metric,
            memory=self.memory,
            alerts=self.alerts,
            where="account in eu-west-1",
            authority="ses",
        )
        return watch_account(watch, self.now)

    @property
    def told(self) -> list[str]:
        """What people were told, an alert each."""
        return [notice.reason for notice in self.alerts.sent]


@pytest.fixture
def days() -> Days:
    """A watch that knows the account in good standing."""
    made = Days()
    assert made.look() == AccountWatched()
    return made


def test_an_account_that_stays_as_it_is_is_no_news(days: Days) -> None:
    """However much it sends, up to four fifths."""
    for sent in (0.0, 39_000.0, 12.0):
        assert days.look(replace(FINE, quota=replace(FINE.quota, sent=sent))) == AccountWatched()
    assert days.told == []


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"production": False}, "access: production -> sandbox"),
    ({"review": Review("PENDING", "4712")}, "review: GRANTED -> PENDING"),
    ({"review": None, "details": None}, "review: GRANTED -> none"),
    ({"enforcement": "PROBATION"}, "enforcement: HEALTHY -> PROBATION"),
    ({"enforcement": "FROZEN"}, "enforcement: HEALTHY -> FROZEN"),
    ({"sending": False}, "sending: on -> off"),
    ({"quota": Quota(100_000.0, 14.0, 0.0)}, "quota a day: 50,000 -> 100,000"),
    ({"quota": Quota(200.0, 14.0, 0.0)}, "quota a day: 50,000 -> 200"),
    ({"quota": Quota(UNLIMITED, 14.0, 0.0)}, "quota a day: 50,000 -> unlimited"),
    ({"quota": Quota(50_000.0, 14.5, 0.0)}, "quota a second: 14 -> 14.5"),
    ({"suppressed_reasons": ("BOUNCE",)}, "suppression: BOUNCE, COMPLAINT -> BOUNCE"),
    ({"suppressed_reasons": ()}, "suppression: BOUNCE, COMPLAINT -> none"),
    ({"validation": "ENABLED"}, "validation: DISABLED -> ENABLED"),
    ({"vdm": "ENABLED"}, "vdm: DISABLED -> ENABLED"),
    ({"vdm_engagement": "ENABLED"}, "vdm engagement: DISABLED -> ENABLED"),
    ({"vdm_shared_delivery": "ENABLED"}, "vdm shared delivery: DISABLED -> ENABLED"),
    ({"ip_warmup": False}, "ip warm-up: on -> off"),
    ({"plan": "PRO"}, "plan: NONE -> PRO"),
    ({"next_plan": "ESSENTIALS"}, "next plan: none -> ESSENTIALS"),
]

# That SES tells of no review and no next plan means that there is none.
TOLD = [one for one in CHANGES if not one[1].startswith(("review", "next plan"))]


@pytest.mark.parametrize(("change", "line"), CHANGES, ids=[line for _, line in CHANGES])
def test_a_change_is_told_once_and_its_end_is_too(days: Days, change: dict[str, Any], line: str) -> None:
    """From what to what; the day after, nothing; when it is as before, again."""
    for _day in range(2):
        days.look(replace(FINE, **change))
    assert len(days.told) == 1
    assert line in days.told[0]
    days.look(FINE)
    days.look(FINE)
    assert len(days.told) == 2
    name, _, texts = line.partition(": ")
    before, _, after = texts.partition(" -> ")
    assert f"{name}: {after} -> {before}" in days.told[1]


def test_reasons_in_another_order_are_the_same(days: Days) -> None:
    """SES promises no order."""
    assert days.look(replace(FINE, suppressed_reasons=("COMPLAINT", "BOUNCE"))) == AccountWatched()


@pytest.mark.parametrize(("change", "line"), TOLD, ids=[line for _, line in TOLD])
def test_what_ses_does_not_tell_for_a_day_is_no_change(days: Days, change: dict[str, Any], line: str) -> None:
    """Nor is it a change when it tells the same again; but another value is."""
    blank: dict[str, Any] = {name: Quota() if name == "quota" else None for name in change}
    days.look(replace(FINE, **blank))
    days.look(FINE)
    assert days.told == []
    days.look(replace(FINE, **blank))
    days.look(replace(FINE, **change))
    assert len(days.told) == 1
    assert line in days.told[0]


def test_the_first_look_tells_only_what_is_bad() -> None:
    """How an account is set is no news to whoever deploys."""
    days = Days()
    days.look(replace(FINE, production=False, vdm="ENABLED"))
    [text] = days.told
    assert "warn: account.access" in text
    assert "request-production" in text
    assert "vdm" not in text


@pytest.mark.parametrize(
    ("uses", "told"),
    [
        ([0.5, 0.79], 0),
        ([0.5, 0.81, 0.9], 1),
        ([0.81, 0.79, 0.81, 0.72, 0.85], 1),
        ([0.81, 0.69, 0.75], 2),
        ([0.81, 1.0, 1.0], 2),
        ([0.81, 1.0, 0.9, 0.6], 3),
    ],
)
def test_use_of_the_quota_is_told_when_it_nears_the_end(days: Days, uses: list[float], told: int) -> None:
    """Above four fifths, at the end, and when it is below seven tenths again; swings about the limit are told once."""
    for use in uses:
        days.metric.mails = {days.now + timedelta(hours=23): 50_000 * use}
        days.look(replace(FINE, quota=replace(FINE.quota, sent=50_000 * use)))
    assert len(days.told) == told


def test_a_peak_between_two_looks_is_told(days: Days) -> None:
    """A campaign's evening, seen in the morning."""
    evening = days.now.replace(hour=20)
    days.metric.mails = {evening - timedelta(days=1): 20_000.0, evening - timedelta(hours=4): 22_000.0, evening: 2_000.0}
    days.look(replace(FINE, quota=replace(FINE.quota, sent=24_000.0)))
    assert "at most 84 % in the last day" in days.told[0]


def test_a_quota_that_was_near_is_not_well_while_cloudwatch_does_not_tell(days: Days) -> None:
    """One failed call in between is neither an end nor a new beginning; a quota that is gone is an end at once."""
    evening = days.now.replace(hour=20)
    days.metric.mails = {evening + timedelta(days=day): 42_000.0 for day in (0, 1, 2)}
    used = replace(FINE, quota=replace(FINE.quota, sent=42_000.0))
    days.look(used)
    days.metric.error = MetricsError("CloudWatch does not tell what was sent: ThrottlingException")
    days.look(replace(FINE, quota=replace(FINE.quota, sent=12.0)))
    days.metric.error = None
    days.look(used)
    assert len(days.told) == 1
    days.look(replace(FINE, quota=replace(FINE.quota, day=UNLIMITED)))
    assert "no longer so: account.quota" in days.told[1]


@pytest.mark.parametrize("error", [None, MetricsError("CloudWatch does not tell what was sent: AccessDenied")])
def test_a_projection_is_no_ground_for_an_alert(days: Days, error: MetricsError | None) -> None:
    """Neither one above the quota nor one that cannot be made."""
    days.metric.error = error
    days.metric.mails = {days.now + timedelta(hours=hour): 15_000.0 for hour in (22, 23)}
    assert days.look(replace(FINE, quota=replace(FINE.quota, sent=30_000.0))) == AccountWatched()


def test_an_account_that_cannot_be_read_is_an_error_and_no_change(days: Days) -> None:
    """Denied for a day: what was known stays."""
    days.look(replace(FINE, enforcement="PROBATION"))
    days.desk.error = AccountError("SES does not tell of the account: AccessDeniedException")
    assert [type(error) for error in days.look().errors] == [AccountError]
    days.desk.error = None
    assert not days.look().changes
    assert len(days.told) == 1


def test_what_could_not_be_told_is_told_the_next_day(days: Days) -> None:
    """Nothing is kept until the alert is out."""
    days.alerts.fails = 1
    failed = days.look(replace(FINE, vdm="ENABLED"))
    assert [type(error) for error in failed.errors] == [AlertError]
    days.look()
    days.look()
    assert len(days.told) == 1


@pytest.mark.parametrize("fails", ["read", "write"])
def test_a_memory_that_fails_is_an_error(fails: str) -> None:
    """A row that cannot be read tells nothing; one that cannot be written tells again."""
    memory = FakeMemory(fails=fails)
    days = Days(memory)
    assert [isinstance(error, LedgerError) for error in days.look(replace(FINE, production=False)).errors] == [True]
    assert len(days.told) == (0 if fails == "read" else 1)


def test_an_alert_says_what_to_do_and_fits_sns(days: Days) -> None:
    """The remedies of what is bad, the command, the section of the runbook; no line twice."""
    days.look(replace(FINE, enforcement="SHUTDOWN", sending=False))
    [notice] = days.alerts.sent
    text = text_of(notice, "ses-warden")
    assert notice.kind is NoticeKind.ACCOUNT
    assert notice.status == "broken"
    assert "broken: account.enforcement" in text
    assert "Support Center" in text
    assert "ses-warden account" in text
    assert subject_of(notice) == "SES Warden: Account Changed: the whole account in this Region"
    days.look(FINE)
    assert "no longer so" not in days.told[1]


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the Reputation table of the template."""
    with tables("ReputationTable") as client:
        yield client


def test_a_text_that_is_cut_is_the_same_the_next_day(dynamodb: "DynamoDBClient") -> None:
    """Twenty reasons of whatever length are no change each day."""
    days = Days(DynamoMemory(dynamodb, "ReputationTable"))
    strange = replace(FINE, suppressed_reasons=("BOUNCE", "COMPLAINT", *(f"{number:03}" + "x" * 300 for number in range(18))))
    for _day in range(3):
        days.look(strange)
    assert days.told == []


def test_the_table_remembers_the_account(dynamodb: "DynamoDBClient") -> None:
    """Facts and what is bad, in one row; contacts and texts are in none."""
    days = Days(DynamoMemory(dynamodb, "ReputationTable"))
    days.look(replace(FINE, production=False))
    days.look(replace(FINE, quota=Quota(100_000.0, 14.0, 0.0)))
    days.look()
    assert len(days.told) == 2
    assert "access: sandbox -> production" in days.told[1]
    assert "quota a day: 50,000 -> 100,000" in days.told[1]
    rows = dynamodb.scan(TableName="ReputationTable")["Items"]
    assert len(rows) == 1
    assert "example.com" not in str(rows)
