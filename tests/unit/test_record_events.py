"""The main use case on the ports in memory: exactly once, in any order, whatever fails."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.application.ports import Cohort, EntryKey
from ses_warden.application.record_events import Happening, Outcome, Policy, record_events
from ses_warden.domain.counters import Counter
from ses_warden.domain.entries import Reason, State, blocks
from ses_warden.domain.envelopes import Envelope
from ses_warden.errors import LedgerBusy, LedgerError, RowRefused
from tests.fakes import Fault, MemoryLedger, MemoryQuarantine
from tests.support.samples import make_event, names, ses

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
POLICY = Policy(timedelta(days=30), no_feedback_domains=frozenset({"gmail.com"}))
JANE, KARL = "jane@example.com", "karl@example.net"


def event(kind: str, *, mail: str = "m1", to: str | Sequence[str] = JANE, days: float = 0, **detail: Any) -> str:
    """An event `days` after noon of 1 November, about a mail sent a minute before the first day's noon."""
    recipients = [to] if isinstance(to, str) else to
    at = datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(days=days)
    sent_at = datetime(2026, 11, 1, 11, 59, tzinfo=UTC)
    return json.dumps(make_event(kind, message_id=mail, recipients=recipients, at=at, sent_at=sent_at, **detail))


class World:
    """A ledger and a quarantine, and what is recorded in them."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.ledger, self.quarantine, self.policy = MemoryLedger(), MemoryQuarantine(), policy

    def record(self, *bodies: str, queued: bool = True) -> Outcome:
        envelopes = [Envelope(body, f"record-{number}" if queued else None) for number, body in enumerate(bodies)]
        return record_events(envelopes, ledger=self.ledger, quarantine=self.quarantine, policy=self.policy, now=NOW)

    def one_by_one(self, bodies: Iterable[str]) -> "World":
        for body in bodies:
            self.record(body)
        return self

    def tables(self) -> tuple[object, object, object]:
        """All that the tables hold, but for the versions of the entries, which count the writes."""
        entries = {key: replace(entry, version=0) for key, entry in self.ledger.entries_.items()}
        counters = {cohort: dict(counts) for cohort, counts in self.ledger.counters.items()}
        return self.ledger.rows, entries, counters

    def count(self, counter: Counter, scope: str = "account") -> int:
        return sum(counts[counter] for cohort, counts in self.ledger.counters.items() if cohort.scope == scope)

    def blocked(self, address: str, at: datetime = NOW, scope: str = "account") -> bool:
        return blocks(self.ledger.entries_.get(EntryKey(address, scope)), at)


@pytest.mark.parametrize(
    ("kind", "counter", "suppressed"),
    [
        ("send", Counter.SENT, False),
        ("delivery", Counter.DELIVERED, False),
        ("bounce-permanent-general", Counter.HARD, True),
        ("bounce-permanent-suppressed", Counter.HARD, False),  # the global list's 14 days are over by NOW
        ("bounce-permanent-on-account-suppression-list", Counter.LISTED, True),
        ("bounce-policy-refusal", Counter.POLICY, False),
        ("bounce-transient-general", Counter.AUTO_REPLIES, False),
        ("bounce-transient-mailboxfull", Counter.SOFT, False),
        ("bounce-transient-messagetoolarge", Counter.CONTENT, False),
        ("bounce-undetermined", Counter.UNDETERMINED, False),
        ("complaint-abuse", Counter.COMPLAINTS, True),
        ("complaint-auth-failure", Counter.REPORTS, False),
        ("complaint-not-spam", Counter.WITHDRAWN, False),
        ("open", Counter.OPENS, False),
        ("open-bot", Counter.BOT_OPENS, False),
        ("click", Counter.CLICKS, False),
        ("click-bot", Counter.BOT_CLICKS, False),
        ("reject", Counter.REJECTS, False),
        ("rendering-failure", Counter.RENDERING_FAILURES, False),
        ("delivery-delay", Counter.DELAYS, False),
        ("subscription", Counter.SUBSCRIPTIONS, False),
    ],
)
def test_an_event_is_a_row_a_count_and_perhaps_a_suppression(kind: str, counter: Counter, suppressed: bool) -> None:
    """Each event becomes one row, moves one counter in each scope of its mail, and suppresses if it must."""
    world = World()

    outcome = world.record(event(kind))

    assert (len(world.ledger.rows), outcome.total(counter), outcome.failed) == (1, 1, frozenset())
    assert world.count(counter) == world.count(counter, "configuration-set/marketing") == 1
    assert world.blocked(JANE) is suppressed


def test_counters_are_kept_by_the_hour_in_which_the_mail_was_sent() -> None:
    """A complaint three days later counts for the hour of sending."""
    world = World()

    world.record(event("complaint-abuse", days=3))

    assert Cohort("account", "hour/2026-11-01T11") in world.ledger.counters


def test_each_recipient_of_a_mail_has_rows_of_its_own() -> None:
    """A mail to two people that bounces for one suppresses and counts that one."""
    world = World().one_by_one([event("send", to=[JANE, KARL]), event("bounce-permanent-general", to=KARL)])

    assert [world.blocked(JANE), world.blocked(KARL)] == [False, True]
    assert [world.count(Counter.SENT), world.count(Counter.HARD)] == [2, 1]


def test_deliveries_to_providers_that_report_no_complaints_are_counted_apart() -> None:
    """Gmail reports no complaints to SES, so its deliveries are no denominator for them."""
    world = World().one_by_one([event("delivery"), event("delivery", to="jane@gmail.com", mail="m2")])

    assert [world.count(Counter.DELIVERED), world.count(Counter.DELIVERED_UNREPORTED)] == [1, 1]


def test_the_mailbox_simulator_is_recorded_but_never_counted_or_suppressed() -> None:
    """Simulator addresses, with a label or without, leave rows alone."""
    world = World().one_by_one(
        [event("bounce-permanent-general", to=f"bounce{label}@simulator.amazonses.com") for label in ("", "+drill")]
    )

    assert (len(world.ledger.rows), world.ledger.entries_, world.ledger.counters) == (2, {}, {})


def test_the_same_event_again_changes_nothing() -> None:
    """Duplicates are dropped, within a batch and between invocations, and counted as such."""
    world, bounce = World(), event("bounce-permanent-general")
    once = World().one_by_one([bounce]).tables()

    outcomes = [world.record(bounce, bounce), world.record(bounce, queued=False)]

    assert world.tables() == once
    assert [outcome.total(Happening.DUPLICATE) for outcome in outcomes] == [1, 1]
    assert [outcome.total(Counter.HARD) for outcome in outcomes] == [1, 0]


@pytest.mark.parametrize("identity_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_a_bounce_in_both_of_its_forms_is_one_fact(identity_first: bool, together: bool) -> None:
    """The identity notification has neither tags nor milliseconds; what it lacks is filled in, and nothing is counted twice."""
    published = event("bounce-twin", days=0.000001, tenant="acme")
    notified = event("identity-bounce-twin", days=0.000001)
    world = World()
    bodies = [notified, published] if identity_first else [published, notified]

    if together:
        world.record(*bodies)
    else:
        world.one_by_one(bodies)

    assert world.tables() == World().one_by_one([published]).tables()
    assert [world.count(Counter.HARD, scope) for scope in ("account", "configuration-set/marketing", "tenant/acme")] == [1, 1, 1]


HISTORY = [
    event("send"),
    event("send", mail="m2"),
    event("delivery", days=0.1),
    event("bounce-transient-mailboxfull", mail="m2", days=0.2),
    event("bounce-undetermined", mail="m3", days=7),
    event("delivery", mail="m4", days=7.5),
    event("bounce-transient-mailboxfull", mail="m5", days=8),
    event("bounce-transient-mailboxfull", mail="m6", days=15),
    event("bounce-retries-exhausted", mail="m7", days=22.5),
    event("complaint-abuse", days=2),
    event("complaint-not-spam", days=3),
    event("bounce-twin", mail="m8", to=KARL, days=1.000001),
    event("identity-bounce-twin", mail="m8", to=KARL, days=1.000001),
    event("bounce-permanent-suppressed", mail="m9", days=9),
    event("bounce-permanent-on-account-suppression-list", mail="m10", to=KARL, days=10),
    event("subscription", mail="m1", days=4),
    event("resubscribe", mail="m1", days=5),
    event("open", days=1),
    event("click", days=1),
]
IN_ORDER = World().one_by_one(HISTORY).tables()


@given(st.permutations(HISTORY), st.lists(st.sampled_from(HISTORY), max_size=6), st.integers(1, 8))
def test_neither_order_nor_repetition_nor_batching_changes_the_tables(order: list[str], again: list[str], batch: int) -> None:
    """A history recorded in any order, with repetitions, in batches of any size, leaves the same tables."""
    world, bodies = World(), [*order, *again]

    for start in range(0, len(bodies), batch):
        world.record(*bodies[start : start + batch])

    assert world.tables() == IN_ORDER


@given(
    st.permutations(HISTORY), st.lists(st.sampled_from([None, None, Fault(), LedgerBusy("busy")]), max_size=40), st.integers(1, 6)
)
def test_a_crash_or_fault_between_any_two_calls_loses_and_doubles_nothing(
    order: list[str], faults: list[Fault | LedgerBusy | None], batch: int
) -> None:
    """After redelivery of what failed, or of all when the process died, the tables are those of a quiet day."""
    world = World()
    world.ledger.faults = list(faults)
    for start in range(0, len(order), batch):
        waiting = list(order[start : start + batch])
        while waiting:
            try:
                outcome = world.record(*waiting)
            except Fault:
                continue
            waiting = [body for number, body in enumerate(waiting) if f"record-{number}" in outcome.failed]

    assert world.tables() == IN_ORDER


def test_three_strikes_in_a_row_over_two_weeks_suppress_for_a_month() -> None:
    """The last three soft bounces of the history have no delivery between them and span 14 days."""
    world = World().one_by_one(HISTORY[3:9])
    entry = world.ledger.entries_[EntryKey(JANE, "account")]

    assert (entry.state, entry.reason) == (State.SUPPRESSED, Reason.SOFT_BOUNCES)
    assert entry.expires_at is not None
    assert [world.blocked(JANE, entry.expires_at - timedelta(seconds=1)), world.blocked(JANE, entry.expires_at)] == [True, False]


def test_a_thousand_records_with_three_poisoned_ones_lose_none() -> None:
    """997 land, 3 are kept aside, nothing is delivered again."""
    world = World()
    poison = ['{"eventType":"Send"}', "{", '{"eventType":"Send","mail":{"timestamp":"yesterday","messageId":"m"}}']
    bodies = [event("send", mail=f"mail-{number}") for number in range(997)]

    outcome = world.record(*bodies[:400], poison[0], *bodies[400:401], *poison[1:], *bodies[401:])

    assert (len(world.ledger.rows), sorted(world.quarantine.kept)) == (997, sorted(poison))
    assert (outcome.total(Counter.SENT), outcome.total(Happening.UNPARSABLE), outcome.failed) == (997, 3, frozenset())


def test_a_batch_of_a_thousand_takes_few_calls() -> None:
    """Ninety-odd rows share a transaction; deliveries look for strikes a hundred at a time (in one call of this fake)."""
    world = World()

    world.record(*(event("delivery", mail=f"m{number}", to=f"u{number}@example.com") for number in range(1000)))

    assert world.ledger.calls.count("transact") == 11
    assert world.ledger.calls[11:] == ["entries", "note_scopes"]


def test_a_row_that_the_ledger_will_never_take_is_set_aside_without_its_neighbours() -> None:
    """The transaction is halved until the refused row stands alone; its event is kept with the reason."""

    class Picky(MemoryLedger):
        def transact(self, transaction: Any) -> Any:
            if any(fact.message_id == "bad" for fact in transaction.new):
                raise RowRefused("DynamoDB refused a row: ValidationException")
            return super().transact(transaction)

    world, bad = World(), event("send", mail="bad")
    world.ledger = Picky()

    outcome = world.record(*(event("send", mail=f"m{number}") for number in range(9)), bad)

    assert (len(world.ledger.rows), outcome.failed) == (9, frozenset())
    assert world.quarantine.kept == {bad: "DynamoDB refused a row: ValidationException"}


@pytest.mark.parametrize("error", [LedgerBusy("busy"), LedgerError("access denied")])
def test_when_the_ledger_is_out_of_order_the_records_are_delivered_again(error: LedgerError) -> None:
    """What was recorded before stays; the rest fails without being tried until the time is over."""
    world = World()
    world.ledger.faults = [None, error]

    outcome = world.record(*(event("send", mail=f"m{number}") for number in range(300)))

    assert len(world.ledger.rows) == 300 - len(outcome.failed) == 98
    assert outcome.error is error
    assert world.ledger.calls == ["transact", "transact", "note_scopes"]


def test_a_payload_that_cannot_even_be_kept_is_delivered_again() -> None:
    """The quarantine's failure fails its record alone."""
    world = World()
    world.quarantine.broken = True

    outcome = world.record("{", event("send"))

    assert (outcome.failed, len(world.ledger.rows)) == (frozenset({"record-0"}), 1)


