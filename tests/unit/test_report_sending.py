"""What operators are told of where sending stands."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.guard_ports import Look
from ses_warden.application.guard_sending import GuardPolicy, guard_sending
from ses_warden.application.report_sending import Report, SeenScopes, Standing, report_sending
from ses_warden.domain.cohorts import Change, Tally
from ses_warden.domain.guard_states import Mode, State, Status, Word
from ses_warden.domain.judgement import Verdict
from tests.guard_fakes import World

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BAD, GOOD = "configuration-set/marketing", "configuration-set/receipts"
BAD_MAIL, GOOD_MAIL = Tally(sent=200, hard=40, delivered=160), Tally(sent=600, hard=6, delivered=594)


@dataclass
class FakeSeen:
    """Scopes by the moment of their last mail."""

    last: dict[str, datetime] = field(default_factory=dict)

    def seen(self, since: datetime, now: datetime) -> set[str]:
        """See the port."""
        return {scope for scope, moment in self.last.items() if since <= moment <= now}


@pytest.fixture
def world() -> World:
    """Two sets and the account, which have mailed in this hour."""
    world = World()
    for scope, tally in ((BAD, BAD_MAIL), (GOOD, GOOD_MAIL), ("account", BAD_MAIL.plus(GOOD_MAIL))):
        world.store.count(Change(scope, 0, "2026-11-24T10", tally, NOW - MINUTE, NOW))
    return world


SEEN = FakeSeen({"account": NOW, BAD: NOW, GOOD: NOW})


def report(world: World, *scopes: str, now: datetime = NOW, policy: GuardPolicy | None = None, seen: SeenScopes = SEEN) -> Report:
    """The report, on all scopes unless some are named."""
    return report_sending(world.store, seen, policy or GuardPolicy(), now, scopes)


def of(found: Report, scope: str) -> Standing:
    """One scope of it."""
    [standing] = [one for one in found.standings if one.scope == scope]
    return standing


def test_the_report_judges_as_the_guard_does(world: World) -> None:
    """Before and after a pause: the same estimates, the same evidence, the same head-room."""
    for minutes in range(3):
        now = NOW + minutes * MINUTE
        outcome = guard_sending(world.services(), GuardPolicy(), now)
        found = report(world, now=now)
        for scope, assessment in outcome.assessments.items():
            told = of(found, scope).assessment
            assert told
            assert (told.bounces, told.complaints) == (assessment.bounces, assessment.complaints)
    assert world.store.rows[BAD].status is Status.PAUSED


def test_the_account_is_judged_without_what_was_paused_already(world: World) -> None:
    """The bad mail is held against the set that sent it."""
    for minutes in range(2):
        guard_sending(world.services(), GuardPolicy(), NOW + minutes * MINUTE)
    account = of(report(world, now=NOW + MINUTE), "account").assessment
    assert account
    assert (account.bounces.recent.bad, account.bounces.recent.mails) == (6, 600)


def test_a_report_changes_nothing(world: World) -> None:
    """No row, no switch, no alert, whatever it finds."""
    found = report(world)
    assert of(found, BAD).assessment
    assert (world.store.rows, world.store.trail, world.store.stored, world.store.look) == ({}, [], {}, None)
    assert (world.switch.thrown, world.alerts.sent) == ([], [])


@pytest.mark.parametrize("status", [Status.WARNED, Status.PAUSING, Status.PAUSED])
def test_what_the_guard_holds_against_a_scope_is_a_finding(world: World, status: Status) -> None:
    """Also where its rates look well by now."""
    world.store.rows[GOOD] = State(scope=GOOD, status=status, since=NOW, version=1)
    assert of(report(world, GOOD), GOOD).is_finding


def test_what_a_dry_run_would_pause_is_a_finding(world: World) -> None:
    """Nothing was stopped, and something should be."""
    world.store.rows[GOOD] = State(scope=GOOD, status=Status.PROBATION, since=NOW, version=1, would_pause=True)
    assert of(report(world, GOOD), GOOD).is_finding


def test_a_paused_scope_has_no_head_room(world: World) -> None:
    """And a healthy one that of the harm which is nearest."""
    world.store.rows[BAD] = State(scope=BAD, status=Status.PAUSED, since=NOW, version=1)
    found = report(world)
    assert of(found, BAD).nearest is None
    nearest = of(found, GOOD).nearest
    assert nearest
    assert nearest.kind == "complaints"


def test_deliveries_that_are_not_known_yet_leave_the_verdict_open(world: World) -> None:
    """The guard's last look had got no farther than an hour ago: nothing is called healthy."""
    world.store.look = Look(NOW, progress=NOW - timedelta(hours=1), enforcement="HEALTHY")
    standing = of(report(world), GOOD)
    assert standing.assessment
    assert standing.assessment.verdict is Verdict.UNKNOWN
    assert standing.is_finding


