"""`replay` and `redrive`, done and shown."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ses_warden.application.redrive_events import Redrive
from ses_warden.application.replay_events import Problem, Replay
from ses_warden.bootstrap.pipeline import LANES, Pipeline
from ses_warden_cli import show
from ses_warden_cli.pipeline import shapes

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

_MOST_PROBLEMS = 1_000


def replay(connection: "Connection", source: str | None, *, plan: bool, as_json: bool) -> bool:
    """Replays the source, or the quarantine if there is none; whether something stays to be done."""
    pipeline = Pipeline(connection)
    kept: list[Problem] = []
    with spinner() as bar:
        task = bar.add_task("reading", total=None)

        def report(found: Replay, problems: list[Problem]) -> None:
            bar.update(task, description=f"{found.documents:,} documents, {found.recorded:,} rows recorded")
            for problem in problems:
                if as_json:
                    kept.extend([problem] if len(kept) < _MOST_PROBLEMS else [])
                else:
                    show.note(f"{problem.place}: {problem.reason}")

        if source is None:
            found = pipeline.replay_quarantine(plan=plan, report=report)
        else:
            found = pipeline.replay(source, plan=plan, report=report)
    shape = _replayed(found, kept, plan=plan)
    if as_json:
        show.as_json(shape)
    else:
        _print_replay(found, plan=plan)
    return found.is_finding


def redrive(connection: "Connection", lanes: Sequence[str] | None, *, apply: bool, as_json: bool) -> bool:
    """Goes through the queues of these lanes, or of both; whether messages are still there."""
    pipeline = Pipeline(connection)
    results: dict[str, Redrive] = {}
    for lane in lanes or LANES:
        with spinner() as bar:
            task = bar.add_task(lane, total=None)
            results[lane] = pipeline.redrive(
                lane,
                apply=apply,
                report=lambda found, bar=bar, task=task: bar.update(  # type: ignore[misc] # bound at once
                    task, description=f"{found.messages:,} messages seen, {found.deleted:,} done"
                ),
            )
    if as_json:
        show.as_json(shapes.Redriven(applied=apply, queues=[_queue(lane, found) for lane, found in results.items()]))
    else:
        for lane, found in results.items():
            _print_redrive(lane, found, apply=apply)
    return any(found.is_finding for found in results.values())


def spinner() -> Progress:
    """A spinner on standard error with a word on what is being done, on a terminal alone."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=(screen := show.console(stderr=True)),
        transient=True,
        disable=not screen.is_terminal,
    )


def _replayed(found: Replay, problems: Sequence[Problem], *, plan: bool) -> shapes.Replayed:
    return shapes.Replayed(
        plan=plan,
        sources=found.sources,
        documents=found.documents,
        events=dict(sorted(found.events.items())),
        recorded=found.recorded,
        duplicates=found.duplicates,
        enriched=found.enriched,
        suppressed=found.suppressed,
        removed=found.removed,
        set_up=found.set_up,
        unknown=found.unknown,
        unparsable=found.unparsable,
        failed=found.failed,
        stopped=str(found.stopped) if found.stopped else None,
        problems=[shapes.Unreplayed(place=one.place, reason=one.reason) for one in problems],
    )


def _queue(lane: str, found: Redrive) -> shapes.Queue:
    return shapes.Queue(
        lane=lane,
        messages=found.messages,
        types=dict(sorted(found.types.items())),
        reasons=dict(sorted(found.reasons.items())),
        oldest=show.iso(found.oldest),
        newest=show.iso(found.newest),
        deleted=found.deleted,
        recorded=found.recorded,
        duplicates=found.duplicates,
        set_aside=found.set_aside,
        failed=found.failed,
        stopped=str(found.stopped) if found.stopped else None,
    )


def _print_replay(found: Replay, *, plan: bool) -> None:
    screen = show.console()
    screen.print(show.plain(f"{found.documents:,} documents in {found.sources:,} files or objects: {_counts(found.events)}"))
    if not plan:
        screen.print(
            f"recorded {found.recorded:,} rows; {found.duplicates:,} were there already, "
            f"{found.enriched:,} of others were completed; "
            f"{found.suppressed:,} addresses suppressed"
        )
    if found.removed:
        screen.print(f"removed {found.removed:,} objects from the quarantine")
    if found.is_finding:
        screen.print(
            show.plain(f"not replayed: {found.unparsable:,} unparsable, {found.unknown:,} unknown, {found.failed:,} failed", "red")
        )
    if found.stopped:
        screen.print(show.plain(f"stopped, the rest was not tried: {found.stopped}", "red"))


def _print_redrive(lane: str, found: Redrive, *, apply: bool) -> None:
    screen = show.console()
    if not found.messages:
        screen.print(f"{lane}: nothing was given up")
        return
    screen.print(show.plain(f"{lane}: {found.messages:,} messages, of {show.at(found.oldest)} to {show.at(found.newest)} UTC"))
    screen.print(show.plain(f"  events: {_counts(found.types)}"))
    for reason, count in found.reasons.most_common():
        screen.print(show.plain(f"  {count:,}: {reason}"))
    if not apply:
        screen.print("  nothing was done; --apply takes them back")
        return
    screen.print(
        f"  done with {found.deleted:,}: {found.recorded:,} rows recorded, {found.duplicates:,} were there already, "
        f"{found.set_aside:,} events went to the quarantine"
    )
    if found.failed:
        screen.print(show.plain(f"  {found.failed:,} failed again, and stay", "red"))
    if found.stopped:
        screen.print(show.plain(f"  stopped, the rest was not tried: {found.stopped}", "red"))


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "no events"
