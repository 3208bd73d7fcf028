"""Rasa's own hand on stories: its writer, its reader, its search for contradictions.

Run as a process of its own (``python -m retraining.rasa_stories``), which reads a
question as JSON and prints the answer: so the front desk needs no Rasa in its memory.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from retraining.examples import ROOT

MAX_HISTORY = 6  # of MemoizationPolicy in config.yml
SECONDS = 120
Step = dict[str, Any]
_CONTRADICTION = re.compile(
    r"- the prediction of the action '(?P<said>[^']*)' in (?:story|rule) "
    r"'(?P<story>.*?)' is contradicting with rule\(s\) '(?P<rule>.*?)'"
    r"(?: which predicted action '(?P<ruled>[^']*)')?\."
)


class RasaError(RuntimeError):
    """Rasa could not do it; the message is its own."""


def write_story(title: str, steps: Sequence[Step]) -> str:
    """A story as Rasa writes it, one entry of a list; read back and compared.

    Args:
        title: of the story.
        steps: ``{"intent": …, "entities": [{name: value}]}``, ``{"action": …}`` or
            ``{"slot_was_set": [{name: value}]}``, as in a story file.

    Raises:
        RasaError: if Rasa refuses it, or reads something else than was written.
    """
    answer = _ask({"do": "write", "title": title, "steps": list(steps)})
    return str(answer["yaml"])


def contradictions(root: Path, files: Mapping[str, str]) -> list[dict[str, str]]:
    """What Rasa finds wrong with the stories of a project with files laid over it.

    Returns:
        For each finding ``story`` (its name) and ``what``.

    Raises:
        RasaError: if Rasa can't read the files at all.
    """
    texts = {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for folder in ("data/rules", "data/stories")
        for file in sorted((root / folder).rglob("*.yml"))
    }
    texts["domain.yml"] = (root / "domain.yml").read_text(encoding="utf-8")
    texts |= {name: text for name, text in files.items() if name in texts}
    texts |= {n: text for n, text in files.items() if n.startswith("data/stories/")}
    return list(_ask({"do": "check", "files": texts, "new": list(files)})["found"])


def _ask(question: Mapping[str, Any]) -> Any:
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "retraining.rasa_stories"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise RasaError(f"Rasa gave no answer within {SECONDS} s.") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RasaError(last)
    return json.loads(done.stdout)


# --- In the process of its own --------------------------------------------------------
def _write(title: str, steps: Sequence[Step]) -> dict[str, str]:
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.training_data.story_reader.yaml_story_reader import (
        YAMLStoryReader,
    )
    from rasa.shared.core.training_data.story_writer.yaml_story_writer import (
        YAMLStoryWriter,
    )
    from rasa.shared.core.training_data.structures import STORY_START, StoryStep
    from rasa.shared.core.training_data.structures import Checkpoint as Start

    story = StoryStep(title, [Start(STORY_START)], [], [_event(s) for s in steps])
    writer = YAMLStoryWriter()
    text = writer.dumps([story], is_appendable=True)
    domain = Domain.load(str(ROOT / "domain.yml"))
    read = YAMLStoryReader(domain).read_from_string(f"stories:\n{text}")
    if len(read) != 1 or writer.dumps(read, is_appendable=True) != text:
        raise RasaError("Rasa reads this story in another way than it was written.")
    return {"yaml": text}


def _event(step: Step) -> Any:
    from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered

    if "intent" in step:
        entities = [
            {"entity": name, "value": value}
            for entity in step.get("entities") or []
            for name, value in entity.items()
        ]
        return UserUttered(intent={"name": step["intent"]}, entities=entities)
    if "slot_was_set" in step:
        ((name, value),) = step["slot_was_set"][0].items()
        return SlotSet(name, value)
    return ActionExecuted(step["action"])


def _check(files: Mapping[str, str], new: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        trackers, domain = _trackers(folder)
        # The others are tried at each training; to play them all takes long.
        names = _story_names([files[name] for name in new if name in files])
        looked_at = [
            each
            for each in trackers
            if each.is_rule_tracker or names & set(each.sender_id.split(" - "))
        ]
        found = _against_rules(looked_at, domain, folder)
        found += _against_stories(trackers, domain)
    return {"found": found}


def _story_names(texts: Sequence[str]) -> set[str]:
    contents = [yaml.safe_load(text) for text in texts]
    stories = [s for each in contents if each for s in each.get("stories") or []]
    return {str(story.get("story")) for story in stories}


def _trackers(folder: Path) -> tuple[list[Any], Any]:
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.importers.importer import TrainingDataImporter

    importer = TrainingDataImporter.load_from_dict(
        {}, domain_path=str(folder / "domain.yml"), training_data_paths=[str(folder)]
    )
    domain = importer.get_domain()
    graph = importer.get_stories()
    generator = TrainingDataGenerator(graph, domain, augmentation_factor=0)
    return generator.generate(), domain


def _against_rules(
    trackers: list[Any], domain: Any, folder: Path
) -> list[dict[str, str]]:
    from rasa.core.policies.rule_policy import InvalidRule, RulePolicy
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource

    config = {**RulePolicy.get_default_config(), "enable_fallback_prediction": False}
    (folder / "model").mkdir()
    storage = LocalModelStorage(folder / "model")
    context = ExecutionContext(GraphSchema({}))
    policy = RulePolicy(config, storage, Resource("rules"), context)
    try:
        policy.train(trackers, domain)
    except InvalidRule as error:
        found = list(_CONTRADICTION.finditer(error.message))
        if not found:
            return [{"story": "", "what": error.message.splitlines()[0]}]
        return [
            {
                "story": each["story"],
                "what": f"it says {each['said']}, but the rule '{each['rule']}' says "
                f"{each['ruled'] or 'something else'}",
            }
            for each in found
        ]
    return []


def _against_stories(trackers: list[Any], domain: Any) -> list[dict[str, str]]:
    from rasa.core.training.story_conflict import find_story_conflicts

    stories = [tracker for tracker in trackers if not tracker.is_rule_tracker]
    found = []
    for conflict in find_story_conflicts(stories, domain, MAX_HISTORY):
        told = conflict._conflicting_actions
        for action, names in told.items():
            others = "; ".join(
                f"{other} in '{same[0]}'"
                for other, same in told.items()
                if other != action
            )
            what = f"it says {action}, where the same course goes on with {others}"
            found += [{"story": name, "what": what} for name in sorted(set(names))]
    return found


def main() -> None:
    """Answers one question from standard input."""
    import logging
    import warnings

    from components import compat

    compat.install()
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    question = json.load(sys.stdin)
    tasks: dict[str, Callable[..., Any]] = {"write": _write, "check": _check}
    do = tasks[question.pop("do")]
    with redirect_stdout(sys.stderr):  # progress bars and the like
        answer = do(**question)
    print(json.dumps(answer))


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
