"""House checks on how intents, rules, responses and tests hang together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clinic.asked import ASKED, ASKED_VALUES
from clinic.topics import (
    FAQ_TOPICS,
    INTENT_OF,
    NOT_UNDERSTOOD_INTENT,
    response_of,
)
from retraining.check_tree import Problem, Tree

# The safety gate or the last policy turns these into another intent or answer.
ANSWERED_BY_CODE = {"follow_up", "choose_suggestion", "unclear"}
# A button of the widget or below a reply leads to these.
BUTTON_INTENTS = (*(INTENT_OF["faq", topic] for topic in FAQ_TOPICS), "admin_human")
# Said by the front desk itself, never by Rasa.
FRONT_DESK_FILE = "data/responses/frontdesk.yml"
RASA_ACTIONS = {"action_listen", "action_restart", "action_session_start"}


def check_responses_once(tree: Tree) -> Iterator[Problem]:
    """No response stands in two files: Rasa takes the last one, silently."""
    for name, entries in tree.responses.items():
        files = sorted({entry.where.split(":")[0] for entry in entries})
        if len(files) > 1:
            yield Problem(
                "error",
                "defined-once",
                f"{files[-1]}: {name}",
                f"is also in {', '.join(files[:-1])}",
                "Keep one of them.",
            )
        if not any(not entry.answer.conditions for entry in entries):
            yield Problem(
                "error",
                "condition",
                entries[0].where,
                "every variation has a condition: at times there is nothing to say",
                "Add one without a condition.",
            )
        yield from _conditions(tree, name)
    if tree.domain.get("responses"):
        yield Problem(
            "error",
            "defined-once",
            f"domain.yml:{tree.line_of('domain.yml', '^responses:')}",
            "texts in domain.yml",
            "Move them to data/responses.",
        )


def _conditions(tree: Tree, name: str) -> Iterator[Problem]:
    slots = tree.domain.get("slots") or {}
    for entry in tree.responses[name]:
        for slot in entry.answer.conditions:
            if slot not in slots and slot != ASKED:
                yield Problem(
                    "error",
                    "condition",
                    entry.where,
                    f"the slot '{slot}' is not in domain.yml",
                    "Correct the name.",
                )


def check_intents(tree: Tree) -> Iterator[Problem]:
    """Every intent has examples and an answer, and every example an intent."""
    trained = {example.intent for example in tree.training}
    for intent in tree.intents:
        where = f"domain.yml:{tree.line_of('domain.yml', rf'^ *- {intent}\b')} {intent}"
        if intent not in trained and intent != NOT_UNDERSTOOD_INTENT:
            yield Problem(
                "error",
                "intent-examples",
                where,
                "no example in data/nlu",
                "Write some, or take the intent out of domain.yml.",
            )
        if intent in ANSWERED_BY_CODE:
            continue
        if response_of(intent) not in tree.responses:
            yield Problem(
                "error",
                "intent-response",
                where,
                f"its answer {response_of(intent)} is not in data/responses",
                "Write it, or correct the name.",
            )
    for example in tree.training + tree.test_examples:
        if example.intent not in tree.intents:
            yield Problem(
                "error",
                "intent-known",
                example.where,
                f"the intent '{example.intent}' is not in domain.yml",
                "Correct the name, or add it to domain.yml.",
            )


def check_topics(tree: Tree) -> Iterator[Problem]:
    """Every topic has an intent, a text of that topic, and a title for its button."""
    for (route, topic), intent in INTENT_OF.items():
        name = response_of(intent)
        if intent not in tree.intents:
            yield Problem(
                "error",
                "topic",
                f"domain.yml: {intent}",
                f"the intent of topic '{topic}' (clinic/topics.py) is missing",
                "Add it.",
            )
        if name not in tree.responses:
            yield Problem(
                "error",
                "topic",
                f"data/responses: {name}",
                f"topic '{topic}' (clinic/topics.py) has no text",
                "Write it.",
            )
            continue
        for entry in tree.responses[name]:
            own = entry.answer.metadata
            if (own.get("route"), own.get("topic")) != (route, topic):
                yield Problem(
                    "error",
                    "topic",
                    entry.where,
                    f"route and topic are not {route}, {topic}",
                    "Correct the metadata.",
                )
    yield from _titles(tree)


def _titles(tree: Tree) -> Iterator[Problem]:
    for intent in BUTTON_INTENTS:
        entries = tree.responses.get(response_of(intent)) or []
        if not entries:
            continue
        title = str(entries[0].answer.metadata.get("title") or "")
        if not 2 <= len(title.split()) <= 5:
            yield Problem(
                "error",
                "title",
                entries[0].where,
                f"the button to it reads '{title}'",
                "Give the first variation a title of 2 to 5 words.",
            )


def check_actions(tree: Tree) -> Iterator[Problem]:
    """Responses of the domain exist, those that exist are in it, rules fit both."""
    actions = {str(action) for action in tree.domain.get("actions") or []}
    for name in sorted(actions):
        if name.startswith("utter_") and name not in tree.responses:
            line = tree.line_of("domain.yml", rf"^ *- {name}\b")
            yield Problem(
                "error",
                "domain-actions",
                f"domain.yml:{line} {name}",
                "is not in data/responses",
                "Write it, or take it out.",
            )
    yield from _front_desk_responses(tree)
    for name, entries in tree.responses.items():
        if entries[0].where.startswith(FRONT_DESK_FILE):
            continue
        if name not in actions and entries[0].answer.kind != "line":
            yield Problem(
                "error",
                "domain-actions",
                entries[0].where,
                "is not under actions in domain.yml, so it is never said",
                "Add it there.",
            )
    for where, steps in tree.rules + tree.stories:
        for step in steps:
            yield from _step(tree, where, step, actions | RASA_ACTIONS)
    yield from _custom_actions(tree, actions)


def _front_desk_responses(tree: Tree) -> Iterator[Problem]:
    """The front desk's own texts are named in its code."""
    code = "".join(tree.text(file) for file in tree.files("frontdesk/**/*.py"))
    for name, entries in tree.responses.items():
        if entries[0].where.startswith(FRONT_DESK_FILE) and f'"{name}"' not in code:
            yield Problem(
                "error",
                "front-desk-responses",
                entries[0].where,
                "nothing in frontdesk/ names it, so it is never said",
                "Correct the name, or take the text out.",
            )


