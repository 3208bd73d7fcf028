"""What is behind a message, as labelled facts: what was understood, which text, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clinic.answers import Answer
from frontdesk.answers.names import title_of
from frontdesk.chat.models import Message
from frontdesk.chat.texts import texts
from frontdesk.inbox import labels
from frontdesk.staff.dates import read_day
from frontdesk.training.intents import words_of

# Names of files, models and policies: on demand, below everything that staff need.
DEVELOPERS = "For developers"
MOST_RANKED = 5
LEVELS = {
    "none": "found nothing",
    "check_in": "low mood: a gentle line with 988 is due",
    "alarm": "alarm",
}
REASONS = {
    "phrase": "a phrase",
    "model": "what it has learned",
    "phrase+model": "a phrase and what it has learned",
}
# Of config.yml.
POLICIES = {
    "RulePolicy": "a fixed rule",
    "MemoizationPolicy": "a story, step by step",
    "StoryPolicy": "what stories have taught",
    "IntentAnswerPolicy": "the answer that belongs to this meaning",
}


@dataclass(frozen=True)
class Fact:
    """A label and what is said under it, each value a line."""

    label: str
    values: Sequence[str | None]

    @property
    def is_technical(self) -> bool:
        """Whether staff can do without it."""
        return self.label == DEVELOPERS


def facts_of_question(message: Message, reply: Message | None) -> list[Fact]:
    """What was understood of a patient's message, and what the detector found.

    Args:
        message: of the patient.
        reply: the first bubble of the answer, which carries what Rasa understood.
    """
    understood = message if message.intent else reply
    danger = Fact("Danger check", _danger(message.safety))
    phrases = _phrases(message.safety)
    if understood is None or not understood.intent:
        asked = Fact("Understood as", ["not asked: answered without the assistant"])
        return _known(danger, asked, Fact(DEVELOPERS, phrases))
    sure = f"{words_of(understood.intent)}, {percent(understood.confidence)} sure"
    return _known(
        Fact("Understood as", [sure]),
        Fact("Might also mean", _ranking(understood)),
        Fact("Named in it", [_entity(entity) for entity in understood.entities]),
        danger,
        Fact("Danger, as the assistant saw it", _second_opinion(understood, message)),
        Fact(
            DEVELOPERS,
            [
                f"intent {understood.intent}, {percent(understood.confidence)}",
                *phrases,
                f"model {understood.model}" if understood.model else "",
            ],
        ),
    )


def facts_of_answer(message: Message) -> list[Fact]:
    """Which approved text a bubble is, on which route, from which model."""
    return _known(
        Fact("Kind", [labels.route(message.route)] if message.route else []),
        Fact("Topic", [labels.topic(message.topic)] if message.topic else []),
        Fact(
            "Handed off as", [labels.topic(message.handoff)] if message.handoff else []
        ),
        Fact("Text", _text(message)),
        Fact("Approved", [_approval(message)]),
        Fact("Review due", [_review_due(message)]),
        Fact("Check-in", ["asked how the patient is"] if message.check_in else []),
        Fact("Buttons", [str(button.get("title")) for button in message.buttons]),
        Fact("Chosen by", _policies(message)),
        Fact(DEVELOPERS, _names(message)),
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
        f"{words_of(str(each.get('name')))}, {percent(each.get('confidence'))}"
        for each in others[:MOST_RANKED]
        if each.get("name") != message.intent and _is_possible(each)
    ]


def _is_possible(guess: dict[str, Any]) -> bool:
    """Whether it is more than 0 % as people read it."""
    return float(guess.get("confidence") or 0) >= 0.005


def _entity(entity: dict[str, Any]) -> str:
    name = entity.get("entity") or entity.get("type") or "?"
    return f"{_plain(name)}: {_plain(entity.get('value'))}"


def _plain(name: object) -> str:
    return str(name).replace("_", " ")


def _danger(safety: dict[str, Any]) -> list[str]:
    if not safety:
        return ["did not look: a button was pressed"]
    found = [LEVELS.get(str(safety.get("level")), str(safety.get("level")))]
    if safety.get("kind"):
        found.append(labels.alert(str(safety["kind"]), str(safety.get("topic"))))
    if safety.get("reason"):
        reason = str(safety["reason"])
        found.append(f"because of {REASONS.get(reason, reason)}")
    if safety.get("near_miss"):
        meant = words_of(str(safety["near_miss"]))
        found.append(f"sounds dangerous and may not be: {meant.lower()}")
    if safety.get("probability") is not None:
        found.append(f"{percent(safety['probability'])} sure of danger")
    return found


def _phrases(safety: dict[str, Any]) -> list[str]:
    names = list(map(str, safety.get("phrases") or []))
    return [f"phrases: {', '.join(names)}"] if names else []


def _second_opinion(understood: Message, message: Message) -> list[str]:
    safety = understood.safety
    if understood is message or not safety or safety.get("level") in (None, "none"):
        return []
    return _danger(safety)


def _text(message: Message) -> list[str]:
    if not message.response:
        return []
    library = texts().library
    there = message.response in library
    title = title_of(library.variations(message.response)[0]) if there else ""
    changed = bool(message.version) and not _answer(message)
    return [title, "this text was changed since" if changed else ""]


def _chosen(message: Message) -> dict[str, str]:
    """Action: policy; of the text alone, or of the reply that it took the place of."""
    chosen = message.safety.get("policies") or {}
    if message.response in chosen:
        return {str(message.response): str(chosen[message.response])}
    return {str(action): str(name) for action, name in chosen.items()}


def _policies(message: Message) -> list[str]:
    """What chose the text, in words; each once."""
    words = [POLICIES.get(name, name) for name in _chosen(message).values()]
    return list(dict.fromkeys(words))


def _names(message: Message) -> list[str]:
    version = f", version {message.version}" if message.version else ""
    return [
        f"text {message.response}{version}" if message.response else "",
        *(f"{policy} chose {action}" for action, policy in _chosen(message).items()),
        f"model {message.model}" if message.model else "",
    ]


def _approval(message: Message) -> str:
    if message.draft:
        return "draft: nobody has approved this text yet"
    found = _answer(message)
    by = found.metadata.get("approved_by") if found else None
    if not message.reviewed:
        return ""
    return f"on {read_day(str(message.reviewed))}" + (f" by {by}" if by else "")


def _review_due(message: Message) -> str:
    found = _answer(message)
    return read_day(str(found.metadata.get("review_by") or "")) if found else ""


def _answer(message: Message) -> Answer | None:
    """The text as it is in the files, if it is still the same."""
    library = texts().library
    if not message.response or message.response not in library:
        return None
    for answer in library.variations(message.response):
        if answer.version == message.version:
            return answer
    return None
