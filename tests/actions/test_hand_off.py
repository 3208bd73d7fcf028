from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions.hand_off import ActionHandOff
from clinic.profile import load_clinic


def frozen(moment):
    # No subclass: rasa-sdk would register it as an action of the server.
    return ActionHandOff(load_clinic(), now=lambda: moment)


def tracker(*, intent="medical_dosing", reason=None):
    return Tracker(
        sender_id="someone",
        slots={"handoff_reason": reason},
        latest_message={"intent": {"name": intent, "confidence": 0.9}, "text": "…"},
        events=[],
        paused=False,
        followup_action=None,
        active_loop={},
        latest_action_name="utter_handoff_dosing",
    )


def run(action, at):
    dispatcher = CollectingDispatcher()
    events = asyncio.run(action.run(dispatcher, at, {}))
    return [message["response"] for message in dispatcher.messages], events


# The example clinic is in Denver: UTC-7 in winter, UTC-6 in summer.
# fmt: off
MOMENTS = [
    # a moment in UTC                                 what it is there
    (datetime(2026, 11, 23, 16, 0, tzinfo=UTC),  "open"),    # Monday 9:00
    (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), "closed"),  # Monday 8:59
    (datetime(2026, 11, 23, 23, 59, tzinfo=UTC), "open"),    # Monday 16:59
    (datetime(2026, 11, 24, 0, 0, tzinfo=UTC),   "closed"),  # Monday 17:00
    (datetime(2027, 6, 1, 15, 0, tzinfo=UTC),    "open"),    # Tuesday 9:00, summer
    (datetime(2027, 6, 1, 14, 59, tzinfo=UTC),   "closed"),  # Tuesday 8:59, summer
    (datetime(2026, 11, 22, 19, 0, tzinfo=UTC),  "closed"),  # Sunday noon
    (datetime(2026, 11, 26, 19, 0, tzinfo=UTC),  "closed"),  # Thanksgiving noon
]
# fmt: on


@pytest.mark.parametrize(("moment", "state"), MOMENTS)
def test_hand_off_says_whether_somebody_is_there(moment, state):
    responses, _ = run(frozen(moment), tracker())
    assert responses == [f"utter_handoff_{state}"]


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ("medical_dosing", "dosing"),
        ("medical_other_medical", "other_medical"),
        ("admin_complaint", "complaint"),
        ("admin_human", "human"),
        ("crisis_self_harm", "self_harm"),
        ("greet", "human"),
        ("not_understood", "human"),
        (None, "human"),
    ],
)
def test_hand_off_sets_a_missing_reason_from_the_intent(intent, reason):
    _, events = run(frozen(MOMENTS[0][0]), tracker(intent=intent))
    assert [(event["name"], event["value"]) for event in events] == [
        ("handoff_reason", reason)
    ]


def test_hand_off_keeps_a_reason_that_is_set():
    _, events = run(frozen(MOMENTS[0][0]), tracker(reason="symptoms"))
    assert events == []


def test_hand_off_survives_a_conversation_without_a_message():
    empty = tracker()
    empty.latest_message = {}
    _, events = run(frozen(MOMENTS[0][0]), empty)
    assert events[0]["value"] == "human"


def test_the_action_server_finds_the_actions():
    executor = ActionExecutor()
    executor.register_package("actions")
    assert set(executor.actions) == {"action_hand_off"}
