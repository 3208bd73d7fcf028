"""Computes the figures with their bounds, and compares them with the floors.

Called by ``retraining.evaluate`` and ``retraining.choose_thresholds``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from retraining.evaluation_figures import (
    ALL_FIGURES,
    DETECTOR_FIGURES,
    EXPLAINING_FIGURES,
    MESSAGE_FIGURES,
    TURN_FIGURES,
    Figure,
)
from retraining.evaluation_outcomes import DetectorOutcome, Outcome, TurnOutcome

FLOORS_FILE = Path(__file__).resolve().parent / "floors.yml"
Z_95 = 1.959963984540054


class FloorsFileError(ValueError):
    """``floors.yml`` and the figures do not fit together."""


@dataclass(frozen=True)
class Measured:
    """A figure with its value."""

    figure: Figure
    n: int
    hits: int
    floor: float | None = None

    @property
    def value(self) -> float:
        """The share; 0 where there was no message."""
        return self.hits / self.n if self.n else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson 95 % bounds of the share."""
        return wilson(self.hits, self.n)

    @property
    def meets_must(self) -> bool | None:
        """Whether the must column is met; None without one or without messages."""
        return self.figure.meets(self.value, self.figure.must) if self.n else None

    @property
    def meets_aim(self) -> bool | None:
        """The same for the aim column."""
        return self.figure.meets(self.value, self.figure.aim) if self.n else None

    @property
    def is_below_floor(self) -> bool:
        """Whether the release stops here; a floor that nothing shows is not met."""
        return self.floor is not None and not (
            self.n and self.figure.meets(self.value, self.floor)
        )

    def as_row(self) -> dict[str, Any]:
        """For ``figures.json``."""
        low, high = self.bounds
        return {
            "name": self.figure.name,
            "title": self.figure.title,
            "n": self.n,
            "hits": self.hits,
            "value": round(self.value, 5),
            "low": round(low, 5),
            "high": round(high, 5),
            "at_most": self.figure.at_most,
            "must": self.figure.must,
            "aim": self.figure.aim,
            "floor": self.floor,
            "meets_must": self.meets_must,
            "meets_aim": self.meets_aim,
            "below_floor": self.is_below_floor,
        }


def wilson(hits: int, n: int, z: float = Z_95) -> tuple[float, float]:
    """Wilson score interval of a share; (0, 1) where nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    share, z2 = hits / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the bound is exact; rounding would leave 1e-17.
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return low, high


def measure(
    figures: Iterable[Figure],
    items: Sequence[Any],
    floors: dict[str, float] | None = None,
) -> list[Measured]:
    """Each figure over the items it applies to."""
    measured = []
    for figure in figures:
        chosen = [item for item in items if figure.applies(item)]
        hits = sum(map(figure.counts, chosen))
        floor = (floors or {}).get(figure.name)
        measured.append(Measured(figure, len(chosen), hits, floor))
    return measured


def measure_all(
    outcomes: Sequence[Outcome],
    turns: Sequence[TurnOutcome],
    detected: Sequence[DetectorOutcome],
    floors: dict[str, float] | None = None,
) -> list[Measured]:
    """The rows of the table in its order; rows without message or floor left out."""
    rows = [
        *measure(MESSAGE_FIGURES, outcomes, floors),
        *measure(TURN_FIGURES, turns, floors),
        *measure(DETECTOR_FIGURES, detected, floors),
        *measure(EXPLAINING_FIGURES, outcomes, floors),
    ]
    return [row for row in rows if row.n or row.floor is not None]


def read_floors(file: Path = FLOORS_FILE) -> dict[str, float]:
    """The least (or most) that a release may show, by figure.

    Raises:
        FloorsFileError: names an entry that is no figure or no share.
    """
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    floors = content.get("floors") or {}
    known = sorted(figure.name for figure in ALL_FIGURES)
    for name, value in floors.items():
        if name not in known:
            raise FloorsFileError(
                f"{file.name}: floors: '{name}' is no figure; use one of "
                f"{', '.join(known)}."
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= 1:
            raise FloorsFileError(
                f"{file.name}: floors: {name}: '{value}' must be a share from 0 to 1."
            )
    return {name: float(value) for name, value in floors.items()}


def percent(value: float | None) -> str:
    """A share as people read it."""
    return "" if value is None else f"{value * 100:.1f} %"


def limit_text(row: Measured, value: float | None) -> str:
    """A must or aim with its direction."""
    if value is None:
        return ""
    return f"{'≤' if row.figure.at_most else '≥'} {value * 100:g} %"


def verdict_text(row: Measured) -> str:
    """Pass, fail, aim reached; empty where nothing is required."""
    if row.is_below_floor:
        return "FAIL (floor)"
    if row.meets_must is None:
        return ""
    if not row.meets_must:
        return "fail"
    return "pass, aim" if row.meets_aim else "pass"
