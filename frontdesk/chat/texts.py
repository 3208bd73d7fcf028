"""The words the front desk itself says: approved texts, filled in; no database."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from django.conf import settings

from clinic.answers import Answer, AnswerFileError, AnswerLibrary
from clinic.buttons import HUMAN_INTENT, button_id, button_title
from clinic.facts import facts_of, fill
from clinic.profile import Clinic, load_clinic
from clinic.topics import FAQ_TOPICS, INTENT_OF, response_of
from frontdesk.chat.bubbles import Bubble, bubbles_of
from frontdesk.chat.presenter import present
from frontdesk.chat.spanish import SpanishTexts

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0
QUIET_LINE_RESPONSE = "utter_line_after_urgent"


class Texts:
    """The approved texts of ``data/responses`` with the facts of ``clinic.yml``."""

    language = "en"

    def __init__(
        self, library: AnswerLibrary | None = None, clinic: Clinic | None = None
    ) -> None:
        """Reads the texts and ``clinic.yml``."""
        self._library = library or AnswerLibrary(settings.RESPONSES_FOLDER)
        self.clinic = clinic or load_clinic()
        self._read_at = time.monotonic()
        self.problem = ""  # why the files can't be read; those read before are served

    def now(self) -> datetime:
        """The clock; tests freeze it."""
        return datetime.now(UTC)

    @property
    def library(self) -> AnswerLibrary:
        """The texts as the files have them; those read before if one is broken."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._read_at = time.monotonic()
            try:
                self._library.refresh()
                self.problem = ""
            except (AnswerFileError, OSError) as error:
                self.problem = str(error)
                logger.error("data/responses: %s The texts read before stay.", error)
        return self._library

    def reread(self) -> None:
        """A file was changed: the next look at ``library`` looks at the files too."""
        self._read_at = -math.inf

    def in_language(self, language: str) -> Texts | SpanishTexts:
        """What the front desk itself says, in Spanish where that may be served."""
        spanish = SpanishTexts(self)
        return spanish if language == "es" and spanish.may_be_served else self

    def say(self, name: str) -> str:
        """The text of a response, in one piece."""
        return self._filled(self.library.choose(name, {}))

    def bubbles(self, name: str, times_given: int = 0) -> list[Bubble]:
        """A response as bubbles; variations take turns by how often it was given."""
        answer = self.library.choose(name, {}, times_given)
        return bubbles_of(answer, self._filled(answer))

    def with_suggestions(self, name: str) -> list[Bubble]:
        """A response whose suggestions (metadata) are buttons under its last bubble."""
        answer = self.library.choose(name, {})
        topics = [str(topic) for topic in answer.metadata.get("suggestions") or []]
        *first, last = self.bubbles(name)
        buttons = [self._button(INTENT_OF["faq", topic]) for topic in topics]
        last = replace(with_buttons(last, buttons), suggestions=topics)
        return [*first, last]

    def urgent(self, route: str, topic: str, times_given: int = 0) -> list[Bubble]:
        """The crisis or emergency text, with the button to a person.

        A text for a physical emergency alone gets the line with 988 under it: a crisis
        may be taken for one.
        """
        bubbles = self.bubbles(urgent_response(route, topic), times_given)
        if not says_988(bubbles):
            bubbles.append(self.quiet_line(bubbles[-1]))
        *first, last = bubbles
        return [*first, with_buttons(last, [self.human_button()])]

    def quiet_line(self, under: Bubble) -> Bubble:
        """The line with 988 and 911, as a part of the reply it stands under."""
        line = self.say(QUIET_LINE_RESPONSE)
        return Bubble(
            text=line, route=under.route, topic=under.topic, draft=under.draft
        )

    def urgent_messages(self, route: str, topic: str) -> list[dict[str, Any]]:
        """The same as message objects, for an answer that has no row in the log."""
        return [present(bubble) for bubble in self.urgent(route, topic)]

    def is_refused(self, name: str, version: str | None) -> bool:
        """Whether a text is past its review date and may be refused for that."""
        if name not in self.library:
            return False
        today = self.today()
        return any(
            answer.version == version and answer.is_refused(today)
            for answer in self.library.variations(name)
        )

    def today(self) -> date:
        """The day in the clinic's time zone."""
        return self.now().astimezone(self.clinic.time_zone).date()

    def any_drafts(self) -> bool:
        """Whether there are texts that nobody has approved yet."""
        return any(answer.is_draft for answer in self.library.all())

    def topic_buttons(self) -> list[dict[str, str]]:
        """A button for each general topic."""
        return [self._button(INTENT_OF["faq", topic]) for topic in FAQ_TOPICS]

    def human_button(self) -> dict[str, str]:
        """The button "talk to a person"."""
        return self._button(HUMAN_INTENT)

    def _button(self, intent: str) -> dict[str, str]:
        return {"id": button_id(intent), "title": button_title(intent, self.library)}

    def _filled(self, answer: Answer) -> str:
        return fill(answer.text, facts_of(self.clinic, self.now()))


def says_988(bubbles: list[Bubble]) -> bool:
    """Whether a reply names the crisis line."""
    return any("988" in bubble.text for bubble in bubbles)


def urgent_response(route: str, topic: str) -> str:
    """The response for an urgent route and topic."""
    return response_of(INTENT_OF[route, topic])


def with_buttons(bubble: Bubble, buttons: list[dict[str, str]]) -> Bubble:
    """A bubble with more buttons, each once."""
    there = {button["id"] for button in bubble.buttons}
    more = [button for button in buttons if button["id"] not in there]
    return replace(bubble, buttons=[*bubble.buttons, *more])


@cache
def texts() -> Texts:
    """The one library of this process."""
    return Texts()
