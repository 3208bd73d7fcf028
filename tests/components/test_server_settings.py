"""Calls of the action server: cheap to check, and checked as Rasa does."""

import time

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from components.server_settings import set_up_action_calls

ANSWER = {
    "events": [{"event": "slot", "timestamp": None, "name": "reason", "value": "x"}],
    "responses": [{"response": "utter_hello"}],
}


@pytest.fixture
def action():
    set_up_action_calls()
    return RemoteAction("action_hand_off", None)


@pytest.mark.parametrize("answer", [ANSWER, {}, {"events": [], "responses": []}])
def test_an_answer_of_the_action_server_is_taken(action, answer):
    assert action._validate_action_result(answer) is True


NO_ANSWERS = [
    [],
    {"events": "none"},
    {"events": [{"event": "no such event"}]},
    {"events": [{"name": "reason", "value": "x"}]},
    {"responses": ["hello"]},
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_what_is_no_answer_is_refused_with_rasas_own_words(action, answer):
    with pytest.raises(ValidationError, match="Failed to validate Action server"):
        action._validate_action_result(answer)


def test_checking_an_answer_takes_less_than_the_schema_would(action):
    action._validate_action_result(ANSWER)
    started = time.perf_counter()
    for _ in range(100):
        action._validate_action_result(ANSWER)

    # 10 ms each where the schema is checked anew.
    assert (time.perf_counter() - started) / 100 < 0.003
