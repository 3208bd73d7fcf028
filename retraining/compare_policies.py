"""What each policy adds on stories it has not seen.

``python -m retraining.compare_policies``: cross-validation over ``data/stories``. Each
fold trains the policies on the other stories, then plays the fold's own with the right
intents and entities (Rasa's own ``rasa test core``), once for each set of policies. So
only the choice of the action is measured. Writes ``results/policies.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import tempfile
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
FOLDS = 5
SEED = 7
# Sets of policies by the last part of their names; config.yml has the full ones.
SETS = {
    "rules + default": ("RulePolicy", "IntentAnswerPolicy"),
    "rules + Memoization + default": (
        "RulePolicy",
        "MemoizationPolicy",
        "IntentAnswerPolicy",
    ),
    "rules + Memoization + StoryPolicy + default": (
        "RulePolicy",
        "MemoizationPolicy",
        "StoryPolicy",
        "IntentAnswerPolicy",
    ),
}


def read_stories(folder: Path = STORIES_FOLDER) -> list[dict[str, Any]]:
    """All training stories, in the order of their files."""
    stories: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.yml")):
        stories += yaml.safe_load(file.read_text(encoding="utf-8"))["stories"]
    return stories


def folds(
    stories: Sequence[dict[str, Any]], count: int = FOLDS
) -> list[list[dict[str, Any]]]:
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


def _write(file: Path, content: Mapping[str, Any]) -> str:
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def measure_fold(
    training: Sequence[dict[str, Any]],
    unseen: Sequence[dict[str, Any]],
    policies: Sequence[str],
    folder: Path,
) -> dict[str, int]:
    """Trains on some stories and plays others.

    Returns:
        How many actions and stories were played and how many of them were right. The
        action that only waits for the patient is not counted.
    """
    from rasa.core.agent import Agent
    from rasa.core.test import test
    from rasa.model_training import train

    stories = _write(folder / "stories.yml", {"version": "3.1", "stories": training})
    asked = _write(folder / "unseen.yml", {"version": "3.1", "stories": unseen})
    result = train(
        domain=str(ROOT / "domain.yml"),
        config=_write(folder / "config.yml", config_with(policies)),
        training_files=[str(ROOT / "data" / "rules"), stories],
        output=str(folder),
        force_training=True,
        core_additional_arguments={"augmentation_factor": 0},
    )
    agent = Agent.load(result.model)
    report = asyncio.run(
        test(
            asked,
            agent,
            out_directory=str(folder),
            disable_plotting=True,
            errors=False,
            successes=False,
            warnings=False,
        )
    )
    acted = [
        action
        for action in report["actions"]
        if action["action"] not in ("action_listen", None)
    ]
    whole = report["report"]["conversation_accuracy"]
    return {
        "actions": len(acted),
        "actions right": sum(
            action["action"] == action["predicted"] for action in acted
        ),
        "stories": whole["total"],
        "stories right": whole["correct"],
    }


def compare(*, count: int = FOLDS) -> dict[str, dict[str, int]]:
    """The sums over all folds for each set of policies."""
    parts = folds(read_stories(), count)
    sums: dict[str, dict[str, int]] = {name: {} for name in SETS}
    tasks = [(name, number) for name in SETS for number in range(count)]
    for name, number in track(tasks, "sets of policies by folds"):
        training = [story for part in parts if part is not parts[number] for story in part]
        with tempfile.TemporaryDirectory() as folder:
            seen = measure_fold(training, parts[number], SETS[name], Path(folder))
        for key, value in seen.items():
            sums[name][key] = sums[name].get(key, 0) + value
    return sums


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(
        prog="python -m retraining.compare_policies", description=__doc__
    ).parse_args()
    from components import compat

    compat.install()
    logging.disable(logging.WARNING)
    sums = compare()
    table = Table("policies", "actions right", "95 % bounds", "stories right")
    for name, row in sums.items():
        low, high = wilson(row["actions right"], row["actions"])
        table.add_row(
            name,
            f"{row['actions right']} of {row['actions']}",
            f"{low:.1%} to {high:.1%}",
            f"{row['stories right']} of {row['stories']}",
        )
    Console().print(table)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
