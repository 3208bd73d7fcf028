"""The gate sets the intent and leaves its findings in the parse data."""

import pytest
from rasa.nlu.classifiers.regex_message_handler import RegexMessageHandler
from rasa.shared.core.domain import Domain
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from components.calibrated_intent_classifier import (
    CLAUSE_RANKINGS_KEY,
    PROBABILITIES_KEY,
)
from components.routing import RoutingThresholds
from components.safety_gate import SafetyGate
from safety.danger_detector import Verdict

ALARM = Verdict(
    "alarm", "crisis", "self_harm", "phrase", ("want_to_die",), None, 0.123456
)


class FixedDetector:
    """Finds the same in every message and remembers what it was asked."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.seen = []

    def detect(self, text):
        self.seen.append(text)
        return self.verdict


def _process(whole, *, text="some text", verdict=None, thresholds=None, **more):
    gate = SafetyGate(
        {"thresholds": thresholds or {}}, detector=FixedDetector(verdict or Verdict())
    )
    message = Message({TEXT: text, PROBABILITIES_KEY: whole, **more})
    return gate.process([message])[0]


def test_unknown_threshold_is_refused_by_name():
    with pytest.raises(ValueError, match=r"SafetyGate.*'urgnet' is unknown.*urgent"):
        SafetyGate({"thresholds": {"urgnet": 0.4, "medical": 0.2}})


def test_thresholds_of_the_config_are_used():
    gate = SafetyGate({"thresholds": {"answer": 0.9}})

    assert gate.thresholds == RoutingThresholds(answer=0.9)
    unsure = _process({"ask_cost": 0.8}, thresholds={"answer": 0.9})
    assert unsure.get(INTENT)["name"] == "not_understood"


def test_thresholds_may_be_left_out_of_the_config():
    assert SafetyGate({}).thresholds == RoutingThresholds()


def test_alarm_overrides_the_classifier_and_is_recorded():
    ranking = [{"name": "ask_cost", "confidence": 0.9}]
    message = _process(
        {"ask_cost": 0.9},
        text="i want to die",
        verdict=ALARM,
        **{INTENT_RANKING_KEY: ranking},
    )

    assert message.get(INTENT) == {"name": "crisis_self_harm", "confidence": 0.5}
    assert message.get("safety") == {
        "level": "alarm",
        "reason": "phrase",
        "phrases": ["want_to_die"],
        "near_miss": None,
        "probability": 0.1235,
        "check_in": False,
    }
    assert message.get(INTENT_RANKING_KEY) == ranking


def test_near_miss_and_gentle_line_are_recorded():
    verdict = Verdict("check_in", near_miss="idiom", phrases=("kill",), probability=0.2)

    safety = _process({"ask_cost": 0.9}, verdict=verdict).get("safety")

    assert (safety["level"], safety["near_miss"], safety["check_in"]) == (
        "check_in",
        "idiom",
        True,
    )


def test_suggestions_are_recorded():
    message = _process({"ask_cost": 0.3, "ask_history": 0.2, "unclear": 0.5})

    assert message.get("suggestions") == ["cost", "history"]
    assert message.get("also") is None


def test_general_question_beside_a_hand_off_is_recorded():
    message = _process({"medical_dosing": 0.6, "ask_cost": 0.4})

    assert message.get(INTENT)["name"] == "medical_dosing"
    assert message.get("also") == "ask_cost"
    assert message.get("suggestions") == []


def test_clauses_and_entities_are_weighed():
    clauses = [{"ask_cost": 0.9}, {"medical_symptoms": 0.95}]
    whole = {"ask_cost": 0.9, "medical_symptoms": 0.05}
    cue = [{"entity": "pregnancy", "value": "pregnant"}]

    by_clause = _process(whole, **{CLAUSE_RANKINGS_KEY: clauses})
    by_entity = _process(whole, **{ENTITIES: cue})

    assert by_clause.get(INTENT)["name"] == "medical_symptoms"
    assert by_entity.get(INTENT)["name"] == "medical_pregnancy"


def test_findings_leave_the_pipeline():
    message = _process({"medical_dosing": 0.6, "ask_cost": 0.4})

    kept = set(message.as_dict(only_output_properties=True))

    assert {INTENT, "safety", "suggestions", "also"} <= kept
    assert PROBABILITIES_KEY not in kept


def test_message_without_text_and_classifier_is_not_understood():
    gate = SafetyGate({}, detector=FixedDetector(Verdict()))

    messages = gate.process([Message({}), Message({TEXT: ""})])

    assert [entry.get(INTENT)["name"] for entry in messages] == ["not_understood"] * 2
    assert gate._detector.seen == ["", ""]


def test_every_message_is_shown_to_the_detector():
    gate = SafetyGate({}, detector=FixedDetector(ALARM))

    messages = gate.process([Message({TEXT: "one"}), Message({TEXT: "/restart"})])

    assert gate._detector.seen == ["one", "/restart"]
    assert all(entry.get(INTENT)["name"] == "crisis_self_harm" for entry in messages)


@pytest.mark.parametrize(
    "text", ["/ask_cost", "/restart", "/session_start", '/ask_cost{"treatment": "iv"}']
)
def test_text_that_begins_with_a_slash_stays_text(text):
    domain = Domain.from_dict({"intents": ["ask_cost"]})

    message = RegexMessageHandler().process([Message({TEXT: text})], domain)[0]

    assert message.as_dict() == {TEXT: text}
