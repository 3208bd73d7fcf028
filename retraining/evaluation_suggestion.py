"""Suggests thresholds: one after the other, by a penalty on figures that fall short.

Called by ``retraining.choose_thresholds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from components.routing import RoutingThresholds
from retraining.evaluation_measures import Measured
from retraining.evaluation_run import progress
from retraining.evaluation_sweep import (
    CURVES,
    DETECTOR_CURVES,
    Known,
    figures_at,
)
from safety.danger_detector import Thresholds

COARSE_GRID = (
    0.03, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6,
    0.7, 0.8, 0.9,
)  # fmt: skip
ROUNDS = 2
# A test half has some forty emergencies: too few to make the assistant less alert by.
# These thresholds, and all of the detector's, are only ever suggested on the alert side
# of the one in use; going the other way is for people, with the curve in hand.
ALERT_ROUTING = (
    "urgent", "near_miss", "medical", "medical_hint", "medical_clause", "check_in",
    "check_in_medical",
)  # fmt: skip
HIGHER_IS_ALERT = ("near_miss", "harmless")
# A share that is short of its must hurts ten times as much as one short of its aim;
# figures about people in danger or medical questions three times as much as others.
MUST_WEIGHT, AIM_WEIGHT, SAFETY_WEIGHT = 10.0, 1.0, 3.0
SAFETY_FIGURES = (
    "crisis_urgent", "crisis_line", "emergency_911", "medical_all", "medical_ketamine",
    "medical_answered", "detector_crisis", "detector_emergency",
)  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The thresholds of the safety gate and of the danger detector."""

    routing: RoutingThresholds
    danger: Thresholds

    def changed(self, kind: str, name: str, value: float) -> Chosen:
        """The pair with one threshold changed; kind is ``routing`` or ``danger``."""
        if kind == "routing":
            return replace(self, routing=replace(self.routing, **{name: value}))
        return replace(self, danger=replace(self.danger, **{name: value}))

    def value(self, kind: str, name: str) -> float:
        """One of the thresholds."""
        return self.values(kind)[name]

    def values(self, kind: str) -> dict[str, float]:
        """All thresholds of a kind, by name."""
        return asdict(self.routing if kind == "routing" else self.danger)


def penalty(measured: Sequence[Measured]) -> float:
    """How far the figures are from what they must show and aim at; 0 is perfect."""
    total = 0.0
    for row in measured:
        weight = SAFETY_WEIGHT if row.figure.name in SAFETY_FIGURES else 1.0
        total += weight * MUST_WEIGHT * _gap(row, row.figure.must)
        total += weight * AIM_WEIGHT * _gap(row, row.figure.aim)
    return total


def _gap(row: Measured, limit: float | None) -> float:
    if limit is None or not row.n:
        return 0.0
    short = row.value - limit if row.figure.at_most else limit - row.value
    return max(0.0, short)


def allowed_values(kind: str, name: str, used: float) -> list[float]:
    """The values to try for a threshold; never a less alert one where people decide."""
    if kind == "routing" and name not in ALERT_ROUTING:
        return list(COARSE_GRID)
    if name in HIGHER_IS_ALERT:
        return [value for value in COARSE_GRID if value >= used]
    return [value for value in COARSE_GRID if value <= used]


def best_value(scored: Sequence[tuple[float, float]]) -> float:
    """The middle of the widest run of values with the least penalty.

    Args:
        scored: pairs of value and penalty, values ascending.
    """
    least = min(score for _, score in scored)
    runs: list[list[float]] = [[]]
    for value, score in scored:
        if score <= least + 1e-9:
            runs[-1].append(value)
        elif runs[-1]:
            runs.append([])
    widest = max(runs, key=len)
    return widest[(len(widest) - 1) // 2]


def suggest(
    known: Sequence[Known], start: Chosen, *, rounds: int = ROUNDS
) -> tuple[Chosen, float]:
    """Improves one threshold after the other; keeps a value unless another is better.

    Returns:
        The thresholds and their penalty.
    """
    chosen = start
    least = penalty(figures_at(known, chosen.routing, chosen.danger))
    names = [("danger", name) for name in DETECTOR_CURVES]
    names += [("routing", name) for name in CURVES]
    for _ in range(rounds):
        before = least
        for kind, name in progress(names, "suggestion"):
            scored = []
            for value in allowed_values(kind, name, chosen.value(kind, name)):
                tried = chosen.changed(kind, name, value)
                measured = figures_at(known, tried.routing, tried.danger)
                scored.append((value, penalty(measured)))
            if not scored:
                continue
            value = best_value(scored)
            score = dict(scored)[value]
            if score < least - 1e-9:
                chosen, least = chosen.changed(kind, name, value), score
        if least >= before - 1e-9:
            break
    return chosen, least
