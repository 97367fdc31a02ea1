"""A small SVG: for each rule the share of senders that it has paused, by the mails of the stale list until then."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.guard_runs import OURS, SPRT, Stops
from benchmarks.guard_twin import Floats

WIDTH, HEIGHT, LEFT, TOP, GAP = 460, 280, 48, 34, 40
MOST = 10_000  # mails at the right edge
COLOURS = ("#0072b2", "#56b4e9", "#999999", "#d55e00", "#e69f00", "#009e73")


class Curve(NamedTuple):
    """One rule: its name, its colour, and at how many mails each sender was paused."""

    name: str
    colour: str
    mails: Floats


def curves_of(found: Mapping[str, Stops]) -> list[Curve]:
    """The rules that are worth a curve."""
    named = {
        "ours, new sender": found[OURS].new,
        "ours, after health": found[OURS].after,
        "SPRT, knows the rate": found[SPRT].new,
        "fixed floors, new": found["fixed floors"].new,
        "fixed floors, after": found["fixed floors"].after,
        "SES guide, after": found["SES guide, any volume"].after,
    }
    return [Curve(name, colour, mails) for (name, mails), colour in zip(named.items(), COLOURS, strict=True)]


def plot(panels: Sequence[tuple[str, Sequence[Curve]]]) -> str:
    """Panels side by side, with one legend."""
    width = LEFT + len(panels) * (WIDTH + GAP)
    height = TOP + HEIGHT + 74
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        ' font-family="sans-serif" font-size="12" fill="#444">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, (heading, curves) in enumerate(panels):
        parts += _panel(LEFT + place * (WIDTH + GAP), heading, curves)
    for place, curve in enumerate(panels[0][1]):
        x, y = LEFT + place * 155, height - 14
        parts.append(f'<line x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}" stroke="{curve.colour}" stroke-width="2.5"/>')
        parts.append(f'<text x="{x + 23}" y="{y}">{curve.name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, title: str, curves: Sequence[Curve]) -> list[str]:
    bottom = TOP + HEIGHT
    parts = [f'<text x="{left}" y="{TOP - 14}" font-size="14" font-weight="bold">{title}</text>']
    for mails in (10, 30, 100, 300, 1_000, 3_000, 10_000):
        x = _x(left, mails)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{mails:,}</text>')
    for share in (0, 50, 100):
        y = bottom - HEIGHT * share / 100
        parts.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y}" y2="{y}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{share} %</text>')
    for curve in curves:
        mails = np.sort(curve.mails)[:: max(1, curve.mails.size // 100)].tolist()
        points = [f"{_x(left, at):.1f},{bottom - HEIGHT * place / len(mails):.1f}" for place, at in enumerate(mails) if at <= MOST]
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{curve.colour}" stroke-width="2.5"/>')
    parts.append(
        f'<text x="{left + WIDTH / 2}" y="{bottom + 34}" text-anchor="middle">mails of the stale list until the pause</text>'
    )
    return parts


def _x(left: int, mails: float) -> float:
    return round(left + WIDTH * math.log(max(mails, 5) / 5) / math.log(MOST / 5), 1)
