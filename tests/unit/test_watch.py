"""What changed between two looks, who is told of it, and what is remembered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ses_warden.adapters.memory import DynamoMemory
from ses_warden.application.guard_ports import NoticeKind
from ses_warden.application.watch import Memory, Topic, watch
from ses_warden.domain.changes import changes
from ses_warden.domain.findings import Finding, Standing
from ses_warden.errors import AlertError, LedgerBusy, LedgerError
from tests.guard_fakes import FakeAlerts
from tests.support.aws import tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
TOPIC = Topic(NoticeKind.DOMAINS, "domains", "ses-warden audit {name}", "the audit of domains")
OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN


def finding(code: str, standing: Standing, where: str = "example.com", what: str = "It is so.") -> Finding:
    """A finding with a remedy."""
    return Finding(code, standing, where, what, "Mend it.")


@dataclass
class FakeMemory:
    """The `Memory` port as a dictionary; `faults` are subjects whose rows cannot be read or written."""

    rows: dict[str, list[Finding]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    unwritten: set[str] = field(default_factory=set)
    kept_at: datetime | None = None

    def last(self, subject: str) -> Sequence[Finding] | None:
        """See the port."""
        if subject in self.unread:
            raise LedgerError(f"{subject} cannot be read")
        return self.rows.get(subject)

    def keep(self, subject: str, findings: Sequence[Finding], now: datetime) -> None:
        """See the port."""
        if subject in self.unwritten:
            raise LedgerBusy(f"{subject} cannot be written")
        self.rows[subject], self.kept_at = list(findings), now


_: type[Memory] = FakeMemory


@pytest.mark.parametrize(
    ("before", "after", "worse", "mended", "bad"),
    [
        pytest.param([], [("spf.lookups", OK)], [], [], [], id="well from the first"),
        pytest.param([], [("spf.lookups", BROKEN)], ["spf.lookups"], [], ["spf.lookups"], id="bad from the first"),
        pytest.param([], [("spf.lookups", UNKNOWN)], [], [], [], id="unknown from the first"),
        pytest.param([("spf.lookups", WARN)], [("spf.lookups", WARN)], [], [], ["spf.lookups"], id="as bad as before"),
        pytest.param([("spf.lookups", WARN)], [("spf.lookups", BROKEN)], ["spf.lookups"], [], ["spf.lookups"], id="worse"),
        pytest.param([("spf.lookups", BROKEN)], [("spf.lookups", WARN)], [], [], ["spf.lookups"], id="less bad is not mended"),
        pytest.param([("spf.lookups", BROKEN)], [("spf.lookups", OK)], [], ["spf.lookups"], [], id="mended"),
        pytest.param([("spf.lookups", BROKEN)], [], [], ["spf.lookups"], [], id="gone is mended"),
        pytest.param([("spf.lookups", BROKEN)], [("spf.lookups", UNKNOWN)], [], [], ["spf.lookups"], id="unknown keeps it"),
        pytest.param([("spf.lookups", BROKEN)], [("spf.record", UNKNOWN)], [], [], ["spf.lookups"], id="hidden by its group"),
        pytest.param([("spf.lookups", BROKEN)], [("dmarc.record", UNKNOWN)], [], ["spf.lookups"], [], id="another group hides not"),
        pytest.param(
            [("mailfrom.custom", WARN), ("dmarc.dkim_alignment", BROKEN), ("spf.ses", BROKEN), ("mx.record", BROKEN)],
            [("identity.verified", UNKNOWN)],
            [],
            ["mx.record"],
            ["mailfrom.custom", "dmarc.dkim_alignment", "spf.ses"],
            id="SES's view hides what hangs on it",
        ),
        pytest.param([("dkim.key", OK)], [("dkim.key", BROKEN)], ["dkim.key"], [], ["dkim.key"], id="well before"),
        pytest.param([], [("dkim.key", BROKEN), ("dkim.key", WARN)], ["dkim.key"], [], ["dkim.key"], id="said twice counts once"),
    ],
)
def test_changes_are_what_became_bad_or_was_mended(
    before: list[tuple[str, Standing]], after: list[tuple[str, Standing]], worse: list[str], mended: list[str], bad: list[str]
) -> None:
    """Each row: two looks, and what is told and kept of them."""
    change = changes([finding(*one) for one in before], [finding(*one) for one in after])
    assert [one.code for one in change.worse] == worse
    assert [one.code for one in change.mended] == mended
    assert [one.code for one in change.bad] == bad
    assert bool(change) is bool(worse or mended)


def test_flapping_between_broken_and_unknown_is_told_once() -> None:
    """A name server that answers every other day raises no alert each time."""
    inbox, memory = FakeAlerts(), FakeMemory()
    for standing in (BROKEN, UNKNOWN, BROKEN, UNKNOWN, BROKEN, OK, UNKNOWN, OK):
        watch({"domain/example.com": [finding("spf.record", standing)]}, TOPIC, memory, inbox, NOW)
    assert [("no longer so" in notice.reason, notice.status) for notice in inbox.sent] == [(False, "broken"), (True, "ok")]


def test_one_alert_tells_of_all_domains() -> None:
    """A record that many domains share changes once; unchanged domains are not named."""
    inbox, memory = FakeAlerts(), FakeMemory({"domain/b.example": [finding("spf.all", WARN, "b.example")]})
    looks = {
        "domain/a.example": [finding("dmarc.record", BROKEN, "a.example", "There is none.")],
        "domain/b.example": [finding("spf.all", OK, "b.example")],
        "domain/c.example": [finding("spf.all", OK, "c.example")],
    }
    watched = watch(looks, TOPIC, memory, inbox, NOW)
    (notice,) = inbox.sent
    assert (notice.kind, notice.scope, notice.status) == (NoticeKind.DOMAINS, "domains", "broken")
    assert "broken: dmarc.record (a.example): There is none. Mend it." in notice.reason
    assert "no longer so: spf.all (b.example)" in notice.reason
    assert "c.example" not in notice.reason
    assert "ses-warden audit a.example" in notice.next
    assert [one.code for one in watched.changes["domain/a.example"].worse] == ["dmarc.record"]
    assert (memory.rows["domain/c.example"], memory.kept_at) == ([], NOW)


def test_an_alert_about_one_domain_carries_its_name_and_is_bounded() -> None:
    """What a hostile zone makes of itself fits a mail."""
    inbox = FakeAlerts()
    watch({"domain/a.example": [finding(f"spf.{number}", WARN) for number in range(500)]}, TOPIC, FakeMemory(), inbox, NOW)
    (notice,) = inbox.sent
    assert notice.scope == "domain/a.example"
    assert notice.reason.count("\n") == 41
    assert notice.reason.endswith("… and 461 lines more.")


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    """Nothing is kept until the alert is out."""
    inbox, memory = FakeAlerts(fails=1), FakeMemory()
    looks = {"domain/a.example": [finding("dmarc.record", BROKEN)]}
    failed = watch(looks, TOPIC, memory, inbox, NOW)
    assert ([type(error) for error in failed.errors], memory.rows) == ([AlertError], {})
    watch(looks, TOPIC, memory, inbox, NOW)
    watch(looks, TOPIC, memory, inbox, NOW)
    assert len(inbox.sent) == 1


def test_one_subjects_fault_does_not_stop_the_others() -> None:
    """A row that cannot be read or written is an error of its own."""
    inbox, memory = FakeAlerts(), FakeMemory(unread={"domain/a.example"}, unwritten={"domain/b.example"})
    looks = {f"domain/{name}.example": [finding("dmarc.record", BROKEN, f"{name}.example")] for name in "abc"}
    watched = watch(looks, TOPIC, memory, inbox, NOW)
    assert [str(error) for error in watched.errors] == ["domain/a.example cannot be read", "domain/b.example cannot be written"]
    assert list(memory.rows) == ["domain/c.example"]
    assert "b.example" in inbox.sent[0].reason


@pytest.fixture
def dynamodb() -> "Iterator[DynamoDBClient]":
    """A client, with the Reputation table of the template."""
    with tables("ReputationTable") as client:
        yield client


def test_the_table_remembers_what_was_bad(dynamodb: "DynamoDBClient") -> None:
    """A row a subject, which goes away after 90 days of silence."""
    memory = DynamoMemory(dynamodb, "ReputationTable")
    assert memory.last("domain/example.com") is None
    memory.keep("domain/example.com", [finding("spf.lookups", BROKEN)], NOW)
    memory.keep("account", [], NOW)
    assert memory.last("domain/example.com") == [Finding("spf.lookups", BROKEN, "example.com", "It is so.")]
    assert memory.last("account") == []
    rows = dynamodb.scan(TableName="ReputationTable")["Items"]
    assert {row["purge_at"].get("N") for row in rows} == {str(int((NOW + timedelta(days=90)).timestamp()))}


def test_the_guards_indexes_know_nothing_of_these_rows(dynamodb: "DynamoDBClient") -> None:
    """The guard reads only its indexes, which stay as they were."""
    DynamoMemory(dynamodb, "ReputationTable").keep("account", [finding("account.quota", WARN)], NOW)
    for index in ("by_activity", "by_change"):
        assert dynamodb.scan(TableName="ReputationTable", IndexName=index)["Count"] == 0


def test_neither_alert_nor_row_names_a_mailbox(dynamodb: "DynamoDBClient") -> None:
    """A DMARC record says where reports go, which may be a person."""
    inbox, memory = FakeAlerts(), DynamoMemory(dynamodb, "ReputationTable")
    bad = finding("dmarc.duplicates", BROKEN, what='"v=DMARC1; p=none; rua=mailto:jane@example.com"')
    watch({"domain/example.com": [bad]}, TOPIC, memory, inbox, NOW)
    (row,) = dynamodb.scan(TableName="ReputationTable")["Items"]
    assert "jane" not in inbox.sent[0].reason + row["bad"].get("S", "")


def test_hostile_findings_fit_an_item(dynamodb: "DynamoDBClient") -> None:
    """Four hundred kilobytes are an item's end; ours stay far below."""
    memory = DynamoMemory(dynamodb, "ReputationTable")
    memory.keep("account", [finding(f"spf.{number}", BROKEN, what="\x1b[31m" + "é" * 9_000) for number in range(1_000)], NOW)
    kept = memory.last("account") or ()
    assert len(kept) == 200
    assert all(len(one.what) <= 400 and "\x1b" not in one.what for one in kept)
