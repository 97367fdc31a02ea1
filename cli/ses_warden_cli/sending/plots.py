"""The rates of a scope drawn against its limits, by day, or by hour when there are few days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import plotext  # type: ignore[import-untyped] # it has none
from rich.style import Style
from rich.text import Span, Text

from ses_warden.application.report_sending import Standing
from ses_warden.domain.judgement import Judgement
from ses_warden.domain.rates import Outcomes
from ses_warden.domain.text import clean

_HEIGHT = 12
_WIDEST = 110
_FEW_DAYS = 3
_LABELS = 6


@dataclass(frozen=True, slots=True)
class _Point:
    label: str
    bad: int
    mails: int

    @property
    def percent(self) -> float:
        return 100 * self.bad / self.mails


def drawings_of(standing: Standing, since: datetime, width: int, *, colour: bool) -> Iterator[Text]:
    """A drawing for bounces and one for complaints; none where nothing was sent."""
    if standing.assessment is None:
        return
    known = [one for one in standing.cohorts if one.hour >= since]
    for judgement, counts in (
        (standing.assessment.bounces, [(one, one.hard, one.mails) for one in known]),
        (standing.assessment.complaints, [(one, one.complaints, max(one.delivered, one.complaints)) for one in known]),
    ):
        points = _points(counts)
        if points:
            yield _drawing(standing.scope, judgement, points, min(width, _WIDEST), colour=colour)


def _points(counts: Sequence[tuple[Outcomes, int, int]]) -> list[_Point]:
    days = {one.hour.date() for one, _, _ in counts}
    shape = "%d %b" if len(days) >= _FEW_DAYS else "%d %b %H:00"
    sums: dict[str, _Point] = {}
    for one, bad, mails in counts:
        label = one.hour.astimezone(UTC).strftime(shape)
        known = sums.get(label, _Point(label, 0, 0))
        sums[label] = _Point(label, known.bad + bad, known.mails + mails)
    return [point for point in sums.values() if point.mails]


def _drawing(scope: str, judgement: Judgement, points: Sequence[_Point], width: int, *, colour: bool) -> Text:
    # plotext has one figure for all: https://plotext.readthedocs.io
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")  # the others paint their own background
    figure.plot_size(width, _HEIGHT)
    rates = [point.percent for point in points]
    places = list(range(len(points)))
    figure.draw(figure.signal(places, rates, marker="braille").lines())
    warn, limit = 100 * judgement.warn, 100 * judgement.limit
    figure.line(warn, "h", pixel="orange", style="dotted")
    figure.line(limit, "h", pixel="red")
    figure.ruler("y").lim(0, 1.2 * max(*rates, limit))
    step = max(1, -(-len(points) // _LABELS))
    figure.ruler("x").ticks(places[::step], [point.label for point in points[::step]])
    # No legend: it would cover the oldest days.
    figure.title(f"{judgement.kind}, % (dotted: warns at {warn:.2g} %, line: pauses above {limit:.2g} %)")
    figure.label(clean(scope, 80), "x")
    text = Text.from_ansi(figure.build().string())
    # Without the white behind the lines, which a dark terminal would show.
    spans = [Span(one.start, one.end, Style(color=one.style.color)) for one in text.spans if isinstance(one.style, Style)]
    return Text(text.plain, spans=spans if colour else [])
