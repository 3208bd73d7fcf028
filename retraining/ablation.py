"""What each lever of the understanding is worth, and what more examples would bring.

``python -m retraining.ablation``: trains the classifiers without Rasa, with one lever
taken away at a time, and with fewer examples per intent; scores them on the choosing
half of the project's own test messages. Writes ``results/ablation/`` (JSON and curves).
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from clinic.topics import URGENT_ROUTES, route_of, topic_of
from components.routing import Evidence, decide
from retraining.danger_model import danger_label
from retraining.evaluation_sets import LabelledMessage, read_messages
from retraining.examples import NLU_FOLDER, ROOT, Example, read_folder
from safety.clauses import clauses_of
from safety.danger_detector import PHRASES_FOLDER, Thresholds, judge
from safety.encoder import ENCODER_FOLDER, SentenceEncoder
from safety.phrase_matcher import PhraseMatcher
from safety.text_classifier import TextClassifier

OUT = ROOT / "results" / "ablation"
SIZES = (3, 5, 10, 25, 50, 100, 200)


@dataclass(frozen=True)
class Lever:
    """One way of building the understanding."""

    name: str
    encoder: Path = ENCODER_FOLDER
    dense_share: float = 0.5
    temperature: float = 0.8
    entities: bool = True
    phrases: bool = True
    clauses: bool = True
    keep: Callable[[Example], bool] = lambda example: True


def is_no_near_miss(example: Example) -> bool:
    """Leaves the hard negatives out: near misses and low mood."""
    return not example.file.stem.startswith(("near_miss", "low_mood"))


LEVERS = (
    Lever("everything"),
    Lever("n-grams alone (no sentence embedding)", dense_share=0.0),
    Lever("sentence embedding alone (no n-grams)", dense_share=1.0),
    Lever("no entities", entities=False),
    Lever("no danger phrases", phrases=False),
    Lever("no clauses", clauses=False),
    Lever("no hard negatives", keep=is_no_near_miss),
    Lever("no calibration", temperature=1.0),
)


class Bench:
    """Training examples, test messages and everything that need be computed once."""

    def __init__(self, examples: list[Example], messages: list[LabelledMessage]):
        """Reads vocabularies and phrases."""
        self.examples = examples
        self.messages = messages
        self.phrases = PhraseMatcher.load(PHRASES_FOLDER)
        self.matches = [self.phrases.match(item.text) for item in messages]
        extractor = _extractor()
        self.entities = [extractor.find(item.text) for item in messages]
        self.parts = [[item.text, *clauses_of(item.text)] for item in messages]
        self._vectors: dict[Path, tuple[np.ndarray, np.ndarray]] = {}

    def vectors(self, folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of all examples and of all message parts."""
        if folder not in self._vectors:
            encoder = SentenceEncoder(folder, threads=2)
            flat = [part for parts in self.parts for part in parts]
            self._vectors[folder] = (
                encoder.encode_many([item.text for item in self.examples]),
                encoder.encode_many(flat),
            )
        return self._vectors[folder]

    def score(self, lever: Lever, chosen: list[int] | None = None) -> dict[str, float]:
        """The figures of one lever, trained on the chosen examples (all if None)."""
        numbers = chosen if chosen is not None else range(len(self.examples))
        kept = [n for n in numbers if lever.keep(self.examples[n])]
        texts = [self.examples[n].text for n in kept]
        trained, asked = self.vectors(lever.encoder)
        labels = [self.examples[n].intent for n in kept]
        models = (
            TextClassifier.fit(texts, trained[kept], labels),
            TextClassifier.fit(
                texts, trained[kept], [danger_label(label) for label in labels]
            ),
        )
        flat = [part for parts in self.parts for part in parts]
        rows = []
        for model in models:
            model.dense_share, model.temperature = lever.dense_share, lever.temperature
            rows.append(
                [
                    dict(zip(model.labels, map(float, row), strict=True))
                    for row in model.probabilities(flat, asked)
                ]
            )
        return self._figures(lever, rows[0], rows[1])

    def _figures(
        self, lever: Lever, intents: list[dict], dangers: list[dict]
    ) -> dict[str, float]:
        tally: dict[str, list[bool]] = defaultdict(list)
        at = 0
        for number, item in enumerate(self.messages):
            size = len(self.parts[number])
            whole, danger = intents[at], dangers[at]
            clauses = intents[at + 1 : at + size] if lever.clauses else []
            danger_clauses = dangers[at + 1 : at + size] if lever.clauses else []
            at += size
            matches = self.matches[number] if lever.phrases else []
            verdict = judge(matches, danger, danger_clauses, Thresholds())
            evidence = Evidence(
                item.text,
                whole,
                clauses,
                self.entities[number] if lever.entities else [],
                verdict,
            )
            _count(tally, item, decide(evidence).intent)
        return {name: float(np.mean(values)) for name, values in tally.items()}


