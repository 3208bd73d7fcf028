"""Draws the report's charts as SVG that takes its colours from the page.

Plain strings, so that the page needs no script, no font and no other host, and charts
follow dark mode and print. Each chart has a title and a description for screen readers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 44
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
Tick = tuple[float, str]  # place from 0 to 1, and what stands there
NUMBERS: tuple[Tick, ...] = tuple((tick, f"{tick:g}") for tick in TICKS)
PERCENT: tuple[Tick, ...] = tuple((tick, f"{tick * 100:g} %") for tick in TICKS)
DASHES = ("", "7 4", "2 3", "9 3 2 3")
CELL = 20
LABELS = 190  # room for the names beside a heat map

# Colours that stay apart for colour-blind readers; lines differ by dashes too.
LIGHT = (
    "--ink:#1b1b1b;--paper:#fff;--line:#c9c9c9;--soft:#f1f1f1;"
    "--c0:#0067a5;--c1:#c24d00;--c2:#00785a;--c3:#9c4a82"
)
DARK = (
    "--ink:#ececec;--paper:#161616;--line:#4a4a4a;--soft:#262626;"
    "--c0:#63b7ec;--c1:#f0a24a;--c2:#45c9a4;--c3:#e3a3cd"
)
COLOURS = (
    f":root{{color-scheme:light dark;{LIGHT}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
)
STYLE = """
svg{max-width:100%;height:auto;display:block}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}
svg .small{font-size:10px}
svg .grid{stroke:var(--line);stroke-width:1}
svg .mark{stroke:var(--ink);stroke-dasharray:3 3}
svg .line{fill:none;stroke-width:2}
svg .c0{stroke:var(--c0)} svg .c1{stroke:var(--c1)}
svg .c2{stroke:var(--c2)} svg .c3{stroke:var(--c3)}
svg .f0{fill:var(--c0)} svg .f1{fill:var(--c1)}
svg .cell{fill:var(--c0)} svg .off{fill:var(--c1)}
"""


@dataclass(frozen=True)
class Series:
    """One line of a chart; points from 0 to 1 on both axes."""

    name: str
    points: Sequence[tuple[float, float]]
    ranges: Sequence[tuple[float, float]] = ()  # lowest and highest of each point


def _x(value: float) -> float:
    return LEFT + value * (WIDTH - LEFT - RIGHT)


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM)


def _svg(
    identifier: str, title: str, description: str, body: str, width: int, height: int
) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" width="{width}" '
        f'aria-labelledby="{identifier}-t {identifier}-d">'
        f'<title id="{identifier}-t">{escape(title)}</title>'
        f'<desc id="{identifier}-d">{escape(description)}</desc>{body}</svg>'
    )


def _axes(
    x_title: str,
    y_title: str,
    y_ticks: Sequence[Tick],
    x_ticks: Sequence[Tick] = NUMBERS,
) -> str:
    parts = []
    for tick, text in y_ticks:
        y = _y(tick)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" '
            f'y2="{y:.1f}"/><text x="{LEFT - 6}" y="{y + 4:.1f}" '
            f'text-anchor="end">{text}</text>'
        )
    for tick, text in x_ticks:
        anchor = "end" if tick == 1 and len(text) > 2 else "middle"
        parts.append(
            f'<text x="{_x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" '
            f'text-anchor="{anchor}">{text}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" '
        f'text-anchor="middle">{escape(x_title)}</text>'
        f'<text x="12" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle})">{escape(y_title)}</text>'
    )
    return "".join(parts)


def _legend(names: Sequence[str]) -> str:
    """Keys inside the chart, one below the other."""
    parts = []
    for index, name in enumerate(names):
        y = HEIGHT + 12 + 18 * index
        parts.append(
            f'<line class="line c{index % 4}" stroke-dasharray="{DASHES[index % 4]}" '
            f'x1="{LEFT}" x2="{LEFT + 34}" y1="{y - 4}" y2="{y - 4}"/>'
            f'<text x="{LEFT + 42}" y="{y}">{escape(name)}</text>'
        )
    return "".join(parts)


def standalone(svg: str) -> str:
    """A chart as a file of its own, for Markdown pages."""
    start, end = svg.split(">", 1)
    paper = '<rect width="100%" height="100%" fill="var(--paper)"/>'
    return (
        f'{start} xmlns="http://www.w3.org/2000/svg"><style>{COLOURS}{STYLE}</style>'
        f"{paper}{end}\n"
    )


def line_chart(
    identifier: str,
    title: str,
    series: Sequence[Series],
    *,
    x_title: str,
    y_title: str = "share",
    marked: float | None = None,
    description: str = "",
    diagonal: bool = False,
    x_ticks: Sequence[Tick] = NUMBERS,
    y_ticks: Sequence[Tick] = PERCENT,
) -> str:
    """Lines over an axis from 0 to 1.

    Args:
        identifier: unique on the page.
        title: for screen readers.
        series: up to four lines.
        x_title: below the axis.
        y_title: beside the axis.
        marked: where a vertical line stands, such as the value in use.
        description: for screen readers: what the lines show.
        diagonal: draw the line of equal values.
        x_ticks: places on the axis and what stands there.
        y_ticks: the same beside the axis.
    """
    body = _axes(x_title, y_title, y_ticks, x_ticks)
    if diagonal:
        body += (
            f'<line class="mark" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
        )
    if marked is not None:
        x = _x(marked)
        body += (
            f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" '
            f'y2="{HEIGHT - BOTTOM}"/><text class="small" x="{x + 4:.1f}" '
            f'y="{TOP + 8}">in use: {marked:g}</text>'
        )
    for index, entry in enumerate(series):
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in entry.points)
        body += (
            f'<polyline class="line c{index % 4}" points="{points}" '
            f'stroke-dasharray="{DASHES[index % 4]}"/>'
        )
        body += _ranges(entry, index)
    body += _legend([entry.name for entry in series])
    height = HEIGHT + 18 * len(series) + 6
    return _svg(identifier, title, description, body, WIDTH, height)


def _ranges(series: Series, index: int) -> str:
    """Upright strokes from the lowest to the highest, apart where lines cross."""
    return "".join(
        f'<line class="line c{index % 4}" x1="{_x(x) + 3 * index:.1f}" '
        f'x2="{_x(x) + 3 * index:.1f}" y1="{_y(low):.1f}" y2="{_y(high):.1f}"/>'
        for (x, _), (low, high) in zip(series.points, series.ranges, strict=False)
    )


def histogram(
    identifier: str,
    title: str,
    bins: Sequence[tuple[int, int]],
    names: tuple[str, str],
    *,
    x_title: str,
    description: str = "",
) -> str:
    """Bars from 0 to 1, each with two parts, the second on top of the first."""
    highest = max((sum(pair) for pair in bins), default=0) or 1
    body = _axes(x_title, "messages", [(t, f"{t * highest:.0f}") for t in TICKS])
    for index, pair in enumerate(bins):
        below = 0
        x, right = _x(index / len(bins)), _x((index + 1) / len(bins))
        for part, count in enumerate(pair):
            top = _y((below + count) / highest)
            body += (
                f'<rect class="f{part}" x="{x + 1:.1f}" y="{top:.1f}" '
                f'width="{right - x - 2:.1f}" '
                f'height="{_y(below / highest) - top:.1f}"/>'
            )
            below += count
    for part, name in enumerate(names):
        y = HEIGHT + 12 + 18 * part
        body += (
            f'<rect class="f{part}" x="{LEFT}" y="{y - 10}" width="34" height="11"/>'
            f'<text x="{LEFT + 42}" y="{y}">{escape(name)}</text>'
        )
    return _svg(identifier, title, description, body, WIDTH, HEIGHT + 42)


def heat_map(
    identifier: str,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    counts: dict[tuple[str, str], int],
    *,
    description: str = "",
) -> str:
    """Counts in cells, darker where more of the row is; what is off is another hue."""
    # The last slanted name reaches beyond its column: half of its length at 60 degrees.
    width = LABELS + CELL * len(columns) + LABELS // 2
    height = LABELS + CELL * len(rows) + 12
    body = ""
    for index, name in enumerate(columns):
        x = LABELS + CELL * index + 14
        body += (
            f'<text class="small" x="{x}" y="{LABELS - 6}" '
            f'transform="rotate(-60 {x} {LABELS - 6})">{escape(name)}</text>'
        )
    for line, row in enumerate(rows):
        y = LABELS + CELL * line
        total = sum(counts.get((row, column), 0) for column in columns) or 1
        body += (
            f'<text class="small" x="{LABELS - 6}" y="{y + 14}" '
            f'text-anchor="end">{escape(row)}</text>'
        )
        for index, column in enumerate(columns):
            count = counts.get((row, column), 0)
            if not count:
                continue
            x = LABELS + CELL * index
            kind = "cell" if row == column else "off"
            opacity = 0.15 + 0.55 * count / total
            body += (
                f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL - 1}" '
                f'height="{CELL - 1}" fill-opacity="{opacity:.2f}"/>'
                f'<text class="small" x="{x + CELL / 2 - 0.5}" y="{y + 14}" '
                f'text-anchor="middle">{count}</text>'
            )
    return _svg(identifier, title, description, body, width, height)
