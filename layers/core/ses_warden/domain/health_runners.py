"""Judges what works events off: functions and what feeds them, rules, queues, the quarantine."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Alarm, Function, Heap, Queue, Source, broken, many, unknown, warn, well
from ses_warden.domain.text import clean

_STATES: Final = "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"
_REASON = 200
_DEPLOY = "Deploy the stack again."
# CloudFormation sees nothing that was done by hand.
_GONE = "A deployment does not bring back what was deleted by hand: create it as template.yaml has it, or deploy a new stack."


def judge_function(where: str, seen: Function | None) -> Iterator[Finding]:
    """Whether it can run, as it was deployed last."""
    code = "function.state"
    if seen is None:
        yield broken(code, where, "Lambda knows no such function", _GONE)
        return
    if seen.state not in ("Active", "Pending", "Inactive", ""):
        reason = f": {clean(seen.reason, _REASON)}" if seen.reason else ""
        yield broken(code, where, f"it is {seen.state}{reason}", _DEPLOY, _STATES)
    elif seen.last_update == "Failed":
        what = "its last update failed: it runs what was deployed before"
        yield warn(code, where, what, _DEPLOY, _STATES)
    elif seen.reserved == 0:
        what = "its reserved concurrency is 0: it is switched off, and its events wait or are given up"
        mend = f"`aws lambda delete-function-concurrency --function-name {seen.arn}`; find out first who switched it off."
        yield broken(code, where, what, mend)
    else:
        # An inactive one was not asked for weeks, and wakes up by itself.
        yield well(code, where, "it is " + (seen.state or "there").lower())


def judge_sources(where: str, seen: Sequence[Source], wanted: Sequence[str]) -> Iterator[Finding]:
    """Whether the function is fed from these queues or streams (ARNs)."""
    for arn in wanted:
        name = short_name(arn)
        found = [one for one in seen if one.arn == arn]
        code = "function.source"
        if not found:
            mend = f"`aws lambda create-event-source-mapping --event-source-arn {arn} …`. {_GONE}"
            yield broken(code, where, f"nothing feeds it from {name}: what is there waits", mend)
            continue
        best = next((one for one in found if one.state == "Enabled"), found[0])
        result = clean(best.last_result, _REASON)
        if best.state in ("Disabled", "Disabling", "Deleting"):
            mend = f"`aws lambda update-event-source-mapping --uuid {best.uuid} --enabled`; find out first who switched it off."
            yield broken(code, where, f"it is no longer fed from {name}: the mapping is {best.state}", mend)
        elif "PROBLEM" in result.upper() or "ERROR" in result.upper():
            yield broken(
                code,
                where,
                f"feeding it from {name} fails: {result}",
                "See the function's log; its role or a key may lack a right.",
            )
        else:
            yield well(code, where, f"it is fed from {name}" + ("" if best.state == "Enabled" else f" ({best.state})"))


class Wanted(NamedTuple):
    """What a rule of EventBridge does, and whether a parameter, by its name, wants it on."""

    what: str
    on: bool
    parameter: str


def judge_rule(where: str, name: str, state: str | None, wanted: Wanted) -> Finding:
    """Whether a rule is on, or off, as it should be; `state` is None where there is none."""
    what = wanted.what
    if state is None:
        return broken("rule.state", where, f"there is no rule by which {what}", _GONE)
    on = state.startswith("ENABLED")
    if on is wanted.on:
        return well("rule.state", where, what if on else f"it is off, as {wanted.parameter} wants it")
    if wanted.on:
        return broken("rule.state", where, f"the rule by which {what} is switched off", f"`aws events enable-rule --name {name}`.")
    return warn(
        "rule.state", where, f"it is on, though {wanted.parameter} is off: {what}", f"`aws events disable-rule --name {name}`."
    )


def judge_age(where: str, seen: Queue, oldest: float | None, limit: float) -> Finding:
    """Whether events wait too long. `oldest` is in seconds, None where CloudWatch knows nothing of the last minutes."""
    waiting = seen.visible + seen.in_flight
    if oldest is not None and oldest >= limit and waiting:
        what = f"{many(waiting, 'waits or is', 'wait or are')} being recorded, the oldest for {spell(oldest)}"
        mend = "See the function's lines here, and its log. The runbook: A function fails, or events wait."
        return warn("queue.age", where, what, mend)
    if not waiting:
        return well("queue.age", where, "nothing waits")
    age = f", the oldest for {spell(oldest)}" if oldest is not None else ""
    return well("queue.age", where, f"{many(waiting, 'waits or is', 'wait or are')} being recorded{age}")


def judge_dead_letters(where: str, seen: Queue, mend: str) -> Finding:
    """Whether nothing was given up."""
    found = seen.visible + seen.in_flight
    if not found:
        return well("queue.dead", where, "nothing was given up")
    return broken("queue.dead", where, f"{many(found, 'message was', 'messages were')} given up, and kept for 14 days", mend)


def judge_alarms(seen: Sequence[Alarm]) -> Iterator[Finding]:
    """What CloudWatch's alarms say, and whether they are heard."""
    for one in seen:
        if one.speaks:
            mend = "The runbook has a section for each alarm."
            yield warn("alarm.state", one.name, "it is in alarm", mend)
    mute = [one.name for one in seen if not one.actions]
    if mute:
        mend = "`aws cloudwatch enable-alarm-actions --alarm-names …`, when what they were silenced for is over."
        yield warn("alarm.actions", "alarms", f"nobody is told when these speak: {', '.join(mute)}", mend)
    if not seen:
        yield warn("alarm.state", "alarms", "CloudWatch knows none of the stack's alarms", _GONE)
    elif not mute and not any(one.speaks for one in seen):
        yield well("alarm.state", "alarms", f"none of {len(seen)} is in alarm")


def judge_quarantine(where: str, seen: Heap, now: datetime) -> Finding:
    """Whether payloads that cannot be read have come within the last day."""
    total = many(seen.listed, "payload", "or more payloads" if seen.more else "payloads")
    if not seen.listed:
        return well("quarantine.objects", where, "it is empty")
    if seen.more and not seen.fresh:
        what = f"{total}; those that were looked at are from before"
        return unknown("quarantine.objects", where, what, "`ses-warden replay --quarantine --plan` looks at them all.")
    if not seen.fresh:
        return well("quarantine.objects", where, f"{total} from before, none of the last day")
    ago = spell((now - seen.newest).total_seconds()) if seen.newest else "a while"
    what = f"{total} that cannot be read, {seen.fresh:,} of the last day, the last {ago} ago"
    mend = "`ses-warden replay --quarantine --plan` says why; replay them with a version that can read them."
    return warn("quarantine.objects", where, what, mend)


def spell(seconds: float) -> str:
    """A length of time for people: its largest unit and the next."""
    whole = max(0, round(seconds))
    for size, unit, small, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{whole} s"


def short_name(arn: str) -> str:
    """The name of a queue, or of the table of a stream."""
    return arn.partition("/stream/")[0].rpartition(":")[2].rpartition("/")[2]
