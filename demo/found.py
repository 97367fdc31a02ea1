"""What tables, bucket and logs of a stack hold, read without the stack's own code, and compared with what was expected."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.expected import Cohort, Expected, RowKey, Verdict
from demo.lanes import QUEUES, Lanes
from demo.stories import SORTS
from tests.support.stack import Stack

DEAD_LETTER_QUEUES = ("ActivityDeadLetterQueue", "FeedbackDeadLetterQueue")
_NO_COUNTERS = frozenset({"scope", "item", "purge_at", "active_hour", "changed_in", "changed_at", "progress"})
# Events whose time depends on which of their two forms came first.
_TWINS = frozenset(sort.kind for sort in SORTS.values() if sort.twin)


@dataclass(frozen=True)
class Found:
    """What a stack holds of a campaign."""

    rows: Counter[RowKey]
    counters: Counter[Cohort]
    entries: Mapping[tuple[str, str], Verdict]
    quarantine: Counter[str]
    metrics: Counter[str]
    left: Mapping[str, int]


class Look:
    """Looks at a stack: once before a campaign, so that what others left there does not count, and once after it."""

    def __init__(self, stack: Stack) -> None:
        """Remember what is there."""
        self._stack = stack
        self._counters = _counters(stack)
        self._quarantine = _quarantine(stack)

    def found(self, lanes: Lanes, expected: Expected) -> Found:
        """What the campaign made of it."""
        mails = {row.message_id for row in expected.rows}
        addresses = {row.recipient for row in expected.rows}
        return Found(
            rows=Counter(row for row in map(_row, self._stack.rows("EventsTable")) if row.message_id in mails),
            counters=_counters(self._stack) - self._counters,
            entries={
                (item["address"], item["scope"]): _verdict(item)
                for item in self._stack.rows("SuppressionTable")
                if item["address"] in addresses
            },
            quarantine=_quarantine(self._stack) - self._quarantine,
            metrics=lanes.feedback.metrics + lanes.activity.metrics,
            left={queue: self._stack.waiting(queue) for queue in (*QUEUES, *DEAD_LETTER_QUEUES)},
        )


@dataclass(frozen=True)
class Comparison:
    """One kind of thing, as expected and as found, and up to so many sentences on where they differ."""

    what: str
    expected: int
    found: int
    differences: tuple[str, ...]


def compare(expected: Expected, found: Found) -> list[Comparison]:
    """Everything that must agree, exactly."""
    entries, holding = expected.verdicts(), found.entries
    return [
        _compare("rows of the events table", Counter(expected.rows), found.rows),
        _compare("counters, by scope and hour", expected.counters, found.counters),
        _compare("suppression entries", entries, holding, len(entries), len(holding)),
        _compare("payloads in quarantine", Counter(expected.quarantine), found.quarantine),
        _compare("metrics", expected.metrics, found.metrics),
        _compare("messages left in queues", Counter(), Counter(found.left)),
    ]


def _compare[K: Hashable](
    what: str, expected: Mapping[K, Any], found: Mapping[K, Any], wanted: int | None = None, seen: int | None = None
) -> Comparison:
    nothing = 0 if isinstance(found, Counter) else None
    differences = tuple(
        f"{_words(key)}: expected {_words(expected.get(key, nothing))}, found {_words(found.get(key, nothing))}"
        for key in {**expected, **found}
        if expected.get(key, nothing) != found.get(key, nothing)
    )
    total = sum(expected.values()) if wanted is None else wanted
    return Comparison(what, total, sum(found.values()) if seen is None else seen, differences)


def _words(value: object) -> str:
    return " ".join(str(part) for part in value if part is not None) if isinstance(value, tuple) else str(value)


def _row(item: Mapping[str, Any]) -> RowKey:
    recipient, event_type, _ = item["event"].split("#")
    return RowKey(
        item["message_id"],
        recipient,
        event_type,
        item["kind"],
        None if item["kind"] in _TWINS else datetime.fromisoformat(item["at"]),
        item.get("configuration_set", "none"),
    )


def _verdict(item: Mapping[str, Any]) -> Verdict:
    rest: int | None = None
    if "expires_at" in item:
        rest = (datetime.fromisoformat(item["expires_at"]) - datetime.fromisoformat(item["since"])).days
    return Verdict(item["state"], item.get("reason"), item.get("confidence"), rest)


def _counters(stack: Stack) -> Counter[Cohort]:
    """The counters, summed over the shards of each scope."""
    counters: Counter[Cohort] = Counter()
    for item in stack.rows("ReputationTable"):
        scope, shard, _ = item["scope"].partition("#")
        if shard:
            for name in item.keys() - _NO_COUNTERS:
                counters[Cohort(scope, item["item"], name)] += int(item[name])
    return counters


def _quarantine(stack: Stack) -> Counter[str]:
    return Counter(content.decode() for content in stack.objects("QuarantineBucket").values())
