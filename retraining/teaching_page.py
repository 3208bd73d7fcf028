"""Chart and table of the teaching curve (``retraining.teaching_curve``)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from retraining import evaluation_charts as charts
from retraining.evaluation_measures import wilson

if TYPE_CHECKING:
    from retraining.teaching_curve import Point


def _groups(points: Sequence[Point]) -> dict[tuple[str, int], list[Point]]:
    """The points of all seeds, by line and number of corrections."""
    groups: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        groups.setdefault((point.name, point.corrections), []).append(point)
    return groups


def chart(points: Sequence[Point]) -> str:
    """Mean error over corrections, with strokes for how sure it is (``_range``)."""
    groups = _groups(points)
    steps = sorted({point.corrections for point in points})
    most = max(steps) or 1
    top = max(0.1, -(-max(point.error for point in points) * 10 // 1) / 10)
    # Square roots, or the small numbers of corrections would stand on one place.
    places = {step: (step / most) ** 0.5 for step in steps}
    series = []
    for name in dict.fromkeys(point.name for point in points):
        rows = [groups[name, step] for step in steps if (name, step) in groups]
        errors = [[point.error / top for point in row] for row in rows]
        series.append(
            charts.Series(
                name,
                [
                    (places[row[0].corrections], fmean(values))
                    for row, values in zip(rows, errors, strict=True)
                ],
                [(low / top, high / top) for low, high in map(_range, rows)],
            )
        )
    svg = charts.line_chart(
        "teaching-curve",
        "Error on held-out messages by the number of corrections",
        series,
        x_title="corrected messages",
        y_title="wrong",
        description="; ".join(
            f"{name}, {step} corrections: {fmean(p.error for p in row):.1%}"
            for (name, step), row in groups.items()
        ),
        x_ticks=[(place, str(step)) for step, place in places.items()],
        y_ticks=[(tick, f"{tick * top * 100:.0f} %") for tick in charts.TICKS],
    )
    return charts.standalone(svg)


def _range(row: Sequence[Point]) -> tuple[float, float]:
    """From the best to the worst seed; of one seed alone its 95 % bounds."""
    if len(row) == 1:
        return wilson(row[0].wrong, row[0].n)
    return min(point.error for point in row), max(point.error for point in row)


HEADS = (
    "assistant",
    "corrections",
    "wrong, mean (seeds)",
    "95 % bounds",
    "of these asked back",
    "better / worse than with 0",
    "matters for staff missed",
    "corrections learnt",
)


def table(points: Sequence[Point]) -> str:
    """A Markdown table: means over the seeds, and how far the seeds lie apart."""
    lines = [HEADS, ("---",) * len(HEADS)]
    for (name, count), row in _groups(points).items():
        errors = [point.error for point in row]
        # All seeds are asked the same messages: the bounds are those of one asking.
        low, high = wilson(round(fmean(point.wrong for point in row)), row[0].n)
        p = max(point.p for point in row)
        change = (
            f"{fmean(point.better for point in row):.0f} / "
            f"{fmean(point.worse for point in row):.0f} (p ≤ {p:.2g})"
        )
        lines.append(
            (
                name,
                str(count),
                f"{fmean(errors):.1%} ({min(errors):.1%} to {max(errors):.1%})",
                f"{low:.1%} to {high:.1%}",
                f"{fmean(p.unsure for p in row) / row[0].n:.1%}",
                change if count else "",
                f"{fmean(p.missed for p in row):.0f} of {row[0].staff}",
                f"{fmean(p.learnt for p in row):.0f} of {count}" if count else "",
            )
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
