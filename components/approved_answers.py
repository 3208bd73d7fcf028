"""The NLG: serves the approved texts of ``data/responses``, word for word.

Named in ``endpoints.yml``. Fills clinic facts, adds the gentle line or the quiet line
where the conversation needs one, refuses overdue answers, needs no action server.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import Any

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from clinic.answers import Answer, AnswerFileError, AnswerLibrary
from clinic.facts import facts_of, fill
from clinic.profile import Clinic, load_clinic
from clinic.topics import URGENT_ROUTES
from components.buttons import human_button, suggestion_buttons
from components.known_values import Known, known_of
from components.talk_so_far import TalkSoFar

logger = logging.getLogger(__name__)

OVERDUE_RESPONSE = "utter_answer_overdue"
CHECK_IN_RESPONSE = "utter_line_check_in"
AFTER_URGENT_RESPONSE = "utter_line_after_urgent"
ASKED_AGAIN_RESPONSE = "utter_line_asked_again"
SLOT_AFTER_URGENT = "after_urgent"
MAX_BUBBLES = 3
MAX_BUBBLES_A_TURN = 4  # a hand-off with the general answer that was asked beside it
INSURANCE_RESPONSE = "utter_insurance_coverage"
BILLED_RESPONSE = "utter_line_insurer_billed"
AGE_RESPONSE = "utter_line_minimum_age"
# Where the lowest age is said first if the patient's age, or any, is in the question.
AGE_RESPONSES = {
    "utter_handoff_eligibility",
    "utter_conditions_treated",
    "utter_referral_and_getting_started",
}


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
        talk, known = TalkSoFar.of(tracker), self._known(name, tracker)
        answer = self._answer(name, known, talk)
        metadata = _metadata(answer, talk)
        facts = facts_of(
            self.clinic, self.now(), days=known.days, named_insurers=known.insurers
        )

        def say(line: str) -> str:
            return fill(self.library.choose(line, known.slots).text, facts)

        bubbles = fill(answer.text, facts).split("\n\n")
        is_general = metadata["route"] == "faq"
        repeated = is_general and talk.has_said(answer.version)
        beside = is_general and talk.is_beside_a_hand_off()
        if repeated or beside:
            metadata["shortened"] = len(bubbles) > 1
            bubbles = bubbles[:1]
        first = self._first_line(answer.name, known, talk)
        if first in self.library:
            metadata["first_line"] = first
            bubbles[0] = f"{say(first)}\n{bubbles[0]}"
        if repeated:
            bubbles.append(say(ASKED_AGAIN_RESPONSE))
        safety_line = _safety_line(answer, metadata, known.slots, talk)
        if safety_line:
            bubbles.append(say(safety_line))
        left = MAX_BUBBLES_A_TURN - talk.bubbles_this_turn
        most = max(1, left) if beside else MAX_BUBBLES
        message = {
            "text": "\n\n".join(_at_most(bubbles, most)),
            "buttons": self._buttons(answer, metadata, talk, repeated, known.slots),
            "metadata": metadata,
        }
        # Contract: in the bot event's metadata itself as well as where stock Rasa
        # puts a response's own metadata, one level deeper.
        return {**metadata, **message}

    def _known(self, name: str, tracker: DialogueStateTracker) -> Known:
        variations = self.library.variations(name) if name in self.library else []
        return known_of(tracker, variations, self.clinic, self._today())

    def _today(self) -> date:
        return self.now().astimezone(self.clinic.time_zone).date()

    def _answer(self, name: str, known: Known, talk: TalkSoFar) -> Answer:
        times_given = sum(entry.get("response") == name for entry in talk.earlier)
        answer = self.library.choose(name, known.slots, times_given, known.turns_ago)
        if not answer.is_refused(self._today()):
            return answer
        logger.warning("data/responses: %s is past its review date.", name)
        return self.library.choose(OVERDUE_RESPONSE, known.slots)

    def _first_line(self, name: str, known: Known, talk: TalkSoFar) -> str:
        """The line that answers first what the text says late or never, if any."""
        said = any(entry.get("first_line") for entry in talk.this_turn)
        if name == INSURANCE_RESPONSE and known.insurers:
            return BILLED_RESPONSE
        if name in AGE_RESPONSES and known.asks_for_age and not said:
            return AGE_RESPONSE
        return ""

    def _buttons(
        self,
        answer: Answer,
        metadata: dict[str, Any],
        talk: TalkSoFar,
        repeated: bool,
        slots: dict[str, Any],
    ) -> list[dict[str, str]]:
        buttons = []
        if talk.suggestions and metadata["route"] in ("not_understood", "faq"):
            metadata["suggestions"] = talk.suggestions
            buttons = suggestion_buttons(talk.suggestions, self.library)
        if answer.kind == "fallback" or repeated or slots.get(SLOT_AFTER_URGENT):
            buttons.append(human_button(self.library))
        return buttons


def _metadata(answer: Answer, talk: TalkSoFar) -> dict[str, Any]:
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
    if own.get("about") == "last_answer":
        metadata.update(talk.subject_of_last_answer())
    if talk.safety.get("check_in") and metadata["route"] not in URGENT_ROUTES:
        metadata["check_in"] = True
    return metadata


def _safety_line(
    answer: Answer, metadata: dict[str, Any], slots: dict[str, Any], talk: TalkSoFar
) -> str | None:
    """The gentle line or the quiet line, where the reply needs one below it."""
    if metadata["route"] in URGENT_ROUTES or "988" in answer.text:
        return None
    if metadata.get("check_in"):
        before = any(entry.get("check_in") for entry in talk.this_turn)
        return None if before else CHECK_IN_RESPONSE
    quiet = slots.get(SLOT_AFTER_URGENT) and not talk.this_turn
    return AFTER_URGENT_RESPONSE if quiet else None


def _at_most(bubbles: list[str], count: int) -> list[str]:
    """Joins the last bubbles so that there are no more than ``count``."""
    kept = [bubble.strip() for bubble in bubbles if bubble.strip()]
    if len(kept) <= count:
        return kept
    return [*kept[: count - 1], "\n".join(kept[count - 1 :])]
