"""Stored and given-up events come back through the use case that records them."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ses_warden.application.outcome import Outcome
from ses_warden.application.ports import Quarantine
from ses_warden.application.record_events import Policy, record_events
from ses_warden.application.redrive_events import HIDDEN, DeadLetters, Letter, Redrive, redrive_events
from ses_warden.application.replay_events import Problem, Replay, Sources, Stored, replay_events
from ses_warden.domain.envelopes import Envelope
from ses_warden.errors import LedgerBusy, StorageError
from tests.fakes import MemoryLedger, MemoryQuarantine
from tests.support.samples import make_event, ses_id, wrap_destination, wrap_sns

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
SENT = NOW - timedelta(hours=1)


def event(kind: str, mail: str = "one") -> str:
    """The text of an event."""
    made = make_event(kind, message_id=ses_id(SENT, mail), recipients=["jane@example.com"], at=NOW, sent_at=SENT)
    return json.dumps(made)


@dataclass
class Texts:
    """Sources in memory; None cannot be read."""

    texts: dict[str, str | None]
    removed: list[str] = field(default_factory=list)

    def all(self) -> Iterable[Stored]:
        """All of them."""

        def read(text: str | None) -> Iterable[bytes]:
            if text is None:
                raise StorageError("S3 did not hand it over: AccessDenied")
            return [text.encode()]

        return [Stored(name, lambda text=text: read(text)) for name, text in self.texts.items()]  # type: ignore[misc] # bound at once

    def remove(self, name: str) -> None:
        """One less."""
        self.removed.append(name)


@dataclass
class Letters:
    """A dead-letter queue in memory, which shows what is not hidden, and forgets to hide if it is told so."""

    letters: list[Letter]
    hidden: dict[str, timedelta] = field(default_factory=dict)
    forgetful: bool = False
    hides: list[timedelta] = field(default_factory=list)

    def take(self) -> list[Letter]:
        """Up to ten."""
        taken = [one for one in self.letters if self.forgetful or not self.hidden.get(one.receipt)][:10]
        self.hidden |= {one.receipt: HIDDEN for one in taken}
        return taken

    def hide(self, receipts: Collection[str], period: timedelta) -> None:
        """For so long."""
        self.hides.append(period)
        self.hidden |= dict.fromkeys(receipts, period)

    def delete(self, receipts: Collection[str]) -> None:
        """For ever."""
        self.letters = [one for one in self.letters if one.receipt not in receipts]


def _satisfied() -> tuple[Sources, DeadLetters]:
    """For the type checker: the fakes are what the ports ask for."""
    return Texts({}), Letters([])


def replay(texts: Texts, ledger: MemoryLedger | None, *, whole: bool = False) -> tuple[Replay, list[Problem]]:
    """What comes of a replay, and its problems."""
    problems: list[Problem] = []

    def record(envelopes: Iterable[Envelope], quarantine: Quarantine) -> Outcome:
        assert ledger is not None
        return record_events(envelopes, ledger=ledger, quarantine=quarantine, policy=Policy(timedelta(days=30)), now=NOW)

    found = replay_events(texts, record if ledger else None, whole=whole, report=lambda _, some: problems.extend(some))
    return found, problems


MIXED = "\n".join([event("Send"), json.dumps(wrap_sns(event("Bounce"))), '{"eventType":"Boun', '{"x":1}', '{"eventType":"Later"}'])


def test_a_replay_records_what_can_be_read_and_names_the_rest() -> None:
    """A second one finds all there already."""
    ledger = MemoryLedger()
    found, problems = replay(Texts({"a.json": MIXED}), ledger)
    assert (found.recorded, found.unparsable, found.unknown, found.suppressed, found.is_finding) == (2, 2, 1, 1, True)
    assert [(one.place, one.reason.split(" ")[0]) for one in problems] == [
        ("a.json, document 3 (line 3)", "it"),
        ("a.json, document 4 (line 4)", "no"),
        ("a.json, document 5 (line 5)", "an"),
    ]
    again, _ = replay(Texts({"a.json": MIXED}), ledger)
    assert (again.recorded, again.duplicates, len(ledger.rows)) == (0, 2, 2)


def test_a_plan_only_reads() -> None:
    """The types are counted."""
    found, _ = replay(Texts({"a.json": MIXED}), None)
    assert (dict(found.events), found.recorded, found.unparsable) == ({"Send": 1, "Bounce": 1}, 0, 2)


def test_a_source_that_cannot_be_read_does_not_stop_the_others() -> None:
    """It is named."""
    found, problems = replay(Texts({"a": None, "b": event("Send")}), MemoryLedger())
    assert (found.recorded, [one.place for one in problems], found.is_finding) == (1, ["a"], True)


def test_the_quarantine_loses_only_what_was_recorded() -> None:
    """One object is one payload; what cannot be read stays."""
    texts = Texts({"events/1": event("Send"), "events/2": "no event {", "events/3": '{"eventType":"Later"}'})
    found, problems = replay(texts, MemoryLedger(), whole=True)
    assert (texts.removed, found.removed) == (["events/1"], 1)
    assert [one.place for one in problems] == ["events/2", "events/3"]


def test_a_replay_stops_when_the_ledger_is_down_and_removes_nothing() -> None:
    """It says why."""
    texts = Texts({f"events/{n}": event("Send", str(n)) for n in range(300)})
    found, _ = replay(texts, MemoryLedger(faults=[LedgerBusy("busy")]), whole=True)
    assert (str(found.stopped), found.failed > 0, found.removed + found.failed, found.sources) == ("busy", True, 200, 200)


def letter(number: int, body: str, error: str | None = None) -> Letter:
    """A message."""
    return Letter(f"m{number}", f"r{number}", body, SENT + timedelta(minutes=number), error)


def redrive(queue: Letters, ledger: MemoryLedger | None, quarantine: MemoryQuarantine | None = None) -> Redrive:
    """What comes of a redrive, in which a batch takes three minutes."""
    times = iter(NOW + timedelta(minutes=3 * n) for n in range(100))

    def record(envelopes: list[Envelope]) -> Outcome:
        assert ledger is not None
        kept = quarantine or MemoryQuarantine()
        return record_events(envelopes, ledger=ledger, quarantine=kept, policy=Policy(timedelta(days=30)), now=NOW)

    return redrive_events(queue, record if ledger else None, clock=lambda: next(times), report=lambda _: None)


def test_a_look_shows_what_is_there_and_leaves_it() -> None:
    """By type, age and reason, whoever put it there; afterwards all of it shows again."""
    failed = wrap_destination(wrap_sns(event("Complaint")))
    bodies = [(event("Send"), "AccessDenied for jane@example.com"), (json.dumps(failed), None), ("nonsense", None)]
    queue = Letters([letter(n, *body) for n, body in enumerate(bodies)])
    found = redrive(queue, None)
    assert dict(found.types) == {"Send": 1, "Complaint": 1, "unparsable": 1}
    assert (found.oldest, found.newest, found.is_finding) == (SENT, SENT + timedelta(minutes=2), True)
    reasons = sorted(found.reasons)
    assert reasons[1:] == ["SNS: AccessDenied for j***@e***.com", "SQS: received too often"]
    assert reasons[0].startswith("Lambda: RetriesExhausted")
    assert (len(queue.letters), set(queue.hidden.values())) == (3, {timedelta()})


def test_a_redrive_records_and_deletes() -> None:
    """Both forms; what cannot be read goes to the quarantine, as with the functions."""
    quarantine, ledger = MemoryQuarantine(), MemoryLedger()
    bodies = [json.dumps(wrap_destination(wrap_sns(event("Complaint")))), "nonsense", *(event("Send", str(n)) for n in range(20))]
    queue = Letters([letter(n, body) for n, body in enumerate(bodies)])
    found = redrive(queue, ledger, quarantine)
    assert (queue.letters, found.deleted, found.recorded, found.set_aside, found.is_finding) == ([], 22, 21, 1, False)
    assert list(quarantine.kept) == ["nonsense"]


def test_what_fails_again_stays_and_is_met_once() -> None:
    """Hidden anew while the run is long, though the queue shows it again; free at its end."""
    bodies = ["nonsense", *(event("Send", str(n)) for n in range(15))]
    queue = Letters([letter(n, body) for n, body in enumerate(bodies)], forgetful=True)
    found = redrive(queue, MemoryLedger(), MemoryQuarantine(broken=True))
    assert ([one.id for one in queue.letters], found.messages, found.failed, found.deleted) == (["m0"], 16, 1, 15)
    assert queue.hides[0] == HIDDEN
    assert queue.hides[-1] == timedelta()


def test_a_redrive_stops_when_the_ledger_is_down() -> None:
    """Nothing is deleted, and the rest is not tried."""
    queue = Letters([letter(n, event("Send", str(n))) for n in range(30)])
    found = redrive(queue, MemoryLedger(faults=[LedgerBusy("busy")]))
    assert (len(queue.letters), found.messages, str(found.stopped), found.is_finding) == (30, 10, "busy", True)
