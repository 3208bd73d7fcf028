"""Shows what each threshold trades off, and suggests values: for developers.

``python -m retraining.choose_thresholds``. Looks at the choosing half of the test sets
only; what is chosen here is reported by ``make evaluate`` on the other half, and
written down in docs/decisions/0005-understanding.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from retraining.assistant import Assistant, NoModelError
from retraining.evaluate import console_for_output, print_figures
from retraining.evaluation_charts import standalone
from retraining.evaluation_curves import curve_chart, curve_figure
from retraining.evaluation_measures import percent
from retraining.evaluation_page import page
from retraining.evaluation_run import messages_of_half, progress
from retraining.evaluation_sets import read_messages
from retraining.evaluation_suggestion import Chosen, suggest
from retraining.evaluation_sweep import (
    CURVES,
    DETECTOR_CURVES,
    Known,
    Point,
    figures_at,
    sweep_danger,
    sweep_routing,
    with_danger_evidence,
)
from retraining.examples import ROOT
from safety.danger_detector import shared_detector

OUT_FOLDER = Path("results") / "thresholds"
PLACES = {
    "routing": "config.yml: SafetyGate: thresholds",
    "danger": "safety/danger_detector.py: Thresholds",
}
PRINTED_EVERY = 3  # of the fine grid's values, every third is printed


def collect(assistant: Assistant) -> list[Known]:
    """Everything known about the messages of the choosing half."""
    messages = messages_of_half(read_messages(), "choose")
    known = [
        Known(message, assistant.understand(message.text))
        for message in progress(messages, "messages")
    ]
    return with_danger_evidence(known, shared_detector())


Curves = dict[str, tuple[list[Point], tuple[str, ...], float]]


def all_curves(known: Sequence[Known], used: Chosen) -> Curves:
    """Points, figures and value in use of every threshold's curve."""
    curves: Curves = {}
    for name, figures in progress(list(CURVES.items()), "routing thresholds"):
        points = sweep_routing(known, name, used.routing, used.danger)
        curves[f"routing {name}"] = (points, figures, used.value("routing", name))
    for name, figures in progress(list(DETECTOR_CURVES.items()), "detector"):
        points = sweep_danger(known, name, used.routing, used.danger)
        curves[f"detector {name}"] = (points, figures, used.value("danger", name))
    return curves


def print_trade_offs(curves: Curves, console: Console) -> None:
    """A table for each threshold."""
    for name, (points, figures, used) in curves.items():
        table = Table(title=f"{name}, in use: {used:g}", box=None, title_justify="left")
        table.add_column("value", justify="right")
        for figure in figures:
            table.add_column(figure, justify="right")
        for point in points[::PRINTED_EVERY]:
            shares = [percent(point.share(figure)) for figure in figures]
            table.add_row(f"{point.value:g}", *shares)
        console.print(table)


def write_curves(curves: Curves, folder: Path) -> None:
    """Writes a page, a picture for each curve, and the numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    figures = []
    numbers: dict[str, Any] = {}
    for name, (points, shown, used) in curves.items():
        stem = name.replace(" ", "-")
        chart = curve_chart(stem, points, shown, used)
        (folder / f"{stem}.svg").write_text(standalone(chart), encoding="utf-8")
        figures.append(curve_figure(stem, points, shown, used))
        numbers[name] = {
            "in_use": used,
            "points": [
                {"value": p.value, **{f: round(p.share(f), 5) for f in shown}}
                for p in points
            ],
        }
    introduction = "Single messages of the choosing half; one threshold moves."
    content = page("Threshold curves", introduction, figures)
    (folder / "curves.html").write_text(content, encoding="utf-8")
    (folder / "curves.json").write_text(json.dumps(numbers, indent=1) + "\n")


def print_suggestion(
    known: Sequence[Known], used: Chosen, chosen: Chosen, console: Console
) -> None:
    """What would change, and what the figures would be."""
    for kind, place in PLACES.items():
        before, after = used.values(kind), chosen.values(kind)
        console.print(f"\n{place}:")
        for name, value in after.items():
            if value != before[name]:
                console.print(f"  {name}: {value:g}    # was {before[name]:g}")
        if before == after:
            console.print("  nothing to change")
    console.print()
    for title, pair in (("In use", used), ("Suggested", chosen)):
        print_figures(title, figures_at(known, pair.routing, pair.danger), console)
    console.print(
        "Single messages of the choosing half. A suggestion fits this half a little "
        "too well: look at the curves, prefer the middle of a plateau, then run "
        "'make evaluate' for the other half and the conversations.",
        soft_wrap=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="retraining.choose_thresholds", description=__doc__
    )
    parser.add_argument("--model", type=Path, help="a model file; else the newest")
    parser.add_argument("--out", type=Path, default=ROOT / OUT_FOLDER)
    parser.add_argument("--no-suggestion", action="store_true", help="curves only")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    console = console_for_output()
    try:
        assistant = Assistant.load(options.model)
    except NoModelError as error:
        print(f"Nothing to choose for. {error}", file=sys.stderr)
        return 2
    known = collect(assistant)
    used = Chosen(assistant.thresholds, shared_detector().thresholds)
    curves = all_curves(known, used)
    print_trade_offs(curves, console)
    write_curves(curves, options.out)
    console.print(f"Curves: {options.out}", soft_wrap=True)
    if not options.no_suggestion:
        chosen, _ = suggest(known, used)
        print_suggestion(known, used, chosen, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
