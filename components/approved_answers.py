"""The NLG: serves the approved texts of ``data/responses``, word for word.

Named in ``endpoints.yml``. Fills clinic facts, adds the gentle line or the quiet line
where the conversation needs one, refuses overdue answers, needs no action server.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from clinic.answers import Answer, AnswerFileError, AnswerLibrary
from clinic.facts import facts_of, fill
from clinic.profile import Clinic, load_clinic
from clinic.topics import FAQ_TOPICS, URGENT_ROUTES
from components.buttons import human_button, suggestion_buttons

logger = logging.getLogger(__name__)

OVERDUE_RESPONSE = "utter_answer_overdue"
CHECK_IN_RESPONSE = "utter_line_check_in"
AFTER_URGENT_RESPONSE = "utter_line_after_urgent"
ASKED_AGAIN_RESPONSE = "utter_line_asked_again"
SLOT_AFTER_URGENT = "after_urgent"
MAX_BUBBLES = 3


class DraftsNotAllowedError(RuntimeError):
    """The clinic serves approved texts only, and some are drafts."""


class ApprovedAnswers(NaturalLanguageGenerator):
    """Chooses, fills and marks an approved text (see parent class)."""

    def __init__(
        self,
        endpoint_config: EndpointConfig | None = None,
        domain: Domain | None = None,
        *,
        library: AnswerLibrary | None = None,
        clinic: Clinic | None = None,
    ) -> None:
        """Reads the texts and ``clinic.yml``.

        Raises:
            DraftsNotAllowedError: if drafts are there and the clinic serves none.
        """
        self.library = library or AnswerLibrary()
        self.clinic = clinic or load_clinic()
        drafts = [answer.name for answer in self.library.all() if answer.is_draft]
        if drafts and not self.clinic.serve_drafts:
            raise DraftsNotAllowedError(
                f"data/responses: {len(drafts)} texts are drafts (first: {drafts[0]}), "
                f"and clinic.yml says serve_drafts: false. Have a clinician approve "
                f"them, or set serve_drafts: true on a demonstration site."
            )

    def now(self) -> datetime:
        """The clock; tests freeze it."""
        return datetime.now(UTC)

    async def generate(
        self,
        utter_action: str,
        tracker: DialogueStateTracker,
        output_channel: str,
        **kwargs: Any,
    ) -> dict[str, Any] | None:
        """(see parent class for full docstring)."""
        try:
            self.library.refresh()
        except (AnswerFileError, OSError) as error:
            # A half-saved file must not silence the bot: the texts read before stay.
            logger.error("data/responses: %s The texts read before stay.", error)
        if utter_action not in self.library:
            logger.error("data/responses: no response is named '%s'.", utter_action)
            utter_action = OVERDUE_RESPONSE
        try:
            return self._message(utter_action, tracker)
        except (KeyError, ValueError) as error:
            # An edit that the checks have not seen: unknown placeholder, no date …
            logger.error("data/responses: %s can't be served: %s", utter_action, error)
            return self._message(OVERDUE_RESPONSE, tracker)

    def _message(self, name: str, tracker: DialogueStateTracker) -> dict[str, Any]:
        slots = tracker.current_slot_values()
        earlier, this_turn = _bot_metadata(tracker)
        times_given = sum(entry.get("response") == name for entry in earlier)
        answer = self.library.choose(name, slots, times_given)
        if answer.is_refused(self.now().astimezone(self.clinic.time_zone).date()):
            logger.warning("data/responses: %s is past its review date.", name)
            answer = self.library.choose(OVERDUE_RESPONSE, slots)
        safety, suggestions = _findings(tracker)
        metadata = self._metadata(answer)
        if answer.metadata.get("about") == "last_answer":
            metadata.update(_subject_of_last_answer(earlier))
        facts = facts_of(self.clinic, self.now())
        bubbles = fill(answer.text, facts).split("\n\n")
        repeated = metadata["route"] == "faq" and any(
            entry.get("version") == answer.version for entry in earlier
        )
        if metadata["route"] not in URGENT_ROUTES:
            named = "988" in answer.text
            if repeated:
                bubbles.append(self._line(ASKED_AGAIN_RESPONSE, slots, facts))
            if safety.get("check_in"):
                metadata["check_in"] = True
                if not named and not any(item.get("check_in") for item in this_turn):
                    bubbles.append(self._line(CHECK_IN_RESPONSE, slots, facts))
            elif slots.get(SLOT_AFTER_URGENT) and not this_turn and not named:
                bubbles.append(self._line(AFTER_URGENT_RESPONSE, slots, facts))
        buttons = []
        if suggestions and metadata["route"] in ("not_understood", "faq"):
            metadata["suggestions"] = suggestions
            buttons = suggestion_buttons(suggestions, self.library)
        if answer.kind == "fallback" or repeated or slots.get(SLOT_AFTER_URGENT):
            buttons.append(human_button(self.library))
        message = {
            "text": "\n\n".join(_at_most(bubbles, MAX_BUBBLES)),
            "buttons": buttons,
            "metadata": metadata,
        }
        # Contract: in the bot event's metadata itself as well as where stock Rasa
        # puts a response's own metadata, one level deeper.
        return {**metadata, **message}

    def _metadata(self, answer: Answer) -> dict[str, Any]:
        own = answer.metadata
        metadata: dict[str, Any] = {
            "response": answer.name,
            "version": answer.version,
            "route": own.get("route", "not_understood"),
            "topic": own.get("topic"),
            "sources": list(own.get("sources") or []),
            "reviewed": own.get("approved_on") or None,
            "review_by": own.get("review_by"),
            "draft": answer.is_draft,
        }
        if own.get("handoff"):
            metadata["handoff"] = own["handoff"]
        return metadata

    def _line(self, name: str, slots: dict[str, Any], facts: dict[str, str]) -> str:
        return fill(self.library.choose(name, slots).text, facts)


def _bot_metadata(
    tracker: DialogueStateTracker,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Metadata of all earlier replies, and of those since the last user message."""
    earlier: list[dict[str, Any]] = []
    this_turn: list[dict[str, Any]] = []
    for event in tracker.events:
        if isinstance(event, UserUttered):
            this_turn = []
        elif isinstance(event, BotUttered):
            metadata = (event.metadata or {}).get("metadata") or {}
            earlier.append(metadata)
            this_turn.append(metadata)
    return earlier, this_turn


def _subject_of_last_answer(earlier: list[dict[str, Any]]) -> dict[str, Any]:
    """Route and topic of the last general answer, for a reply that is about it."""
    for entry in reversed(earlier):
        if entry.get("route") == "faq":
            return {"route": entry["route"], "topic": entry.get("topic")}
    return {}


def _findings(tracker: DialogueStateTracker) -> tuple[dict[str, Any], list[str]]:
    """What the safety gate and the fallback left with the last message."""
    message = tracker.latest_message
    parse_data = (message.parse_data or {}) if message else {}
    suggestions = [
        topic for topic in parse_data.get("suggestions") or [] if topic in FAQ_TOPICS
    ]
    return parse_data.get("safety") or {}, suggestions


def _at_most(bubbles: list[str], count: int) -> list[str]:
    """Joins the last bubbles so that there are no more than ``count``."""
    kept = [bubble.strip() for bubble in bubbles if bubble.strip()]
    if len(kept) <= count:
        return kept
    return [*kept[: count - 1], "\n".join(kept[count - 1 :])]
