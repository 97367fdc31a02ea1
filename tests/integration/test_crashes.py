"""A process dies between any two calls, or an answer is lost: after redelivery nothing is missing and nothing is counted twice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.httpsession import URLLib3Session

from ses_warden.application.record_events import Happening
from ses_warden.errors import LedgerBusy
from tests.fakes import MemoryQuarantine
from tests.integration.harness import (
    TWINS,
    Environment,
    Snapshot,
    World,
    event,
    redelivered,
    through_queue,
    through_sns,
)
from tests.support.dynamo import Crash, Death, answers_lost, line_cut
from tests.support.samples import Json

JANE, JOHN = "jane@example.com", "john@example.com"
FULL = "bounce-transient-mailboxfull"
TWO_STRIKES = (event(FULL, "mail-2", days=-20), event(FULL, "mail-3", days=-10))
# More calls than any of these stories makes.
ENOUGH = 40


def many() -> list[str]:
    """Sends to 120 people, in two transactions, one of them with a bounce and one with a strike and its delivery."""
    sends = [event("Send", f"mail-{number}", [f"person-{number}@example.com"]) for number in range(120)]
    return [*sends, event("Bounce", "mail-5", [JOHN]), event(FULL), event("Delivery", days=2), "not JSON", event("Complaint")]


# What was recorded before, and the payload during which the process dies.
STORIES: dict[str, tuple[Sequence[str], Json]] = {
    "send": ((), through_queue(event("Send"))),
    "hard bounce": ((), through_sns(event("Bounce"))),
    "bounce of two": ((), through_sns(event("Bounce", recipients=[JANE, JOHN]))),
    "first strike": ((), through_sns(event(FULL))),
    "strike that suppresses": (TWO_STRIKES, through_sns(event(FULL))),
    "strike before a delivery": ((*TWO_STRIKES, event("Delivery", "mail-4", days=3)), through_sns(event(FULL, days=2))),
    "delivery that heals": (TWO_STRIKES, through_queue(event("Delivery", days=2))),
    "delivery amid strikes": ((*TWO_STRIKES, event(FULL, days=3)), through_queue(event("Delivery", "mail-4", days=2))),
    "complaint withdrawn": ((event("Complaint"),), through_sns(event("complaint-not-spam", days=2))),
    "identity, then publishing": ((TWINS["tenant's list"][1],), through_sns(TWINS["tenant's list"][0])),
    "publishing, then identity": ((TWINS["bounce"][0],), through_sns(TWINS["bounce"][1])),
    "duplicates amid news": ((event("Send"), event("Bounce")), through_queue(event("Send"), event("Bounce"), event("Open"))),
    "batch": ((), through_queue(*many())),
}
WHEN = {"before the call": False, "after the call": True}


@dataclass
class DyingQuarantine(MemoryQuarantine):
    """A quarantine that is one more call to die at, numbered with those to DynamoDB."""

    death: Death | None = None
    environment: Environment | None = None

    def keep(self, body: str, reason: str) -> None:
        """Dies before or after keeping the payload."""
        assert self.death
        assert self.environment
        calls = self.environment.wire.calls
        calls.append("keep")
        self.death.before(len(calls) - 1, "keep", None)
        super().keep(body, reason)
        self.death.after(len(calls) - 1, "keep", None)


def tell(world: World, before: Sequence[str]) -> None:
    """Empties the tables, and records what was before."""
    world.clear()
    for text in before:
        assert world.record(text).error is None


def clean_run(world: World, before: Sequence[str], payload: Json) -> tuple[Snapshot, dict[str, str]]:
    """What the tables and the quarantine hold if nothing happens."""
    tell(world, before)
    environment = world.environment()
    assert environment.record(payload).error is None
    return world.snapshot().without_versions(), environment.quarantine.kept


def deaths(world: World, before: Sequence[str], make: Callable[[int], Death]) -> Iterator[tuple[Death, Environment]]:
    """An environment for each call that there is to die at, each with tables as they were before."""
    for number in range(ENOUGH):
        tell(world, before)
        death = make(number)
        environment = world.environment(before=death.before, after=death.after)
        environment.quarantine = DyingQuarantine(death=death, environment=environment)
        yield death, environment
        if not death.struck:
            assert number > 1
            return
    raise AssertionError("the story makes more calls than were thought of")


@pytest.mark.parametrize("done", WHEN.values(), ids=WHEN)
@pytest.mark.parametrize(("before", "payload"), STORIES.values(), ids=STORIES)
def test_a_crash_at_any_call_is_mended_by_redelivery(world: World, before: Sequence[str], payload: Json, *, done: bool) -> None:
    """The process dies at its first call, or its second, …; the whole payload comes again, to another process."""
    expected, kept = clean_run(world, before, payload)
    for death, environment in deaths(world, before, lambda number: Death(number, done=done)):
        try:
            environment.record(payload)
        except Crash:
            assert death.struck
        else:
            assert not death.struck
        again = world.environment()
        again.quarantine.kept.update(environment.quarantine.kept)
        assert again.record(payload).error is None
        assert world.snapshot().without_versions() == expected
        assert again.quarantine.kept == kept


@pytest.mark.parametrize("done", WHEN.values(), ids=WHEN)
@pytest.mark.parametrize(
    "story", ["hard bounce", "strike before a delivery", "delivery that heals", "duplicates amid news", "batch"]
)
def test_a_lost_answer_at_any_call_is_mended_by_redelivery_of_what_failed(world: World, story: str, *, done: bool) -> None:
    """DynamoDB does not answer in time, whether it did its work or not: the records named as failed, come again, are enough."""
    before, payload = STORIES[story]
    expected, _ = clean_run(world, before, payload)
    for death, environment in deaths(world, before, lambda number: Death(number, done=done, error=answers_lost())):
        # The quarantine of this story stays well: its own failures are the unit tests'.
        environment.quarantine = MemoryQuarantine()
        outcome = environment.record(payload)
        assert isinstance(outcome.error, LedgerBusy) == death.struck
        assert bool(outcome.failed) == death.struck
        if death.struck:
            rest = payload if None in outcome.failed else redelivered(payload, outcome.failed)
            # To the same process: what it remembers must not mislead it.
            assert environment.record(rest).error is None
        assert world.snapshot().without_versions() == expected


def test_a_request_whose_line_was_cut_is_repeated_under_its_own_token(world: World) -> None:
    """Botocore sends the same transaction again: DynamoDB knows it by its token, so it is no duplicate and counts once."""
    environment = world.environment()
    tokens = []

    def cut_once(request: AWSPreparedRequest, **_: Any) -> None:
        tokens.append(request.body)
        if len(tokens) == 1:
            URLLib3Session().send(request)
            raise line_cut()

    environment.client.meta.events.register("before-send.dynamodb.TransactWriteItems", cut_once)

    outcome = environment.record(through_sns(event("Bounce")))

    assert tokens[0] == tokens[1]
    assert outcome.error is None
    assert outcome.total(Happening.DUPLICATE) == 0
    assert world.snapshot().counted("account", "hard") == 1


def test_a_rebuilt_transaction_has_a_token_of_its_own(world: World) -> None:
    """A request without the duplicates is another request: under the token of the first DynamoDB would refuse it."""
    world.record(event("Send"))
    environment = world.environment()
    environment.record(through_queue(event("Send"), event("Open")))
    tokens = [request["ClientRequestToken"] for request in environment.wire.requests if "TransactItems" in request]
    assert len(tokens) == len(set(tokens)) == 2
