"""`doctor`, `replay` and `redrive`: whether events come through, and what to do about those that were not recorded."""

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
    app.command("doctor", epilog=_DOCTOR)(doctor)
    app.command("replay", epilog=_REPLAY)(replay)
    app.command("redrive", epilog=_REDRIVE)(redrive)


_DOCTOR = f"""{EXAMPLES}  ses-warden doctor
  ses-warden doctor --send-test --from you@example.com
  ses-warden doctor --json | jq '.findings[] | select(.standing != "ok")'"""


@command
def doctor(
    connection: "Connection",
    *,
    send_test: Annotated[
        bool, typer.Option("--send-test", help="Mail SES's mailbox simulator too, and wait for the events. Costs three mails.")
    ] = False,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", help="Verified address that the test is sent from.")
    ] = None,
    configuration_set: Annotated[
        str | None, typer.Option("--set", metavar="NAME", help="Watched configuration set to test, if not the stack's first.")
    ] = None,
    timeout: Annotated[
        int, typer.Option(min=1, max=3600, metavar="SECONDS", help="How long --send-test waits for the events.")
    ] = 120,
    identities: Annotated[
        int, typer.Option(min=0, max=10_000, metavar="NUMBER", help="How many senders to look at; each takes a second.")
    ] = 25,
    strict: Annotated[bool, typer.Option("--strict", help="What could not be seen is a finding too.")] = False,
    as_json: bool,
) -> bool:
    """Is the pipe alive? Looks at every part of it, and says of each what it is, how it stands, and how to mend it.

    Configuration sets, topics, keys, subscriptions, functions, rules, queues, SES's account, what SES sent against what was
    recorded, and senders whose mail goes past. Nothing is changed. Exit code 1 if something is broken or deserves a look. What may
    not be seen is named with the right that is missing; it is no finding, unless with --strict.

    --send-test mails success@, bounce@ and complaint@simulator.amazonses.com, which no rate counts, and nobody else.
    """
    from ses_warden_cli.pipeline import doctor as pass_over  # noqa: PLC0415 - `--help` must not wait for it

    if send_test and not (sender and "@" in sender.strip("@")):
        raise typer.BadParameter("--send-test needs --from with a verified address of yours")
    if not send_test and (sender or configuration_set):
        raise typer.BadParameter("--from and --set are for --send-test")
    test = pass_over.Test(sender, configuration_set, timeout) if send_test and sender else None
    return pass_over.examine(connection, test, identities=identities, strict=strict, as_json=as_json)


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
