"""The same event, and many events, recorded by several execution environments at the same time."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from threading import Barrier
from typing import Any

import pytest

from ses_warden.application.record_events import Happening, Outcome
from tests.integration.harness import SENT, TWINS, Environment, World, event, through_queue, through_sns
from tests.support.samples import SAMPLE_OF

ENVIRONMENTS = 8
JANE, JOHN, MARY = "jane@example.com", "john@example.com", "mary@example.com"
FULL = "bounce-transient-mailboxfull"

# What was recorded before, and what comes eight times.
STORIES: dict[str, tuple[Sequence[str], str]] = {
    **{kind: ((), event(kind)) for kind in SAMPLE_OF},
    "bounce of two": ((), event("Bounce", recipients=[JANE, JOHN])),
    "first strike": ((), event(FULL)),
    "strike that suppresses": ((event(FULL, "mail-2", days=-20), event(FULL, "mail-3", days=-10)), event(FULL)),
    "strike before a delivery": ((event("Delivery", "mail-2", days=3),), event(FULL, days=2)),
    "delivery that heals": ((event(FULL, "mail-2", days=-20), event(FULL, "mail-3", days=-10)), event("Delivery", days=2)),
    "complaint with candidates": ((), event("complaint-candidates", recipients=[JANE, JOHN, MARY])),
    "complaint withdrawn": ((event("Complaint"),), event("complaint-not-spam", days=2)),
    "second complaint": ((event("Complaint", "mail-2"),), event("Complaint")),
    "list hit of a stranger": ((), event("bounce-permanent-on-account-suppression-list")),
    "list hit for a tenant": ((), event("bounce-permanent-on-tenant-suppression-list", tenant="acme")),
    "subscription renewed": ((event("subscription"),), event("resubscribe", days=2)),
    "open by one of many": ((), event("open-multi-recipient", recipients=[JANE, JOHN])),
    "simulator": ((), event("bounce-simulator", recipients=["bounce@simulator.amazonses.com"])),
    "identity notification": ((), event("identity-complaint")),
}


def at_once(world: World, payloads: Sequence[Any]) -> list[Outcome]:
    """What became of payloads that as many environments were given at the same moment, each until it took it."""
    environments = [world.environment(shard=number, waits=True) for number in range(len(payloads))]
    start = Barrier(len(payloads))

    def run(environment: Environment, payload: Any) -> Outcome:
        start.wait(timeout=30)
        outcome = environment.record(payload)
        # As Lambda does: what was too busy comes again.
        for _ in range(10):
            if not outcome.error:
                return outcome
            outcome = environment.record(payload)
        raise AssertionError(outcome.error)

    with ThreadPoolExecutor(len(payloads)) as threads:
        return list(threads.map(run, environments, payloads))


@pytest.mark.parametrize(("before", "text"), STORIES.values(), ids=STORIES)
def test_an_event_delivered_eight_times_at_once_is_recorded_once(world: World, before: Sequence[str], text: str) -> None:
    """Rows, counters and entries are those of one delivery; seven of the eight are told that it is a duplicate."""
    for earlier in before:
        world.record(earlier)
    alone = world.record(text)
    expected = world.snapshot()
    world.clear()
    for earlier in before:
        world.record(earlier)

    outcomes = at_once(world, [through_sns(text)] * ENVIRONMENTS)

    assert world.snapshot() == expected
    facts = len(alone.lags)
    assert facts > 0
    assert sum(len(outcome.lags) for outcome in outcomes) == facts
    assert sum(outcome.total(Happening.DUPLICATE) for outcome in outcomes) >= facts * (ENVIRONMENTS - 1)
    for happening in (Happening.SUPPRESSED, Happening.RELEASED):
        assert sum(outcome.total(happening) for outcome in outcomes) == alone.total(happening)


@pytest.mark.parametrize(("published", "notified"), TWINS.values(), ids=TWINS)
def test_an_event_told_in_both_forms_at_once_is_recorded_once(world: World, published: str, notified: str) -> None:
    """Whichever of the two is first: one row with the tags, one count in each scope, one entry."""
    world.record(published)
    expected = world.snapshot().without_versions()
    assert len(expected.events) == 1
    assert ("configuration-set/marketing", "seen") in expected.reputation
    for _ in range(3):
        world.clear()
        at_once(world, [through_sns(published), through_sns(notified)] * (ENVIRONMENTS // 2))
        assert world.snapshot().without_versions() == expected


def test_a_campaign_shuffled_doubled_and_recorded_by_many_ends_as_if_told_in_order(world: World) -> None:
    """Sixty mails of every fate, in batches of 15, half of the events twice, by eight environments at once."""
    chance = random.Random(20261124)  # noqa: S311 -- the same history each time
    texts = campaign()
    world.record(*texts)
    expected = world.snapshot().without_versions()
    assert len(expected.events) == len(texts)
    world.clear()

    told = [*texts, *chance.sample(texts, len(texts) // 2)]
    chance.shuffle(told)
    batches = [through_queue(*batch) for batch in batched(told, 15, strict=False)]
    for payloads in batched(batches, ENVIRONMENTS, strict=False):
        at_once(world, payloads)

    assert world.snapshot().without_versions() == expected


def campaign() -> list[str]:
    """To twelve people five mails each, four days apart; each person has a fate."""
    fates = ["Delivery", FULL, "Bounce", "bounce-undetermined", "bounce-transient-general", "bounce-policy-refusal"]
    texts = []
    for number in range(60):
        person, mail = f"person-{number % 12}@example.com", f"mail-{number}"
        sent_at = SENT.replace(day=4 + 4 * (number // 12))
        fate = fates[number % len(fates)]
        texts += [event(kind, mail, [person], days=1, sent_at=sent_at) for kind in ("Send", fate)]
        if fate == "Delivery":
            texts += [event(kind, mail, [person], days=2, sent_at=sent_at) for kind in ("Open", "Click")]
        if fate == FULL and number % 4 == 1:
            # Somewhere in the row of strikes of half of them a mail arrives.
            texts.append(event("Delivery", f"{mail}-again", [person], days=1.5, sent_at=sent_at))
    return texts
