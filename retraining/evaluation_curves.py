"""Charts of what the figures do as a threshold moves, for the report and the docs."""

from __future__ import annotations

from collections.abc import Sequence

from retraining import evaluation_charts as charts
from retraining.evaluation_figures import ALL_FIGURES
from retraining.evaluation_measures import percent
from retraining.evaluation_page import figure
from retraining.evaluation_sweep import Point

TITLES = {entry.name: entry.title for entry in ALL_FIGURES}


def curve_figure(
    name: str, points: Sequence[Point], figures: Sequence[str], used: float | None
) -> str:
    """The chart of one threshold, with its caption."""
    return figure(f"Threshold “{name}”", curve_chart(name, points, figures, used))


def curve_chart(
    name: str, points: Sequence[Point], figures: Sequence[str], used: float | None
) -> str:
    """The chart alone."""
    series = [
        charts.Series(TITLES[entry], [(p.value, p.share(entry)) for p in points])
        for entry in figures
    ]
    ends = "; ".join(
        f"{entry.name}: {percent(entry.points[0][1])} at {entry.points[0][0]:g}, "
        f"{percent(entry.points[-1][1])} at {entry.points[-1][0]:g}"
        for entry in series
    )
    return charts.line_chart(
        f"curve-{name}",
        f"Figures by the threshold {name}",
        series,
        x_title=name,
        marked=used,
        description=ends,
    )
