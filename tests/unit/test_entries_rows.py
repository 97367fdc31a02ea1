"""Entries as rows of the Suppression table: read back as they were, and plain to whoever reads the table."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.adapters.entries import Item, entry_from, item_from
from ses_warden.domain.bounces import BounceKind, ComplaintKind
from ses_warden.domain.entries import MEMORY, Entry
from ses_warden.domain.signals import Confidence, Signal, SignalKind
from tests.support.dynamo import item_bytes
from tests.support.signals import (
    DAY,
    JANE,
    NOW,
    bounced,
    complained,
    delivered,
    fold,
    held,
    listed,
    not_spam,
    ordered,
    struck,
    subscribed,
)

# What strangers wrote: server's answers, mail ids, operators' notes.
WORDS = st.text(max_size=40) | st.sampled_from(['"quoted" \\ back', "\N{GRINNING FACE}", "\u2028", "", "#%"])
SIGNALS = st.builds(
    Signal,
    kind=st.sampled_from(SignalKind),
    address=st.just(JANE.key),
    scope=st.just("account"),
    at=st.integers(-4000, 4000).map(lambda hours: NOW + timedelta(hours=hours, milliseconds=7)),
    original=st.sampled_from(["jane@example.com", "Jane@example.com", '"Jane"@example.com']),
    message_id=WORDS,
    status=WORDS,
    diagnostic=WORDS,
    confidence=st.sampled_from(Confidence),
    note=WORDS,
)


@given(st.lists(SIGNALS, max_size=30), st.integers(0, 10**6))
def test_an_entry_is_read_back_as_it_was_written(signals: list[Signal], version: int) -> None:
    """With every fact, verdict and version, whatever strangers wrote into it; also through JSON, as it travels."""
    entry = fold(signals)
    if entry is None:
        return
    entry = replace(entry, version=version)
    item = item_from(entry)
    travelled = json.loads(json.dumps(item, ensure_ascii=False).encode())
    read = entry_from(travelled)
    assert read == entry
    assert read.version == version
    assert item_from(read) == item


def verdict(entry: Entry) -> dict[str, Any]:
    """What programs read in the row."""
    item = item_from(entry)
    return {name: value for name, attribute in item.items() for value in attribute.values() if name not in ("facts", "spellings")}


ISO = "%Y-%m-%dT%H:%M:%SZ"
ENTRIES: dict[str, tuple[list[Signal], dict[str, Any]]] = {
    "hard bounce": (
        [bounced(BounceKind.HARD, 0)],
        {"state": "suppressed", "reason": "hard_bounce", "confidence": "high", "since": f"{NOW:{ISO}}"},
    ),
    "in a storm": (
        [bounced(BounceKind.HARD, 0, provisional=True)],
        {"state": "suppressed", "reason": "hard_bounce", "confidence": "low", "expires_at": f"{NOW + DAY:{ISO}}"},
    ),
    "complaint": ([complained(0)], {"state": "suppressed", "reason": "complaint", "confidence": "high"}),
    "candidates": ([complained(0, candidates=3)], {"state": "suppressed", "reason": "complaint", "confidence": "low"}),
    "withdrawn": ([complained(0), not_spam(1)], {"state": "released", "last_seen": f"{NOW + DAY:{ISO}}"}),
    "strike": (struck(0), {"state": "watching", "since": f"{NOW:{ISO}}", "last_seen": f"{NOW:{ISO}}"}),
    "strikes": (
        struck(0, 7, 14),
        {"state": "suppressed", "reason": "soft_bounces", "expires_at": f"{NOW + 44 * DAY:{ISO}}"},
    ),
    "healed": ([*struck(0, 7, 14), delivered(15)], {"state": "released"}),
    "listed": ([listed(0)], {"state": "suppressed", "reason": "ses_list"}),
    "blocked": ([ordered(0, block=True)], {"state": "suppressed", "reason": "manual"}),
    "unblocked": ([ordered(0, block=True), ordered(1, block=False)], {"state": "released"}),
    "unsubscribed": (
        [subscribed(0, unsubscribed=True)],
        {"state": "suppressed", "reason": "unsubscribe", "scope": "contact-list/news"},
    ),
}


@pytest.mark.parametrize(("signals", "told"), ENTRIES.values(), ids=ENTRIES)
def test_the_verdict_is_in_attributes_of_its_own(signals: list[Signal], told: dict[str, Any]) -> None:
    """So that a program which reads the table need not know how it came about."""
    row = verdict(held(signals))
    assert row.items() >= {"address": "jane@example.com", **told}.items()
    assert "" not in row.values()
    assert ("reason" in row) == ("confidence" in row) == (row["state"] == "suppressed")


@pytest.mark.parametrize("signals", [signals for signals, _ in ENTRIES.values()], ids=ENTRIES)
def test_a_row_is_deleted_when_it_no_longer_matters(signals: list[Signal]) -> None:
    """Never while it suppresses for good; else half a year after it last mattered. DynamoDB takes whole seconds."""
    entry = held(signals)
    purge_at = item_from(entry).get("purge_at")
    if entry.state.value == "suppressed" and entry.expires_at is None:
        assert purge_at is None
    else:
        last = max(time for time in (entry.last_seen, entry.expires_at) if time)
        assert purge_at == {"N": str(int((last + MEMORY).timestamp()))}


def test_an_entry_of_no_suppression_has_no_empty_attributes() -> None:
    """What is not known is absent."""
    item: Item = item_from(held(struck(0)))
    assert not {"reason", "confidence", "expires_at"} & item.keys()
    assert json.loads(item["facts"]["S"]).keys() == {"strikes", "last_strike_at"}


def test_an_entry_stays_small_however_much_happens() -> None:
    """A year of daily failures, bounces and complaints, in long words, is a few kilobytes: DynamoDB takes 400."""
    signals = [
        signal
        for day in range(365)
        for signal in (
            *struck(day, day + 0.2, day + 0.4),
            replace(bounced(BounceKind.HARD, day), diagnostic="d" * 200),
            complained(day, mail=f"{day:060}"),
            complained(day, ComplaintKind.NOT_SPAM, mail=f"{day:060}"),
        )
    ]
    assert item_bytes(item_from(held(signals))) < 16 * 1024
