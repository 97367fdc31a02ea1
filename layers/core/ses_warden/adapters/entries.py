"""Suppression entries as rows of the Suppression table.

The verdict is in attributes of its own, for programs that read the table; the facts that it is made from are one JSON text.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ses_warden.application.ports import Deed
from ses_warden.domain.entries import Decree, Entry, Evidence, Mark, Reason, State, keep_until
from ses_warden.domain.signals import Confidence

type Item = dict[str, dict[str, Any]]

# Rows of the audit trail stand beside the entries of their address, in this scope.
AUDIT = "audit/"
_AUDIT_KEPT = timedelta(days=730)


def item_from(entry: Entry) -> Item:
    """The row of an entry. Times are ISO 8601 in UTC; `purge_at` is in epoch seconds and absent where it is never deleted."""
    facts = {
        "evidence": [[_iso(e.at), e.message_id, e.reason, e.confidence, e.status, e.diagnostic] for e in entry.evidence],
        "lifted": [[_iso(m.at), m.message_id] for m in entry.lifted],
        "strikes": [[_iso(m.at), m.message_id] for m in entry.strikes],
        "last_strike_at": _iso(entry.last_strike_at),
        "listed_at": _iso(entry.listed_at),
        "relisted_at": _iso(entry.relisted_at),
        "blocked": [_iso(entry.blocked.at), entry.blocked.note] if entry.blocked else None,
        "released": [_iso(entry.released.at), entry.released.note] if entry.released else None,
        "unsubscribed_at": _iso(entry.unsubscribed_at),
        "subscribed_at": _iso(entry.subscribed_at),
    }
    known = {name: value for name, value in facts.items() if value}
    item: Item = {
        "address": {"S": entry.address},
        "scope": {"S": entry.scope},
        "state": {"S": entry.state.value},
        "version": {"N": str(entry.version)},
        "facts": {"S": json.dumps(known, ensure_ascii=False, separators=(",", ":"))},
    }
    if entry.spellings:
        item["spellings"] = {"L": [{"S": spelling} for spelling in entry.spellings]}
    for name, value in (
        ("reason", entry.reason),
        ("confidence", entry.confidence),
        ("since", _iso(entry.since)),
        ("last_seen", _iso(entry.last_seen)),
        ("expires_at", _iso(entry.expires_at)),
    ):
        if value:
            item[name] = {"S": value}
    until = keep_until(entry)
    if until:
        item["purge_at"] = {"N": str(int(until.timestamp()))}
    return item


def entry_from(item: Mapping[str, Any]) -> Entry:
    """The entry in a row that `item_from` made."""
    facts: dict[str, Any] = json.loads(item["facts"]["S"])
    reason, confidence = _text(item, "reason"), _text(item, "confidence")
    return Entry(
        address=item["address"]["S"],
        scope=item["scope"]["S"],
        spellings=tuple(spelling["S"] for spelling in item.get("spellings", {"L": ()})["L"]),
        evidence=tuple(
            Evidence(datetime.fromisoformat(at), message_id, Reason(why), Confidence(sure), status, diagnostic)
            for at, message_id, why, sure, status, diagnostic in facts.get("evidence", ())
        ),
        lifted=_marks(facts.get("lifted", ())),
        strikes=_marks(facts.get("strikes", ())),
        last_strike_at=_moment(facts.get("last_strike_at")),
        listed_at=_moment(facts.get("listed_at")),
        relisted_at=_moment(facts.get("relisted_at")),
        blocked=_decree(facts.get("blocked")),
        released=_decree(facts.get("released")),
        unsubscribed_at=_moment(facts.get("unsubscribed_at")),
        subscribed_at=_moment(facts.get("subscribed_at")),
        state=State(item["state"]["S"]),
        reason=Reason(reason) if reason else None,
        confidence=Confidence(confidence) if confidence else None,
        since=_moment(_text(item, "since")),
        last_seen=_moment(_text(item, "last_seen")),
        expires_at=_moment(_text(item, "expires_at")),
        version=int(item["version"]["N"]),
    )


def deed_item(deed: Deed) -> Item:
    """The row of a deed, kept for two years."""
    return {
        "address": {"S": deed.address},
        "scope": {"S": f"{AUDIT}{_iso(deed.at)}#{deed.scope}"},
        "act": {"S": deed.act},
        "by": {"S": deed.by},
        "note": {"S": deed.note},
        "purge_at": {"N": str(int((deed.at + _AUDIT_KEPT).timestamp()))},
    }


def deed_from(item: Mapping[str, Any]) -> Deed:
    """The deed in a row that `deed_item` made."""
    at, _, scope = item["scope"]["S"].removeprefix(AUDIT).partition("#")
    return Deed(item["address"]["S"], scope, datetime.fromisoformat(at), *(item[name]["S"] for name in ("act", "by", "note")))


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(item: Mapping[str, Any], name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _marks(pairs: Any) -> tuple[Mark, ...]:
    return tuple(Mark(datetime.fromisoformat(at), message_id) for at, message_id in pairs)


def _decree(pair: Any) -> Decree | None:
    return Decree(datetime.fromisoformat(pair[0]), pair[1]) if pair else None
