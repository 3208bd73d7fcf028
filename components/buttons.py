"""Buttons under a reply in Rasa's shape; their ids are in ``clinic.buttons``."""

from __future__ import annotations

from clinic.answers import AnswerLibrary
from clinic.buttons import HUMAN_INTENT, button_id, button_title
from clinic.topics import INTENT_OF


def button(intent: str, library: AnswerLibrary) -> dict[str, str]:
    """A Rasa button."""
    return {"title": button_title(intent, library), "payload": button_id(intent)}


def suggestion_buttons(
    topics: list[str], library: AnswerLibrary
) -> list[dict[str, str]]:
    """A button for each suggested faq topic."""
    return [button(INTENT_OF["faq", topic], library) for topic in topics]


def human_button(library: AnswerLibrary) -> dict[str, str]:
    """The button "talk to a person"."""
    return button(HUMAN_INTENT, library)