def test_mail_older_than_the_retention_moves_no_counter() -> None:
    """Once its rows have expired, a replayed mail could not be told from a new one; its suppression still holds."""
    world = World(replace(POLICY, retention=timedelta(days=20)))

    world.record(event("bounce-permanent-general"))

    assert (len(world.ledger.rows), world.ledger.counters, world.blocked(JANE)) == (1, {}, True)


def test_a_hit_of_sess_own_list_is_no_news_where_the_warden_has_the_last_word() -> None:
    """With SuppressionAuthority `warden` an address that only SES's list holds is not taken over."""
    world = World(replace(POLICY, authority="warden"))

    world.record(event("bounce-permanent-on-account-suppression-list"))

    assert world.ledger.entries_ == {}


def test_a_storm_of_hard_bounces_from_one_provider_suppresses_for_a_day_only() -> None:
    """From the 26th in an hour on they are provisional, as the domain never had so many."""
    bounces = [event("bounce-permanent-general", mail=f"m{n}", to=f"u{n}@provider.example", days=n / 10000) for n in range(30)]
    world = World().one_by_one(bounces)
    later = datetime(2026, 11, 2, 13, tzinfo=UTC)

    assert [world.blocked(f"u{number}@provider.example", later) for number in (0, 24, 25, 29)] == [True, True, False, False]


@pytest.mark.parametrize("name", ["setup-validated", "setup-subscription-succeeded"])
def test_set_up_messages_are_ignored_and_counted(name: str) -> None:
    """What SES posts when a topic is connected leaves no trace but a count."""
    world = World()

    outcome = world.record(ses(name))

    assert (outcome.total(Happening.SETUP_MESSAGE), world.ledger.calls, world.quarantine.kept) == (1, [], {})


@pytest.mark.parametrize("name", ["unknown-type", "received"])
def test_events_of_unknown_types_are_kept(name: str) -> None:
    """A type that AWS may add one day is kept in the quarantine, so that it can be replayed."""
    world = World()

    outcome = world.record(ses(name))

    assert (outcome.total(Happening.UNKNOWN_EVENT), list(world.quarantine.kept)) == (1, [ses(name)])


def test_every_known_sample_is_recorded() -> None:
    """No sample of a known type fails or is set aside, alone or all together."""
    known = [ses(name) for name in (*names("publishing"), *names("identity")) if name != "unknown-type"]
    world = World()

    outcome = world.record(*known)

    assert (outcome.failed, world.quarantine.kept) == (frozenset(), {})
