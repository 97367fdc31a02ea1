"""Fire drills: mail to SES's mailbox simulator that counts in the rates of one configuration set, and in no others."""

from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.intake import Policy
from ses_warden.application.record_events import record_events
from ses_warden.domain.counters import Counter
from ses_warden.domain.envelopes import Envelope
from ses_warden.domain.guard_states import State, Status
from ses_warden.domain.precedence import narrower, spoken_for
from ses_warden.domain.rates import Outcomes
from ses_warden_cli.samples.doors import compact
from tests.fakes import MemoryLedger, MemoryQuarantine
from tests.support.samples import make_event

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SENT = NOW - timedelta(minutes=5)
DRILL = "configuration-set/drill"
POLICY = Policy(timedelta(days=30), drill_set="drill")
SUCCESS, BOUNCE = "success@simulator.amazonses.com", "bounce+17@simulator.amazonses.com"
HARD = "bounce-permanent-general"


def record(
    ledger: MemoryLedger,
    kind: str,
    recipient: str,
    configuration_set: str | None,
    *,
    policy: Policy = POLICY,
    tenant: str | None = "acme",
    mail: str = "mail-1",
) -> int:
    """Records one event; what the metrics counted."""
    made = make_event(
        kind, message_id=mail, recipients=[recipient], at=NOW, sent_at=SENT, configuration_set=configuration_set, tenant=tenant
    )
    outcome = record_events([Envelope(compact(made), "1")], ledger=ledger, quarantine=MemoryQuarantine(), policy=policy, now=NOW)
    assert not outcome.failed
    return sum(outcome.total(counter) for counter in Counter)


def counted(ledger: MemoryLedger) -> set[tuple[str, Counter]]:
    """The scopes and counters that moved."""
    return {(cohort.scope, counter) for cohort, counts in ledger.counters.items() for counter, number in counts.items() if number}


@pytest.mark.parametrize(
    ("kind", "recipient", "counter"),
    [
        ("send", BOUNCE, Counter.SENT),
        ("delivery", SUCCESS, Counter.DELIVERED),
        (HARD, BOUNCE, Counter.HARD),
        ("bounce-permanent-suppressed", "suppressionlist@simulator.amazonses.com", Counter.HARD),
        ("complaint-abuse", "complaint@simulator.amazonses.com", Counter.COMPLAINTS),
    ],
)
def test_the_simulators_outcomes_count_in_the_set_of_drills_alone(kind: str, recipient: str, counter: Counter) -> None:
    """Neither account nor tenant nor the recipient domain's storm watch nor a metric sees them, and nobody is suppressed."""
    ledger = MemoryLedger()
    assert record(ledger, kind, recipient, "drill") == 0
    assert counted(ledger) == {(DRILL, counter)}
    assert (len(ledger.rows), ledger.entries_) == (1, {})


@pytest.mark.parametrize(
    ("configuration_set", "policy"),
    [("marketing", POLICY), (None, POLICY), ("drill", Policy(timedelta(days=30))), (None, Policy(timedelta(days=30)))],
)
def test_elsewhere_and_by_default_they_never_count(configuration_set: str | None, policy: Policy) -> None:
    """Also where neither a set of drills nor the mail's set is named."""
    ledger = MemoryLedger()
    record(ledger, HARD, BOUNCE, configuration_set, policy=policy)
    assert counted(ledger) == set()


def test_real_mail_through_the_set_of_drills_counts_as_ever() -> None:
    """A drill hides nothing."""
    ledger = MemoryLedger()
    record(ledger, "delivery", "jane@example.com", "drill")
    assert counted(ledger) == {(scope, Counter.DELIVERED) for scope in ("account", DRILL, "tenant/acme")}


@pytest.mark.parametrize("order", [(None, "drill"), ("drill", None)])
def test_a_copy_without_tags_changes_nothing(order: tuple[str | None, str | None]) -> None:
    """An identity's own notification of the same bounce does not name the set, in whichever order they come."""
    ledger = MemoryLedger()
    for configuration_set in order:
        record(ledger, HARD, BOUNCE, configuration_set, tenant=None)
    assert counted(ledger) == {(DRILL, Counter.HARD)}
    assert sum(number for counts in ledger.counters.values() for number in counts.values()) == 1


def test_a_paused_drill_excuses_nobody() -> None:
    """Its mail is not in the account's rates, and so is not taken off them; nor is a tenant's mail taken off the drill's."""
    states = [State(scope=scope, status=Status.PAUSED) for scope in (DRILL, "configuration-set/marketing", "tenant/acme")]
    cohorts = {state.scope: [Outcomes(hour=SENT.replace(minute=0), hard=number)] for number, state in enumerate(states, 1)}
    assert [one.hard for one in spoken_for("account", states, cohorts.__getitem__, DRILL)] == [2, 3]
    assert [state.scope for state in narrower("configuration-set/marketing", states, DRILL)] == ["tenant/acme"]
    assert list(narrower(DRILL, states, DRILL)) == []
