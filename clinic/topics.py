"""The names of routes, topics, intents and responses, and how they hang together.

One intent is ``<prefix>_<topic>``; docs/labelling.md says what each means. Contract:
the topics and routes here are relied on by other tools.
"""

from __future__ import annotations

FAQ_TOPICS = (
    "what_is_ketamine",
    "how_it_works",
    "conditions_treated",
    "effectiveness",
    "onset_and_duration",
    "what_to_expect_session",
    "routes_of_administration",
    "number_of_sessions",
    "side_effects",
    "risks_and_safety",
    "addiction_potential",
    "fda_status_legality",
    "history",
    "esketamine_spravato",
    "combining_with_therapy",
    "compare_with_antidepressants",
    "cost",
    "payment_options",
    "insurance_coverage",
    "choosing_provider",
    "referral_and_getting_started",
    "preparation",
    "aftercare_driving",
    "at_home_ketamine",
)
MEDICAL_TOPICS = (
    "eligibility",
    "interactions",
    "dosing",
    "symptoms",
    "pregnancy",
    "stop_medication",
    "other_medical",
)
ADMIN_TOPICS = (
    "booking",
    "human",
    "hours_location",
    "billing_account",
    "records_privacy",
    "complaint",
    "other_admin",
)
CRISIS_TOPICS = ("self_harm", "third_party", "harm_to_others", "abuse")
EMERGENCY_TOPICS = ("physical", "overdose")
SMALL_TALK_INTENTS = ("greet", "thanks", "goodbye", "bot_challenge", "affirm", "deny")
NEAR_MISS_INTENTS = (
    "near_miss_idiom",
    "near_miss_denied",
    "near_miss_past",
    "near_miss_topic",
)
FOREIGN_INTENTS = ("foreign_spanish", "foreign_other")
# What these mean depends on the turn before.
CONTEXT_INTENTS = ("follow_up", "more_detail", "choose_suggestion")

NOT_UNDERSTOOD_INTENT = "not_understood"
URGENT_ROUTES = ("emergency", "crisis")
# Most urgent first (contract.md).
ROUTES = (
    "emergency",
    "crisis",
    "medical",
    "admin",
    "faq",
    "small_talk",
    "out_of_scope",
    "not_understood",
)
INTENT_PREFIX = {
    "faq": ("ask", FAQ_TOPICS),
    "medical": ("medical", MEDICAL_TOPICS),
    "crisis": ("crisis", CRISIS_TOPICS),
    "emergency": ("emergency", EMERGENCY_TOPICS),
    "admin": ("admin", ADMIN_TOPICS),
}
INTENT_OF = {
    (route, topic): f"{prefix}_{topic}"
    for route, (prefix, topics) in INTENT_PREFIX.items()
    for topic in topics
}
_ROUTE_AND_TOPIC = {intent: pair for pair, intent in INTENT_OF.items()}
_ROUTE_ONLY = {
    "low_mood": "medical",
    "near_miss_denied": "medical",
    "near_miss_past": "medical",
    "near_miss_idiom": "out_of_scope",
    "near_miss_topic": "out_of_scope",
    "out_of_scope": "out_of_scope",
    **dict.fromkeys(SMALL_TALK_INTENTS, "small_talk"),
}


def route_of(intent: str | None) -> str:
    """The route of a message with this intent; ``not_understood`` if it has none."""
    if intent in _ROUTE_AND_TOPIC:
        return _ROUTE_AND_TOPIC[intent][0]
    return _ROUTE_ONLY.get(intent or "", "not_understood")


def topic_of(intent: str | None) -> str | None:
    """The topic of an intent, or None for one without a topic."""
    pair = _ROUTE_AND_TOPIC.get(intent or "")
    return pair[1] if pair else None


def response_of(intent: str) -> str:
    """The response that answers an intent: ``ask_cost`` → ``utter_cost``."""
    route, topic = route_of(intent), topic_of(intent)
    if route == "medical" and (topic or intent == "low_mood"):
        return f"utter_handoff_{topic or intent}"
    if route in URGENT_ROUTES:
        return f"utter_{route}_{topic}"
    return f"utter_{topic or intent}"
