"""New stories that react otherwise than they must to what belongs to staff.

Used by ``retraining.static_gate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clinic.topics import CONTEXT_INTENTS, URGENT_ROUTES, response_of, route_of
from retraining.check_tree import Tree
from retraining.gate import Reason
from retraining.static_meaning import STAFF_ROUTES

Step = Mapping[str, Any]


def stories_against_hand_off(before: Tree, after: Tree) -> Iterator[Reason]:
    """No new story skips a hand-off, talks over a crisis, or goes on as if none was.

    Args:
        before: the project.
        after: the project with a proposal.
    """
    known = [steps for _, steps in before.stories]
    for where, steps in after.stories:
        if steps not in known:
            yield from _skips(where, steps)
            yield from _talks_on(where, steps)


def _skips(where: str, steps: Sequence[Step]) -> Iterator[Reason]:
    for step, following in zip(steps, [*steps[1:], {}], strict=True):
        for intent in _intents_of(step):
            action = following.get("action")
            if route_of(intent) not in STAFF_ROUTES or action == response_of(intent):
                continue
            yield Reason(
                "story-skips-hand-off",
                f"{where}: a story answers {intent} with {action or 'nothing'}, "
                f"not with {response_of(intent)}.",
                "Begin the reply with the safety text, or end the story before it.",
                can_be_overridden=False,
            )


def _talks_on(where: str, steps: Sequence[Step]) -> Iterator[Reason]:
    """The urgent text stands alone, and later messages get what they ask for."""
    urgent, asked = "", ""
    said: list[str] = []
    for step in steps:
        if intents := _intents_of(step):
            asked, said = intents[0], []
            if any(route_of(intent) in URGENT_ROUTES for intent in intents):
                urgent = asked
        if not (urgent and "action" in step):
            continue
        said.append(str(step["action"]))
        if asked == urgent:
            wrong = len(said) > 1
        else:
            # What a follow-up asks depends on what was said before.
            wrong = asked not in CONTEXT_INTENTS and said[0] != response_of(asked)
        if wrong:
            yield Reason(
                "story-after-danger",
                f"{where}: after {urgent} a story answers {asked} with {said[-1]}: "
                f"the urgent text stands alone, and a patient who was in danger gets "
                f"the answer to what they ask, nothing that ends the talk.",
                "End the story with the urgent text, or answer with "
                f"{response_of(asked)}.",
                can_be_overridden=False,
            )


def _intents_of(step: Step) -> list[str]:
    others = [str(entry.get("intent")) for entry in step.get("or") or []]
    return [str(step["intent"])] if "intent" in step else others
