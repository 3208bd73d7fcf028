"""Hand-made messages, replies and turns for the tests of the evaluation."""

from __future__ import annotations

from clinic.topics import route_of, topic_of
from components.routing import Evidence
from retraining.assistant import Reply, Turn
from retraining.evaluation_measures import (
    measure_all,
)
from retraining.evaluation_outcomes import (
    Outcome,
    TurnOutcome,
)
from retraining.evaluation_sets import (
    LabelledConversation,
    LabelledMessage,
)


def message(intent, kind="clinic_wording", text="a question"):
    return LabelledMessage(text, route_of(intent), topic_of(intent), intent, kind)


def outcome(intent, *replies, kind="clinic_wording", **more):
    labelled = message(intent, kind, more.pop("text", "a question"))
    turn = Turn(labelled.text, replies, intent, more.pop("confidence", 0.9))
    return Outcome(labelled, turn, Evidence(labelled.text, more.pop("whole", {})))


def figures(*outcomes, turns=(), detected=(), floors=None):
    return {
        row.figure.name: row
        for row in measure_all(list(outcomes), list(turns), list(detected), floors)
    }


def faq(topic, **more):
    return Reply("text", "faq", topic, **more)


MEDICAL = Reply("text", "medical", "interactions")
CRISIS = Reply("988 and 911", "crisis", "self_harm")
EMERGENCY = Reply("911", "emergency", "physical")
UNSURE = Reply("text", "not_understood", suggestions=("cost", "history"))


def conversation(*turns):
    return LabelledConversation("a talk", "follow_up", turns)


def turn_outcome(turn, *replies, marked=False):
    done = Turn("hello", replies, after_urgent=marked)
    return TurnOutcome(conversation(turn), 0, done)


COST = (("faq", "cost"),)


EXTRA = """
nlu:
- intent: medical_question
  examples: |
    - can i take it with my pills
- intent: billing
  examples: |
    - my bill is wrong
- intent: records
  examples:
  - text: send me my chart
- intent: greet
  examples: ["hello"]
- intent: crisis
  examples: |
    - i want to die
- intent: emergency
  examples: |
    - he does not breathe
- intent: out_of_scope
  examples: |
    - who won the game
- intent: side_effects
  examples: |
    - does it make you sick
"""
