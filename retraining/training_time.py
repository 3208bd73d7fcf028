"""Training time at 1 500, 5 000, 15 000 and 50 000 examples. ``make training-time``.

Real examples of the project; beyond those it has, reworded ones (a few words changed),
which cost as much to learn as others. Writes ``docs/training_time.json`` and a chart.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from retraining import evaluation_charts as charts
from retraining.examples import ROOT, Example, read_folder
from retraining.proposal_folder import copy_project
from retraining.train import train
from safety.encoder import shared_encoder

SIZES = (1_500, 5_000, 15_000, 50_000)
FILLERS = (
    "please", "actually", "just", "maybe", "really", "also", "today", "again",
    "honestly", "ok", "so", "well", "kind of", "right now", "for real", "btw",
)  # fmt: skip
OUT = ROOT / "docs"


@dataclass(frozen=True)
class Point:
    """One training."""

    examples: int
    seconds: float
    encoder_seconds: float  # of these, the sentence encoder's


def examples_of_size(examples: Sequence[Example], size: int) -> list[tuple[str, str]]:
    """Pairs of intent and text: a fair part of the real ones, or reworded ones too."""
    dice = random.Random(7)
    pairs = [(example.intent, example.text) for example in examples]
    if size <= len(pairs):
        step = len(pairs) / size
        return [pairs[int(place * step)] for place in range(size)]
    known = set(pairs)
    while len(pairs) < size:
        intent, text = pairs[dice.randrange(len(examples))]
        words = text.split()
        words.insert(dice.randrange(len(words) + 1), dice.choice(FILLERS))
        if len(words) > 6 and dice.random() < 0.5:
            del words[dice.randrange(len(words))]
        pair = (intent, " ".join(words))
        if pair not in known:
            known.add(pair)
            pairs.append(pair)
    return pairs


def write_examples(folder: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Replaces the examples of a project; look-up tables stay."""
    for file in folder.glob("*.yml"):
        file.unlink()
    by_intent: dict[str, list[str]] = {}
    for intent, text in pairs:
        by_intent.setdefault(intent, []).append(text)
    for intent, texts in by_intent.items():
        lines = "".join(f"    - {text}\n" for text in texts)
        head = f'version: "3.1"\nnlu:\n- intent: {intent}\n  examples: |\n'
        (folder / f"{intent}.yml").write_text(head + lines, encoding="utf-8")


def measure(pairs: Sequence[tuple[str, str]]) -> Point:
    """Trains once, from nothing: no vector is remembered."""
    shared_encoder.cache_clear()
    with tempfile.TemporaryDirectory() as name:
        project, models = Path(name) / "project", Path(name) / "models"
        copy_project(ROOT, project)
        write_examples(project / "data" / "nlu", pairs)
        began = time.monotonic()
        texts = sorted({text for _, text in pairs})
        encoder = shared_encoder()
        encoder.remembered = len(texts) + 1
        encoder.encode_many(texts)
        encoded = time.monotonic()
        train(folder=models, root=project)
        ended = time.monotonic()
        shutil.rmtree(models)
    return Point(
        examples=len(pairs),
        seconds=round(ended - began, 1),
        encoder_seconds=round(encoded - began, 1),
    )


def exponent(points: Sequence[Point]) -> float:
    """The power of the size that time grows with, by least squares on logarithms."""
    xs = [math.log(point.examples) for point in points]
    ys = [math.log(point.seconds) for point in points]
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    over = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    return over / sum((x - mean_x) ** 2 for x in xs)


def chart(points: Sequence[Point]) -> str:
    """Seconds over examples, both as shares of the largest."""
    most = max(point.examples for point in points)
    longest = max(point.seconds for point in points)
    made = [(point.examples / most, point.seconds / longest) for point in points]
    series = [
        charts.Series("training time", made),
        charts.Series("linear", [(0.0, 0.0), (1.0, 1.0)]),
    ]
    words = "; ".join(f"{p.examples} examples: {p.seconds:.0f} s" for p in points)
    svg = charts.line_chart(
        "training-time",
        "Training time by the number of examples",
        series,
        x_title=f"examples, 1 is {most}",
        y_title=f"seconds, 1 is {longest:.0f}",
        description=words,
    )
    return charts.standalone(svg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m retraining.training_time", description=__doc__
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    examples = read_folder()
    points = []
    for size in sorted(options.sizes):
        points.append(measure(examples_of_size(examples, size)))
        print(f"{size} examples: {points[-1].seconds:.0f} s", flush=True)
    found: dict[str, Any] = {"points": [asdict(point) for point in points]}
    if len(points) > 1:
        found["exponent"] = round(exponent(points), 3)
        print(f"Time grows with the power {found['exponent']} of the size.")
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (options.out / "training_time.json").write_text(text, encoding="utf-8")
    (options.out / "training_time.svg").write_text(chart(points), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
