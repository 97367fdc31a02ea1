"""What must come of the messages that were published: counted naively, one after another, from the words of the stories.

None of the code under test is called here. Where it folds, batches, compares versions and shards, this keeps sets and lists.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from demo.campaign import Message
from demo.stories import FEEDBACK, SORTS, Event

# The suppression policy in four numbers: days of rest after so many failures in a row, and what a storm of bounces is.
STRIKES, STRIKE_DAYS, STRIKE_REST = 3, 14, 30
GLOBAL_LIST_REST = 14
STORM, STORM_REST = 25, 1


class RowKey(NamedTuple):
    """What a row of the events table is known by here."""

    message_id: str
    recipient: str
    type: str
    kind: str
    at: datetime | None
    configuration_set: str


class Verdict(NamedTuple):
    """What an entry of the suppression table says; `rest` in days, None for good."""

    state: str
    reason: str | None
    confidence: str | None
    rest: int | None


class Cohort(NamedTuple):
    """Where a counter stands: scope, period, name."""

    scope: str
    period: str
    counter: str


class Expected:
    """What the stack must hold after the messages that were seen."""

    def __init__(self) -> None:
        """Begin with nothing published."""
        self.published: Counter[str] = Counter()
        self.distinct: Counter[str] = Counter()
        self.metrics: Counter[str] = Counter()
        self.rows: set[RowKey] = set()
        self.counters: Counter[Cohort] = Counter()
        self.quarantine: set[str] = set()
        self._untagged: set[RowKey] = set()
        self._history: defaultdict[str, list[Event]] = defaultdict(list)
        self._bounces: defaultdict[str, list[datetime]] = defaultdict(list)
        self._provisional: set[str] = set()

    def see_all(self, messages: Iterable[Message]) -> None:
        """Messages are published."""
        for message in messages:
            self.see(message)

    def see(self, message: Message) -> None:
        """A message is published; of feedback, after all before it were recorded."""
        if message.event is None:
            if message.raw.startswith("{"):
                self.quarantine.add(message.raw)
                self.metrics["Unparsable"] += 1
            else:
                self.metrics["SetupMessages"] += 1
            return
        event = message.event
        self.published[event.sort.counter] += 1
        row = _row_key(event)
        if row not in self.rows:
            self._record(event, row, identity=message.identity)
        elif row in self._untagged and not message.identity:
            # An identity notification came first and did not say which configuration set it was.
            self._untagged.discard(row)
            self._count(event, _set_scope(event))
            self.metrics["Enriched"] += 1
        else:
            self.metrics["Duplicates"] += 1

    def feedback(self) -> int:
        """How many different feedback events were published."""
        return sum(self.distinct[counter] for counter in {sort.counter for sort in SORTS.values() if sort.topic == FEEDBACK})

    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        """The entries of the suppression table by address and scope."""
        found: dict[tuple[str, str], Verdict] = {}
        for address, events in self._history.items():
            kinds = {event.sort.kind for event in events}
            if "subscription" in kinds:
                found[address, "contact-list/customers"] = Verdict("suppressed", "unsubscribe", "high", None)
            verdict = self._verdict(address, kinds, events)
            if verdict:
                found[address, "account"] = verdict
        return found

    def _verdict(self, address: str, kinds: set[str], events: list[Event]) -> Verdict | None:
        if "complaint" in kinds and "not-spam" not in kinds:
            return Verdict("suppressed", "complaint", "high", None)
        if "hard-bounce" in kinds and address in self._provisional:
            return Verdict("suppressed", "hard_bounce", "low", STORM_REST)
        if "hard-bounce" in kinds:
            return Verdict("suppressed", "hard_bounce", "high", None)
        if "global-list" in kinds:
            return Verdict("suppressed", "global_list", "high", GLOBAL_LIST_REST)
        if "list-hit" in kinds:
            return Verdict("suppressed", "ses_list", "high", None)
        if kinds & {"soft-bounce", "undetermined-bounce"}:
            return _after_failures(events)
        return Verdict("released", None, None, None) if "complaint" in kinds else None

    def _record(self, event: Event, row: RowKey, *, identity: bool) -> None:
        sort, mail = event.sort, event.mail
        self.rows.add(row)
        self.distinct[sort.counter] += 1
        self.metrics[sort.metric] += 1
        self._count(event, "account")
        if identity:
            self._untagged.add(row)
        else:
            self._count(event, _set_scope(event))
        if sort.kind == "hard-bounce":
            self._bounce(event)
        before = {past.sort.kind for past in self._history[mail.key]}
        was_suppressed = self._verdict(mail.key, before, self._history[mail.key])
        self._history[mail.key].append(event)
        self._count_changes(was_suppressed, self._verdict(mail.key, before | {sort.kind}, self._history[mail.key]))
        if sort.kind == "subscription":
            self.metrics["Suppressed"] += 1

    def _count_changes(self, before: Verdict | None, after: Verdict | None) -> None:
        was, now = (verdict is not None and verdict.state == "suppressed" for verdict in (before, after))
        if was != now:
            self.metrics["Suppressed" if now else "Released"] += 1

    def _bounce(self, event: Event) -> None:
        """Counts a hard bounce for its domain; amid a storm, the address is suppressed for a day only."""
        domain = event.mail.key.rpartition("@")[2]
        hours = {f"{moment:%Y-%m-%dT%H}" for moment in (event.at, event.at - timedelta(hours=1))}
        if sum(f"{at:%Y-%m-%dT%H}" in hours for at in self._bounces[domain]) >= STORM:
            self._provisional.add(event.mail.key)
        self._bounces[domain].append(event.at)
        for period in (f"hour/{event.at:%Y-%m-%dT%H}", f"day/{event.at:%Y-%m-%d}"):
            self.counters[Cohort(f"recipient-domain/{domain}", period, "hard")] += 1

    def _count(self, event: Event, scope: str) -> None:
        self.counters[Cohort(scope, f"hour/{event.mail.sent_at:%Y-%m-%dT%H}", event.sort.counter)] += 1


def _after_failures(events: list[Event]) -> Verdict:
    """What failures in a row amount to; a delivery ends the row."""
    delivered = max((event.at for event in events if event.sort.kind == "delivered"), default=None)
    failures = [event for event in events if event.sort.kind in ("soft-bounce", "undetermined-bounce")]
    in_a_row = sorted(failure.at for failure in failures if delivered is None or failure.at > delivered)
    if not in_a_row:
        return Verdict("released", None, None, None)
    if len(in_a_row) >= STRIKES and in_a_row[-1] - in_a_row[0] >= timedelta(days=STRIKE_DAYS):
        return Verdict("suppressed", "soft_bounces", "high", STRIKE_REST)
    return Verdict("watching", None, None, None)


def _row_key(event: Event) -> RowKey:
    sort, mail = event.sort, event.mail
    # Of an identity notification's time the milliseconds are missing, and which form comes first is chance.
    at = None if sort.twin else event.at
    return RowKey(mail.message_id, mail.key, sort.type, sort.kind, at, mail.configuration_set)


def _set_scope(event: Event) -> str:
    return f"configuration-set/{event.mail.configuration_set}"
