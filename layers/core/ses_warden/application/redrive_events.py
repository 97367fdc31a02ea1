"""Takes what was given up in a dead-letter queue back through the use case that records events."""

import json
from collections import Counter as Tally
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from ses_warden.application.outcome import Happening, Outcome
from ses_warden.domain.envelopes import Envelope, open_event
from ses_warden.domain.events import UnknownEvent
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.text import clean, mask_addresses
from ses_warden.errors import UnparsableEvent, WardenError

# So long a message is hidden from others once it was taken; what is held for longer is hidden anew.
HIDDEN = timedelta(minutes=5)
_LONGEST_REASON = 100
_EMPTY_ANSWERS = 2


class Letter(NamedTuple):
    """A message of a dead-letter queue; `error` is what SNS said of it."""

    id: str
    receipt: str
    body: str
    sent_at: datetime
    error: str | None = None


class DeadLetters(Protocol):
    """A dead-letter queue. Its methods raise `StorageError`."""

    def take(self) -> Sequence[Letter]:
        """Up to ten messages, hidden for `HIDDEN`; none where there is nothing."""
        ...

    def hide(self, receipts: Collection[str], period: timedelta) -> None:
        """Hides taken messages for so long from now; nought shows them at once."""
        ...

    def delete(self, receipts: Collection[str]) -> None:
        """Deletes taken messages."""
        ...


@dataclass(slots=True)
class Redrive:
    """How far a redrive has come: messages by event type and by why they are there, and what became of them."""

    messages: int = 0
    types: Tally[str] = field(default_factory=Tally[str])
    reasons: Tally[str] = field(default_factory=Tally[str])
    oldest: datetime | None = None
    newest: datetime | None = None
    deleted: int = 0
    recorded: int = 0
    duplicates: int = 0
    set_aside: int = 0  # events that cannot be read or whose type is not known: in the quarantine now
    failed: int = 0
    stopped: WardenError | None = None

    @property
    def is_finding(self) -> bool:
        """Whether messages are still there."""
        return self.messages > self.deleted


type Record = Callable[[list[Envelope]], Outcome]


@dataclass(slots=True)
class _Run:
    queue: DeadLetters
    record: Record | None
    clock: Callable[[], datetime]
    found: Redrive = field(default_factory=Redrive)
    # What stays is kept hidden until the end, so that nothing is met twice: message ids to receipts.
    held: dict[str, str] = field(default_factory=dict[str, str])
    hidden_at: datetime | None = None


def redrive_events(
    queue: DeadLetters, record: Record | None, *, clock: Callable[[], datetime], report: Callable[[Redrive], None]
) -> Redrive:
    """Goes once through the queue, by tens; without `record` it only looks. A message is deleted after its events were recorded.

    What fails again stays, and shows again when this ends. Stops at the first batch of which the ledger takes nothing.
    """
    run = _Run(queue, record, clock)
    empty = 0
    try:
        while empty < _EMPTY_ANSWERS and run.found.stopped is None:
            taken = queue.take()
            letters = [letter for letter in taken if letter.id not in run.held]
            run.held.update((letter.id, letter.receipt) for letter in taken)
            empty = 0 if letters else empty + 1
            _work(run, letters)
            _hide_again(run)
            report(run.found)
    finally:
        if run.held:
            queue.hide(list(run.held.values()), timedelta())
    return run.found


def _work(run: _Run, letters: list[Letter]) -> None:
    opened = {letter.id: open_event({"Records": [{"messageId": letter.id, "body": letter.body}]}) for letter in letters}
    for letter in letters:
        _look(letter, opened[letter.id], run.found)
    if run.record is None or not letters:
        return
    outcome = run.record([envelope for letter in letters for envelope in opened[letter.id]])
    found = run.found
    found.recorded += len(outcome.lags)
    found.duplicates += outcome.total(Happening.DUPLICATE)
    found.set_aside += outcome.total(Happening.UNPARSABLE) + outcome.total(Happening.UNKNOWN_EVENT)
    done = [letter for letter in letters if letter.id not in outcome.failed]
    found.failed += len(letters) - len(done)
    if done:
        run.queue.delete([letter.receipt for letter in done])
        found.deleted += len(done)
        for letter in done:
            run.held.pop(letter.id)
    else:
        found.stopped = outcome.error


def _hide_again(run: _Run) -> None:
    now = run.clock()
    run.hidden_at = run.hidden_at or now
    if run.held and now - run.hidden_at >= HIDDEN / 2:
        run.queue.hide(list(run.held.values()), HIDDEN)
        run.hidden_at = now


def _look(letter: Letter, envelopes: Sequence[Envelope], found: Redrive) -> None:
    found.messages += 1
    found.oldest = min(found.oldest or letter.sent_at, letter.sent_at)
    found.newest = max(found.newest or letter.sent_at, letter.sent_at)
    found.types.update(_type(envelope) for envelope in envelopes)
    found.reasons[_reason(letter)] += 1


def _type(envelope: Envelope) -> str:
    try:
        event = None if envelope.problem else parse_event(envelope.body)
    except UnparsableEvent:
        event = None
    return "unparsable" if event is None else "unknown" if isinstance(event, UnknownEvent) else event.type


def _reason(letter: Letter) -> str:
    """Why the message is there: SNS and Lambda say so, SQS only moves what was received too often."""
    if letter.error:
        return f"SNS: {_fit(letter.error)}"
    try:
        body: Any = json.loads(letter.body)
    except (ValueError, RecursionError):
        body = None
    match body:
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        case {"requestContext": {"condition": condition}, "requestPayload": _, **rest}:
            match rest.get("responsePayload"):
                case {"errorType": error}:
                    return f"Lambda: {_fit(condition)}, {_fit(error)}"
                case _:
                    return f"Lambda: {_fit(condition)}"
        case _:
            return "SQS: received too often"


def _fit(text: object) -> str:
    return clean(mask_addresses(str(text)), _LONGEST_REASON)
