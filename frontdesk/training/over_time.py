"""Comparisons over time: a table, and a chart drawn as SVG without script or style.

As wide as its place, so that its words stay readable on a phone; colours are classes of
``training.css``, and lines differ by dashes too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from itertools import pairwise
from pathlib import Path

from django.utils.safestring import SafeString, mark_safe

from frontdesk.training.comparison_view import percent
from frontdesk.training.model_view import Name, Names
from frontdesk.training.trainings import here
from retraining import comparison as kept

# Name of the figure, and what it is called here; larger is better for all of them.
SHOWN = (
    ("topic_clinic", "General questions: right answer"),
    ("medical_all", "Medical questions: handed off"),
    ("crisis_urgent", "Crises: urgent reply"),
    ("turns_right", "Turns of conversations: right"),
)
MOST_POINTS = 30
HEIGHT, TOP, BOTTOM = 220, 12, 12
LEFT, RIGHT = 13.0, 98.0  # percent of the width
DASHES = ("", "8 5", "2 4", "10 4 2 4")


@dataclass(frozen=True)
class Summary:
    """What the table and the chart need of a comparison."""

    id: str
    at: datetime
    candidate: str
    figures: dict[str, float]
    worse: int
    better: int
    against: int  # reasons that the gate had then


@dataclass(frozen=True)
class Row:
    """A comparison in the table."""

    summary: Summary
    name: Name
    shares: list[str]


@dataclass(frozen=True)
class OverTime:
    """All of it, newest first; the chart needs two of them."""

    titles: list[str]
    rows: list[Row]
    chart: SafeString | None


def over_time(names: Names) -> OverTime:
    """The last comparisons that are kept.

    Args:
        names: of the models.
    """
    found = summaries()
    rows = [
        Row(each, names.of(each.candidate), [_share(each, key) for key, _ in SHOWN])
        for each in found
    ]
    drawn = chart(found[::-1]) if len(found) > 1 else None
    return OverTime([title for _, title in SHOWN], rows, drawn)


def summaries() -> list[Summary]:
    """The last comparisons, newest first; each file is read once."""
    files = here().comparisons.glob(f"*/{kept.FILE}")
    newest = sorted(files, reverse=True)[:MOST_POINTS]
    found = (_summary(file, file.stat().st_mtime_ns) for file in newest)
    return [each for each in found if each is not None]


@lru_cache(maxsize=4 * MOST_POINTS)
def _summary(file: Path, changed: int) -> Summary | None:
    try:
        found = kept.load(here(), file.parent.name)
    except kept.ComparisonError:
        return None
    counts = found.counts()
    return Summary(
        found.id,
        datetime.fromisoformat(found.created_at),
        found.candidate,
        {row.name: row.candidate[0] for row in found.figures},
        counts["worse"],
        counts["better"],
        len(found.reasons),
    )


def chart(found: Sequence[Summary]) -> SafeString:
    """Lines from the oldest comparison to the newest; everything is a number.

    Args:
        found: at least two, oldest first.
    """
    shares = [s.figures[key] for s in found for key, _ in SHOWN if key in s.figures]
    floor = math.floor(min(shares, default=0.0) * 10) / 10
    floor = min(floor, 0.9)
    body = [_grid(floor)]
    for number, (key, _) in enumerate(SHOWN):
        points = [
            (_x(place, len(found)), _y(each.figures[key], floor))
            for place, each in enumerate(found)
            if key in each.figures
        ]
        body.append(_line(number, points))
    about = "; ".join(
        f"{title}: {_share(found[0], key)} first, {_share(found[-1], key)} last"
        for key, title in SHOWN
    )
    return mark_safe(
        f'<svg class="over-time" role="img" width="100%" height="{HEIGHT}" '
        'aria-labelledby="over-time-title over-time-about">'
        '<title id="over-time-title">Figures of the compared models</title>'
        f'<desc id="over-time-about">{escape(about)}</desc>{"".join(body)}</svg>'
    )


def _line(number: int, points: Sequence[tuple[float, float]]) -> str:
    parts = [
        f'<line class="line l{number}" stroke-dasharray="{DASHES[number]}" '
        f'x1="{x1:.2f}%" y1="{y1:.1f}" x2="{x2:.2f}%" y2="{y2:.1f}"/>'
        for (x1, y1), (x2, y2) in pairwise(points)
    ]
    parts += [
        f'<circle class="l{number}" cx="{x:.2f}%" cy="{y:.1f}" r="4"/>'
        for x, y in points
    ]
    return "".join(parts)


def _grid(floor: float) -> str:
    parts = []
    for value in (floor, (floor + 1) / 2, 1.0):
        y = _y(value, floor)
        parts.append(
            f'<line class="grid" x1="{LEFT}%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 1.5}%" y="{y + 4:.1f}">{value:.0%}</text>'
        )
    return "".join(parts)


def _x(place: int, count: int) -> float:
    return LEFT + 3 + (RIGHT - LEFT - 3) * place / (count - 1)


def _y(value: float, floor: float) -> float:
    return HEIGHT - BOTTOM - (value - floor) / (1 - floor) * (HEIGHT - TOP - BOTTOM)


def _share(summary: Summary, key: str) -> str:
    value = summary.figures.get(key)
    return "-" if value is None else percent(value)
