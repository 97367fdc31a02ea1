"""The guard's states, its look and its audit trail as items of DynamoDB, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from ses_warden.adapters.rows import timestamp
from ses_warden.application.guard_ports import Look, Record
from ses_warden.domain.guard_states import Action, State, Status, Suspicion, Word
from ses_warden.domain.rates import Outcomes

# An audit trail answers the question of a year ago.
_RECORDS_KEPT = timedelta(days=400)
_LONGEST_REASON = 2_000


def state_item(state: State) -> dict[str, Any]:
    """A state as it is stored."""
    item: dict[str, Any] = {
        "scope": {"S": state.scope},
        "item": {"S": "state"},
        "status": {"S": state.status.value},
        "reason": {"S": state.reason[:_LONGEST_REASON]},
        "by": {"S": state.by},
        "version": {"N": str(state.version)},
        "failures": {"N": str(state.failures)},
        "would_pause": {"BOOL": state.would_pause},
    }
    for name, moment in (("since", state.since), ("counting_from", state.counting_from), ("warned_at", state.warned_at)):
        if moment:
            item[name] = {"S": moment.isoformat()}
    if state.before:
        item["before"] = {"S": _json(_outcomes_json(state.before))}
    if state.suspicion:
        bad = [_outcomes_json(one) for one in state.suspicion.bad]
        item["suspicion"] = {"S": _json({"at": state.suspicion.at.isoformat(), "bad": bad})}
    if state.aws_mark:
        item["aws_mark"] = {"S": _json(asdict(state.aws_mark))}
    if state.untold:
        item["untold"] = {"S": state.untold.value}
    return item


def state_from(item: Mapping[str, Any]) -> State:
    """A state as it was stored."""
    suspicion = _loaded(item, "suspicion")
    before, mark = _loaded(item, "before"), _loaded(item, "aws_mark")
    return State(
        scope=item["scope"]["S"],
        status=Status(item["status"]["S"]),
        since=_moment(item, "since"),
        reason=item["reason"]["S"],
        by=item["by"]["S"],
        version=int(item["version"]["N"]),
        counting_from=_moment(item, "counting_from"),
        before=_outcomes(before) if before else None,
        suspicion=Suspicion(datetime.fromisoformat(suspicion["at"]), tuple(map(_outcomes, suspicion["bad"])))
        if suspicion
        else None,
        aws_mark=Word(**mark) if mark else None,
        warned_at=_moment(item, "warned_at"),
        would_pause=item["would_pause"]["BOOL"],
        untold=Action(item["untold"]["S"]) if "untold" in item else None,
        failures=int(item["failures"]["N"]),
    )


def record_item(record: Record) -> dict[str, Any]:
    """A line of the audit trail."""
    return {
        "scope": {"S": record.scope},
        "item": {"S": f"decision/{timestamp(record.at)}/{record.action}"},
        "action": {"S": record.action.value},
        "status": {"S": record.status},
        "by": {"S": record.by},
        "reason": {"S": record.reason[:_LONGEST_REASON]},
        "mode": {"S": record.mode.value},
        "purge_at": {"N": str(int((record.at + _RECORDS_KEPT).timestamp()))},
    }


def look_item(look: Look) -> dict[str, Any]:
    """What a run leaves for the next."""
    item: dict[str, Any] = {"scope": {"S": "guard"}, "item": {"S": "look"}, "at": {"S": look.at.isoformat()}}
    for name, moment in (("asked_aws", look.asked_aws), ("progress", look.progress), ("unstored", look.unstored)):
        if moment:
            item[name] = {"S": moment.isoformat()}
    if look.enforcement:
        item["enforcement"] = {"S": look.enforcement}
    if look.words:
        item["words"] = {"S": _json({scope: asdict(word) for scope, word in look.words.items()})}
    return item


def look_from(item: Mapping[str, Any]) -> Look:
    """What the last run left."""
    return Look(
        at=datetime.fromisoformat(item["at"]["S"]),
        asked_aws=_moment(item, "asked_aws"),
        enforcement=item["enforcement"]["S"] if "enforcement" in item else None,
        progress=_moment(item, "progress"),
        words={scope: Word(**word) for scope, word in (_loaded(item, "words") or {}).items()},
        unstored=_moment(item, "unstored"),
    )


def _outcomes_json(one: Outcomes) -> dict[str, Any]:
    return {**asdict(one), "hour": one.hour.isoformat()}


def _outcomes(stored: Mapping[str, Any]) -> Outcomes:
    return Outcomes(**{**stored, "hour": datetime.fromisoformat(stored["hour"])})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _loaded(item: Mapping[str, Any], name: str) -> Any:
    return json.loads(item[name]["S"]) if name in item else None


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(item[name]["S"]) if name in item else None
