"""The figures of the bench, their medians, and what they must be (issue 2)."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A figure, and how ours must compare with stock's."""

    key: str
    title: str
    unit: str
    must: float
    aim: float
    more_is_better: bool = False

    def verdict(self, ratio: float) -> str:
        """``aim``, ``must`` or ``short``."""
        for name, limit in (("aim", self.aim), ("must", self.must)):
            if (ratio >= limit) if self.more_is_better else (ratio <= limit):
                return name
        return "short"


# fmt: off
TARGETS = (
    Target("messages_per_second", "messages/s, 8 clients", "1/s", 2.5, 5, True),
    Target("p95_ms", "p95 of a message, 8 clients", "ms", 1 / 2, 1 / 4),
    Target("memory_mb", "resident memory after load", "MB", 1 / 2, 1 / 4),
    Target("start_seconds", "start to first reply", "s", 1 / 3, 1 / 6),
    Target("training_wall_seconds", "training time", "s", 1 / 5, 1 / 20),
    Target("training_cpu_seconds", "training, CPU time", "s", 1 / 5, 1 / 20),
    Target("disk_mb", "packages on disk", "MB", 0.45, 0.30),
)
# fmt: on
LATE_TURN = Target("late_to_early", "last turn against turn 5, ours", "x", 1.5, 1.1)


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}


def compare(ours: dict[str, float], stock: dict[str, float]) -> list[dict[str, Any]]:
    """One row for each target: both figures, their ratio, the verdict."""
    rows = []
    for target in TARGETS:
        mine, theirs = ours.get(target.key), stock.get(target.key)
        ratio = mine / theirs if mine is not None and theirs else None
        rows.append(_row(target, mine, theirs, ratio))
    if "late_to_early" in ours:
        mine = ours["late_to_early"]
        rows.append(_row(LATE_TURN, mine, stock.get("late_to_early"), mine))
    return rows


def _row(
    target: Target, mine: float | None, theirs: float | None, ratio: float | None
) -> dict[str, Any]:
    return {
        "figure": target.title,
        "unit": target.unit,
        "ours": mine,
        "stock": theirs,
        "ratio": ratio,
        "must": target.must,
        "aim": target.aim,
        "verdict": target.verdict(ratio) if ratio is not None else "",
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for the terminal."""
    lines = [
        f"{'figure':34}{'ours':>10}{'stock':>10}{'ratio':>8}{'must':>7}{'aim':>7}",
        "-" * 76,
    ]
    for row in rows:
        numbers = [_number(row["ours"], 10), _number(row["stock"], 10)]
        numbers += [_number(row[key], width) for key, width in RATIO_COLUMNS]
        lines.append(f"{row['figure']:34}{''.join(numbers)}  {row['verdict']}")
    return "\n".join(lines)


RATIO_COLUMNS = (("ratio", 8), ("must", 7), ("aim", 7))


def _number(value: float | None, width: int) -> str:
    if value is None:
        return f"{'-':>{width}}"
    return f"{value:>{width}.0f}" if value >= 100 else f"{value:>{width}.2f}"
