"""The first half of recording: payloads become facts, and what cannot be read is set aside."""

from dataclasses import dataclass, field
from datetime import timedelta

from ses_warden.application.outcome import Happening, Journal
from ses_warden.application.ports import FactKey, Known, Quarantine
from ses_warden.domain.authority import Authority
from ses_warden.domain.envelopes import Envelope
from ses_warden.domain.events import MailEvent, SetupMessage, UnknownEvent
from ses_warden.domain.facts import Fact, facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden.domain.signals import Signal
from ses_warden.errors import UnparsableEvent, WardenError


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator decides: how long events are kept, whose suppression list is the truth, which providers report nothing.

    `drill_set`: the configuration set whose mail to the mailbox simulator counts, in it alone.
    """

    retention: timedelta
    authority: Authority = "ses"
    no_feedback_domains: frozenset[str] = frozenset()
    drill_set: str = ""


@dataclass(slots=True)
class Work:
    """A fact to record, and the envelopes that brought it."""

    fact: Fact
    envelopes: list[Envelope]
    signal: Signal | None = None
    refused: bool = False


UNFORESEEN = "unforeseen"


@dataclass(slots=True)
class Intake:
    """Reads envelopes; the same fact twice in them is one piece of work."""

    quarantine: Quarantine
    policy: Policy
    journal: Journal
    work: dict[FactKey, Work] = field(default_factory=dict)
    aside: list[tuple[Envelope, str, Happening]] = field(default_factory=list)

    def read(self, envelope: Envelope) -> None:
        """Takes an event apart, or sets it aside with the reason."""
        try:
            if envelope.problem:
                raise UnparsableEvent(envelope.problem)
            match event := parse_event(envelope.body):
                case SetupMessage():
                    self.journal.count(None, Happening.SETUP_MESSAGE)
                case UnknownEvent():
                    self.set_aside(envelope, "an event of a type that is not known", Happening.UNKNOWN_EVENT)
                case _:
                    self._take(event, envelope)
        except UnparsableEvent as fault:
            self.set_aside(envelope, str(fault), Happening.UNPARSABLE)
        except Exception as fault:  # noqa: BLE001  # a fault of ours that nobody foresaw must not stop the envelope's neighbours
            self.set_aside(envelope, f"{UNFORESEEN}: {type(fault).__name__}", Happening.UNPARSABLE)

    def _take(self, event: MailEvent, envelope: Envelope) -> None:
        facts = facts_of(event, self.policy.no_feedback_domains, self.policy.drill_set)
        for fact in facts:
            key = FactKey(fact.message_id, fact.sort_key)
            twin = self.work.get(key)
            if twin is None:
                self.work[key] = Work(fact, [envelope])
                continue
            twin.envelopes.append(envelope)
            self.journal.count(fact.configuration_set, Happening.DUPLICATE)
            if lacks(twin.fact, fact):
                twin.fact = fact
        for happening, unknown in (
            (Happening.UNKNOWN_FIELD, event.unknown_fields),
            (Happening.UNKNOWN_VALUE, event.unknown_values),
        ):
            if unknown:
                self.journal.count(event.mail.configuration_set, happening, len(unknown))

    def set_aside(self, envelope: Envelope, reason: str, happening: Happening) -> None:
        """Takes a payload for the quarantine, with the reason."""
        self.aside.append((envelope, reason, happening))

    def keep(self) -> None:
        """Puts what was set aside into the quarantine. Comes last: a flood of it must not keep good events from the ledger."""
        for envelope, reason, happening in self.aside:
            try:
                self.quarantine.keep(envelope.body, reason)
            except WardenError as error:
                self.journal.fail([envelope], error)
            else:
                self.journal.count(None, happening)


def lacks(known: Fact | Known, fact: Fact) -> bool:
    """Whether a copy of a fact lacks scopes that another copy knows: identity notifications carry no tags."""
    return (known.configuration_set is None and fact.configuration_set is not None) or (
        known.tenant is None and fact.tenant is not None
    )
