"""The mails of each day that pass and that fail, drawn in a terminal."""

from typing import Any

import plotext  # type: ignore[import-untyped] # it has none
from rich.style import Style
from rich.text import Span, Text

from ses_warden.domain.dmarc_summary import Summary

_HEIGHT = 14
_WIDEST = 110
_LABELS = 6


def drawing_of(summary: Summary, width: int, *, colour: bool) -> Text:
    """Two lines over the days of the reports."""
    days = list(summary.days.items())
    # plotext has one figure for all: https://plotext.readthedocs.io
    figure: Any = plotext.figure
    figure.clear()
    figure.theme("colorless")  # the others paint their own background
    figure.plot_size(min(width, _WIDEST), _HEIGHT)
    places = list(range(len(days)))
    passed, failed = [tally.passed for _, tally in days], [tally.failed for _, tally in days]
    figure.draw(figure.signal(places, passed, marker="braille").lines())
    figure.draw(figure.signal(places, failed, marker="x"))
    top = max(*passed, *failed, 1)
    figure.ruler("y").lim(0, 1.2 * top)
    figure.ruler("y").ticks([0, top / 2, top], [f"{number:,}" for number in (0, top // 2, top)])
    step = max(1, -(-len(days) // _LABELS))
    figure.ruler("x").ticks(places[::step], [f"{day:%d %b}" for day, _ in days[::step]])
    figure.title("mails a day that pass DMARC (line) and that fail (x)")
    text = Text.from_ansi(figure.build().string())
    # Without the white behind the lines, which a dark terminal would show.
    spans = [Span(one.start, one.end, Style(color=one.style.color)) for one in text.spans if isinstance(one.style, Style)]
    return Text(text.plain, spans=spans if colour else [])
