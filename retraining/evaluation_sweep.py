"""What the figures would be at other thresholds, decided anew on stored evidence.

Pure functions, no Rasa: a sweep over a thousand messages takes seconds. Called by the
report and by ``retraining.choose_thresholds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from components.routing import Evidence, RoutingThresholds, decide
from retraining.assistant import Turn
from retraining.evaluation_figures import DETECTOR_FIGURES, MESSAGE_FIGURES
from retraining.evaluation_measures import Measured, measure
from retraining.evaluation_outcomes import Outcome, replies_of
from retraining.evaluation_run import detector_outcomes, progress
from retraining.evaluation_sets import LabelledMessage
from safety.clauses import clauses_of
from safety.danger_detector import (
    LONGEST_TEXT,
    DangerDetector,
    Thresholds,
    judge,
)
from safety.phrase_matcher import PhraseMatch

# The figures that a threshold moves, by threshold: what its curve shows.
_ROUTING_FIGURES: dict[str, tuple[str, ...]] = {
    "answer": ("topic_clinic", "topic_messy", "topic_offered", "topic_wrong"),
    "answer_out_of_scope": ("topic_messy", "topic_wrong", "out_of_scope_answered"),
    "medical": ("medical_all", "medical_ketamine", "topic_handed_off"),
    "medical_hint": ("medical_ketamine", "topic_handed_off"),
    "medical_clause": ("medical_ketamine", "topic_handed_off", "admin_recognised"),
    "urgent": ("crisis_urgent", "emergency_911", "alarm_near_miss", "alarm_subject"),
    "check_in": ("crisis_line", "line_other"),
    "check_in_medical": ("crisis_line", "line_other"),
    "suggest": ("topic_offered",),
    "alternative": ("topic_offered",),
}
_DANGER_FIGURES: dict[str, tuple[str, ...]] = {
    "crisis": ("detector_crisis", "crisis_urgent", "alarm_near_miss", "alarm_other"),
    "emergency": ("detector_emergency", "emergency_911", "alarm_other"),
    "check_in": ("crisis_line", "line_other"),
}
# Of a threshold that has no figures of its own above.
_OTHER_FIGURES = (
    "detector_crisis",
    "crisis_urgent",
    "emergency_911",
    "alarm_near_miss",
)
# They choose what follows a hand-off, which no figure here counts.
_NOT_SWEPT = ("also", "also_clause")


def _curves(
    thresholds: type, figures: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    names = [entry.name for entry in fields(thresholds)]
    return {
        name: figures.get(name, _OTHER_FIGURES)
        for name in names
        if name not in _NOT_SWEPT
    }


CURVES = _curves(RoutingThresholds, _ROUTING_FIGURES)
DETECTOR_CURVES = _curves(Thresholds, _DANGER_FIGURES)
GRID = tuple(round(0.02 + 0.04 * step, 2) for step in range(25))  # 0.02 … 0.98


@dataclass(frozen=True)
class Point:
    """All figures at one value of a threshold."""

    value: float
    measured: tuple[Measured, ...]

    def share(self, name: str) -> float:
        """The value of a figure."""
        return next(row.value for row in self.measured if row.figure.name == name)


@dataclass(frozen=True)
class DangerEvidence:
    """What the danger detector knows about a message before it judges."""

    matches: list[PhraseMatch]
    whole: dict[str, float]
    clauses: list[dict[str, float]]


@dataclass(frozen=True)
class Known:
    """A labelled message with everything that decisions are made from."""

    message: LabelledMessage
    evidence: Evidence
    danger: DangerEvidence | None = None


def figures_at(
    known: Sequence[Known],
    routing: RoutingThresholds,
    danger: Thresholds | None = None,
) -> tuple[Measured, ...]:
    """The figures of single messages at some thresholds.

    Args:
        known: the messages.
        routing: thresholds of the safety gate.
        danger: thresholds of the detector; None keeps the verdicts as they are.
    """
    outcomes = []
    for item in known:
        evidence = item.evidence
        if danger and item.danger:
            verdict = judge(
                item.danger.matches, item.danger.whole, item.danger.clauses, danger
            )
            evidence = replace(evidence, verdict=verdict)
        decision = decide(evidence, routing)
        turn = Turn(
            item.message.text,
            replies_of(decision),
            decision.intent,
            decision.confidence,
            {"reason": decision.reason},
        )
        outcomes.append(Outcome(item.message, turn, evidence))
    return (
        *measure(MESSAGE_FIGURES, outcomes),
        *measure(DETECTOR_FIGURES, detector_outcomes(outcomes)),
    )


def sweep_routing(
    known: Sequence[Known],
    name: str,
    routing: RoutingThresholds,
    danger: Thresholds | None = None,
    grid: Sequence[float] = GRID,
) -> list[Point]:
    """The figures as one routing threshold moves and the others stay."""
    return [
        Point(value, figures_at(known, replace(routing, **{name: value}), danger))
        for value in grid
    ]


def sweep_danger(
    known: Sequence[Known],
    name: str,
    routing: RoutingThresholds,
    danger: Thresholds,
    grid: Sequence[float] = GRID,
) -> list[Point]:
    """The same for a threshold of the danger detector."""
    return [
        Point(value, figures_at(known, routing, replace(danger, **{name: value})))
        for value in grid
    ]


def danger_evidence(detector: DangerDetector, text: str) -> DangerEvidence:
    """What ``DangerDetector.detect`` would judge by."""
    read = text.strip()[:LONGEST_TEXT]
    texts = [read, *clauses_of(read)]
    vectors = np.stack([detector.encoder.encode(item) for item in texts])
    rows = detector.model.probabilities(texts, vectors)
    named = [
        dict(zip(detector.model.labels, map(float, row), strict=True)) for row in rows
    ]
    return DangerEvidence(detector.phrases.match(text), named[0], named[1:])


def with_danger_evidence(
    known: Sequence[Known], detector: DangerDetector
) -> list[Known]:
    """The messages with the detector's evidence added."""
    return [
        replace(item, danger=danger_evidence(detector, item.message.text))
        for item in progress(known, "danger detector")
    ]
