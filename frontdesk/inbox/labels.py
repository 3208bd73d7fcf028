"""What staff pages call routes, topics and reasons of hand-offs: the one place for it.

``tests/staff/test_queue_labels.py`` keeps it complete: every value of the slot
``handoff_reason`` in domain.yml and every topic of the contract has its words here.
"""

from __future__ import annotations

ROUTES = {
    "emergency": "Emergency",
    "crisis": "Crisis",
    "medical": "Medical",
    "admin": "Front desk",
    "faq": "General question",
    "small_talk": "Small talk",
    "out_of_scope": "Not about the clinic",
    "not_understood": "Not understood",
}
URGENT = {
    "physical": "may need an ambulance",
    "overdose": "overdose or poisoning",
    "self_harm": "thoughts of suicide or self-harm",
    "third_party": "somebody else may be in danger",
    "harm_to_others": "may harm somebody",
    "abuse": "violence or abuse",
}
MEDICAL = {
    "symptoms": "Symptoms or how they feel",
    "stop_medication": "Stopping or changing a medicine",
    "pregnancy": "Pregnancy or breastfeeding",
    "interactions": "Other medicines they take",
    "dosing": "Dose",
    "eligibility": "Whether treatment suits them",
    "other_medical": "Another medical question",
}
FRONT_DESK = {
    "human": "Wants to talk to a person",
    "call_back": "Wants to be called back",
    "complaint": "Complaint",
    "booking": "Appointment",
    "billing_account": "Bill or account",
    "records_privacy": "Records or privacy",
    "other_admin": "Another question for the front desk",
    "hours_location": "Opening hours and address",
}
FAQ = {
    "what_is_ketamine": "What ketamine is",
    "how_it_works": "How it works",
    "conditions_treated": "What it is used for",
    "effectiveness": "How well it works",
    "onset_and_duration": "How soon, and how long it lasts",
    "what_to_expect_session": "What happens in a session",
    "routes_of_administration": "Infusion, injection, nasal, oral",
    "number_of_sessions": "How many sessions",
    "side_effects": "Side effects",
    "risks_and_safety": "Risks and safety",
    "addiction_potential": "Addiction",
    "fda_status_legality": "Whether it is approved and legal",
    "history": "History",
    "esketamine_spravato": "Spravato",
    "combining_with_therapy": "Together with therapy",
    "compare_with_antidepressants": "Against other treatments",
    "cost": "Cost",
    "payment_options": "Ways to pay",
    "insurance_coverage": "Insurance",
    "choosing_provider": "Choosing a clinic",
    "referral_and_getting_started": "Referral and first steps",
    "preparation": "Before a session",
    "aftercare_driving": "After a session",
    "at_home_ketamine": "Ketamine at home",
}
_ALL = URGENT | MEDICAL | FRONT_DESK | FAQ


def route(name: str | None) -> str:
    """A route in plain words."""
    return ROUTES.get(name or "", _in_words(name) or "No route")


def topic(name: str | None) -> str:
    """A topic, or a reason of a hand-off, in plain words."""
    return _ALL.get(name or "", _in_words(name) or "No topic")


def alert(route_name: str, topic_name: str) -> str:
    """What an alert is about: ``Crisis: thoughts of suicide or self-harm``."""
    about = URGENT.get(topic_name) or _in_words(topic_name)
    return f"{route(route_name)}: {about}" if about else route(route_name)


def _in_words(name: str | None) -> str:
    """For a value that has no words here yet: never nothing."""
    return (name or "").replace("_", " ").capitalize()
