"""Batches of a thousand: what lands, what is set aside, and how many calls that takes."""

from ses_warden.adapters.responses import batch_response
from ses_warden.application.record_events import Happening
from ses_warden.domain.counters import Counter
from tests.integration.harness import World, event, through_queue
from tests.support.samples import ses

SIZE = 1000
# A broken text, something else's JSON, and an event whose time is none; by their places in the batch.
POISON = {3: ses("unparsable"), 500: ses("not-an-event"), 999: event("Send").replace("2026-11-04T10:30:00.000Z", "yesterday")}
MOST_CALLS = 30


def batch() -> list[str]:
    """Of the mails to a thousand people what a queue brings: sends, deliveries, opens and clicks; three of them are poison."""
    kinds = ("Send", "Delivery", "Open", "Click")
    return [
        POISON.get(number) or event(kinds[number % 4], f"mail-{number}", [f"person-{number}@example.com"]) for number in range(SIZE)
    ]


def test_of_a_thousand_records_with_three_poisoned_ones_997_land(world: World) -> None:
    """Three are kept as unparsable, none is delivered again, and the second delivery finds nothing but duplicates."""
    payload = through_queue(*batch())
    environment = world.environment()

    outcome = environment.record(payload)

    assert batch_response(outcome) == {"batchItemFailures": []}
    assert outcome.total(Happening.UNPARSABLE) == len(POISON)
    assert set(environment.quarantine.kept) == set(POISON.values())
    snapshot = world.snapshot()
    assert len(snapshot.events) == SIZE - len(POISON)
    counters = (Counter.SENT, Counter.DELIVERED, Counter.OPENS, Counter.CLICKS)
    for scope in ("account", "configuration-set/marketing"):
        assert sum(snapshot.counted(scope, counter) for counter in counters) == SIZE - len(POISON)
    assert len(environment.wire.calls) <= MOST_CALLS

    again = world.environment().record(payload)
    assert batch_response(again) == {"batchItemFailures": []}
    assert again.total(Happening.DUPLICATE) == SIZE - len(POISON)
    assert world.snapshot() == snapshot


def test_a_batch_of_all_kinds_lands_whole(world: World) -> None:
    """Bounces, complaints and deliveries to the same few people, more than one transaction holds: all rows, all counts."""
    kinds = ("Bounce", "Complaint", "Delivery", "bounce-transient-mailboxfull", "subscription")
    texts = [
        event(kind, f"mail-{number}", [f"person-{number % 7}@domain-{number % 3}.example"], configuration_set=f"set-{number % 4}")
        for number in range(60)
        for kind in kinds
    ]
    environment = world.environment()
    outcome = environment.record(through_queue(*texts))
    assert outcome.error is None
    snapshot = world.snapshot()
    assert len(snapshot.events) == len(texts)
    assert snapshot.counted("account", "hard") == 60
    assert sum(snapshot.counted(f"set-{number}", "hard") for number in range(4)) == 0
    assert sum(snapshot.counted(f"configuration-set/set-{number}", "hard") for number in range(4)) == 60
    assert len([key for key in snapshot.suppression if key[1] == "account"]) == 21
    assert all(len(request["TransactItems"]) <= 100 for request in environment.wire.requests if "TransactItems" in request)
