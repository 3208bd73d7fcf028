"""What corrections teach: error after 10, 50, 200 of them. ``make teaching``.

A young assistant, trained on a small part of the project's examples, is asked the
choosing half of the test messages. What it and plain Rasa both get wrong is corrected,
as staff would, and fed to both: the same messages, in the same order. The error is
counted on the reporting half, which neither has seen. Beside it plain Rasa: the stock
components that need no TensorFlow. Writes ``docs/teaching_curve.json`` and a chart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from clinic.topics import URGENT_ROUTES, route_of, topic_of
from retraining import evaluation_charts as charts
from retraining.evaluation_measures import wilson
from retraining.evaluation_run import messages_of_half
from retraining.evaluation_sets import LabelledMessage, read_messages
from retraining.examples import ROOT, read_folder
from retraining.proposal_folder import copy_project
from retraining.training_time import examples_of_size, write_examples
from safety.danger_detector import DangerDetector, detector_of_model
from safety.encoder import shared_encoder

STEPS = (0, 10, 50, 200)
BASE_EXAMPLES = 1_500
OUT = ROOT / "docs"
Pair = tuple[str, str]
# Stock Rasa, as its documentation builds a pipeline without neural components.
PLAIN: list[dict[str, Any]] = [
    {"name": "WhitespaceTokenizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "max_ngram": 4},
    {"name": "LogisticRegressionClassifier"},
]


@dataclass(frozen=True)
class Point:
    """The error of one assistant after some corrections."""

    name: str
    corrections: int
    n: int
    wrong: int
    train_seconds: float

    @property
    def error(self) -> float:
        """Share of messages understood wrongly."""
        return self.wrong / self.n


def is_right(message: LabelledMessage, intent: str | None) -> bool:
    """Whether an intent leads to the right route, and topic where it is an answer."""
    route = route_of(intent or "")
    if message.route in URGENT_ROUTES:
        return route in URGENT_ROUTES
    if message.route != route:
        return False
    return message.route != "faq" or topic_of(intent or "") == message.topic


class Learner:
    """One kind of assistant, trained anew on whatever it is given."""

    def __init__(self, name: str, folder: Path, pipeline: list | None) -> None:
        """A project of its own; the pipeline of the project if none is given."""
        self.name = name
        self._project = folder / "project"
        self._models = folder / "models"
        self._own = pipeline is None
        copy_project(ROOT, self._project)
        if pipeline is not None:
            file = self._project / "config.yml"
            config = yaml.safe_load(file.read_text(encoding="utf-8"))
            config["pipeline"] = pipeline
            file.write_text(yaml.safe_dump(config), encoding="utf-8")

    def learn(self, pairs: Sequence[Pair]) -> tuple[Any, float]:
        """An agent trained on these examples, and the seconds that took."""
        from components import compat

        compat.install()
        from rasa.core.agent import Agent
        from rasa.model_training import train_nlu

        from retraining.danger_model import train_danger_model

        write_examples(self._project / "data" / "nlu", pairs)
        began = time.monotonic()
        detector = None
        if self._own:
            self._models.mkdir(exist_ok=True)
            file = self._models / "detector.npz"
            examples = read_folder(self._project / "data" / "nlu")
            train_danger_model(examples, file=file)
            detector = DangerDetector.load(file)
        model = train_nlu(
            config=str(self._project / "config.yml"),
            nlu_data=str(self._project / "data" / "nlu"),
            output=str(self._models),
            domain=str(self._project / "domain.yml"),
        )
        seconds = time.monotonic() - began
        token = detector_of_model.set(detector)
        try:
            return Agent.load(model), seconds
        finally:
            detector_of_model.reset(token)


async def intents_of(agent: Any, messages: Sequence[LabelledMessage]) -> list[str]:
    """What an agent takes each message for."""
    found = []
    for message in messages:
        parsed = await agent.parse_message(message.text)
        found.append(str((parsed.get("intent") or {}).get("name")))
    return found


def wrong_of(agent: Any, messages: Sequence[LabelledMessage]) -> set[int]:
    """Places of the messages that an agent gets wrong."""
    intents = asyncio.run(intents_of(agent, messages))
    return {
        place
        for place, (message, intent) in enumerate(zip(messages, intents, strict=True))
        if not is_right(message, intent)
    }


def corrections_for(
    messages: Sequence[LabelledMessage], wrong: Sequence[set[int]], most: int
) -> list[Pair]:
    """What all got wrong, corrected, in an order that favours nobody.

    Raises:
        ValueError: if they got fewer wrong than are to be corrected.
    """
    places = sorted(set.intersection(*wrong))
    random.Random(7).shuffle(places)
    found = [
        (str(messages[place].intent), messages[place].text)
        for place in places
        if messages[place].intent
    ]
    if len(found) < most:
        raise ValueError(f"Only {len(found)} messages were wrong for all; want {most}.")
    return found[:most]


def curve(base: int, steps: Sequence[int]) -> list[Point]:
    """All points; trainings and questions take an hour."""
    shared_encoder().remembered = 100_000
    pairs = examples_of_size(read_folder(), base)
    messages = read_messages()
    choose = [m for m in messages_of_half(messages, "choose") if m.intent]
    report = messages_of_half(messages, "report")
    points: list[Point] = []
    with tempfile.TemporaryDirectory() as name:
        learners = [
            Learner("this assistant", Path(name) / "ours", None),
            Learner("plain Rasa", Path(name) / "plain", PLAIN),
        ]
        agents = [learner.learn(pairs) for learner in learners]
        wrong = [wrong_of(agent, choose) for agent, _ in agents]
        lessons = corrections_for(choose, wrong, max(steps))
        for count in steps:
            for learner, first in zip(learners, agents, strict=True):
                taught = [*pairs, *lessons[:count]]
                agent, seconds = learner.learn(taught) if count else first
                missed = len(wrong_of(agent, report))
                point = Point(learner.name, count, len(report), missed, round(seconds))
                points.append(point)
                print(f"{learner.name}, {count}: {point.error:.1%} wrong", flush=True)
    return points


def chart(points: Sequence[Point]) -> str:
    """Error over corrections, the axis as a share of the most."""
    most = max(point.corrections for point in points) or 1
    names = list(dict.fromkeys(point.name for point in points))
    series = [
        charts.Series(
            name, [(p.corrections / most, p.error) for p in points if p.name == name]
        )
        for name in names
    ]
    svg = charts.line_chart(
        "teaching-curve",
        "Error on held-out messages by the number of corrections",
        series,
        x_title=f"corrected messages, 1 is {most}",
        y_title="wrong",
        description="; ".join(
            f"{p.name}, {p.corrections} corrections: {p.error:.1%}" for p in points
        ),
    )
    return charts.standalone(svg)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m retraining.teaching_curve", description=__doc__
    )
    parser.add_argument("--base", type=int, default=BASE_EXAMPLES)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    points = curve(options.base, sorted(options.steps))
    rows = []
    for point in points:
        low, high = wilson(point.wrong, point.n)
        row = {**asdict(point), "error": round(point.error, 4)}
        rows.append({**row, "low": round(low, 4), "high": round(high, 4)})
    options.out.mkdir(parents=True, exist_ok=True)
    content = {"base_examples": options.base, "points": rows}
    text = json.dumps(content, indent=1) + "\n"
    (options.out / "teaching_curve.json").write_text(text, encoding="utf-8")
    (options.out / "teaching_curve.svg").write_text(chart(points), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
