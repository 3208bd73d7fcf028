"""What the assistant did with a test message or turn, as questions with yes or no.

The first reply's route counts as the route of a turn (contract.md: most urgent first).
Used by ``evaluation_figures`` and by the report.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clinic.topics import CONTEXT_INTENTS, URGENT_ROUTES, route_of, topic_of
from components.routing import Decision, Evidence
from retraining.assistant import NO_ROUTE, Reply, Turn
from retraining.evaluation_sets import (
    LabelledConversation,
    LabelledMessage,
    LabelledTurn,
)
from safety.danger_detector import Verdict

_STAFF_ROUTES = ("medical", *URGENT_ROUTES)
# Where the topic decides what the patient reads; elsewhere the route is what counts.
_TOPIC_ROUTES = ("faq", "admin")
LINES_AFTER_URGENT = ("988", "911")


def route_of_turn(replies: tuple[Reply, ...]) -> str:
    """The route of the first reply; ``none`` if there was no reply."""
    return replies[0].route if replies else NO_ROUTE


def topics_of(replies: tuple[Reply, ...], route: str) -> set[str]:
    """Topics of the replies on a route."""
    return {reply.topic for reply in replies if reply.route == route and reply.topic}


@dataclass(frozen=True)
class Outcome:
    """A labelled message and what came of it in a conversation of its own."""

    message: LabelledMessage
    turn: Turn
    evidence: Evidence = field(default_factory=lambda: Evidence("", {}))

    @property
    def kind(self) -> str:
        """The test file that the message is from."""
        return self.message.kind

    @property
    def expected_intent(self) -> str | None:
        """The label, None where it names a route only."""
        return self.message.intent

    @property
    def expected_route(self) -> str:
        """The route of the label."""
        return self.message.route

    @property
    def route(self) -> str:
        """The route of the turn."""
        return route_of_turn(self.turn.replies)

    @property
    def routes(self) -> set[str]:
        """The routes of all replies."""
        return {reply.route for reply in self.turn.replies}

    @property
    def is_urgent(self) -> bool:
        """Whether the patient got a crisis or emergency text."""
        return self.route in URGENT_ROUTES

    @property
    def is_handed_off(self) -> bool:
        """Whether the message went to clinical staff, not as an alarm."""
        return self.route == "medical"

    @property
    def has_check_in(self) -> bool:
        """Whether the gentle line was shown."""
        return any(reply.check_in for reply in self.turn.replies)

    @property
    def has_right_topic(self) -> bool:
        """Whether the expected topic was answered, on the expected route."""
        expected = self.message.topic
        return self.route == self.expected_route and expected in topics_of(
            self.turn.replies, self.expected_route
        )

    @property
    def has_wrong_topic(self) -> bool:
        """Whether general answers were given, and none is the expected one."""
        return self.route == "faq" and not self.has_right_topic

    @property
    def has_topic_offered(self) -> bool:
        """Whether the expected topic was answered, after a hand-off too, or offered."""
        offered = {
            topic for reply in self.turn.replies for topic in reply.suggestions
        } | topics_of(self.turn.replies, "faq")
        return self.message.topic in offered

    @property
    def is_general_answer_alone(self) -> bool:
        """Whether a general answer came without hand-off and without urgent text."""
        return "faq" in self.routes and not self.routes & set(_STAFF_ROUTES)

    @property
    def is_clinic_answer(self) -> bool:
        """Whether the reply said something about the clinic or the treatment."""
        return bool(self.routes & {"faq", "admin"})

    @property
    def is_right(self) -> bool:
        """Whether the patient got what the label asks for."""
        intent = self.expected_intent or ""
        if self.expected_route == "faq":
            return self.has_right_topic
        if self.expected_route == "crisis":
            return self.is_urgent
        if intent in ("near_miss_denied", "near_miss_past"):
            return self.has_check_in and not self.is_urgent
        if intent == "low_mood":
            return self.is_handed_off and self.has_check_in
        if intent.startswith("near_miss_"):
            return not self.routes & {*URGENT_ROUTES, "faq"}
        if intent == "out_of_scope":
            return not self.routes & {*_STAFF_ROUTES, "faq", "admin"}
        if intent in CONTEXT_INTENTS:
            return not self.routes & set(_STAFF_ROUTES)
        return self.route == self.expected_route


@dataclass(frozen=True)
class TurnOutcome:
    """A turn of a test conversation and what came of it."""

    conversation: LabelledConversation
    position: int
    done: Turn

    @property
    def turn(self) -> LabelledTurn:
        """What was expected."""
        return self.conversation.turns[self.position]

    @property
    def is_route_right(self) -> bool:
        """Whether an accepted route, with its topic where that matters, was taken."""
        return any(self._is(route, topic) for route, topic in self.turn.accepted)

    def _is(self, route: str, topic: str | None) -> bool:
        taken = route_of_turn(self.done.replies)
        if route == "crisis" and taken in URGENT_ROUTES:
            return True
        if taken != route:
            return False
        if topic is None or route not in _TOPIC_ROUTES:
            return True
        return topic in topics_of(self.done.replies, route)

    @property
    def is_right(self) -> bool:
        """Whether route, gentle line and quiet line are as expected."""
        replies = self.done.replies
        if self.turn.check_in and not any(reply.check_in for reply in replies):
            return False
        if self.turn.after_urgent and not self.has_quiet_line:
            return False
        return self.is_route_right

    @property
    def has_quiet_line(self) -> bool:
        """Whether the reply of a marked conversation shows 988 and 911 somewhere."""
        said = " ".join(reply.text for reply in self.done.replies)
        return self.done.after_urgent and all(
            number in said for number in LINES_AFTER_URGENT
        )


@dataclass(frozen=True)
class DetectorOutcome:
    """A labelled message and the danger detector's verdict on it."""

    message: LabelledMessage
    verdict: Verdict

    @property
    def expected_route(self) -> str:
        """The route of the label."""
        return self.message.route

    @property
    def alarm(self) -> str | None:
        """The kind of the alarm that was raised, if one was."""
        return self.verdict.kind if self.verdict.level == "alarm" else None


def replies_of(decision: Decision) -> tuple[Reply, ...]:
    """The replies a decision leads to in a fresh conversation, without running Rasa."""
    first = Reply(
        text="",
        route=route_of(decision.intent),
        topic=topic_of(decision.intent),
        check_in=decision.check_in,
        suggestions=decision.suggestions,
    )
    if not decision.also:
        return (first,)
    second = Reply("", route_of(decision.also), topic_of(decision.also))
    return first, second
