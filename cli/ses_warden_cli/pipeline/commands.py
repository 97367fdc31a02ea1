"""`replay` and `redrive`: what operators do about events that were not recorded."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection


class Lane(StrEnum):
    """Whose dead-letter queue."""

    FEEDBACK = "feedback"
    ACTIVITY = "activity"
    BOTH = "both"


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command("replay", epilog=_REPLAY)(replay)
    app.command("redrive", epilog=_REDRIVE)(redrive)


_REPLAY = f"""{EXAMPLES}  ses-warden replay s3://my-archive/2026/11/ --plan
  zcat events.json.gz | ses-warden replay -
  ses-warden replay --quarantine"""


@command
def replay(
    connection: "Connection",
    source: Annotated[
        str | None, typer.Argument(metavar="FILE|S3-URL|-", help="A file, s3://bucket/key-or-prefix, or - for standard input.")
    ] = None,
    *,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Replay the stack's quarantine; what was recorded is removed from it.")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only read, and say what is there.")] = False,
    as_json: bool,
) -> bool:
    """Record stored events again, to rebuild the tables.

    Takes events in any envelope, as JSON Lines, one document, or one behind another as Firehose writes them; gzip or plain. What is
    in the tables already is not changed. What cannot be read stays where it is, and is named with its place (exit code 1).
    """
    from ses_warden_cli.pipeline import views  # noqa: PLC0415 - `--help` must not wait for it

    if (source is None) is not quarantine:
        raise typer.BadParameter("give either a file or S3 URL, or --quarantine")
    return views.replay(connection, source, plan=plan, as_json=as_json)


_REDRIVE = f"""{EXAMPLES}  ses-warden redrive
  ses-warden redrive --lane feedback --apply"""


@command
def redrive(
    connection: "Connection",
    lane: Annotated[Lane, typer.Option(help="Whose dead-letter queue.")] = Lane.BOTH,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without: only show what is there.")] = False,
    as_json: bool,
) -> bool:
    """Record the events that were given up, from the dead-letter queues.

    A message is deleted once its events are recorded; what fails again stays (exit code 1). Without --apply it shows what is there
    by type, age and reason (exit code 1 if there is any); each look hides a message from others until the command ends.
    """
    from ses_warden_cli.pipeline import views  # noqa: PLC0415 - `--help` must not wait for it

    return views.redrive(connection, [lane.value] if lane is not Lane.BOTH else None, apply=apply, as_json=as_json)
