"""`suppression sync`: our table and SES's account-level list, side by side and brought together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command
from ses_warden_cli.keys import KeyFile, key_in

if TYPE_CHECKING:
    from ses_warden.application.sync_suppression import Applied, Plan, Progress
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.domain.reconciliation import Step
    from ses_warden_cli.suppression.sync_shapes import Synced

_SHOWN = 20


def add_to(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("sync", epilog=_SYNC)(sync)


def _authority(value: str | None) -> str | None:
    if value not in (None, "ses", "warden"):
        raise typer.BadParameter("it is `ses` or `warden`")
    return value


_SYNC = f"""{EXAMPLES}  ses-warden suppression sync
  ses-warden suppression sync --apply
  ses-warden suppression sync --authority ses --apply
  ses-warden suppression sync --json | jq '.drift[] | select(.action == "ask")'"""


@command
def sync(
    connection: "Connection",
    *,
    apply: Annotated[bool, typer.Option("--apply/--plan", help="Bring both together, or only say what that would do.")] = False,
    authority: Annotated[
        str | None,
        typer.Option(
            metavar="ses|warden", help="Whose list is the truth, if not the stack's SuppressionAuthority.", callback=_authority
        ),
    ] = None,
    key_file: KeyFile = None,
    as_json: bool,
) -> bool:
    """Compare the suppression table with SES's account-level list, and bring both together.

    With the authority `ses` the table takes in what SES refuses, and SES's list gets what the table holds for good. With `warden`
    SES's list loses what the table does not hold: take it in first, with `--authority ses`. What an operator released is taken off
    SES's list, and never added again. Who was forgotten stays as they are; only --key-file tells who that is. SES takes one call a
    second; more than 50 changes go by import job, through the quarantine bucket. Exits with 1 when a difference remains.
    """
    from ses_warden.bootstrap.syncing import Sync  # noqa: PLC0415 - `--help` must not wait for it
    from ses_warden_cli import show  # noqa: PLC0415 - as above

    work = Sync(connection, authority)
    with _progress() as progress:
        plan = work.plan(progress, key_in(key_file))
        applied = work.apply(plan, progress) if apply else None
    remaining = plan.steps if applied is None else applied.left
    if as_json:
        show.as_json(_shape(plan, applied, remaining))
    else:
        _print(plan, applied, remaining)
    return bool(remaining)


def _shape(plan: "Plan", applied: "Applied | None", remaining: "Sequence[Step]") -> "Synced":
    from ses_warden.domain.reconciliation import Action, Side  # noqa: PLC0415 - as above
    from ses_warden_cli.suppression.sync_shapes import SyncDone, Synced, SyncSides, SyncStep  # noqa: PLC0415 - as above

    done = applied.done if applied else {}
    return Synced(
        authority=plan.authority,
        here=plan.here,
        there=plan.there,
        sides=SyncSides(
            only_here=plan.sides.get(Side.HERE, 0),
            only_there=plan.sides.get(Side.THERE, 0),
            differs=plan.sides.get(Side.DIFFERS, 0),
            same=plan.sides.get(Side.SAME, 0),
        ),
        applied=applied is not None,
        done=SyncDone(
            add_there=done.get(Action.ADD_THERE, 0),
            take_in=done.get(Action.TAKE_IN, 0),
            remove_there=done.get(Action.REMOVE_THERE, 0),
        ),
        drift=[
            SyncStep(
                address=step.address,
                side=step.side.value,
                action=step.action.value,
                why=step.why,
                spellings=list(step.spellings),
                reason=step.reason,
            )
            for step in remaining
        ],
    )


def _print(plan: "Plan", applied: "Applied | None", remaining: "Sequence[Step]") -> None:
    from rich.table import Table  # noqa: PLC0415 - as above

    from ses_warden_cli import show  # noqa: PLC0415 - as above

    console = show.console()
    sides = ", ".join(f"{count:,} {side.value}" for side, count in sorted(plan.sides.items()))
    console.print(show.plain(f"{plan.here:,} entries here, {plan.there:,} addresses on SES's list: {sides or 'none held'}"))
    if applied:
        done = ", ".join(f"{count:,} {action.value}" for action, count in sorted(applied.done.items()))
        console.print(show.plain(f"Done: {done or 'nothing'}"))
    if not remaining:
        console.print(show.plain("Both agree.", "green"))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("address", "where", "step", "why"):
        table.add_column(name)
    for step in remaining[:_SHOWN]:
        table.add_row(*(show.plain(text) for text in (step.address, step.side, step.action, step.why)))
    console.print(table)
    if len(remaining) > _SHOWN:
        show.note(f"… and {len(remaining) - _SHOWN:,} more; --json prints them all")


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on standard error, on a terminal alone."""
    from rich.progress import Progress as Bar  # noqa: PLC0415 - as above

    from ses_warden_cli import show  # noqa: PLC0415 - as above

    console = show.console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading SES's list", total=None)
        yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)