def _custom_actions(tree: Tree, actions: set[str]) -> Iterator[Problem]:
    """Custom actions are written: Rasa finds out in a conversation only."""
    code = "".join(tree.text(file) for file in tree.files("actions/**/*.py"))
    for name in sorted(actions):
        if name.startswith("action_") and f'"{name}"' not in code:
            yield Problem(
                "error",
                "domain-actions",
                f"domain.yml:{tree.line_of('domain.yml', rf'^ *- {name}')} {name}",
                "no class in actions/ has this name",
                "Write it, or take it out.",
            )


def _step(tree: Tree, where: str, step: dict, actions: set[str]) -> Iterator[Problem]:
    if "intent" in step and step["intent"] not in tree.intents:
        what = f"the intent '{step['intent']}' is not in domain.yml"
        yield Problem("error", "steps", where, what, "Correct the name.")
    if "action" in step and step["action"] not in actions:
        what = f"the action '{step['action']}' is not in domain.yml"
        yield Problem("error", "steps", where, what, "Correct the name.")


def check_variation_values(tree: Tree) -> Iterator[Problem]:
    """A variation's condition can come true: its value is a synonym's or a term."""
    values = _values_of_entities(tree) | {ASKED: set(ASKED_VALUES)}
    for entry in tree.entries:
        for slot, value in entry.answer.conditions.items():
            if slot in values and value not in values[slot]:
                yield Problem(
                    "warning",
                    "condition",
                    entry.where,
                    f"nothing gives {slot} the value '{value}'",
                    "Correct it, or add a synonym in data/nlu/lookups (clinic/asked.py "
                    "for what is asked).",
                )


def _values_of_entities(tree: Tree) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {}
    for file in tree.files("data/nlu/lookups/*.yml"):
        blocks = tree.section(file, "nlu") or []
        names = [block["lookup"] for block in blocks if "lookup" in block]
        synonyms = {str(b["synonym"]) for b in blocks if "synonym" in b}
        terms = {
            re.sub(r"^ *- ", "", line).strip()
            for block in blocks
            for line in str(block.get("examples") or "").splitlines()
        }
        for name in names:
            values.setdefault(str(name), set()).update(synonyms | terms)
    return values