def _count(tally: dict[str, list[bool]], item: LabelledMessage, got: str) -> None:
    route = route_of(got)
    if item.kind in ("clinic_wording", "messy_wording"):
        wording = item.kind.replace("_", " ")
        tally[f"topic right, {wording}"].append(topic_of(got) == item.topic)
    if item.route == "medical" and item.kind.startswith("medical"):
        tally["medical handed off"].append(route in ("medical", *URGENT_ROUTES))
    if item.kind in ("crisis", "emergency"):
        tally[f"{item.kind}: urgent"].append(route in URGENT_ROUTES)
    if str(item.intent).startswith("near_miss"):
        tally["near miss: false alarm"].append(route in URGENT_ROUTES)
    if item.route in ("medical", *URGENT_ROUTES) or item.kind == "foreign":
        tally["danger: a general answer"].append(route == "faq")
    if item.route == "out_of_scope":
        tally["out of scope: a general answer"].append(route == "faq")


def _extractor() -> Any:
    """The entity extractor with the look-up tables of ``data/nlu``."""
    from components import compat

    compat.install()
    from rasa.shared.nlu.training_data.loading import load_data

    from components.vocabulary_entity_extractor import VocabularyEntityExtractor

    data = load_data(str(NLU_FOLDER / "lookups"))
    extractor = VocabularyEntityExtractor(None, None)
    extractor.learn(data)
    return extractor


def sample(examples: list[Example], size: int, seed: int = 7) -> list[int]:
    """Numbers of at most ``size`` examples of each intent."""
    by_intent: dict[str, list[int]] = defaultdict(list)
    for number, example in enumerate(examples):
        by_intent[example.intent].append(number)
    chance = random.Random(seed)
    chosen: list[int] = []
    for numbers in by_intent.values():
        chosen += chance.sample(numbers, min(size, len(numbers)))
    return sorted(chosen)


def draw(curve: dict[str, dict[str, float]], file: Path) -> None:
    """Draws the learning curve as SVG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name in next(iter(curve.values())):
        values = [100 * row[name] for row in curve.values()]
        axes.plot(list(curve), values, marker="o", label=name)
    axes.set_xlabel("examples per intent")
    axes.set_ylabel("% of messages")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)


def show(rows: dict[str, dict[str, float]], title: str) -> None:
    """Prints figures as a table, in per cent."""
    names = list(next(iter(rows.values())))
    table = Table(title=title)
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for row, values in rows.items():
        table.add_row(row, *(f"{100 * values[name]:.1f}" for name in names))
    Console(width=180).print(table)


def main() -> None:
    """Command line of the ablation."""
    parser = argparse.ArgumentParser(
        prog="retraining.ablation", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--stock-encoder", type=Path, help="folder of the encoder before fine-tuning"
    )
    parser.add_argument("--no-curve", action="store_true", help="levers only")
    arguments = parser.parse_args()
    messages = [item for item in read_messages() if item.half == "choose"]
    bench = Bench(read_folder(), messages)
    levers = list(LEVERS)
    if arguments.stock_encoder:
        levers.append(
            replace(
                levers[0], name="encoder as it came", encoder=arguments.stock_encoder
            )
        )
    figures: dict[str, Any] = {
        "levers": {lever.name: bench.score(lever) for lever in track(levers, "levers")}
    }
    show(figures["levers"], f"One lever taken away; {len(messages)} messages")
    OUT.mkdir(parents=True, exist_ok=True)
    if not arguments.no_curve:
        curve = {
            str(size): bench.score(LEVERS[0], sample(bench.examples, size))
            for size in track(SIZES, "learning curve")
        }
        curve["all"] = figures["levers"]["everything"]
        figures["learning_curve"] = curve
        show(curve, "Examples per intent")
        draw(curve, OUT / "learning_curve.svg")
    (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(f"Written: {OUT.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
