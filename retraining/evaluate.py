"""Scores a model on the project's own test sets. ``make evaluate``.

Prints the table of figures, writes ``report.html`` and ``figures.json``, and exits with
1 if a figure is below its floor (retraining/floors.yml).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from retraining.assistant import Assistant, NoModelError
from retraining.evaluation_figures import ALL_FIGURES, EXPLAINING_FIGURES
from retraining.evaluation_measures import (
    FloorsFileError,
    Measured,
    limit_text,
    measure_all,
    percent,
    read_floors,
    verdict_text,
)
from retraining.evaluation_report import Report, figures_file, seen_text, write_page
from retraining.evaluation_run import (
    HALVES,
    ask_messages,
    conversations_of_half,
    detector_outcomes,
    hold_conversations,
    messages_of_half,
    progress,
)
from retraining.evaluation_sets import (
    TestSetError,
    read_conversations,
    read_extra,
    read_messages,
    seen_in_training,
)
from retraining.evaluation_sweep import Known, sweep_routing
from retraining.examples import ROOT, read_folder
from safety.encoder import EncoderError
from safety.text_classifier import ClassifierFileError

REPORT_CURVES = ("answer", "medical", "urgent", "check_in")
OUT_FOLDER = Path("results") / "evaluation"
PLAIN_WIDTH = 132
_EXPLAINING = {figure.name for figure in EXPLAINING_FIGURES}


async def evaluate(
    assistant: Assistant, *, half: str = "report", extra: Path | None = None
) -> Report:
    """Runs everything; minutes.

    Args:
        assistant: the loaded model.
        half: ``report``, ``choose`` or ``all``.
        extra: a second author's file, if there is one.

    Raises:
        TestSetError: if a test file can't be used.
        FloorsFileError: if the floors can't be used.
    """
    floors = read_floors()
    conversations = conversations_of_half(read_conversations(), half)
    messages = messages_of_half(read_messages(), half)
    others = messages_of_half(read_extra(extra), half) if extra else []
    outcomes = await ask_messages(assistant, messages)
    turns = await hold_conversations(assistant, conversations)
    second = await ask_messages(assistant, others, "second author")
    known = [Known(outcome.message, outcome.evidence) for outcome in outcomes]
    thresholds = assistant.thresholds
    return Report(
        model=assistant.model_name,
        half=half,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        measured=measure_all(outcomes, turns, detector_outcomes(outcomes), floors),
        outcomes=outcomes,
        turns=turns,
        extra_measured=measure_all(second, [], detector_outcomes(second)),
        extra_outcomes=second,
        curves={
            name: sweep_routing(known, name, thresholds)
            for name in progress(REPORT_CURVES, "thresholds")
        },
        thresholds=asdict(thresholds),
        seen=seen_in_training(messages, read_folder()),
    )


def print_figures(title: str, measured: Sequence[Measured], console: Console) -> None:
    """The table of figures; those that only explain come last."""
    order = {figure.name: place for place, figure in enumerate(ALL_FIGURES)}
    table = Table(
        title=title,
        box=box.SIMPLE if console.is_terminal else None,
        title_justify="left",
    )
    table.add_column("figure", overflow="fold")
    for head in ("n", "value", "95 % bounds", "must", "aim"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in sorted(measured, key=lambda entry: order[entry.figure.name]):
        verdict = verdict_text(row)
        style = "red" if verdict.lower().startswith("fail") else None
        low, high = row.bounds
        table.add_row(
            row.figure.title,
            str(row.n),
            percent(row.value),
            f"{low * 100:5.1f} to {high * 100:5.1f}",
            limit_text(row, row.figure.must),
            limit_text(row, row.figure.aim),
            verdict,
            style=style or ("dim" if row.figure.name in _EXPLAINING else None),
        )
    console.print(table)


def write_files(report: Report, folder: Path) -> None:
    """Writes ``report.html`` and ``figures.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.html").write_text(write_page(report), encoding="utf-8")
    content = json.dumps(figures_file(report), indent=1, ensure_ascii=False)
    (folder / "figures.json").write_text(content + "\n", encoding="utf-8")


def console_for_output() -> Console:
    """Rich on a terminal; plain and wide enough when piped."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="retraining.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, help="a model file; else the newest")
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--out", type=Path, default=ROOT / OUT_FOLDER)
    parser.add_argument("--extra", type=Path, help="a second author's test file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; the exit code says whether every floor is held."""
    options = _arguments(arguments)
    warnings.simplefilter("ignore")
    console = console_for_output()
    try:
        assistant = Assistant.load(options.model)
        report = asyncio.run(
            evaluate(assistant, half=options.half, extra=options.extra)
        )
    except (
        NoModelError,
        TestSetError,
        FloorsFileError,
        EncoderError,
        ClassifierFileError,
        OSError,
    ) as error:
        print(f"The evaluation stopped. {error}", file=sys.stderr)
        return 2
    print_figures(f"{report.model}, half '{report.half}'", report.measured, console)
    if report.extra_measured:
        print_figures("Second author", report.extra_measured, console)
    console.print(seen_text(report), markup=False, soft_wrap=True)
    write_files(report, options.out)
    console.print(f"Report: {options.out / 'report.html'}", soft_wrap=True)
    below = [row.figure.name for row in report.measured if row.is_below_floor]
    if below:
        print(f"Below the floor (retraining/floors.yml): {', '.join(below)}.")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
