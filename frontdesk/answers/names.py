"""What staff pages call answers and their texts."""

from __future__ import annotations

from collections import Counter

from clinic.answers import Answer
from clinic.facts import TREATMENT_WORDS
from clinic.topics import FAQ_TOPICS
from frontdesk.inbox import labels

GROUPS = (
    ("general", "General questions"),
    ("front", "Front desk"),
    ("medical", "Handed to clinical staff"),
    ("urgent", "Crisis and emergency"),
    ("talk", "Small talk, and what the assistant can't answer"),
    ("lines", "Lines and notices of the chat itself"),
)
_OF_ROUTE = {
    "faq": "general",
    "admin": "front",
    "medical": "medical",
    "crisis": "urgent",
    "emergency": "urgent",
}
KINDS = {
    "crisis": "crisis text",
    "emergency": "emergency text",
    "handoff": "hand-off text",
    "fallback": "fallback text",
    "line": "line of the chat",
}
# Without "utter_": the house checks look for the names of those that are said.
_TITLES = {
    "open": "When staff will read it, while open",
    "closed": "When staff will read it, while closed",
    "low_mood": "Low mood",
    "near_miss_denied": "Danger, but they say no",
    "near_miss_past": "Danger, long past",
    "near_miss_idiom": "A figure of speech that sounds like danger",
    "near_miss_topic": "A subject that sounds like danger",
    "greet": "Hello",
    "affirm": "They say yes",
    "deny": "They say no",
    "bot_challenge": "Whether it is a person",
    "not_understood": "Not understood",
    "answer_overdue": "In place of an answer that is out of service",
    "assistant_down": "While the assistant can't answer",
    "foreign_spanish": "Written in Spanish",
    "foreign_other": "Written in another language",
    "line_check_in": "Added line: low mood",
    "line_after_urgent": "Added line: after a crisis or emergency",
    "line_asked_again": "Added line: asked again",
    "line_insurer_billed": "Added line: an insurer we bill",
    "line_minimum_age": "Added line: the lowest age",
    "crisis_line": "Crisis numbers of the chat window",
    "crisis_line_spanish": "Crisis numbers of the chat window, in Spanish",
    "consent": "Consent",
    "consent_improve": "Consent: use for improvement",
    "consent_declined": "Consent was declined",
    "chat_greeting": "Greeting of a new chat",
    "taken_over": "A person has joined",
    "handed_back": "The person has left",
}
_VALUES = {
    "treatment": TREATMENT_WORDS,
    "condition": {"ptsd": "PTSD", "ocd": "OCD"},
    "insurer": {
        "private": "a private plan",
        "medicare": "Medicare",
        "medicaid": "Medicaid",
        "va": "the VA",
        "tricare": "TRICARE",
        "kaiser": "Kaiser",
    },
    "asked": {"day": "one day", "address": "the address"},
}
_ORDINALS = {1: "first", 2: "second", 3: "third"}
_SLOTS = {
    "treatment": "when they asked about {}",
    "condition": "when they named {}",
    "insurer": "when they have {}",
    "asked": "when they ask for {} only",
}


def group_of(answer: Answer) -> str:
    """The part of the list that an answer stands in."""
    if answer.kind == "line":
        return "lines"
    return _OF_ROUTE.get(str(answer.metadata.get("route")), "talk")


def title_of(answer: Answer) -> str:
    """What an answer is about, in plain words."""
    own = answer.metadata
    topic, route = str(own.get("topic") or ""), own.get("route")
    name = answer.name.removeprefix("utter_").removeprefix("handoff_")
    if route in ("crisis", "emergency"):
        return labels.alert(str(route), topic)
    if name in _TITLES:
        return _TITLES[name]
    if topic in FAQ_TOPICS:
        return labels.topic(topic)
    if own.get("title"):
        return str(own["title"])
    if name.startswith("error_"):
        return f"Error: {name[6:].replace('_', ' ')}"
    if topic and name == topic:
        return labels.topic(topic)
    return name.replace("_", " ").capitalize()


def whens_of(answers: list[Answer]) -> list[str]:
    """When each text of an answer is said: ``when they asked about IV infusions``.

    Texts with the same conditions take turns within a conversation.
    """
    depends = any(answer.conditions for answer in answers)
    seen: Counter[str] = Counter()
    found = []
    for answer in answers:
        said = _when(answer) if answer.conditions else ""
        seen[said] += 1
        found.append((said, seen[said]))
    return [_in_turn(said, number, seen[said], depends) for said, number in found]


def _in_turn(said: str, number: int, count: int, depends: bool) -> str:
    time = f"the {_ORDINALS.get(number, f'{number}th')} time" if count > 1 else ""
    if not said and not depends:
        return time or "always"
    said = said or "when nothing else fits"
    return f"{said}, {time}" if time else said


def _when(answer: Answer) -> str:
    parts = []
    for slot, value in sorted(answer.conditions.items()):
        words = _VALUES.get(slot, {}).get(value, value.replace("_", " "))
        parts.append(_SLOTS.get(slot, f"when {slot} is {{}}").format(words))
    return " and ".join(parts)
