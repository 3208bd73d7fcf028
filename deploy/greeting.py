"""The greeting of a new chat with its topic buttons, as patients get it on the website.

Used by the terminal chat, which has no front desk to say it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from clinic.answers import AnswerLibrary
from clinic.buttons import button_id, button_title
from clinic.facts import facts_of, fill
from clinic.profile import Clinic
from clinic.topics import INTENT_OF

GREETING = "utter_chat_greeting"


def greeting(clinic: Clinic, library: AnswerLibrary) -> list[dict[str, Any]]:
    """Its bubbles, as the assistant's channel gives them; buttons under the last."""
    answer = library.variations(GREETING)[0]
    text = fill(answer.text, facts_of(clinic, datetime.now(UTC)))
    topics = [str(topic) for topic in answer.metadata.get("suggestions") or []]
    intents = [INTENT_OF["faq", topic] for topic in topics]
    bubbles: list[dict[str, Any]] = [
        {"text": part, "route": "small_talk", "buttons": []}
        for part in re.split(r"\n\s*\n", text.strip())
    ]
    bubbles[-1]["buttons"] = [
        {"id": button_id(intent), "title": button_title(intent, library)}
        for intent in intents
    ]
    return bubbles
