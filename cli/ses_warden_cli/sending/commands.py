"""`pause`, `resume` and `status`: what operators do about the sending of an account, a configuration set or a tenant."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from ses_warden_cli import operators
from ses_warden_cli.commands import EXAMPLES, command

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection
    from ses_warden.bootstrap.sending import Operator
    from ses_warden.domain.guard_states import State

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html and API_CreateTenant.html
_SCOPE = re.compile(r"account|(configuration-set|tenant)/[A-Za-z0-9_-]{1,64}")
_LONGEST_REASON = 500


def _scope(value: str) -> str:
    if not _SCOPE.fullmatch(value):
        raise typer.BadParameter("it is `account`, `configuration-set/NAME` or `tenant/NAME`")
    return value


def _scopes(values: list[str] | None) -> list[str]:
    return [_scope(value) for value in values or ()]


Scope = Annotated[str, typer.Argument(metavar="SCOPE", help="account, configuration-set/NAME or tenant/NAME.", callback=_scope)]
Reason = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; kept in the audit trail and told in the alert.", callback=operators.some)
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    app.command("status", epilog=_STATUS)(status)
    app.command("pause", epilog=_PAUSE)(pause)
    app.command("resume", epilog=_RESUME)(resume)


_PAUSE = f"""{EXAMPLES}  ses-warden pause configuration-set/newsletter --reason "stale list, ticket 4711"
  ses-warden pause account --reason "credentials leaked" --as jane"""


@command
def pause(connection: "Connection", scope: Scope, reason: Reason, by: operators.As = None, *, as_json: bool) -> bool:
    """Stop SES from sending for a scope.

    The switch is read back, the audit trail says who and why, and an alert goes out. Only `resume` ends a pause. Refuses (1) what
    is paused already, unless SES shows it switched on.
    """
    _switch(_operator(connection), scope, reason, by, to_pause=True, as_json=as_json)
    return False


_RESUME = f"""{EXAMPLES}  ses-warden resume configuration-set/newsletter --reason "bounced addresses taken out, ticket 4711"
  ses-warden resume tenant/acme --reason "list cleaned" --as jane --json"""


@command
def resume(connection: "Connection", scope: Scope, reason: Reason, by: operators.As = None, *, as_json: bool) -> bool:
    """Let a paused scope send again, on probation.

    Counting starts afresh now, with a tighter bound. Refuses (1) what is not paused.
    """
    _switch(_operator(connection), scope, reason, by, to_pause=False, as_json=as_json)
    return False


def _operator(connection: "Connection") -> "Operator":
    from ses_warden.bootstrap.sending import Operator  # noqa: PLC0415 - `--help` must not wait for it

    return Operator(connection)


def _switch(operator: "Operator", scope: str, reason: str, by: str | None, *, to_pause: bool, as_json: bool) -> None:
    from ses_warden.domain.guard_states import Status  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden.errors import AlertError, LedgerBusy, NothingToDo  # noqa: PLC0415

    # The reason goes into alerts and logs, where no recipient is named.
    why, who = operators.why(reason, _LONGEST_REASON), operators.who(by, operator.caller)
    try:
        state = (operator.pause if to_pause else operator.resume)(scope, by=who, reason=why)
    except AlertError:
        # The deed may be done, and only the alert about it be owed.
        state = operator.state(scope)
        if state.status is not (Status.PAUSED if to_pause else Status.PROBATION):
            raise
    except LedgerBusy as busy:
        # Two who pause at once may each undo the other's claim; in the end one of them does it.
        state = operator.state(scope)
        if to_pause and state.status in (Status.PAUSED, Status.PAUSING) and state.by != who:
            raise NothingToDo(f"{scope} is {state.status}, by {state.by}: {state.reason}") from busy
        raise
    _show(state, as_json=as_json)


def _show(state: "State", *, as_json: bool) -> None:
    from ses_warden_cli import show  # noqa: PLC0415 - as above
    from ses_warden_cli.sending.shapes import Switched  # noqa: PLC0415

    owed = state.untold is not None
    if as_json:
        shape = Switched(
            scope=state.scope,
            status=state.status.value,
            since=show.iso(state.since),
            by=state.by,
            reason=state.reason,
            alert_owed=owed,
        )
        show.as_json(shape)
        return
    show.console().print(show.plain(f"{state.scope} is {_WORDS[state.status.value]} ({state.by}: {state.reason})"))
    if owed:
        show.note("The alert about it did not go out; the guard sends it.")


_WORDS = {
    "paused": "paused: SES refuses its mail; the switch was read back",
    "probation": "sending again, on probation: counted afresh from now, with a tighter bound",
}
_STATUS = f"""{EXAMPLES}  ses-warden status
  ses-warden status account configuration-set/newsletter --plot
  ses-warden status --json | jq '.scopes[] | select(.status == "paused")'"""


@command
def status(
    connection: "Connection",
    scopes: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCOPE", help="account, configuration-set/NAME or tenant/NAME.", callback=_scopes),
    ] = None,
    *,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the rates against the limits.")] = False,
    days: Annotated[int, typer.Option(metavar="NUMBER", help="How many days to draw.", min=1, max=60)] = 7,
    as_json: bool,
) -> bool:
    """Show where each scope stands, its rates, and how near a pause is.

    Without scopes: the account, all that have been warned, paused or resumed, and all that mailed in the last day. Exits with 1
    when a scope is warned, paused or cannot be judged, the guard is silent, or AWS's own word on the account is not HEALTHY.
    """
    from ses_warden_cli.sending import standings  # noqa: PLC0415 - `--help` must not wait for it

    report = _operator(connection).report(scopes or ())
    standings.show_report(report, days=days if plot else None, as_json=as_json)
    return report.is_finding
