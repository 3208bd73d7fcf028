"""Buttons under a reply: opaque ids that only our own doors resolve.

Used by ``components`` (Rasa's side) and by the front desk.
"""

from __future__ import annotations

import hashlib

from clinic.answers import AnswerLibrary
from clinic.topics import FAQ_TOPICS, INTENT_OF, response_of

HUMAN_INTENT = "admin_human"
_PREFIX = "b-"
# Every intent that a button can stand for; safety intents are not among them.
_BUTTON_INTENTS = (*(INTENT_OF["faq", topic] for topic in FAQ_TOPICS), HUMAN_INTENT)


def button_id(intent: str) -> str:
    """The opaque id of the button that stands for an intent."""
    return _PREFIX + hashlib.sha256(f"button:{intent}".encode()).hexdigest()[:16]


_INTENT_OF_BUTTON = {button_id(intent): intent for intent in _BUTTON_INTENTS}


def intent_of_button(identifier: str) -> str | None:
    """The intent a button stands for, or None if there is no such button."""
    return _INTENT_OF_BUTTON.get(identifier.strip())


def button_title(intent: str, library: AnswerLibrary) -> str:
    """What the button says: the ``title`` of its response's metadata."""
    first = library.variations(response_of(intent))[0]
    return str(first.metadata.get("title") or first.metadata.get("topic") or intent)
