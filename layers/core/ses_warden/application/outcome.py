"""What became of the events of one invocation."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ses_warden.domain.counters import Counter
from ses_warden.domain.envelopes import Envelope
from ses_warden.errors import WardenError


class Happening(StrEnum):
    """What else can happen to an event, beside what it counts as."""

    SUPPRESSED = "suppressed"
    RELEASED = "released"
    DUPLICATE = "duplicate"
    ENRICHED = "enriched"
    UNKNOWN_EVENT = "unknown_event"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_VALUE = "unknown_value"
    UNPARSABLE = "unparsable"
    SETUP_MESSAGE = "setup_message"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the events of one invocation.

    `counts` by configuration set (None: not known) and what happened; `lags` in milliseconds between an event and now;
    `failed` are the records to be delivered again, by SQS message id; `error` is why, and must be raised where no queue
    holds the record (`record_id` None).
    """

    counts: Mapping[tuple[str | None, Counter | Happening], int]
    lags: Sequence[int]
    failed: frozenset[str | None]
    error: WardenError | None

    def total(self, what: Counter | Happening) -> int:
        """How often something happened, over all configuration sets."""
        return sum(count for (_, happened), count in self.counts.items() if happened == what)


@dataclass(slots=True)
class Journal:
    """The outcome while it is being made."""

    counts: Tally[tuple[str | None, Counter | Happening]] = field(default_factory=Tally)
    lags: list[int] = field(default_factory=list)
    failed: set[str | None] = field(default_factory=set)
    error: WardenError | None = None

    def count(self, configuration_set: str | None, what: Counter | Happening, times: int = 1) -> None:
        """Notes that something happened."""
        self.counts[configuration_set, what] += times

    def fail(self, envelopes: Iterable[Envelope], error: WardenError) -> None:
        """Notes that these records must be delivered again; the first error is the one that is told."""
        self.failed.update(envelope.record_id for envelope in envelopes)
        self.error = self.error or error

    def is_lost(self, envelopes: Iterable[Envelope]) -> bool:
        """Whether one of these records must be delivered again."""
        return any(envelope.record_id in self.failed for envelope in envelopes)

    def outcome(self) -> Outcome:
        """The outcome as it is now."""
        return Outcome(dict(self.counts), tuple(self.lags), frozenset(self.failed), self.error)
