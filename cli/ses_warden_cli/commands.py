"""What all commands share: the options that say where the stack is, `--json`, and the exit codes."""

import errno
import inspect
import io
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.errors import WardenError

OK, FINDING, FAILURE = 0, 1, 2
EXAMPLES = "\b\nExamples:\n"


def _settings(values: list[str] | None) -> list[str]:
    for value in values or ():
        if not all(value.partition("=")):
            raise typer.BadParameter(f"{value!r} is not NAME=VALUE")
    return values or []


_PLACE: dict[str, tuple[Any, Any]] = {
    "stack": (
        Annotated[str, typer.Option(metavar="NAME", help="Name of the CloudFormation stack.", envvar="SES_WARDEN_STACK")],
        "ses-warden",
    ),
    "uses": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--use",
                metavar="NAME=VALUE",
                help="A setting of the stack's functions, such as REPUTATION_TABLE=reputation; no stack is asked then. Repeatable.",
                envvar="SES_WARDEN_USE",
                callback=_settings,
            ),
        ],
        None,
    ),
    "region": (
        Annotated[str | None, typer.Option(metavar="REGION", help="AWS Region, if not the one of the environment or profile.")],
        None,
    ),
    "profile": (Annotated[str | None, typer.Option(metavar="NAME", help="AWS profile, if not the one of the environment.")], None),
    "endpoint_url": (
        Annotated[str | None, typer.Option(metavar="URL", help="URL of an AWS emulator, if not the environment's.")],
        None,
    ),
}
_JSON = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def command(function: Callable[..., bool]) -> Callable[..., None]:
    """Makes a command of a function that takes `connection` and `as_json` and says whether there is a finding.

    Errors of SES Warden end it with their message; anything else is a defect, and shows its traceback.
    """

    @wraps(function)
    def run(**given: Any) -> None:
        place = {name: given.pop(name) for name in _PLACE}
        raise typer.Exit(_run(lambda: function(connection=connection_to(place), **given), as_json=given["as_json"]))

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [one for one in inspect.signature(function).parameters.values() if one.name not in ("connection", "as_json")]
    shared = [inspect.Parameter(name, keyword, default=value, annotation=kind) for name, (kind, value) in _PLACE.items()]
    as_json = inspect.Parameter("as_json", keyword, default=False, annotation=_JSON)
    parameters = [*own, as_json, *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # what `inspect.signature` and typer read
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def connection_to(place: dict[str, Any]) -> "Connection":
    """The connection for these options; boto3 is loaded only now."""
    from ses_warden.bootstrap.connection import Connection, Place  # noqa: PLC0415 - `--help` must not wait for it

    uses = dict(one.split("=", 1) for one in place.pop("uses") or ())
    return Connection(Place(uses=uses, **place))


def _run(work: Callable[[], bool], *, as_json: bool) -> int:
    from ses_warden.errors import NothingToDo, WardenError  # noqa: PLC0415 - as above

    if isinstance(sys.stdout, io.TextIOWrapper):
        # Strangers write in any letters, which not every terminal or file has.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            code = FINDING if work() else OK
        except NothingToDo as refusal:
            _complain(refusal, as_json=as_json)
            code = FINDING
        except WardenError as error:
            _complain(error, as_json=as_json)
            code = FAILURE
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError as error:
        return _unheard(error)
    return code


def _unheard(error: OSError) -> int:
    """What was found is not all told: neither well nor a finding. Who reads no further (`| head`) knows."""
    if error.errno not in (errno.EPIPE, errno.ENOSPC):
        raise error
    # What is left would be tried again, and complained of, when Python ends.
    _give_up(sys.stdout)
    try:
        if error.errno == errno.ENOSPC:
            sys.stderr.write(f"The output could not be written: {error.strerror}\n")
        sys.stderr.flush()
    except OSError:
        _give_up(sys.stderr)
    return FAILURE


def _give_up(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _complain(error: "WardenError", *, as_json: bool) -> None:
    from ses_warden_cli import show  # noqa: PLC0415 - as above

    show.error(error, as_json=as_json)
