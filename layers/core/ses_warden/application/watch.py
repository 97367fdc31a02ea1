"""Tells people when findings change: one alert for all subjects that changed, and none for what they have heard already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ses_warden.application.guard_ports import Alerts, Notice, NoticeKind
from ses_warden.domain.changes import Changes, changes
from ses_warden.domain.findings import Finding, worst
from ses_warden.domain.text import mask_addresses
from ses_warden.errors import WardenError

# An alert is read by a person; the command that it names shows the rest.
_MOST_LINES = 40


class Memory(Protocol):
    """What a look at a subject left for the next, such as `domain/example.com` or `account`. Raises `LedgerError`."""

    def last(self, subject: str) -> Sequence[Finding] | None:
        """What the last look left; None if there was none, or long ago."""
        ...

    def keep(self, subject: str, findings: Sequence[Finding], now: datetime) -> None:
        """Leaves these for the next look: what is bad, and facts whose change is told."""
        ...


@dataclass(frozen=True, slots=True)
class Topic:
    """What an alert about changed findings says beside them.

    `several` is the scope of an alert about several subjects, `command` shows all findings of a subject now (`{name}` is its name
    behind the slash).
    """

    kind: NoticeKind
    several: str
    command: str
    by: str


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of each subject, and what went wrong on the way."""

    changes: Mapping[str, Changes]
    errors: Sequence[WardenError] = ()


def watch(looks: Mapping[str, Sequence[Finding]], topic: Topic, memory: Memory, alerts: Alerts, now: datetime) -> Watched:
    """Compares each subject's findings with the last look, tells what changed, and then keeps them.

    What could not be told is not kept, so that the next look tells it. One subject's fault does not stop the others.
    """
    found: dict[str, Changes] = {}
    errors: list[WardenError] = []
    for subject, findings in looks.items():
        try:
            found[subject] = changes(memory.last(subject) or (), findings)
        except WardenError as error:
            errors.append(error)
    changed = {subject: change for subject, change in found.items() if change}
    if changed:
        try:
            alerts.send(notice_of_changes(changed, topic, now))
        except WardenError as error:
            return Watched(found, (*errors, error))
    for subject, change in found.items():
        try:
            memory.keep(subject, change.bad, now)
        except WardenError as error:
            errors.append(error)
    return Watched(found, errors)


def notice_of_changes(changed: Mapping[str, Changes], topic: Topic, now: datetime) -> Notice:
    """The alert: each change in a line of its own, what is worse with how to mend it."""
    names = [subject.rpartition("/")[2] for subject in changed]
    lines: list[str] = []
    for subject, change in changed.items():
        lines.append(f"{subject.replace('/', ' ')}:")
        lines += [_line(finding) for finding in change.worse]
        lines += [f"  no longer so: {finding.code} ({finding.where}): {finding.what}" for finding in change.mended]
    left = len(lines) - _MOST_LINES
    if left > 0:
        lines = [*lines[:_MOST_LINES], f"… and {left} lines more."]
    return Notice(
        kind=topic.kind,
        scope=next(iter(changed)) if len(changed) == 1 else topic.several,
        at=now,
        # Records name mailboxes, such as those that DMARC reports go to.
        reason="\n".join(["", *map(mask_addresses, lines)]),
        done="Nothing was changed by SES Warden; it tells again only when something changes.",
        next=f"See all findings and how to mend them:\n    {topic.command.format(name=names[0])}",
        by=topic.by,
        status=worst(finding for change in changed.values() for finding in change.bad).value,
        episode=f"{topic.kind.value} {now:%Y-%m-%dT%H:%M:%SZ}",
    )


def _line(finding: Finding) -> str:
    mend = f" {finding.mend}" if finding.mend else ""
    return f"  {finding.standing.value}: {finding.code} ({finding.where}): {finding.what}{mend}"
