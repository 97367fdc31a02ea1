"""`event`: a sample of what SES tells a function; it asks nothing of AWS."""

from typing import Annotated

import typer

from ses_warden_cli.commands import EXAMPLES
from ses_warden_cli.samples.kinds import SAMPLE_OF, SUB_TYPES, chosen, word

TYPES = {word(event_type): event_type for event_type in SAMPLE_OF}
# Those of `ses_warden_cli.samples.making`, which `--help` need not wait for.
DOORS = ("sns", "sqs", "sqs-enveloped", "sqs-eventbridge", "eventbridge", "firehose", "lambda-destination")
# What the stack has its activity function read from a queue; the rest goes to the feedback function at once.
_QUEUED = ("Send", "Delivery", "DeliveryDelay", "Open", "Click")


def _type(value: str) -> str:
    found = chosen(value, TYPES)
    if not found:
        raise typer.BadParameter(f"it is one of {', '.join(TYPES)}")
    return TYPES[found]


def _address(value: str) -> str:
    from ses_warden.domain.addresses import read_address  # noqa: PLC0415 - `--help` must not wait for it

    if not read_address(value).valid:
        raise typer.BadParameter("it is not a whole address")
    return value


def _door(value: str | None) -> str | None:
    if value is not None and value not in DOORS:
        raise typer.BadParameter(f"it is one of {', '.join(DOORS)}")
    return value


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command("event", epilog=_EVENT)(event)


_EVENT = f"""{EXAMPLES}  ses-warden event bounce --to jane@example.com | sam local invoke FeedbackFunction -e -
  ses-warden event bounce --to jane@example.com --sub-type MailboxFull
  ses-warden event complaint --to jane@example.com --sub-type not-spam --door sqs-enveloped
  ses-warden event delivery --to jane@example.com | sam local invoke ActivityFunction -e -"""


def event(
    event_type: Annotated[str, typer.Argument(metavar="TYPE", help=f"{', '.join(TYPES)}.", callback=_type)],
    to: Annotated[str, typer.Option(metavar="ADDRESS", help="Whom the event is about.", callback=_address)],
    sub_type: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of a bounce, such as Transient/General or MailboxFull; feedback type of a complaint, such as fraud;"
            " type of a delay. A wrong one is answered with all.",
        ),
    ] = None,
    door: Annotated[
        str | None,
        typer.Option(
            metavar="DOOR", help=f"How it reaches the function: {', '.join(DOORS)}. If not given, as in the stack.", callback=_door
        ),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, which it does anyway.")] = False,
) -> None:
    """Print a sample event, for a function to be tried with.

    It has a message id of its own and happened just now. Nothing is asked of AWS, and nothing is sent.
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - `--help` must not wait for these

    from ses_warden_cli import show  # noqa: PLC0415
    from ses_warden_cli.samples.making import sample_event  # noqa: PLC0415

    del as_json
    door = door or ("sqs" if event_type in _QUEUED else "sns")
    show.as_json(sample_event(_sample(event_type, sub_type), door, to=to, now=datetime.now(UTC)))


def _sample(event_type: str, sub_type: str | None) -> str:
    if sub_type is None:
        return SAMPLE_OF[event_type]
    samples = SUB_TYPES.get(event_type, {})
    found = chosen(sub_type, samples)
    if not found:
        told = f"of {word(event_type)} it is one of {', '.join(samples)}" if samples else f"{word(event_type)} has none"
        raise typer.BadParameter(told, param_hint="'--sub-type'")
    return samples[found]
