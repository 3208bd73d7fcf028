"""What chooses the variation of an answer and fills it: named before, or asked now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.answers import Answer
from clinic.asked import ASKED, asked_of_office, asks_for_age, billed_insurers
from clinic.asked_days import asked_days
from clinic.profile import Clinic
from clinic.topics import FAQ_TOPICS

# The slots that choose a variation of an answer.
NAMED = ("treatment", "condition", "insurer")
HANDED_OFF = "action_hand_off"
ENDINGS = {HANDED_OFF, *(f"utter_{topic}" for topic in FAQ_TOPICS)}
# A value counts for the message that names it and for two more of the patient. Our
# stories lean on context twice at most ("the IV" → "how often" → "how much is it");
# later questions are as a rule about ketamine in general again.
REMEMBERED_MESSAGES = 2


@dataclass(frozen=True)
class Known:
    """What chooses and fills a text."""

    slots: dict[str, Any]
    turns_ago: dict[str, int]  # how long ago a slot was named
    days: list[date]  # asked about
    insurers: list[str]  # named, and billed by the clinic
    asks_for_age: bool


def known_of(
    tracker: DialogueStateTracker,
    variations: list[Answer],
    clinic: Clinic,
    today: date,
) -> Known:
    """What is known for a reply.

    Args:
        tracker: the conversation.
        variations: of the response that is to be said.
        clinic: what it offers and bills, and when it is open.
        today: the clinic's own calendar day.
    """
    values, turns_ago = named_values(tracker, clinic.values.get("treatments"))
    slots = {**tracker.current_slot_values(), **dict.fromkeys(NAMED), **values}
    message = tracker.latest_message
    text = str((message and message.text) or "")
    days: list[date] = []
    if any(ASKED in each.conditions for each in variations):
        days = asked_days(text, clinic, today)
        slots[ASKED] = asked_of_office(text, days)
    return Known(
        slots=slots,
        turns_ago=turns_ago,
        days=days,
        insurers=billed_insurers(_words_of(tracker, "insurer"), clinic),
        asks_for_age=asks_for_age(text, _values_of(tracker, "age"), clinic),
    )


def named_values(
    tracker: DialogueStateTracker, offered: Iterable[str] | None = None
) -> tuple[dict[str, str], dict[str, int]]:
    """What treatment, condition and insurer the talk is about now.

    Of each kind the newest message that names one decides. If it names two ("spravato
    or iv?"), neither counts. A condition that was handed to staff ("i get migraines")
    is a person's own, not what later general questions are about.

    Args:
        tracker: the conversation.
        offered: the clinic's treatments. Another one counts only in the message that
            names it: later questions are about what the clinic does.

    Returns:
        The values, and how many of the patient's messages ago each was named.
    """
    allowed = None if offered is None else set(offered)
    values: dict[str, str] = {}
    ages: dict[str, int] = {}
    decided: set[str] = set()
    for age, turn in enumerate(_turns(tracker)[: REMEMBERED_MESSAGES + 1]):
        for kind in turn.keys() & set(NAMED) - decided:
            decided.add(kind)
            if kind == "condition" and age > 0 and HANDED_OFF in turn:
                continue
            known = list(turn[kind])
            if kind == "treatment" and age > 0 and allowed is not None:
                known = [each for each in known if each in allowed]
            if len(turn[kind]) == 1 and known:
                values[kind], ages[kind] = known[0], age
    return values, ages


def _turns(tracker: DialogueStateTracker) -> list[dict[str, set[str]]]:
    """What each message of the patient named, the newest first.

    A slot that something else has set counts with the message before it. The key
    ``HANDED_OFF`` stands in the turns that ended with a hand-off.
    """
    turns: list[dict[str, set[str]]] = [{}]
    for event in tracker.events:
        if isinstance(event, UserUttered):
            turns.append({})
            for entity in event.entities or []:
                if entity.get("entity") in NAMED:
                    found = turns[-1].setdefault(entity["entity"], set())
                    found.add(str(entity.get("value")))
        elif isinstance(event, SlotSet) and event.key in NAMED:
            given = set() if event.value is None else {str(event.value)}
            turns[-1].setdefault(event.key, given)
        elif isinstance(event, ActionExecuted) and event.action_name in ENDINGS:
            turns[-1].pop(HANDED_OFF, None)
            if event.action_name == HANDED_OFF:
                turns[-1][HANDED_OFF] = set()
    return turns[::-1]


def _words_of(tracker: DialogueStateTracker, entity: str) -> list[str]:
    """The patient's own words for an entity, in the newest message."""
    message = tracker.latest_message
    if message is None:
        return []
    return [
        str(message.text or "")[each.get("start", 0) : each.get("end", 0)]
        for each in message.entities or []
        if each.get("entity") == entity
    ]


def _values_of(tracker: DialogueStateTracker, entity: str) -> list[str]:
    """The values of an entity in the newest message."""
    message = tracker.latest_message
    entities = (message.entities or []) if message else []
    return [str(each.get("value")) for each in entities if each.get("entity") == entity]
