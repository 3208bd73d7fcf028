"""What corrections teach: error after 10, 50, 200 of them. ``make teaching``.

A young assistant, trained on a small part of the project's examples, is asked the
choosing half of the test messages. What it and plain Rasa both get wrong is corrected,
as staff would, and fed to both: the same messages, in the same order. The error is
counted on the reporting half, which none of them has seen. Everything is done again for
each seed, with another part of the examples and other corrections. What was answered
before is kept, so that an interrupted run goes on where it was. Writes
``docs/teaching_curve.json`` and a chart, and prints a table.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from clinic.topics import NOT_UNDERSTOOD_INTENT
from retraining.evaluation_run import messages_of_half
from retraining.evaluation_sets import LabelledMessage, read_messages, seen_in_training
from retraining.example_parts import examples_of_size
from retraining.examples import ROOT, read_folder
from retraining.paired_test import p_worse
from retraining.teaching_learners import (
    OWN,
    PLAIN,
    PLAIN_RASA,
    UNTUNED,
    Answers,
    Learner,
    Pair,
    is_missed,
)
from retraining.teaching_page import chart, table

STEPS = (0, 10, 50, 200)
SEEDS = (1, 2, 3, 4, 5)
BASE_EXAMPLES = 1_500
OUT = ROOT / "docs"
FILE = "teaching_curve.json"


@dataclass(frozen=True)
class Point:
    """One kind of assistant after some corrections."""

    name: str
    seed: int
    corrections: int
    n: int
    wrong: int
    unsure: int  # of these, asked back ("did you mean") instead of answered wrongly
    better: int  # wrong without a correction, right now
    worse: int  # the other way round
    staff: int  # messages that belong to staff: medical, crisis, emergency
    missed: int  # of these, taken for something that staff need not see
    learnt: int  # of the corrections, understood now
    train_seconds: float

    @property
    def error(self) -> float:
        """Share of messages understood wrongly."""
        return self.wrong / self.n

    @property
    def p(self) -> float:
        """How likely so much better is by chance (McNemar's exact test, one-sided)."""
        return p_worse(self.better, self.worse)


def corrections_for(
    messages: Sequence[LabelledMessage],
    wrong: Sequence[Collection[int]],
    most: int,
    seed: int = 7,
) -> list[Pair]:
    """What all got wrong, corrected, in an order that favours nobody.

    Raises:
        ValueError: if they got fewer wrong than are to be corrected.
    """
    places = sorted(set.intersection(*map(set, wrong)))
    random.Random(seed).shuffle(places)
    found = [
        (str(messages[place].intent), messages[place].text)
        for place in places
        if messages[place].intent
    ]
    if len(found) < most:
        raise ValueError(f"Only {len(found)} messages were wrong for all; want {most}.")
    return found[:most]


@dataclass
class Lesson:
    """What one seed teaches and asks."""

    seed: int
    base: list[Pair]
    steps: Sequence[int]
    choose: list[LabelledMessage]
    report: list[LabelledMessage]

    def teach(self, learners: Sequence[Learner]) -> Iterator[Point]:
        """A point for each learner and step; the first two choose what is corrected."""
        both, half = [*self.choose, *self.report], len(self.choose)
        first = [learner.answers(self.base, both) for learner in learners]
        wrong = [answers.wrong(both) for answers in first[:2]]
        places = [{place for place in each if place < half} for each in wrong]
        lessons = corrections_for(self.choose, places, max(self.steps), self.seed)
        for learner, untaught in zip(learners, first, strict=True):
            before = Answers(untaught.intents[half:], untaught.seconds)
            for count in self.steps:
                known = lessons[:count]
                texts = {text for _, text in known}
                taught = [each for each in self.choose if each.text in texts]
                after, learnt = before, 0
                if count:
                    asked = [*self.report, *taught]
                    found = learner.answers([*self.base, *known], asked)
                    size = len(self.report)
                    after = Answers(found.intents[:size], found.seconds)
                    rest = Answers(found.intents[size:], 0.0)
                    learnt = len(taught) - len(rest.wrong(taught))
                yield self._point(learner, count, before, after, learnt)

    def _point(
        self, learner: Learner, count: int, before: Answers, now: Answers, learnt: int
    ) -> Point:
        was, wrong = before.wrong(self.report), now.wrong(self.report)
        return Point(
            name=learner.name,
            seed=self.seed,
            corrections=count,
            n=len(self.report),
            wrong=len(wrong),
            unsure=sum(intent == NOT_UNDERSTOOD_INTENT for intent in wrong.values()),
            better=len(was.keys() - wrong.keys()),
            worse=len(wrong.keys() - was.keys()),
            staff=sum(is_missed(message, "out_of_scope") for message in self.report),
            missed=sum(
                is_missed(self.report[place], intent) for place, intent in wrong.items()
            ),
            learnt=learnt,
            train_seconds=now.seconds,
        )


def curve(
    base: int,
    steps: Sequence[int],
    seeds: Sequence[int],
    encoder: Path | None = None,
    kept: Path | None = None,
) -> Iterator[Point]:
    """All points; ten minutes for each seed.

    Args:
        base: how many examples the young assistant has.
        steps: numbers of corrections.
        seeds: each chooses another part of the examples and other corrections.
        encoder: a folder with the sentence encoder as it was before it was tuned on
            this project: one more assistant, which never saw the other examples.
        kept: folder of the answers of earlier runs.
    """
    examples = read_folder()
    messages = read_messages()
    # What a training example says too would be no test, nor a correction.
    seen = set(seen_in_training(messages, examples))
    messages = [each for each in messages if each not in seen]
    choose = [each for each in messages_of_half(messages, "choose") if each.intent]
    report = messages_of_half(messages, "report")
    told = {message.text for message in choose}
    report = [message for message in report if message.text not in told]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        learners = [
            Learner(OWN, folder / "own", kept=kept),
            Learner(PLAIN, folder / "plain", pipeline=PLAIN_RASA, kept=kept),
        ]
        if encoder:
            untuned = Learner(UNTUNED, folder / "untuned", encoder=encoder, kept=kept)
            learners.append(untuned)
        for seed in seeds:
            part = examples_of_size(examples, base, random.Random(seed).random())
            yield from Lesson(seed, part, steps, choose, report).teach(learners)


def write(out: Path, base: int, points: Sequence[Point]) -> None:
    """Writes figures and chart."""
    out.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(point), "p": float(f"{point.p:.3g}")} for point in points]
    content = {"base_examples": base, "points": rows}
    text = json.dumps(content, indent=1) + "\n"
    (out / FILE).write_text(text, encoding="utf-8")
    (out / "teaching_curve.svg").write_text(chart(points), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m retraining.teaching_curve", description=__doc__
    )
    parser.add_argument("--base", type=int, default=BASE_EXAMPLES)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--encoder", type=Path, help="folder of the untuned encoder")
    parser.add_argument("--kept", type=Path, default=ROOT / "var" / "teaching")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    points: list[Point] = []
    steps = sorted({0, *options.steps})
    made = curve(options.base, steps, options.seeds, options.encoder, options.kept)
    for point in made:
        points.append(point)
        print(
            f"seed {point.seed}, {point.name}, {point.corrections}: {point.error:.1%} "
            f"wrong, {point.missed} of {point.staff} missed for staff",
            flush=True,
        )
        write(options.out, options.base, points)
    print(table(points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
