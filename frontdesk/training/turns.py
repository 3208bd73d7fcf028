"""A conversation as a test story: what a patient says, and what should happen.

Played after each training, so that what went wrong once does not come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clinic.topics import URGENT_ROUTES, route_of, topic_of
from frontdesk.chat.models import Conversation, Message
from frontdesk.training.corrections import RefusedError, understood
from frontdesk.training.courses import UNKNOWN
from frontdesk.training.intents import KNOWN
from frontdesk.training.models import Correction
from safety.redactor import redact

MOST_TURNS = 30


@dataclass
class TestTurn:
    """One message of the patient, and the intent whose answer it should get."""

    __test__ = False  # not for pytest, despite the name
    text: str
    intent: str


def drawn_up(conversation: Conversation) -> list[TestTurn]:
    """The patient's messages, redacted once more, until staff took over."""
    turns = []
    messages = conversation.messages.select_related("correction").order_by("number")
    for message in messages:
        if message.author == Message.Author.STAFF:
            break
        if message.author != Message.Author.PATIENT or message.button:
            continue
        correction: Correction | None = getattr(message, "correction", None)
        text = correction.text if correction and correction.text else message.text
        heard = understood(message).intent
        right = correction.intent if correction else heard or UNKNOWN
        turns.append(TestTurn(" ".join(redact(text).text.split()), right))
    return turns[:MOST_TURNS]


def from_form(form: Any) -> list[TestTurn]:
    """The turns of a form; one without text is left out."""
    pairs = zip(form.getlist("turn_text"), form.getlist("turn_intent"), strict=False)
    turns = [TestTurn(" ".join(text.split()), intent) for text, intent in pairs]
    return [turn for turn in turns if turn.text][:MOST_TURNS]


def as_file(turns: list[TestTurn]) -> list[dict[str, Any]]:
    """The turns in the form of ``tests/stories``.

    Raises:
        RefusedError: names the turn that can't be.
    """
    found: list[dict[str, Any]] = []
    is_after_urgent = False
    for number, turn in enumerate(turns, start=1):
        if turn.intent not in {*KNOWN, UNKNOWN}:
            raise RefusedError(f"Message {number}: choose what should happen.")
        route, topic = route_of(turn.intent), topic_of(turn.intent)
        entry: dict[str, Any] = {"patient": turn.text, "route": route}
        if topic:
            entry["topic"] = topic
        is_urgent = route in URGENT_ROUTES
        if is_after_urgent and not is_urgent:
            entry["after_urgent"] = True
        is_after_urgent = is_after_urgent or is_urgent
        found.append(entry)
    return found
