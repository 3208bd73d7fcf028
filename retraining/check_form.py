"""House checks on the form of examples and stories: nothing that others don't read.

Rasa reads examples and stories in more ways than the checks, the gate and the pages do.
What only Rasa reads would be learnt unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retraining.check_tree import LOOKUPS, Problem, Tree

OF_LOOKUPS = ({"lookup", "examples"}, {"synonym", "examples"})
OF_EXAMPLES = ({"intent", "examples"},)
OF_STORIES = ({"story", "steps"}, {"story", "steps", "metadata"})
STEPS = (
    {"intent"},
    {"intent", "entities"},
    {"action"},
    {"or"},
    {"slot_was_set"},
)


def check_examples_form(tree: Tree) -> Iterator[Problem]:
    """Examples are lines of text below an intent, terms below a look-up table."""
    for file in tree.files("data/nlu/**/*.yml"):
        known = OF_LOOKUPS if file.startswith(LOOKUPS) else OF_EXAMPLES
        for number, block in enumerate(_list(tree.section(file, "nlu")), start=1):
            if wrong := _wrong_block(block, known):
                yield Problem(
                    "error",
                    "nlu-form",
                    f"{file}: nlu[{number}]",
                    wrong,
                    f"Write it as its neighbours: {_shown(known)}, one line each, "
                    f"'    - ' before it.",
                )


def _wrong_block(block: Any, known: tuple[set[str], ...]) -> str:
    if not isinstance(block, dict) or set(block) not in known:
        keys = ", ".join(map(str, block)) if isinstance(block, dict) else str(block)
        return f"a block of '{keys}' is not read by the checks"
    examples = block["examples"]
    if not isinstance(examples, str):
        return "its examples are not one text ('examples: |'): no check reads them"
    for line in examples.splitlines():
        if line.strip() and not line.startswith("- "):
            return f"the line '{line.strip()[:60]}' does not begin with '- '"
    return ""


def check_stories_form(tree: Tree) -> Iterator[Problem]:
    """Stories are made of intents and of actions that the domain names."""
    own = {str(action) for action in tree.domain.get("actions") or []}
    for file in tree.files("data/stories/**/*.yml"):
        for number, story in enumerate(_list(tree.section(file, "stories")), start=1):
            if wrong := _wrong_story(story, own):
                yield Problem(
                    "error",
                    "story-form",
                    f"{file}: stories[{number}]",
                    wrong,
                    "Use intent, entities, action, or, slot_was_set alone, with the "
                    "actions of domain.yml.",
                )


def _wrong_story(story: Any, own: set[str]) -> str:
    if not isinstance(story, dict) or set(story) not in OF_STORIES:
        return "it is no story with steps"
    for step in _list(story["steps"]):
        if not isinstance(step, dict) or set(step) not in STEPS:
            return f"the step '{step}' is not read by the checks"
        action = step.get("action")
        if action is not None and str(action) not in own:
            return f"'{action}' is no action of domain.yml; no story may take it"
    return ""


def _list(content: Any) -> list[Any]:
    return content if isinstance(content, list) else []


def _shown(known: tuple[set[str], ...]) -> str:
    return " or ".join(" and ".join(sorted(keys, reverse=True)) for keys in known)
