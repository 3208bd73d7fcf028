"""Writes the evaluation as a page, ``report.html``, and as ``figures.json``.

Called by ``retraining.evaluate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from retraining import evaluation_charts as charts
from retraining import evaluation_tables as tables
from retraining.evaluation_curves import curve_figure
from retraining.evaluation_measures import (
    Measured,
    limit_text,
    percent,
    verdict_text,
)
from retraining.evaluation_outcomes import Outcome, TurnOutcome
from retraining.evaluation_page import figure, page, section, table
from retraining.evaluation_sets import LabelledMessage
from retraining.evaluation_sweep import CURVES, Point


@dataclass(frozen=True)
class Report:
    """Everything that the page shows."""

    model: str
    half: str
    created: str
    measured: Sequence[Measured]
    outcomes: Sequence[Outcome]
    turns: Sequence[TurnOutcome]
    extra_measured: Sequence[Measured] = ()
    extra_outcomes: Sequence[Outcome] = ()
    curves: dict[str, list[Point]] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    seen: Sequence[LabelledMessage] = ()  # test messages that were trained on


def write_page(report: Report) -> str:
    """The page as HTML."""
    sections = [
        _figures("figures", "Figures", report.measured),
        _figures("second", "Figures of the second author", report.extra_measured),
        _confusions(report.outcomes),
        _topics(report.outcomes),
        _confidence(report.outcomes),
        _curves(report),
        _misses("misses", "Every miss", report.outcomes),
        _misses("second-misses", "Misses, second author", report.extra_outcomes),
        _conversations(report.turns),
    ]
    counts = (
        f"{len(report.outcomes)} messages, {len(report.turns)} turns of "
        f"{len({turn.conversation.name for turn in report.turns})} conversations"
    )
    introduction = (
        f"Model {report.model}, half “{report.half}” of the test sets ({counts}), "
        f"{report.created}. Bounds are Wilson 95 %. {seen_text(report)}"
    )
    return page("Evaluation of the assistant", introduction, filter(None, sections))


def seen_text(report: Report) -> str:
    """How many test messages prove nothing, because they were trained on."""
    count = len(report.seen)
    if not count:
        return "No test message is a training example."
    return (
        f"{count} of {len(report.outcomes)} test messages are training examples too, "
        f"but for case and punctuation; the first: {report.seen[0].text!r}."
    )


def _figures(identifier: str, title: str, measured: Sequence[Measured]) -> str:
    if not measured:
        return ""
    heads = ("figure", "#n", "#value", "#bounds", "#must", "#aim", "verdict")
    rows = [
        (
            row.figure.title,
            str(row.n),
            percent(row.value),
            " to ".join(percent(bound) for bound in row.bounds),
            limit_text(row, row.figure.must),
            limit_text(row, row.figure.aim),
            verdict_text(row),
        )
        for row in measured
    ]
    return section(identifier, title, table("What was measured", heads, rows))


def _confusions(outcomes: Sequence[Outcome]) -> str:
    counts = tables.confusion_counts(outcomes)
    rows = tables.labels_in_order({pair[0] for pair in counts})
    columns = tables.labels_in_order({pair[1] for pair in counts})
    top = tables.top_confusions(outcomes)
    text = "; ".join(f"{c.expected} taken for {c.got}: {c.count}" for c in top[:5])
    heat = charts.heat_map(
        "heat",
        "Confusion between topics and routes",
        rows,
        columns,
        counts,
        description=f"Rows expected, columns got. Most frequent: {text or 'none'}. "
        f"The table below has the first {tables.MOST_CONFUSIONS}.",
    )
    listed = [(c.expected, c.got, str(c.count), c.example) for c in top]
    heads = ("expected", "got", "#count", "an example")
    return section(
        "confusions",
        "Confusions",
        figure("Expected (rows) and got (columns), number of messages", heat),
        table("The most frequent confusions", heads, listed),
    )


def _topics(outcomes: Sequence[Outcome]) -> str:
    heads = (
        "topic", "route", "#n", "#right", "#share", "#bounds", "#offered",
        "#handed off", "#not understood", "#wrong topic",
    )  # fmt: skip
    rows = [
        (
            row.topic,
            row.route,
            str(row.n),
            str(row.right),
            percent(row.right / row.n),
            " to ".join(percent(bound) for bound in row.bounds),
            str(row.offered),
            str(row.handed_off),
            str(row.unsure),
            str(row.wrong),
        )
        for row in tables.topic_rows(outcomes)
    ]
    listed = table("What became of the messages of each topic", heads, rows)
    return section("topics", "Topics", listed)


def _confidence(outcomes: Sequence[Outcome]) -> str:
    bins = tables.confidence_bins(outcomes)
    sure = sum(wrong for _, wrong in bins[len(bins) // 2 :])
    bars = charts.histogram(
        "histogram",
        "Confidence of right and wrong replies",
        bins,
        ("right", "wrong"),
        x_title="confidence of the decision",
        description=f"{sum(right for right, _ in bins)} right, "
        f"{sum(wrong for _, wrong in bins)} wrong; {sure} wrong above one half.",
    )
    calibrated = tables.calibration(outcomes)
    error = tables.calibration_error(calibrated)
    line = charts.line_chart(
        "calibration",
        "Calibration of the intent classifier",
        [
            charts.Series(
                "share of messages whose likeliest intent is right",
                [(entry.confidence, entry.accuracy) for entry in calibrated],
            )
        ],
        x_title="mean confidence",
        description=f"Expected calibration error {error:.3f}; the dashed diagonal is "
        "perfect calibration. The table below has the numbers.",
        diagonal=True,
    )
    rows = [
        (f"{entry.confidence:.2f}", f"{entry.accuracy:.2f}", str(entry.n))
        for entry in calibrated
    ]
    return section(
        "confidence",
        "Confidence",
        figure("Replies by the confidence of the decision", bars),
        figure(f"Calibration of the classifier, expected error {error:.3f}", line),
        table("Calibration", ("#mean confidence", "#right", "#n"), rows),
    )


def _curves(report: Report) -> str:
    parts = [
        curve_figure(name, points, CURVES[name], report.thresholds.get(name))
        for name, points in report.curves.items()
    ]
    note = (
        "<p>What single messages would get at other values, the other thresholds "
        "staying as they are. Thresholds are chosen on the half “choose” only: "
        "retraining/choose_thresholds.py.</p>"
    )
    return section("curves", "Thresholds", note, *parts) if parts else ""


def _misses(identifier: str, title: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return ""
    found = tables.misses(outcomes)
    heads = ("message", "test file", "expected", "got", "#confidence", "decided by")
    rows = [
        (m.text, m.kind, m.expected, m.got, f"{m.confidence:.2f}", m.reason)
        for m in found
    ]
    caption = f"{len(found)} of {len(outcomes)} messages"
    return section(identifier, title, table(caption, heads, rows))


def _conversations(turns: Sequence[TurnOutcome]) -> str:
    heads = ("patient", "expected", "got", "#confidence", "decided by", "verdict")
    parts = []
    for conversation in tables.turn_misses(turns):
        first = conversation[0].conversation
        rows = [
            (
                turn.done.text,
                tables.accepted_text(turn),
                tables.replies_text(turn.done.replies),
                f"{turn.done.confidence:.2f}",
                f"{turn.done.intent}, {turn.done.safety.get('reason', '')}",
                "" if turn.is_right else "wrong",
            )
            for turn in conversation
        ]
        parts.append(table(f"{first.kind}: {first.name}", heads, rows))
    return section("conversations", "Conversations with a wrong turn", *parts)


def figures_file(report: Report) -> dict[str, Any]:
    """The content of ``figures.json``, for comparisons over time."""
    return {
        "model": report.model,
        "created": report.created,
        "half": report.half,
        "messages": len(report.outcomes),
        "turns": len(report.turns),
        "seen_in_training": len(report.seen),
        "thresholds": report.thresholds,
        "figures": [row.as_row() for row in report.measured],
        "second_author": [row.as_row() for row in report.extra_measured],
    }
