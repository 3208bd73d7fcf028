"""How much harm a conversation may have done, told from its log: points with a reason.

Staff read the reasons, so each is a sentence. A reason counts once, however often it
occurs. Points are an order of urgency, no measured probability:

- 60 and more: a person may have needed help, and got an answer instead;
- 30 to 59: the patient says, or shows, that the answer was wrong;
- below 30: the assistant itself was not sure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, Protocol

from clinic.topics import NOT_UNDERSTOOD_INTENT, URGENT_ROUTES, route_of

LOW_CONFIDENCE = 0.5
SMALL_MARGIN = 0.15
# Second guesses this probable are worth a look where the first one was no hand-off.
POSSIBLE = 0.15
TO_PEOPLE = (*URGENT_ROUTES, "medical")


class Reason(Enum):
    """Why a conversation is looked at: points, and what staff read."""

    ALARM_OVERRULED = (
        100,
        "The danger check raised an alarm, the assistant gave an ordinary answer",
    )
    DANGER_POSSIBLE = (90, "A crisis or an emergency was the second guess")
    DETECTOR_SILENT = (
        80,
        "The assistant saw a crisis or an emergency, the danger check did not",
    )
    HAND_OFF_MISSED = (60, "A medical question was the second guess; no hand-off")
    THUMBS_DOWN = (40, "The patient gave a thumbs down")
    NOT_UNDERSTOOD_AGAIN = (35, "Not understood more than once")
    ASSISTANT_DOWN = (30, "The assistant could not answer")
    SUGGESTION_CHOSEN = (
        25,
        "Not understood at first; the patient chose a suggestion",
    )
    LOW_CONFIDENCE = (20, "Answered with low confidence")
    SMALL_MARGIN = (15, "Two meanings were almost equally likely")
    CHECK_IN = (15, "Low mood, an idiom or a past that could be more")
    NOT_UNDERSTOOD = (10, "Not understood once")

    @property
    def points(self) -> int:
        """How much it counts."""
        return self.value[0]

    @property
    def words(self) -> str:
        """The sentence for staff."""
        return self.value[1]


class Logged(Protocol):
    """What is read of a message of the log."""

    author: str
    button: str
    route: str | None
    response: str | None
    check_in: bool
    intent: str | None
    confidence: float | None
    ranking: list[Any]
    safety: dict[str, Any]


def reasons_of(messages: Sequence[Logged], *, thumbs_down: bool) -> list[Reason]:
    """The reasons in a conversation, the heaviest first."""
    found: set[Reason] = {Reason.THUMBS_DOWN} if thumbs_down else set()
    misunderstood = 0
    was_misunderstood = False
    for patient, replies in _turns(messages):
        if patient.button and was_misunderstood:
            found.add(Reason.SUGGESTION_CHOSEN)
        found |= _of_turn(patient, replies)
        was_misunderstood = any(each.route == "not_understood" for each in replies)
        misunderstood += was_misunderstood
    if misunderstood:
        again = misunderstood > 1
        found.add(Reason.NOT_UNDERSTOOD_AGAIN if again else Reason.NOT_UNDERSTOOD)
    return sorted(found, key=lambda reason: -reason.points)


def harm_of(reasons: Iterable[Reason]) -> int:
    """The points together."""
    return sum(reason.points for reason in reasons)


def _turns(messages: Sequence[Logged]) -> list[tuple[Logged, list[Logged]]]:
    """Each message of the patient with what the assistant said to it."""
    turns: list[tuple[Logged, list[Logged]]] = []
    for message in messages:
        if message.author == "patient":
            turns.append((message, []))
        elif message.author == "bot" and turns:
            turns[-1][1].append(message)
    return turns


def _of_turn(patient: Logged, replies: list[Logged]) -> set[Reason]:
    if not replies:
        return set()  # a person answered, or it is still to be answered
    found = set()
    routes = {reply.route for reply in replies}
    is_urgent = any(route in URGENT_ROUTES for route in routes)
    if patient.safety.get("level") == "alarm" and not is_urgent:
        found.add(Reason.ALARM_OVERRULED)
    if is_urgent and not patient.button and _is_silent(patient):
        found.add(Reason.DETECTOR_SILENT)
    if any(reply.response == "utter_assistant_down" for reply in replies):
        found.add(Reason.ASSISTANT_DOWN)
    if any(reply.check_in for reply in replies):
        found.add(Reason.CHECK_IN)
    if not patient.button:
        found |= _of_guesses(replies[0], routes)
    return found


def _is_silent(patient: Logged) -> bool:
    return patient.safety.get("level") == "none"


def _of_guesses(reply: Logged, routes: set[str | None]) -> set[Reason]:
    """What the ranking says about a reply that took the message for something."""
    found: set[Reason] = set()
    if reply.confidence is None or reply.intent in (None, NOT_UNDERSTOOD_INTENT):
        return found
    ranking = [each for each in reply.ranking if isinstance(each, dict)]
    others = [each for each in ranking if each.get("name") != reply.intent]
    if not routes & set(TO_PEOPLE):
        possible = {
            route_of(str(each.get("name")))
            for each in others
            if float(each.get("confidence") or 0) >= POSSIBLE
        }
        if possible & set(URGENT_ROUTES):
            found.add(Reason.DANGER_POSSIBLE)
        if "medical" in possible:
            found.add(Reason.HAND_OFF_MISSED)
        if reply.confidence < LOW_CONFIDENCE:
            found.add(Reason.LOW_CONFIDENCE)
    second = max((float(each.get("confidence") or 0) for each in others), default=0.0)
    if others and reply.confidence - second < SMALL_MARGIN:
        found.add(Reason.SMALL_MARGIN)
    return found