def test_without_names_it_reports_on_the_account_on_states_and_on_what_mailed_in_the_last_day(world: World) -> None:
    """The widest first; what has been quiet for longer, and has no state, is left out."""
    seen = FakeSeen({GOOD: NOW - timedelta(hours=23), "tenant/acme": NOW, "tenant/quiet": NOW - timedelta(hours=30)})
    world.store.rows["tenant/old"] = State(scope="tenant/old", status=Status.PAUSED, since=NOW, version=1)
    found = report(world, seen=seen)
    assert [one.scope for one in found.standings] == ["account", GOOD, "tenant/acme", "tenant/old"]


def test_a_scope_that_is_quiet_for_days_can_be_asked_for(world: World) -> None:
    """What the guard has stored of it is still there."""
    guard_sending(world.services(), GuardPolicy(), NOW)
    guard_sending(world.services(), GuardPolicy(), NOW + timedelta(minutes=40))
    found = report(world, GOOD, now=NOW + timedelta(days=3), seen=FakeSeen())
    assessment = of(found, GOOD).assessment
    assert assessment
    assert assessment.bounces.recent.mails == 600


def test_a_scope_that_nothing_is_known_of_is_a_finding(world: World) -> None:
    """Its name may be misspelt, and the monitoring would be green for ever; an account without mail yet is fine."""
    standing = of(report(world, "tenant/acne"), "tenant/acne")
    assert (standing.is_stranger, standing.is_finding) == (True, True)
    assert not of(report(World(), seen=FakeSeen()), "account").is_finding


@pytest.mark.parametrize(
    ("mode", "looked", "silent"),
    [
        (Mode.ACTIVE, MINUTE, False),
        (Mode.ACTIVE, 6 * MINUTE, True),
        (Mode.DRY_RUN, 6 * MINUTE, True),
        (Mode.ACTIVE, None, True),
        (Mode.OFF, None, False),
    ],
)
def test_a_guard_that_does_not_look_is_a_finding(world: World, mode: Mode, looked: timedelta | None, *, silent: bool) -> None:
    """Unless it is off, which somebody chose."""
    world.store.look = Look(NOW - looked, progress=NOW - MINUTE) if looked else None
    found = report(world, GOOD, policy=GuardPolicy(mode=mode, account_mode=mode))
    assert (found.guard_is_silent, found.is_finding) == (silent, silent)


@pytest.mark.parametrize(("enforcement", "finding"), [(None, False), ("HEALTHY", False), ("PROBATION", True), ("SHUTDOWN", True)])
def test_aws_own_word_on_the_account_is_a_finding(world: World, enforcement: str | None, *, finding: bool) -> None:
    """As of the guard's last look."""
    world.store.look = Look(NOW, progress=NOW, enforcement=enforcement)
    assert report(world, GOOD).is_finding is finding


def test_aws_own_rates_are_passed_on(world: World) -> None:
    """Where the guard noted them."""
    word = Word(0.031, 0.0001)
    world.store.look = Look(NOW, progress=NOW, words={GOOD: word})
    assert of(report(world), GOOD).word == word
    assert of(report(world), BAD).word is None


def test_on_probation_what_was_counted_before_is_left_out(world: World) -> None:
    """Counting began with the resumption."""
    guard_sending(world.services(), GuardPolicy(), NOW)
    paused = world.store.rows[BAD]
    before = of(report(world), BAD).cohorts[-1]
    world.store.rows[BAD] = replace(paused, status=Status.PROBATION, since=NOW, counting_from=NOW, before=before)
    assessment = of(report(world), BAD).assessment
    assert assessment
    assert (assessment.probation, assessment.bounces.recent.mails) == (True, 0)
