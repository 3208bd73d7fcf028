"""Draws charts as SVG on the server: no script, no style attribute, no other host.

Unlike the charts of the evaluation (``retraining.evaluation_charts``, fixed axes from 0
to 1) these are as wide as their place, so that their words stay readable on a phone.
Colours are classes of ``dashboard.css``. What a chart shows stands in a table beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from django.utils.safestring import SafeString, mark_safe

HEIGHT, TOP, BOTTOM = 190, 14, 24  # of a column chart, in pixels
LEFT = 9.0  # percent of the width, for the numbers beside it
LINE = 40  # height of a bar with the words above it
MOST_NAMES = 5  # below the columns
ENOUGH = 14  # bars that are drawn; the table has all


def columns(
    key: str,
    title: str,
    names: Sequence[str],
    now: Sequence[int],
    before: Sequence[int],
) -> SafeString:
    """Columns side by side, each with a mark where the period before was.

    Args:
        key: unique on the page.
        title: for screen readers.
        names: of the columns.
        now: how high they are.
        before: where the marks are.
    """
    top = _round_up(max([*now, *before, 1]))
    width = (100 - LEFT) / len(names)
    body = [_grid(top)]
    for place, (value, mark) in enumerate(zip(now, before, strict=True)):
        x = LEFT + place * width
        y, y_mark = _height(value, top), _height(mark, top)
        body.append(
            f'<rect class="now" x="{x + width * 0.12:.2f}%" width="{width * 0.76:.2f}%"'
            f' y="{y:.1f}" height="{HEIGHT - BOTTOM - y:.1f}"/>'
            f'<line class="before" x1="{x:.2f}%" x2="{x + width:.2f}%"'
            f' y1="{y_mark:.1f}" y2="{y_mark:.1f}"/>'
        )
    step = -(-len(names) // MOST_NAMES)
    for place in range(0, len(names), step):
        x = LEFT + place * width
        words = escape(names[place].split(" to ")[0].split(", ")[-1])
        body.append(f'<text x="{x:.2f}%" y="{HEIGHT - 6}">{words}</text>')
    highest = names[max(range(len(now)), key=now.__getitem__)]
    about = (
        f"{sum(now):,} in all, {sum(before):,} before; most: {highest}, {max(now):,}."
    )
    return _svg(key, title, about, HEIGHT, body)


def bars(
    key: str,
    title: str,
    names: Sequence[str],
    now: Sequence[float],
    before: Sequence[float] = (),
    *,
    texts: Sequence[str] = (),
) -> SafeString:
    """Bars one below the other, words above each, with marks where they were before.

    Args:
        key: unique on the page.
        title: for screen readers.
        names: of the bars.
        now: how long they are.
        before: where the marks are, if there are any.
        texts: the values in words, instead of plain numbers.
    """
    names, now, before = names[:ENOUGH], now[:ENOUGH], before[:ENOUGH]
    texts = texts[:ENOUGH] or [f"{value:,}" for value in now]
    top = max([*now, *before]) or 1
    body = []
    for place, (name, value) in enumerate(zip(names, now, strict=True)):
        y = place * LINE
        body.append(
            f'<text x="0" y="{y + 14}">{escape(name)}</text>'
            f'<text class="end" x="100%" y="{y + 14}">{escape(texts[place])}</text>'
            f'<rect class="ground" x="0" width="100%" y="{y + 20}" height="12"/>'
            f'<rect class="now" x="0" width="{100 * value / top:.2f}%" y="{y + 20}"'
            f' height="12"/>'
        )
        if before:
            x = min(100 * before[place] / top, 99.6)
            body.append(
                f'<line class="before" x1="{x:.2f}%" x2="{x:.2f}%"'
                f' y1="{y + 17}" y2="{y + 35}"/>'
            )
    about = "; ".join(
        f"{name}: {words}" for name, words in zip(names, texts, strict=True)
    )
    return _svg(key, title, about, len(names) * LINE, body)


def _grid(top: int) -> str:
    """Three lines with their numbers."""
    parts = []
    for value in (0, top // 2, top):
        y = _height(value, top)
        parts.append(
            f'<line class="grid" x1="{LEFT}%" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="end" x="{LEFT - 1}%" y="{y + 4:.1f}">{value:,}</text>'
        )
    return "".join(parts)


def _height(value: float, top: int) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _round_up(value: int) -> int:
    """The next even number that is easy to read."""
    size = 10 ** (len(str(value)) - 1)
    steps = (size, 2 * size, 4 * size, 6 * size, 8 * size, 10 * size)
    found = next(step for step in steps if step >= value)
    return max(found + found % 2, 2)


def _svg(
    key: str, title: str, about: str, height: int, body: Sequence[str]
) -> SafeString:
    """Everything in it is a number or escaped."""
    return mark_safe(
        f'<svg class="chart" role="img" width="100%" height="{height}" '
        f'aria-labelledby="{key}-title {key}-about">'
        f'<title id="{key}-title">{escape(title)}</title>'
        f'<desc id="{key}-about">{escape(about)}</desc>{"".join(body)}</svg>'
    )
