"""House checks on hand-offs: every reason has a rule, a text and a test."""

from __future__ import annotations

from collections.abc import Iterator

from clinic.topics import (
    FOREIGN_INTENTS,
    NOT_UNDERSTOOD_INTENT,
    response_of,
    route_of,
    topic_of,
)
from retraining.check_tree import Problem, Tree

# Never left to a learned policy, though no staff are asked.
ALSO_RULES = (NOT_UNDERSTOOD_INTENT, *FOREIGN_INTENTS)


def check_handoff_reasons(tree: Tree) -> Iterator[Problem]:
    """Each value of ``handoff_reason`` has a rule, a response and a test."""
    reasons = _handoff_reasons(tree)
    if not reasons:
        yield Problem(
            "error",
            "handoff-reason",
            "domain.yml: slots: handoff_reason",
            "no value is set from an intent",
            "Map the intents to the reasons.",
        )
    for intent in (*reasons, *ALSO_RULES):
        yield from _rule_of(tree, intent)
    for reason in sorted(set(reasons.values())):
        where = f"domain.yml: handoff_reason {reason}"
        intents = [intent for intent, value in reasons.items() if value == reason]
        if not any(_promises(tree, intent, reason) for intent in intents):
            yield Problem(
                "error",
                "handoff-reason",
                where,
                "no text promises it (metadata handoff, or a crisis text's topic)",
                "Add it to the text that its rule gives.",
            )
        if not any(_is_tested(tree, intent) for intent in intents):
            yield Problem(
                "error",
                "handoff-reason",
                where,
                "no test conversation and no test message",
                "Add one to tests/stories or tests/nlu.",
            )
    yield from _unknown_reasons(tree, set(reasons.values()))


def _unknown_reasons(tree: Tree, reasons: set[str]) -> Iterator[Problem]:
    for entry in tree.entries:
        reason = entry.answer.metadata.get("handoff")
        if reason and reason not in reasons:
            yield Problem(
                "error",
                "handoff-reason",
                entry.where,
                f"handoff '{reason}' is no value of the slot handoff_reason",
                "Correct it, or map an intent to it in domain.yml.",
            )


def _handoff_reasons(tree: Tree) -> dict[str, str]:
    """Intent → reason, as the slot's mappings say."""
    slot = (tree.domain.get("slots") or {}).get("handoff_reason") or {}
    return {
        str(mapping["intent"]): str(mapping["value"])
        for mapping in slot.get("mappings") or []
        if mapping.get("type") == "from_intent"
    }


def _rule_of(tree: Tree, intent: str) -> Iterator[Problem]:
    """The intent has exactly one rule, and it speaks first."""
    rules = [
        (where, steps)
        for where, steps in tree.rules
        if steps and steps[0].get("intent") == intent
    ]
    if len(rules) != 1:
        yield Problem(
            "error",
            "rules",
            rules[1][0] if rules else f"data/rules: {intent}",
            f"{len(rules)} rules begin with the intent '{intent}'",
            "Keep exactly one: this reaction is never left to a learned policy.",
        )
        return
    where, steps = rules[0]
    said = steps[1].get("action") if len(steps) > 1 else None
    if said != response_of(intent):
        yield Problem(
            "error",
            "rules",
            where,
            f"'{intent}' is answered by '{said}' first, not by {response_of(intent)}",
            "Speak first, then act.",
        )


def _promises(tree: Tree, intent: str, reason: str) -> bool:
    entries = tree.responses.get(response_of(intent)) or []
    return any(
        entry.answer.metadata.get("handoff") == reason
        or (
            entry.answer.kind in ("crisis", "emergency")
            and entry.answer.metadata.get("topic") == reason
        )
        for entry in entries
    )


def _is_tested(tree: Tree, intent: str) -> bool:
    if any(example.intent == intent for example in tree.test_examples):
        return True
    route, topic = route_of(intent), topic_of(intent)
    return any(turn.topic == topic and route in turn.routes for turn in tree.turns)
