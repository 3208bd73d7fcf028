"""The intents that a message can have, in the words of the staff pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clinic.topics import (
    CONTEXT_INTENTS,
    CRISIS_TOPICS,
    EMERGENCY_TOPICS,
    FAQ_TOPICS,
    FOREIGN_INTENTS,
    INTENT_OF,
    NEAR_MISS_INTENTS,
    SMALL_TALK_INTENTS,
    URGENT_ROUTES,
    route_of,
    topic_of,
)
from frontdesk.inbox import labels

LEAST_GUESS = 0.005
MOST_GUESSES = 3
OUT_OF_SCOPE = "out_of_scope"
ANOTHER_MEDICAL = "medical_other_medical"
WORDS = {
    "low_mood": "Feels low, is not in danger",
    "near_miss_idiom": "A figure of speech",
    "near_miss_denied": "Says that they are not in danger",
    "near_miss_past": "Long past and resolved",
    "near_miss_topic": "Film, news, study or job about it",
    "greet": "Greeting",
    "thanks": "Thanks",
    "goodbye": "Goodbye",
    "bot_challenge": "Asks what the assistant is",
    "affirm": "Yes",
    "deny": "No",
    "follow_up": "Goes on with the question before",
    "more_detail": "Wants more detail",
    "choose_suggestion": "Chooses one of the suggestions",
    OUT_OF_SCOPE: "Not about the clinic",
    "foreign_spanish": "In Spanish",
    "foreign_other": "In another language",
    "unclear": "Nobody could tell",
    "not_understood": "Not understood",
}


@dataclass(frozen=True)
class Choice:
    """One intent to choose."""

    intent: str
    words: str


def words_of(intent: str | None) -> str:
    """An intent in plain words: ``ask_cost`` is ``Cost``."""
    if not intent:
        return "Not understood"
    if intent in WORDS:
        return WORDS[intent]
    route, topic = route_of(intent), topic_of(intent)
    if route in URGENT_ROUTES and topic:
        return labels.alert(route, topic)
    return labels.topic(topic or intent)


def _of(route: str, topics: Iterable[str]) -> list[str]:
    return [INTENT_OF[route, topic] for topic in topics]


_GROUPS = {
    "Danger": _of("crisis", CRISIS_TOPICS) + _of("emergency", EMERGENCY_TOPICS),
    "Medical, for clinical staff": [
        *_of("medical", labels.MEDICAL),
        "low_mood",
    ],
    "Sounds dangerous, is not": list(NEAR_MISS_INTENTS),
    "For the front desk": [
        INTENT_OF["admin", topic]
        for topic in labels.FRONT_DESK
        if ("admin", topic) in INTENT_OF
    ],
    "General questions": _of("faq", FAQ_TOPICS),
    "Small talk": list(SMALL_TALK_INTENTS),
    "The rest": [OUT_OF_SCOPE, *CONTEXT_INTENTS, *FOREIGN_INTENTS, "unclear"],
}
GROUPS: dict[str, list[Choice]] = {
    group: [Choice(intent, words_of(intent)) for intent in intents]
    for group, intents in _GROUPS.items()
}
KNOWN = frozenset(intent for intents in _GROUPS.values() for intent in intents)
HAND_OFFS = tuple(
    choice.intent
    for group in ("Medical, for clinical staff", "For the front desk")
    for choice in GROUPS[group]
    if choice.intent != "admin_hours_location"
)


def is_safety(intent: str | None) -> bool:
    """Whether a second person looks at a correction to or from this intent."""
    urgent_or_medical = route_of(intent) in (*URGENT_ROUTES, "medical")
    return urgent_or_medical or intent in NEAR_MISS_INTENTS


def guesses(ranking: Iterable[Any], but: str | None) -> list[tuple[Choice, float]]:
    """The likeliest intents of the log, without one of them, likeliest first.

    One that would be shown with 0 % is no guess.
    """
    found = [
        (Choice(str(each["name"]), words_of(str(each["name"]))), _confidence(each))
        for each in ranking
        if isinstance(each, dict) and each.get("name") in KNOWN - {but}
    ]
    return [each for each in found if each[1] >= LEAST_GUESS][:MOST_GUESSES]


def likeliest(ranking: Iterable[Any], among: Iterable[str], default: str) -> str:
    """The likeliest of some intents by the log, or the default."""
    names = [str(each.get("name")) for each in ranking if isinstance(each, dict)]
    wanted = set(among)
    return next((name for name in names if name in wanted), default)


def _confidence(entry: dict[str, Any]) -> float:
    return float(entry.get("confidence") or 0.0)
