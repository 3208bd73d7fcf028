"""What is behind a message, as labelled facts: what was understood, which text, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clinic.answers import Answer
from frontdesk.chat.models import Message
from frontdesk.chat.texts import texts
from frontdesk.inbox import labels

MOST_RANKED = 5
LEVELS = {
    "none": "nothing found",
    "check_in": "a check-in is due",
    "alarm": "alarm",
}
REASONS = {
    "phrase": "a phrase",
    "model": "the model",
    "phrase+model": "a phrase and the model",
}
# Of config.yml.
POLICIES = {
    "RulePolicy": "a fixed rule",
    "MemoizationPolicy": "a story, step by step",
    "StoryPolicy": "what stories have taught",
    "IntentAnswerPolicy": "the answer that belongs to the intent",
}


@dataclass(frozen=True)
class Fact:
    """A label and what is said under it, each value a line."""

    label: str
    values: Sequence[str | None]


def facts_of_question(message: Message, reply: Message | None) -> list[Fact]:
    """What was understood of a patient's message, and what the detector found.

    Args:
        message: of the patient.
        reply: the first bubble of the answer, which carries what Rasa understood.
    """
    understood = message if message.intent else reply
    facts = [Fact("Danger detector", _danger(message.safety))]
    if understood is None or not understood.intent:
        return [*facts, Fact("Intent", ["not asked: answered without the assistant"])]
    return _known(
        Fact("Intent", [f"{understood.intent}, {percent(understood.confidence)}"]),
        Fact("Next best", _ranking(understood)),
        Fact("Entities", [_entity(entity) for entity in understood.entities]),
        *facts,
        Fact("Danger, as the assistant saw it", _second_opinion(understood, message)),
        Fact("Model", [understood.model or ""]),
    )


def facts_of_answer(message: Message) -> list[Fact]:
    """Which approved text a bubble is, on which route, from which model."""
    return _known(
        Fact("Route", [labels.route(message.route)] if message.route else []),
        Fact("Topic", [labels.topic(message.topic)] if message.topic else []),
        Fact(
            "Handed off as", [labels.topic(message.handoff)] if message.handoff else []
        ),
        Fact("Text", _text(message)),
        Fact("Approved", [_approval(message)]),
        Fact("Review due", [_review_due(message)]),
        Fact("Check-in", ["asked how the patient is"] if message.check_in else []),
        Fact("Buttons", [str(button.get("title")) for button in message.buttons]),
        Fact("Model", [message.model or ""]),
        Fact("Chosen by", _policies(message)),
    )


def percent(part: float | None) -> str:
    """``0.934`` is ``93 %``."""
    return "no confidence" if part is None else f"{part * 100:.0f} %"


def _known(*facts: Fact) -> list[Fact]:
    kept = [Fact(each.label, [v for v in each.values if v]) for each in facts]
    return [fact for fact in kept if fact.values]


def _ranking(message: Message) -> list[str]:
    others = [each for each in message.ranking if isinstance(each, dict)]
    return [
        f"{each.get('name')}, {percent(each.get('confidence'))}"
        for each in others[:MOST_RANKED]
        if each.get("name") != message.intent
    ]


def _entity(entity: dict[str, Any]) -> str:
    name = entity.get("entity") or entity.get("type") or "?"
    return f"{name}: {entity.get('value')}"


def _danger(safety: dict[str, Any]) -> list[str]:
    if not safety:
        return ["did not look: a button was pressed"]
    found = [LEVELS.get(str(safety.get("level")), str(safety.get("level")))]
    if safety.get("kind"):
        found.append(labels.alert(str(safety["kind"]), str(safety.get("topic"))))
    if safety.get("reason"):
        reason = str(safety["reason"])
        found.append(f"because of {REASONS.get(reason, reason)}")
    if safety.get("phrases"):
        found.append(f"phrases: {', '.join(map(str, safety['phrases']))}")
    if safety.get("near_miss"):
        found.append(f"sounds like a near miss: {safety['near_miss']}")
    if safety.get("probability") is not None:
        found.append(f"model: {percent(safety['probability'])} sure of danger")
    return found


def _second_opinion(understood: Message, message: Message) -> list[str]:
    safety = understood.safety
    if understood is message or not safety or safety.get("level") in (None, "none"):
        return []
    return _danger(safety)


def _text(message: Message) -> list[str]:
    if not message.response:
        return []
    version = f"version {message.version}" if message.version else ""
    found = _answer(message)
    changed = "" if found or not version else "this text was changed since"
    return [message.response, version, changed]


def _policies(message: Message) -> list[str]:
    """Which policy chose the text; for one put in its place, those of the reply."""
    chosen = message.safety.get("policies") or {}
    if message.response in chosen:
        return [_policy(chosen[message.response])]
    return [f"{_policy(name)}, for {action}" for action, name in chosen.items()]


def _policy(name: str) -> str:
    return f"{POLICIES[name]} ({name})" if name in POLICIES else str(name)


def _approval(message: Message) -> str:
    if message.draft:
        return "draft: nobody has approved this text yet"
    found = _answer(message)
    by = found.metadata.get("approved_by") if found else None
    if not message.reviewed:
        return ""
    return f"on {message.reviewed}" + (f" by {by}" if by else "")


def _review_due(message: Message) -> str:
    found = _answer(message)
    return str(found.metadata.get("review_by") or "") if found else ""


def _answer(message: Message) -> Answer | None:
    """The text as it is in the files, if it is still the same."""
    library = texts().library
    if not message.response or message.response not in library:
        return None
    for answer in library.variations(message.response):
        if answer.version == message.version:
            return answer
    return None
