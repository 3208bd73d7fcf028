"""Stories against rules and against each other, in words, with file and line.

What Rasa would find in training (``proposal_rasa``), said so that whoever wrote the
story understands it. Used by ``proposal_check``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clinic.topics import URGENT_ROUTES, route_of
from retraining.check_tree import Problem, Tree

Step = dict[str, Any]
Key = tuple[str, ...]


def check_against_rules(tree: Tree) -> Iterator[Problem]:
    """After an intent that has a rule a story says what the rule says."""
    rules = dict(_single_rules(tree))
    for where, steps in tree.stories:
        for place, step in enumerate(steps):
            rule = rules.get(str(step.get("intent")))
            if rule is None:
                continue
            rule_where, ruled = rule
            said = _actions_after(steps, place)
            if said[: len(ruled)] != ruled:
                yield Problem(
                    "error",
                    "story-against-rule",
                    where,
                    f"after '{step['intent']}' the story says {_words(said)}, but the "
                    f"rule in {rule_where} says {_words(ruled)}",
                    _what_to_do(str(step["intent"])),
                )


def check_against_stories(tree: Tree) -> Iterator[Problem]:
    """The same course goes on in the same way in all stories."""
    seen: dict[Key, tuple[str, str]] = {}
    for where, steps in tree.stories:
        past: Key = ()
        for step in steps:
            if action := str(step.get("action") or ""):
                first, other = seen.setdefault(past, (where, action))
                if other != action:
                    yield Problem(
                        "error",
                        "story-against-story",
                        where,
                        f"after {_course(past)} it says {action}, but the story in "
                        f"{first} says {other}",
                        "Change one of them, or give the story another beginning.",
                    )
                    break
            past = (*past, _key(step))


def check_course(tree: Tree) -> Iterator[Problem]:
    """Every message of a story gets an answer."""
    for where, steps in tree.stories:
        for step, following in zip(steps, [*steps[1:], {}], strict=True):
            if "intent" in step and not {"action", "slot_was_set"} & set(following):
                yield Problem(
                    "error",
                    "story-course",
                    where,
                    f"nothing is said after '{step['intent']}'",
                    "Add what the assistant does.",
                )


def _single_rules(tree: Tree) -> Iterator[tuple[str, tuple[str, list[str]]]]:
    """Intent, and where its rule stands and what it says."""
    for where, steps in tree.rules:
        actions = _actions_after(steps, 0)
        if steps and "intent" in steps[0] and len(actions) == len(steps) - 1:
            yield str(steps[0]["intent"]), (where, actions)


def _actions_after(steps: list[Step], place: int) -> list[str]:
    """What is said between a message and the next one."""
    actions = []
    for step in steps[place + 1 :]:
        if "intent" in step or "or" in step:
            break
        if "action" in step:
            actions.append(str(step["action"]))
    return actions


def _what_to_do(intent: str) -> str:
    if route_of(intent) in URGENT_ROUTES:
        return "Safety reactions are rules: no story may change them."
    return (
        "Follow the rule. If the message should get another answer, it has another "
        "intent: correct the message instead."
    )


def _key(step: Step) -> str:
    """A step as a learned policy sees it: entities by name and value, no slots."""
    if "intent" in step:
        pairs = sorted(
            f"{name}={value}"
            for entity in step.get("entities") or []
            for name, value in (
                entity.items() if isinstance(entity, dict) else [(entity, "")]
            )
        )
        return " ".join([f"'{step['intent']}'", *pairs])
    return str(step.get("action") or sorted(step.items(), key=str))


def _course(past: Key) -> str:
    shown = past[-4:]
    return ("… " if len(past) > len(shown) else "") + ", ".join(shown)


def _words(actions: list[str]) -> str:
    return ", then ".join(actions) or "nothing"
