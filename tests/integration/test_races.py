"""A strike and the delivery that heals it, recorded at the same time: however their calls interleave, the row of strikes ends."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Any

import pytest

from tests.integration.harness import TWINS, World, event, through_queue, through_sns
from tests.support.samples import Json

FULL = "bounce-transient-mailboxfull"
JANE = ("jane@example.com", "account")
PATIENCE = 30
# The note of scopes touches no entry: where it comes changes nothing.
MATTERS = frozenset({"TransactWriteItems", "BatchGetItem", "Query", "GetItem"})

# What was before; then two payloads that two environments record at the same time; and how the entry must end.
RACES: dict[str, tuple[Sequence[str], Json, Json, str]] = {
    "delivery and first strike": (
        (),
        through_queue(event("Delivery", "mail-2", days=2)),
        through_sns(event(FULL)),
        "released",
    ),
    "delivery and third strike": (
        (event(FULL, "mail-3", days=-20), event(FULL, "mail-4", days=-10)),
        through_queue(event("Delivery", "mail-2", days=2)),
        through_sns(event(FULL)),
        "released",
    ),
    "delivery and later strike": (
        (event(FULL, "mail-3", days=-20), event(FULL, "mail-4", days=-10)),
        through_queue(event("Delivery", "mail-2", days=2)),
        through_sns(event(FULL, days=3)),
        "watching",
    ),
    "two strikes": (
        (event(FULL, "mail-3", days=-20),),
        through_sns(event(FULL, "mail-2", days=-5)),
        through_sns(event(FULL)),
        "suppressed",
    ),
    "hard bounce and complaint": ((), through_sns(event("Bounce")), through_sns(event("Complaint", "mail-2")), "suppressed"),
    "both forms of a bounce": ((), through_sns(TWINS["bounce"][0]), through_sns(TWINS["bounce"][1]), "suppressed"),
}


class Schedule:
    """Lets one environment at a time make one call: first as a prefix says, then the first that is not through yet."""

    def __init__(self, prefix: Sequence[int], size: int) -> None:
        self._prefix = prefix
        self._alive = set(range(size))
        self._waiting: set[int] = set()
        self._changed = Condition()
        self.steps: list[tuple[int, list[int]]] = []

    def turn(self, who: int) -> None:
        """Waits until it is their turn to make a call."""
        with self._changed:
            self._waiting.add(who)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: who not in self._waiting, PATIENCE)

    def through(self, who: int) -> None:
        """They make no more calls."""
        with self._changed:
            self._alive.discard(who)
            self._changed.notify_all()

    def drive(self) -> None:
        """Gives turns until all are through."""
        with self._changed:
            while True:
                assert self._changed.wait_for(lambda: self._waiting == self._alive, PATIENCE)
                if not self._alive:
                    return
                able = sorted(self._alive)
                step = len(self.steps)
                chosen = self._prefix[step] if step < len(self._prefix) else able[0]
                self.steps.append((chosen, able))
                self._waiting.discard(chosen)
                self._changed.notify_all()

    def next_prefix(self) -> list[int] | None:
        """The next order that was not tried yet: as this one, but for the last step at which somebody else could have gone."""
        for step in reversed(range(len(self.steps))):
            chosen, able = self.steps[step]
            later = [who for who in able if who > chosen]
            if later:
                return [*(who for who, _ in self.steps[:step]), later[0]]
        return None


def every_schedule(size: int) -> Iterator[Schedule]:
    """Each order in which calls can interleave, once; the caller drives it before it asks for the next."""
    prefix: list[int] | None = []
    while prefix is not None:
        schedule = Schedule(prefix, size)
        yield schedule
        prefix = schedule.next_prefix()


def race(world: World, schedule: Schedule, payloads: Sequence[Json]) -> None:
    """Records each payload in an environment of its own, call by call in the order of the schedule."""

    def listen(who: int) -> Callable[[int, str, Any], None]:
        def before(_number: int, name: str, _request: Any) -> None:
            if name in MATTERS:
                schedule.turn(who)

        return before

    def run(who: int) -> None:
        try:
            assert world.environment(before=listen(who)).record(payloads[who]).error is None
        finally:
            schedule.through(who)

    with ThreadPoolExecutor(len(payloads)) as threads:
        running = [threads.submit(run, who) for who in range(len(payloads))]
        schedule.drive()
        for one in running:
            one.result()


@pytest.mark.parametrize(("before", "one", "other", "state"), RACES.values(), ids=RACES)
def test_two_events_at_once_end_as_one_after_the_other(
    world: World, before: Sequence[str], one: Json, other: Json, state: str
) -> None:
    """In each of the orders in which their calls can interleave, the tables end as if one had been recorded after the other."""
    for text in before:
        world.record(text)
    for payload in (one, other):
        world.environment().record(payload)
    expected = world.snapshot().without_versions()
    assert expected.suppression[JANE]["state"] == {"S": state}

    tried = 0
    for schedule in every_schedule(2):
        world.clear()
        for text in before:
            world.record(text)
        race(world, schedule, (one, other))
        assert world.snapshot().without_versions() == expected, [who for who, _ in schedule.steps]
        tried += 1
    assert tried > 2
