"""`status` as a table, a drawing, and JSON."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.table import Table
from rich.text import Text

from ses_warden.application.report_sending import Report, Standing
from ses_warden.domain.guard_states import Mode, State, Status
from ses_warden.domain.judgement import Judgement
from ses_warden.domain.rates import Outcomes
from ses_warden_cli import show
from ses_warden_cli.sending import shapes

_COLOURS = {
    Status.HEALTHY: "green",
    Status.WARNED: "yellow",
    Status.PAUSING: "red",
    Status.PAUSED: "bold red",
    Status.PROBATION: "cyan",
}
_WIDE = 140
_MODES = {Mode.OFF: "off", Mode.DRY_RUN: "on a dry run", Mode.ACTIVE: "active"}


def show_report(report: Report, *, days: int | None, as_json: bool) -> None:
    """Prints a report; with `days`, what was sent in so many days too."""
    since = report.at - timedelta(days=days) if days else None
    if as_json:
        show.as_json(status_shape(report, since))
        return
    screen = show.console()
    wide = screen.width >= _WIDE
    screen.print(table_of(report.standings, wide=wide))
    for standing in report.standings if not wide else ():
        if why := _why(standing):
            screen.print(show.plain(f"{standing.scope}: {why}"))
    for line in _notes(report):
        screen.print(line)
    if since:
        from ses_warden_cli.sending.plots import drawings_of  # noqa: PLC0415 - plotext, for those who draw

        for standing in report.standings:
            for drawing in drawings_of(standing, since, screen.width, colour=screen.color_system is not None):
                screen.print(drawing)


# For people


def table_of(standings: Iterable[Standing], *, wide: bool) -> Table:
    """A row a scope. In a narrow window, `why` does not fit in."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("scope", overflow="fold", min_width=12)
    table.add_column("sent", justify="right", no_wrap=True)
    table.add_column("bounces %", justify="right")
    table.add_column("complaints %", justify="right")
    table.add_column("state")
    table.add_column("head-room", justify="right")
    table.add_column("since (UTC)")
    if wide:
        table.add_column("why", overflow="fold", ratio=1)
    for one in standings:
        found, nearest = one.assessment, one.nearest
        cells = [
            show.plain(one.scope),
            Text(f"{found.bounces.recent.mails:,}" if found else "0"),
            _rate_text(found.bounces) if found else Text(""),
            _rate_text(found.complaints) if found else Text(""),
            _state_text(one),
            Text(f"{nearest.head_room:,} {nearest.kind.removeprefix('hard ')}" if nearest else ""),
            Text(show.at(one.state.since)),
        ]
        table.add_row(*cells, *([show.plain(_why(one))] if wide else []))
    return table


def _rate_text(judgement: Judgement) -> Text:
    if not judgement.recent.mails:
        return Text("")
    low, high = judgement.recent.interval
    rate = judgement.recent.rate
    style = "red" if rate >= judgement.limit else "yellow" if rate >= judgement.warn else ""
    return Text(f"{show.percent(rate)} ({show.percent(low)}-{show.percent(high)})", style)


def _state_text(standing: Standing) -> Text:
    state = standing.state
    if standing.is_stranger:
        return Text("unknown", "yellow")
    word = f"{state.status} (dry run)" if state.would_pause else state.status.value
    return Text(word, _COLOURS[state.status])


def _why(standing: Standing) -> str:
    state, found = standing.state, standing.assessment
    if state.reason:
        return f"{state.reason} ({state.by})"
    if standing.is_stranger:
        return "nothing was ever recorded of it; is it misspelt?"
    if found is None:
        return "no mail was counted"
    # Not told of yet by the guard's own state: what its next looks may come to.
    return "; ".join(found.reasons) if standing.is_finding else ""


def _notes(report: Report) -> Iterable[Text]:
    yield Text(
        "sent: the last mails that could be judged; in brackets: the rate is between these with 90 %; head-room: so many more "
        "among the next 1,000 mails would bring a pause",
        "dim",
    )
    guard = f"The guard is {_MODES[report.mode]}, for the account {_MODES[report.account_mode]}"
    if report.looked_at:
        guard += f"; it looked at {show.at(report.looked_at)} UTC"
    yield Text(f"{guard}.", "dim")
    if report.guard_is_silent:
        yield Text("The guard is silent: it should look each minute. See its log and its alarms.", "bold red")
    if report.enforcement not in (None, "HEALTHY"):
        yield show.plain(f"AWS calls the account {report.enforcement}.", "bold red")


# For scripts


def status_shape(report: Report, since: datetime | None) -> shapes.Status:
    """The whole report."""
    return shapes.Status(
        at=str(show.iso(report.at)),
        finding=report.is_finding,
        guard=shapes.Guard(
            mode=report.mode.value,
            account_mode=report.account_mode.value,
            looked_at=show.iso(report.looked_at),
            silent=report.guard_is_silent,
        ),
        enforcement=report.enforcement,
        scopes=[_standing_shape(one, since) for one in report.standings],
    )


def _standing_shape(standing: Standing, since: datetime | None) -> shapes.Standing:
    state: State = standing.state
    found, word = standing.assessment, standing.word
    shape = shapes.Standing(
        scope=standing.scope,
        status=state.status.value,
        verdict=found.verdict.value if found else None,
        finding=standing.is_finding,
        since=show.iso(state.since),
        by=state.by,
        reason=state.reason,
        would_pause=state.would_pause,
        bounces=_rate_shape(found.bounces) if found else None,
        complaints=_rate_shape(found.complaints) if found else None,
        head_room=standing.nearest.head_room if standing.nearest else None,
        aws=shapes.AwsRates(bounces=word.bounces, complaints=word.complaints) if word else None,
    )
    if since:
        shape["history"] = _history(standing.cohorts, since)
    return shape


def _rate_shape(judgement: Judgement) -> shapes.Rate:
    low, high = judgement.recent.interval
    return shapes.Rate(
        bad=judgement.recent.bad,
        mails=judgement.recent.mails,
        since=str(show.iso(judgement.recent.since)),
        rate=judgement.recent.rate,
        low=low,
        high=high,
        warn=judgement.warn,
        limit=judgement.limit,
        head_room=judgement.head_room,
        evidence=judgement.words,
    )


def _history(cohorts: Sequence[Outcomes], since: datetime) -> list[shapes.Period]:
    return [
        shapes.Period(
            begin=str(show.iso(one.hour)),
            mails=one.mails,
            hard_bounces=one.hard,
            delivered=one.delivered,
            complaints=one.complaints,
        )
        for one in cohorts
        if one.hour >= since
    ]
