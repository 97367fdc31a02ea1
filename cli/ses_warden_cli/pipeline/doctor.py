"""`doctor`, done and shown."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.table import Table
from rich.text import Text

from ses_warden.application.send_test import Trial
from ses_warden.bootstrap.doctor import Doctor, Tried
from ses_warden.domain.findings import Finding, Standing, is_bad, worst
from ses_warden_cli import show
from ses_warden_cli.findings import STYLES, shapes_of, standing, words
from ses_warden_cli.pipeline import shapes
from ses_warden_cli.pipeline.views import spinner

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

# By what stands before the dot of a finding's code, in the order of the mail's way.
_SUBJECTS: Final = {
    "account": "SES's account",
    "set": "configuration sets",
    "topic": "topics",
    "subscription": "subscriptions",
    "function": "functions",
    "rule": "rules",
    "queue": "queues",
    "quarantine": "quarantine",
    "dmarc": "DMARC reports",
    "alarm": "alarms",
    "events": "mail and events",
    "identity": "senders",
    "test": "send test",
}


class Test(NamedTuple):
    """A test that was asked for."""

    sender: str
    configuration_set: str | None
    timeout: int


def examine(connection: "Connection", test: Test | None, *, identities: int, strict: bool, as_json: bool) -> bool:
    """Looks at everything, tests if asked, and shows it; whether somebody should look."""
    doctor = Doctor(connection)
    probe = doctor.probe(test.sender, test.configuration_set) if test else None
    tried: Tried | None = None
    with spinner() as bar:
        task = bar.add_task("looking", total=None)

        def tell(what: str) -> None:
            bar.update(task, description=show.plain(what, limit=60).plain)

        findings = doctor.examine(identities, tell)
        if test and probe:
            tried = probe.run(test.timeout, lambda trials: tell(f"waiting for {_awaited(trials)}"))
    findings += tried.findings if tried else []
    if as_json:
        show.as_json(_shape(doctor.plan.stack, findings, probe.configuration_set if probe else "", tried))
    else:
        show_findings(findings)
    unseen = [one for one in findings if one.standing is Standing.UNKNOWN]
    if unseen and not strict:
        show.note(f"{len(unseen)} could not be seen, and may hide what is wrong; --strict makes that a finding")
    return deserves_a_look(findings, strict=strict)


def deserves_a_look(findings: Sequence[Finding], *, strict: bool) -> bool:
    """What is bad does. What may not be seen does not: who may see less would be alarmed forever; but a test that was asked for."""
    hidden = [one for one in findings if one.standing is Standing.UNKNOWN]
    return any(map(is_bad, findings)) or any(strict or one.code.startswith("test.") for one in hidden)


def _awaited(trials: Sequence[Trial]) -> str:
    return ", ".join(dict.fromkeys(kind for one in trials for kind in one.missing)) or "nothing more"


def show_findings(findings: Sequence[Finding]) -> None:
    """A table by subject, in the order of the mail's way; what is well is short."""
    screen = show.console()
    subjects = list(_SUBJECTS)
    ordered = sorted(findings, key=lambda one: subjects.index(one.code.partition(".")[0]))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=40)
    table.add_column(overflow="fold", ratio=1)
    for subject, group in groupby(ordered, key=lambda one: one.code.partition(".")[0]):
        table.add_row("", Text(_SUBJECTS[subject], "bold"), "")
        for one in _short(list(group)):
            table.add_row(standing(one), show.plain(one.where), words(one))
    screen.print(table)
    counts = [f"{sum(one.standing is kind for one in findings)} {kind}" for kind in reversed(Standing)]
    screen.print(show.plain(", ".join(counts), STYLES[worst(findings)]))


def _short(findings: Sequence[Finding]) -> Iterator[Finding]:
    """What is well with a thing in one line; the rest, each by itself."""
    for where in dict.fromkeys(one.where for one in findings):
        here = [one for one in findings if one.where == where]
        well = [one for one in here if one.standing is Standing.OK]
        yield from (one for one in here if one.standing is not Standing.OK)
        if well:
            yield replace(well[0], what="; ".join(one.what for one in well))


def _shape(stack: str, findings: Sequence[Finding], configuration_set: str, tried: Tried | None) -> shapes.Examined:
    return shapes.Examined(
        stack=stack,
        worst=worst(findings).value,
        findings=shapes_of(findings),
        trials=[
            shapes.Trial(
                mailbox=one.mailbox,
                configuration_set=configuration_set,
                message_id=one.message_id,
                seconds={kind: round(seconds, 1) for kind, seconds in one.seen.items()},
                missing=one.missing,
            )
            for one in tried.trials
        ]
        if tried
        else [],
    )
