"""Training time at 1 500, 5 000, 15 000 and 50 000 examples. ``make training-time``.

Real examples of the project; beyond those it has, reworded ones (a few words changed),
which cost as much to learn as others. Each size is trained by a process of its own, as
staff's trainings are, from nothing: no sentence vector is remembered. Writes
``docs/training_time.json`` and a chart.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from retraining import evaluation_charts as charts
from retraining.example_parts import examples_of_size, write_examples
from retraining.examples import ROOT, read_folder
from retraining.proposal_folder import copy_project
from retraining.train import train
from safety.encoder import shared_encoder

SIZES = (1_500, 5_000, 15_000, 50_000)
OUT = ROOT / "docs"
FILE = "training_time.json"
# Two runs of the same training differ by less than this.
NOISE = 1.1


class TrainingTimeError(RuntimeError):
    """A training failed."""


@dataclass(frozen=True)
class Point:
    """One training, from the start of its process to its end."""

    examples: int
    seconds: float
    processor_seconds: float
    encoder_seconds: float  # of the seconds, the sentence encoder's
    peak_mb: float

    @property
    def per_thousand(self) -> float:
        """Processor seconds for a thousand examples."""
        return 1_000 * self.processor_seconds / self.examples


def train_once(project: Path, models: Path) -> float:
    """Trains in this process; returns the seconds that the sentence encoder took."""
    began = time.monotonic()
    texts = sorted({example.text for example in read_folder(project / "data" / "nlu")})
    encoder = shared_encoder()
    encoder.remembered = len(texts) + 1
    encoder.encode_many(texts)
    encoded = time.monotonic()
    train(folder=models, root=project)
    return encoded - began


def measure(pairs: Sequence[tuple[str, str]]) -> Point:
    """Trains in a process of its own.

    Raises:
        TrainingTimeError: if that failed; its output stands above.
    """
    with tempfile.TemporaryDirectory() as name:
        project, models, said = (Path(name) / each for each in ("project", "m", "s"))
        copy_project(ROOT, project)
        write_examples(project / "data" / "nlu", pairs)
        began = time.monotonic()
        command = [sys.executable, "-m", "retraining.training_time", "--once"]
        with said.open("w+") as output:
            process = subprocess.Popen(
                [*command, str(project), str(models)], cwd=ROOT, stdout=output
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        if process.returncode:
            raise TrainingTimeError(f"{len(pairs)} examples: the training failed.")
        encoder = float(said.read_text().splitlines()[-1])
    return Point(
        examples=len(pairs),
        seconds=round(seconds, 1),
        processor_seconds=round(usage.ru_utime + usage.ru_stime, 1),
        encoder_seconds=round(encoder, 1),
        peak_mb=round(usage.ru_maxrss / 1024),
    )


@dataclass(frozen=True)
class Step:
    """From one size to the next."""

    power: float  # time grows with this power of the size; 1 is linear
    each: float  # processor milliseconds that one more example costs


def steps(points: Sequence[Point]) -> list[Step]:
    """How time grows between neighbouring sizes.

    What every training costs, however small, makes the power of the small sizes look
    well; what one more example costs does not contain it.
    """
    return [
        Step(
            round(
                math.log(big.processor_seconds / small.processor_seconds)
                / math.log(big.examples / small.examples),
                3,
            ),
            round(
                1_000
                * (big.processor_seconds - small.processor_seconds)
                / (big.examples - small.examples),
                2,
            ),
        )
        for small, big in pairwise(points)
    ]


def is_linear_at_most(points: Sequence[Point]) -> bool:
    """Whether the last example costs no more than those before it, but for noise."""
    found = steps(points)
    dearest = max((step.each for step in found[:-1]), default=math.inf)
    return bool(found) and found[-1].power <= 1 and found[-1].each <= NOISE * dearest


def chart(points: Sequence[Point]) -> str:
    """Processor seconds over examples, beside a straight line to the last point."""
    most = max(point.examples for point in points)
    longest = max(point.processor_seconds for point in points)
    made = [(p.examples / most, p.processor_seconds / longest) for p in points]
    series = [
        charts.Series("processor time", made),
        charts.Series("proportional to the examples", [(0.0, 0.0), (1.0, 1.0)]),
    ]
    svg = charts.line_chart(
        "training-time",
        "Training time by the number of examples",
        series,
        x_title="examples",
        y_title="processor seconds",
        description="; ".join(
            f"{p.examples} examples: {p.processor_seconds:.0f} processor seconds, "
            f"{p.seconds:.0f} on the clock"
            for p in points
        ),
        x_ticks=[(p.examples / most, f"{p.examples}") for p in points],
        y_ticks=[(tick, f"{tick * longest:.0f}") for tick in charts.TICKS],
    )
    return charts.standalone(svg)


def read(out: Path, sizes: Sequence[int]) -> list[Point]:
    """The points of other sizes that stand there."""
    file = out / FILE
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    found = [Point(**row) for row in content.get("points", [])]
    return [point for point in found if point.examples not in sizes]


def write(out: Path, points: Sequence[Point]) -> None:
    """Writes figures and chart."""
    content: dict[str, Any] = {
        "points": [asdict(point) for point in points],
        "steps": [asdict(step) for step in steps(points)],
        "linear_at_most": is_linear_at_most(points),
    }
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1) + "\n"
    (out / FILE).write_text(text, encoding="utf-8")
    (out / "training_time.svg").write_text(chart(points), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; 1 if the time grows faster than the number of examples."""
    parser = argparse.ArgumentParser(
        prog="python -m retraining.training_time", description=__doc__
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--add", action="store_true", help="keep other sizes' figures")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--once", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.once:
        print(train_once(*options.once))
        return 0
    examples = read_folder()
    points = read(options.out, options.sizes) if options.add else []
    for size in sorted(options.sizes):
        point = measure(examples_of_size(examples, size))
        points = sorted([*points, point], key=lambda each: each.examples)
        print(
            f"{size} examples: {point.processor_seconds:.0f} processor seconds "
            f"({point.per_thousand:.2f} for a thousand), {point.seconds:.0f} s on the "
            f"clock, of these {point.encoder_seconds:.0f} s sentence vectors, "
            f"{point.peak_mb:.0f} MB",
            flush=True,
        )
        write(options.out, points)
    for step, (small, big) in zip(steps(points), pairwise(points), strict=True):
        print(
            f"{small.examples} to {big.examples}: time grows with the power "
            f"{step.power}; one more example costs {step.each} ms"
        )
    return 0 if len(points) < 2 or is_linear_at_most(points) else 1


if __name__ == "__main__":
    sys.exit(main())
