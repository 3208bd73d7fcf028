"""What the front desk itself says, in Spanish; answers of the assistant are English.

Served by ``texts`` to who asks for it. A Spanish text that a clinic may not serve (a
draft, where drafts are off) takes all of them out: nobody is asked for consent in a mix
of two languages.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from django.http import HttpRequest

from clinic.answers import Answer
from clinic.facts import clock_words, facts_of, fill
from clinic.profile import Clinic
from clinic.topics import FAQ_TOPICS
from frontdesk.chat.bubbles import Bubble, bubbles_of

if TYPE_CHECKING:
    from frontdesk.chat.texts import Texts

SPANISH_OF = {
    "utter_consent": "utter_consent_spanish",
    "utter_consent_improve": "utter_consent_improve_spanish",
    "utter_consent_declined": "utter_consent_declined_spanish",
    "utter_consent_danger": "utter_consent_danger_spanish",
    "utter_office_open": "utter_office_open_spanish",
    "utter_office_closed": "utter_office_closed_spanish",
    "utter_contact_kept": "utter_contact_kept_spanish",
    "utter_chat_erased": "utter_chat_erased_spanish",
    "utter_chat_erased_alert_stays": "utter_chat_erased_alert_stays_spanish",
}
TITLES = "utter_topic_titles_spanish"  # lines "topic: title"
WEEKDAYS = (
    "el lunes",
    "el martes",
    "el miércoles",
    "el jueves",
    "el viernes",
    "el sábado",
    "el domingo",
)


def language_of(request: HttpRequest) -> str:
    """``es`` for a client that wants Spanish first, else ``en``."""
    wish = request.headers.get("Accept-Language", "").strip().lower()
    return "es" if wish.startswith("es") else "en"


class SpanishTexts:
    """The Spanish side of ``Texts``, with the same names."""

    language = "es"

    def __init__(self, english: Texts) -> None:
        """Takes library, clinic and clock of the English texts."""
        self._english = english
        self.clinic = english.clinic

    @property
    def may_be_served(self) -> bool:
        """Whether all of them are there, and allowed at this clinic."""
        return all(map(self._is_allowed, (*SPANISH_OF.values(), TITLES)))

    def _is_allowed(self, name: str) -> bool:
        library = self._english.library
        if name not in library:
            return False
        drafts = any(answer.is_draft for answer in library.variations(name))
        return self.clinic.serve_drafts or not drafts

    def now(self) -> datetime:
        """The clock."""
        return self._english.now()

    def say(self, name: str) -> str:
        """The text of a response, in one piece."""
        return self._filled(self._answer(name))

    def bubbles(self, name: str) -> list[Bubble]:
        """A response as bubbles."""
        answer = self._answer(name)
        return bubbles_of(answer, self._filled(answer))

    def any_drafts(self) -> bool:
        """Whether there are texts that nobody has approved yet."""
        return self._english.any_drafts()

    def topic_buttons(self) -> list[dict[str, str]]:
        """A button for each general topic."""
        english = self._english.topic_buttons()
        return [
            self._translated(topic, button)
            for topic, button in zip(FAQ_TOPICS, english, strict=True)
        ]

    def human_button(self) -> dict[str, str]:
        """The button "talk to a person"."""
        return self._translated("human", self._english.human_button())

    def _translated(self, topic: str, button: dict[str, str]) -> dict[str, str]:
        # Staff may edit the list: a line that went missing must not cost the chat.
        return button | {"title": self._titles().get(topic) or button["title"]}

    def _titles(self) -> dict[str, str]:
        lines = self._english.library.choose(TITLES, {}).text.splitlines()
        pairs = (line.partition(": ") for line in lines if line.strip())
        return {topic.strip(): title.strip() for topic, _, title in pairs}

    def _answer(self, name: str) -> Answer:
        return self._english.library.choose(SPANISH_OF[name], {})

    def _filled(self, answer: Answer) -> str:
        now = self.now()
        facts = facts_of(self.clinic, now)
        return fill(answer.text, facts | {"open_now": open_now(self.clinic, now)})


def open_now(clinic: Clinic, now: datetime) -> str:
    """One sentence: open until when, or closed and opening when (``clinic.facts``)."""
    closes = clinic.closes_at(now)
    if closes:
        return f"Estamos abiertos ahora, hasta {_clock(closes)} de hoy."
    today = now.astimezone(clinic.time_zone).date()
    holiday = clinic.holidays.get(today)
    closed = f"Hoy estamos cerrados ({holiday})." if holiday else "Estamos cerrados."
    opening = clinic.next_opening(now)
    if opening is None:
        return closed
    days = (opening.date() - today).days
    near = {0: "hoy", 1: "mañana"}
    day = near.get(days, WEEKDAYS[opening.weekday()])
    return f"{closed} Abrimos de nuevo {day} a {_clock(opening.time())}."


def _clock(value: time) -> str:
    return f"{'la' if value.hour % 12 == 1 else 'las'} {clock_words(value)}"
