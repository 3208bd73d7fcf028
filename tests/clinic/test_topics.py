"""Names of routes, topics, intents and responses."""

import pytest

from clinic.topics import INTENT_OF, ROUTES, response_of, route_of, topic_of


@pytest.mark.parametrize("intent, route, topic, response", [
    ("ask_cost",            "faq",            "cost",       "utter_cost"),
    ("medical_dosing",      "medical",        "dosing",     "utter_handoff_dosing"),
    ("low_mood",            "medical",        None,         "utter_handoff_low_mood"),
    ("near_miss_denied",    "medical",        None,         "utter_near_miss_denied"),
    ("near_miss_idiom",     "out_of_scope",   None,         "utter_near_miss_idiom"),
    ("crisis_abuse",        "crisis",         "abuse",      "utter_crisis_abuse"),
    ("emergency_overdose",  "emergency",      "overdose",   "utter_emergency_overdose"),
    ("admin_human",         "admin",          "human",      "utter_human"),
    ("thanks",              "small_talk",     None,         "utter_thanks"),
    ("foreign_spanish",     "not_understood", None,         "utter_foreign_spanish"),
    ("not_understood",      "not_understood", None,         "utter_not_understood"),
])  # fmt: skip
def test_intent_leads_to_route_topic_and_response(intent, route, topic, response):
    assert route_of(intent) == route
    assert topic_of(intent) == topic
    assert response_of(intent) == response


@pytest.mark.parametrize("intent", [None, "", "no_such_intent"])
def test_unknown_intent_is_not_understood(intent):
    assert route_of(intent) == "not_understood"
    assert topic_of(intent) is None


def test_no_intent_stands_for_two_topics():
    assert len(set(INTENT_OF.values())) == len(INTENT_OF)
    assert {route for route, _ in INTENT_OF} <= set(ROUTES)
