"""What each policy adds on conversations it has not seen. Writes results/policies.json.

``python -m retraining.compare_policies`` plays conversations with the right intents and
entities (Rasa's own ``rasa test core``), so that only the choice of action is measured:

- course: stories of ``data/stories``; policies trained on the other folds play a fold;
- lessons: one story of ``tests/stories/lessons.yml`` is added to the training stories,
  then similar conversations are played; the last action of each is what was taught.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.progress import track
from rich.table import Table

from retraining.evaluation_measures import wilson
from retraining.examples import ROOT

OUT = ROOT / "results" / "policies.json"
STORIES_FOLDER = ROOT / "data" / "stories"
LESSONS_FILE = ROOT / "tests" / "stories" / "lessons.yml"
FOLDS = 5
SEED = 7
LISTEN = "action_listen"
# By the last part of their names in config.yml.
WITHOUT = ("RulePolicy", "MemoizationPolicy", "IntentAnswerPolicy")
SETS = {
    "rules + default": ("RulePolicy", "IntentAnswerPolicy"),
    "rules + Memoization + default": WITHOUT,
    "rules + Memoization + StoryPolicy + default": (*WITHOUT, "StoryPolicy"),
}

Story = dict[str, Any]
Tally = dict[str, int]


def read_stories(folder: Path = STORIES_FOLDER) -> list[Story]:
    """All training stories, in the order of their files."""
    stories: list[Story] = []
    for file in sorted(folder.glob("*.yml")):
        stories += yaml.safe_load(file.read_text(encoding="utf-8"))["stories"]
    return stories


def read_lessons(file: Path = LESSONS_FILE) -> list[tuple[Story, list[Story]]]:
    """The story that each lesson teaches, with the similar ones to be played."""
    lessons = yaml.safe_load(file.read_text(encoding="utf-8"))["lessons"]
    return [
        (
            {"story": lesson["name"], "steps": lesson["teach"]},
            [
                {"story": f"{lesson['name']} ({number})", "steps": steps}
                for number, steps in enumerate(lesson["similar"], start=1)
            ],
        )
        for lesson in lessons
    ]


def folds(stories: Sequence[Story], count: int = FOLDS) -> list[list[Story]]:
    """The stories in ``count`` parts of like size, shuffled with a fixed seed."""
    shuffled = list(stories)
    random.Random(SEED).shuffle(shuffled)
    return [shuffled[number::count] for number in range(count)]


def config_with(policies: Sequence[str]) -> dict[str, Any]:
    """The recipe of ``config.yml`` without its pipeline, with some of its policies."""
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    config["pipeline"] = []
    config["policies"] = [
        policy
        for policy in config["policies"]
        if policy["name"].rpartition(".")[2] in policies
    ]
    return config


def play(
    training: Sequence[Story], unseen: Sequence[Story], policies: Sequence[str]
) -> list[list[bool]]:
    """Trains policies on some stories and plays others.

    Returns:
        For each unseen story whether each action was predicted; the action that only
        waits for the patient is left out.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = _train(training, policies, folder)
        return [_played(model, story, folder) for story in unseen]


def _train(training: Sequence[Story], policies: Sequence[str], folder: Path) -> Any:
    from rasa.core.agent import Agent
    from rasa.model_training import train

    result = train(
        domain=str(ROOT / "domain.yml"),
        config=_write(folder / "config.yml", config_with(policies)),
        training_files=[
            str(ROOT / "data" / "rules"),
            _write(folder / "stories.yml", {"version": "3.1", "stories": training}),
        ],
        output=str(folder),
        force_training=True,
        core_additional_arguments={"augmentation_factor": 0},
    )
    return Agent.load(result.model)


def _played(agent: Any, story: Story, folder: Path) -> list[bool]:
    from rasa.core.test import test

    file = _write(folder / "unseen.yml", {"version": "3.1", "stories": [story]})
    report = asyncio.run(test(file, agent, disable_plotting=True, errors=False))
    return [
        action["action"] == action["predicted"]
        for action in report["actions"]
        if action["action"] != LISTEN
    ]


def _write(file: Path, content: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def compare(*, most_lessons: int | None = None) -> dict[str, Tally]:
    """Actions and lessons played and got right, for each set of policies."""
    stories, lessons = read_stories(), read_lessons()[:most_lessons]
    parts = folds(stories)
    tallies: dict[str, Tally] = {name: defaultdict(int) for name in SETS}
    tasks = [(name, part, None) for name in SETS for part in parts]
    tasks += [(name, None, lesson) for name in SETS for lesson in lessons]  # type: ignore[misc]
    for name, part, lesson in track(tasks, "trainings"):
        tally = tallies[name]
        if part is not None:
            others = [story for story in stories if story not in part]
            for rights in play(others, part, SETS[name]):
                tally["course"] += len(rights)
                tally["course right"] += sum(rights)
        elif lesson is not None:
            taught, similar = lesson
            for rights in play([*stories, taught], similar, SETS[name]):
                tally["lessons"] += 1
                tally["lessons right"] += rights[-1]
    return {name: dict(tally) for name, tally in tallies.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m retraining.compare_policies", description=__doc__
    )
    parser.add_argument("--most-lessons", type=int, help="play only the first ones")
    arguments = parser.parse_args()
    _be_quiet()
    tallies = compare(most_lessons=arguments.most_lessons)
    table = Table("policies", "course: actions right", "lessons: taken over")
    for name, tally in tallies.items():
        cells = []
        for kind in ("course", "lessons"):
            right, of = tally[f"{kind} right"], tally[kind]
            low, high = wilson(right, of)
            cells.append(f"{right} of {of} ({low:.0%} to {high:.0%})")
        table.add_row(name, *cells)
    Console().print(table)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(tallies, indent=1) + "\n", encoding="utf-8")


def _be_quiet() -> None:
    from components import compat

    compat.install()
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    logging.disable(logging.WARNING)


if __name__ == "__main__":
    main()
