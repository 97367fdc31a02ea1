"""Feeds stored events through the same use case that records them as they arrive, to rebuild the tables."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import NamedTuple, Protocol

from ses_warden.application.outcome import Happening, Outcome
from ses_warden.application.ports import Quarantine
from ses_warden.domain.envelopes import Envelope, open_event
from ses_warden.domain.events import SetupMessage, UnknownEvent
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.stored import Document, documents, plain, whole_of
from ses_warden.errors import StorageError, UnparsableEvent, WardenError

_BATCH = 200


class Stored(NamedTuple):
    """A file or object, and its bytes, which are asked for one after another. Reading raises `StorageError`."""

    name: str
    read: Callable[[], Iterable[bytes]]


class Sources(Protocol):
    """Where stored events lie."""

    def all(self) -> Iterable[Stored]:
        """Each file or object, in the order of their names. Raises `StorageError`."""
        ...

    def remove(self, name: str) -> None:
        """Deletes one. Raises `StorageError`."""
        ...


class Problem(NamedTuple):
    """What could not be replayed, where it lies, and why."""

    place: str
    reason: str


@dataclass(slots=True)
class Replay:
    """How far a replay has come. `recorded`, `duplicates` and `enriched` count rows, the others events or documents."""

    sources: int = 0
    documents: int = 0
    events: Tally[str] = field(default_factory=Tally[str])
    recorded: int = 0
    duplicates: int = 0
    enriched: int = 0
    suppressed: int = 0
    removed: int = 0
    unknown: int = 0
    unparsable: int = 0
    set_up: int = 0
    failed: int = 0
    stopped: WardenError | None = None

    @property
    def is_finding(self) -> bool:
        """Whether something stays to be done."""
        return bool(self.unknown or self.unparsable or self.failed)


# What records a batch: `record_events`, with where to put what cannot be read.
type Record = Callable[[Iterable[Envelope], Quarantine], Outcome]


@dataclass(slots=True)
class _Aside:
    """The quarantine of a replay: nothing is kept, as all of it stays where it is."""

    reasons: dict[str, str] = field(default_factory=dict[str, str])

    def keep(self, body: str, reason: str) -> None:
        self.reasons[body] = reason


class _Item(NamedTuple):
    place: str
    source: str
    envelopes: list[Envelope]


def replay_events(
    sources: Sources, record: Record | None, *, whole: bool = False, report: Callable[[Replay, list[Problem]], None]
) -> Replay:
    """Replays all sources in batches, telling `report` after each; without `record` they are only read.

    With `whole`, each source is one payload, which is removed once all of it is recorded: the quarantine. Stops at the first batch
    that the ledger does not take, since the rest would fare no better; a second run finds what is there already.
    """
    found = Replay()
    problems: list[Problem] = []
    for batch in batched(_items(sources, found, problems, whole=whole), _BATCH, strict=False):
        if record:
            _record(batch, record, sources if whole else None, found, problems)
        report(found, problems)
        problems.clear()
        if found.stopped:
            break
    report(found, problems)
    return found


def _items(sources: Sources, found: Replay, problems: list[Problem], *, whole: bool) -> Iterator[_Item]:
    """The documents whose events can all be read; the others are noted among the problems."""
    for source in sources.all():
        found.sources += 1
        try:
            for document in _documents(source, whole=whole):
                found.documents += 1
                place = source.name if whole else f"{source.name}, document {document.number} (line {document.line})"
                # As a record of SQS, so that the outcome can name those that failed.
                envelopes = open_event({"Records": [{"messageId": place, "body": document.text}]})
                good = [
                    one
                    for one in envelopes
                    if _is_readable(replace(one, problem=document.problem or one.problem), found, place, problems)
                ]
                # A payload of the quarantine goes or stays as one.
                if good and (not whole or len(good) == len(envelopes)):
                    yield _Item(place, source.name, good)
        except (StorageError, ValueError) as error:
            found.unparsable += 1
            problems.append(Problem(source.name, str(error)))


def _documents(source: Stored, *, whole: bool) -> Iterator[Document]:
    if not whole:
        yield from documents(plain(source.read()))
        return
    yield Document(1, 1, whole_of(source.read()).decode("utf-8", "surrogatepass"))


def _is_readable(envelope: Envelope, found: Replay, place: str, problems: list[Problem]) -> bool:
    try:
        if envelope.problem:
            raise UnparsableEvent(envelope.problem)
        event = parse_event(envelope.body)
    except UnparsableEvent as fault:
        found.unparsable += 1
        problems.append(Problem(place, str(fault)))
        return False
    if isinstance(event, UnknownEvent):
        found.unknown += 1
        problems.append(Problem(place, "an event of a type that is not known"))
        return False
    if isinstance(event, SetupMessage):
        found.set_up += 1
        return True
    found.events[event.type] += 1
    return True


def _record(batch: Iterable[_Item], record: Record, removes: Sources | None, found: Replay, problems: list[Problem]) -> None:
    items = list(batch)
    aside = _Aside()
    outcome = record([envelope for item in items for envelope in item.envelopes], aside)
    found.recorded += len(outcome.lags)
    found.duplicates += outcome.total(Happening.DUPLICATE)
    found.enriched += outcome.total(Happening.ENRICHED)
    found.suppressed += outcome.total(Happening.SUPPRESSED)
    found.stopped = outcome.error
    for item in items:
        reasons = [aside.reasons[one.body] for one in item.envelopes if one.body in aside.reasons]
        if item.place in outcome.failed:
            found.failed += 1
            problems.append(Problem(item.place, str(outcome.error)))
        elif reasons:
            found.unparsable += len(reasons)
            problems.append(Problem(item.place, reasons[0]))
        elif removes:
            removes.remove(item.source)
            found.removed += 1
