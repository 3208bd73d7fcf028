# ruff: noqa: E501, RUF001
"""One table: what is known about a message → what it is taken for."""

import pytest

from clinic.topics import INTENT_OF, route_of
from components.routing import (
    DOSE,
    OWN,
    SUICIDE_AS_WORD,
    Decision,
    Evidence,
    RoutingThresholds,
    decide,
    mass,
)
from safety.danger_detector import Verdict

LIMITS = RoutingThresholds(
    urgent=0.5,
    near_miss=0.7,
    medical=0.3,
    medical_hint=0.1,
    medical_clause=0.9,
    medical_clause_whole=0.03,
    admin_clause=0.8,
    answer=0.4,
    answer_out_of_scope=0.25,
    suggest=0.04,
    alternative=0.12,
    also=0.25,
    also_clause=0.6,
    check_in=0.06,
    check_in_medical=0.15,
)
COST = {"ask_cost": 0.9}
ALARM = Verdict("alarm", "crisis", "self_harm", "phrase", probability=0.3)
SOFT = Verdict("check_in")
PREGNANCY = [{"entity": "pregnancy", "value": "pregnant"}]
MEDICINE = [{"entity": "medicine", "value": "sertraline"}]
AGE = [{"entity": "age", "value": "72"}]


def _alarm(kind, topic, reason="phrase"):
    return Verdict("alarm", kind, topic, reason, probability=0.3)


def _decide(whole, text="", clauses=(), entities=(), verdict=None):
    evidence = Evidence(
        text, whole, list(clauses), list(entities), verdict or Verdict()
    )
    return decide(evidence, LIMITS)


def _talk(name, whole, expected, text="", **evidence):
    intent, _, reason = expected.partition(" / ")
    return pytest.param(whole, text, evidence, intent, reason, id=name)


# fmt: off
TABLE = [
    # urgent: the detector, then the classifier; emergency before crisis
    _talk("alarm beats a sure question of one's own", COST, "crisis_self_harm / phrase", "price? i want to die", verdict=ALARM),
    _talk("weak alarm in a general question is softened", COST, "ask_cost / classifier", "does it stop people wanting to die", verdict=ALARM),
    _talk("weak alarm in a less sure question stays", {"ask_cost": 0.79}, "crisis_self_harm / phrase", "does it stop people wanting to die", verdict=ALARM),
    _talk("weak alarm about somebody stays", COST, "crisis_self_harm / phrase", "she wants to die", verdict=ALARM),
    _talk("alarm in a clause of a general question is softened", COST, "ask_cost / classifier", verdict=_alarm("crisis", "abuse", "clause")),
    _talk("alarm of the model", COST, "emergency_physical / model", verdict=_alarm("emergency", "physical", "model")),
    _talk("alarm without a classifier", {}, "crisis_abuse / clause", verdict=_alarm("crisis", "abuse", "clause")),
    _talk("phrase softened at the edge", {"near_miss_idiom": 0.7}, "near_miss_idiom / classifier", verdict=ALARM),
    _talk("phrase not softened below it", {"near_miss_idiom": 0.69}, "crisis_self_harm / phrase", verdict=ALARM),
    _talk("near misses add up", {"near_miss_idiom": 0.4, "near_miss_topic": 0.3}, "near_miss_idiom / classifier", verdict=ALARM),
    _talk("model's alarm is never softened", {"near_miss_idiom": 0.99}, "crisis_self_harm / model", verdict=_alarm("crisis", "self_harm", "model")),
    _talk("phrase+model is never softened", {"near_miss_idiom": 0.99}, "crisis_self_harm / phrase+model", verdict=_alarm("crisis", "self_harm", "phrase+model")),
    _talk("check_in is no alarm", COST, "ask_cost / classifier", verdict=SOFT),
    _talk("crisis mass at the edge", {"crisis_self_harm": 0.5, "ask_cost": 0.5}, "crisis_self_harm / classifier"),
    _talk("crisis mass below it", {"crisis_self_harm": 0.49, "ask_cost": 0.51}, "ask_cost / classifier"),
    _talk("crisis intents add up", {"crisis_self_harm": 0.2, "crisis_abuse": 0.3, "ask_cost": 0.5}, "crisis_abuse / classifier"),
    _talk("emergency at the edge", {"emergency_overdose": 0.5, "ask_cost": 0.5}, "emergency_overdose / classifier"),
    _talk("emergency before crisis", {"emergency_physical": 0.5, "crisis_self_harm": 0.5}, "emergency_physical / classifier"),
    _talk("emergency and crisis don't add up", {"emergency_physical": 0.3, "crisis_self_harm": 0.3, "ask_cost": 0.4}, "ask_cost / classifier"),
    # another language
    _talk("Cyrillic", COST, "foreign_other / script", "сколько это стоит"),
    _talk("Arabic", COST, "foreign_other / script", "كم السعر"),
    _talk("Chinese", COST, "foreign_other / script", "多少钱"),
    _talk("Hindi", COST, "foreign_other / script", "कीमत क्या है"),
    _talk("one word of it", COST, "ask_cost / classifier", "how much for a session, спасибо friend"),
    _talk("one third is not enough", COST, "ask_cost / classifier", "дabc"),
    _talk("danger in it", {}, "crisis_self_harm / phrase", "хочу умереть", verdict=ALARM),
    _talk("no letters", COST, "ask_cost / classifier", "$$$ 100?"),
    _talk("Spanish at the edge", {"foreign_spanish": 0.4, "ask_cost": 0.6}, "foreign_spanish / classifier"),
    _talk("Spanish below it", {"foreign_spanish": 0.39, "ask_cost": 0.61}, "ask_cost / classifier"),
    _talk("languages add up", {"foreign_spanish": 0.15, "foreign_other": 0.25, "ask_cost": 0.6}, "foreign_other / classifier"),
    _talk("language before medical", {"foreign_spanish": 0.45, "medical_dosing": 0.55}, "foreign_spanish / classifier"),
    # medical, by mass
    _talk("medical at the edge", {"medical_symptoms": 0.3, "ask_side_effects": 0.7}, "medical_symptoms / classifier"),
    _talk("medical below it", {"medical_symptoms": 0.29, "ask_side_effects": 0.71}, "ask_side_effects / classifier"),
    _talk("medical intents add up", {"medical_symptoms": 0.1, "medical_eligibility": 0.2, "ask_cost": 0.7}, "medical_eligibility / classifier"),
    _talk("low mood is medical", {"low_mood": 0.3, "ask_effectiveness": 0.7}, "low_mood / classifier"),
    _talk("ideation denied is medical", {"near_miss_denied": 0.5, "ask_cost": 0.5}, "near_miss_denied / classifier"),
    _talk("medical before front desk", {"medical_symptoms": 0.35, "admin_booking": 0.65}, "medical_symptoms / classifier"),
    # medical, by cue
    _talk("pregnancy cue", COST, "medical_pregnancy / cue", "cost when pregnant", entities=PREGNANCY),
    _talk("pregnancy cue with no mass at all", {}, "medical_pregnancy / cue", entities=PREGNANCY),
    _talk("pregnancy is the front desk's too", {"admin_booking": 0.5, "ask_cost": 0.5}, "admin_booking / classifier", entities=PREGNANCY),
    _talk("just not the front desk's", {"admin_booking": 0.49, "ask_cost": 0.51}, "medical_pregnancy / cue", entities=PREGNANCY),
    _talk("pregnancy, but surely something else medical", {"medical_interactions": 0.6, "ask_cost": 0.4}, "medical_interactions / classifier", entities=PREGNANCY),
    _talk("dose in mg", COST, "medical_dosing / cue", "price of 50 mg"),
    _talk("dose without a blank", COST, "medical_dosing / cue", "is 0.5mg enough"),
    _talk("dose as a word", COST, "medical_dosing / cue", "what dosage costs what"),
    _talk("dose of an out of scope matter", {"out_of_scope": 0.8}, "out_of_scope / classifier", "mg midget top speed"),
    _talk("money is no dose", COST, "ask_cost / classifier", "is it 500 for 6"),
    _talk("minutes are no dose", COST, "ask_cost / classifier", "40 min session, how much"),
    _talk("own medicine at the edge", {"medical_interactions": 0.1, "ask_cost": 0.9}, "medical_interactions / cue", "I take zoloft", entities=MEDICINE),
    _talk("own medicine below it", {"medical_interactions": 0.09, "ask_cost": 0.91}, "ask_cost / classifier", "I take zoloft", entities=MEDICINE),
    _talk("his medicine", {"medical_interactions": 0.1, "ask_cost": 0.9}, "medical_interactions / cue", "his zoloft", entities=MEDICINE),
    _talk("medicine of nobody", {"medical_interactions": 0.2, "ask_compare_with_antidepressants": 0.8}, "ask_compare_with_antidepressants / classifier", "better than zoloft?", entities=MEDICINE),
    _talk("age at the edge", {"medical_eligibility": 0.1, "ask_referral_and_getting_started": 0.9}, "medical_eligibility / cue", "72, ok?", entities=AGE),
    _talk("age below it", {"medical_eligibility": 0.09, "ask_referral_and_getting_started": 0.91}, "ask_referral_and_getting_started / classifier", "72, ok?", entities=AGE),
    _talk("a place is no cue", {"medical_eligibility": 0.2, "ask_cost": 0.8}, "ask_cost / classifier", "my town", entities=[{"entity": "place"}]),
    # medical, in one clause
    _talk("medical clause at the edge", {"medical_symptoms": 0.03, "ask_cost": 0.97}, "medical_symptoms / clause", clauses=[COST, {"medical_symptoms": 0.9}]),
    _talk("medical clause below it", {"medical_symptoms": 0.03, "ask_cost": 0.97}, "ask_cost / classifier", clauses=[COST, {"medical_symptoms": 0.89}]),
    _talk("the whole does not agree", {"medical_symptoms": 0.02, "ask_cost": 0.98}, "ask_cost / classifier", clauses=[COST, {"medical_symptoms": 0.99}]),
    _talk("clauses don't add up", {"medical_symptoms": 0.1, "ask_cost": 0.9}, "ask_cost / classifier", clauses=[{"medical_symptoms": 0.6}, {"medical_symptoms": 0.6}]),
    _talk("the clause names the intent", {"medical_symptoms": 0.04, "medical_dosing": 0.02, "ask_cost": 0.94}, "medical_dosing / clause", clauses=[COST, {"medical_dosing": 0.95}]),
    _talk("clause of a front desk matter", {"medical_symptoms": 0.1, "admin_booking": 0.6, "ask_cost": 0.3}, "admin_booking / classifier", clauses=[{"medical_symptoms": 0.95}]),
    # front desk in one clause of a general question
    _talk("front desk clause at the edge", COST, "admin_booking / clause", clauses=[COST, {"admin_booking": 0.8}]),
    _talk("front desk clause below it", COST, "ask_cost / classifier", clauses=[COST, {"admin_booking": 0.79}]),
    _talk("front desk intents don't add up", COST, "ask_cost / classifier", clauses=[{"admin_booking": 0.5, "admin_human": 0.5}]),
    _talk("not a general question", {"ask_cost": 0.49, "greet": 0.51}, "greet / classifier", clauses=[{"admin_booking": 0.9}]),
    _talk("general at the edge", {"ask_cost": 0.5, "greet": 0.5}, "admin_booking / clause", clauses=[{"admin_booking": 0.9}]),
    _talk("no one general question", {f"ask_{name}": 0.2 for name in ("cost", "history", "effectiveness")}, "not_understood / unsure", clauses=[{"admin_booking": 0.9}]),
    _talk("single clause", COST, "ask_cost / classifier"),
    # everything else
    _talk("sure enough at the edge", {"ask_cost": 0.4, "greet": 0.3}, "ask_cost / classifier"),
    _talk("unsure below it", {"ask_cost": 0.39, "greet": 0.3}, "not_understood / unsure"),
    _talk("out of scope beside an answer", {"ask_cost": 0.6, "out_of_scope": 0.25}, "not_understood / unsure"),
    _talk("less of it", {"ask_cost": 0.6, "out_of_scope": 0.24}, "ask_cost / classifier"),
    _talk("out of scope beside small talk", {"thanks": 0.6, "out_of_scope": 0.3}, "thanks / classifier"),
    _talk("out of scope needs no sureness", {"out_of_scope": 0.2, "greet": 0.1}, "out_of_scope / classifier"),
    _talk("unclear", {"unclear": 0.99}, "not_understood / unsure"),
    _talk("follow up", {"follow_up": 0.5, "ask_cost": 0.5}, "follow_up / classifier"),
    _talk("nothing known", {}, "not_understood / unsure"),
]
# fmt: on


@pytest.mark.parametrize(("whole", "text", "evidence", "intent", "reason"), TABLE)
def test_evidence_leads_to_decision(whole, text, evidence, intent, reason):
    decision = _decide(whole, text, **evidence)

    assert (decision.intent, decision.reason) == (intent, reason)


def test_confidence_is_the_mass_that_decided():
    both = {"medical_symptoms": 0.2, "medical_dosing": 0.2, "ask_cost": 0.6}

    assert _decide(both).confidence == pytest.approx(0.4)
    assert _decide(COST).confidence == 0.9
    assert _decide(COST, "i want to die", verdict=ALARM).confidence == 0.5
    assert _decide(COST, clauses=[{"admin_booking": 0.8}]).confidence == 0.8


def test_every_alarm_has_an_intent():
    for (route, topic), intent in INTENT_OF.items():
        if route in ("crisis", "emergency"):
            assert _decide({}, verdict=_alarm(route, topic)).intent == intent


# also: the general question beside a matter for staff

# fmt: off
ALSO = [
    ("at the edge", {"medical_symptoms": 0.75, "ask_cost": 0.25}, [], "ask_cost"),
    ("below it", {"medical_symptoms": 0.76, "ask_cost": 0.24}, [], None),
    ("general questions don't add up", {"medical_symptoms": 0.6, "ask_cost": 0.2, "ask_history": 0.2}, [], None),
    ("in a clause at the edge", {"medical_symptoms": 0.9}, [{"medical_symptoms": 0.9}, {"ask_cost": 0.6}], "ask_cost"),
    ("in a clause below it", {"medical_symptoms": 0.9}, [{"medical_symptoms": 0.9}, {"ask_cost": 0.59}], None),
    ("in a clause that is medical too", {"medical_symptoms": 0.9}, [{"ask_cost": 0.65, "medical_dosing": 0.3}], None),
    ("in a clause that is hardly medical", {"medical_symptoms": 0.9}, [{"ask_cost": 0.65, "medical_dosing": 0.29}], "ask_cost"),
    ("the surest clause", {"medical_symptoms": 0.9}, [{"ask_cost": 0.7}, {"ask_history": 0.8}], "ask_history"),
    ("the surest clause that is not medical", {"medical_symptoms": 0.9}, [{"ask_cost": 0.65}, {"ask_history": 0.68, "medical_dosing": 0.31}], "ask_cost"),
]
# fmt: on


@pytest.mark.parametrize(
    ("whole", "clauses", "also"),
    [row[1:] for row in ALSO],
    ids=[row[0] for row in ALSO],
)
def test_general_question_beside_a_medical_one(whole, clauses, also):
    decision = _decide(whole, clauses=clauses)

    assert route_of(decision.intent) == "medical"
    assert decision.also == also


def test_general_question_beside_a_front_desk_matter():
    decision = _decide(COST, clauses=[COST, {"admin_booking": 0.9}])

    assert (decision.intent, decision.also) == ("admin_booking", "ask_cost")


@pytest.mark.parametrize("whole", [COST, {"admin_booking": 0.9}, {"out_of_scope": 1.0}])
def test_nothing_is_owed_without_a_second_matter(whole):
    assert _decide(whole).also is None


def test_nothing_general_is_answered_beside_danger():
    decision = _decide(COST, clauses=[COST, COST], verdict=ALARM)

    assert decision.also is None
    assert decision.suggestions == ()


# suggestions

# fmt: off
SUGGESTIONS = [
    ("unsure: likeliest first", {"ask_history": 0.2, "ask_cost": 0.3, "unclear": 0.5}, ("cost", "history")),
    ("unsure: at the edge", {"unclear": 0.9, "ask_cost": 0.04, "ask_history": 0.039}, ("cost",)),
    ("unsure: at most three", {"ask_cost": 0.2, "ask_history": 0.19, "ask_preparation": 0.18, "ask_effectiveness": 0.17}, ("cost", "history", "preparation")),
    ("unsure: general ones only", {"admin_booking": 0.3, "ask_cost": 0.2, "greet": 0.3}, ("cost",)),
    ("unsure: none", {"unclear": 1.0}, ()),
    ("beside an answer: at the edge", {"ask_cost": 0.7, "ask_history": 0.12, "ask_preparation": 0.119}, ("history",)),
    ("beside an answer: at most two", {"ask_cost": 0.4, "ask_history": 0.15, "ask_preparation": 0.14, "ask_effectiveness": 0.13}, ("history", "preparation")),
    ("beside an answer: not itself", COST, ()),
    ("beside the front desk: none", {"admin_booking": 0.6, "ask_cost": 0.4}, ()),
    ("beside small talk: none", {"thanks": 0.6, "ask_cost": 0.4}, ()),
    ("beside a hand-off: none", {"medical_dosing": 0.6, "ask_cost": 0.4}, ()),
]
# fmt: on


@pytest.mark.parametrize(
    ("whole", "topics"),
    [row[1:] for row in SUGGESTIONS],
    ids=[row[0] for row in SUGGESTIONS],
)
def test_suggested_topics(whole, topics):
    assert _decide(whole).suggestions == topics


# check_in: the gentle line

# fmt: off
CHECK_IN = [
    (True,  "detector", COST, "how much", {"verdict": SOFT}),
    (True,  "softened alarm", {"near_miss_idiom": 0.9}, "dying to know", {"verdict": ALARM}),
    (True,  "low mood, always", {"low_mood": 0.9}, "so tired", {}),
    (True,  "denied, always", {"near_miss_denied": 0.9}, "not that", {}),
    (True,  "past, always", {"near_miss_past": 0.9}, "years ago", {}),
    (True,  "suicide as a subject", {"ask_effectiveness": 0.9}, "does it help with suicidal thoughts", {}),
    (True,  "self-harm as a subject", {"ask_conditions_treated": 0.9}, "do you treat self-harm", {}),
    (True,  "self harm as two words", {"ask_conditions_treated": 0.9}, "do you treat self harm", {}),
    (True,  "the line's number", {"unclear": 0.9}, "988?", {}),
    (True,  "crisis mass at the edge", {"ask_cost": 0.94, "crisis_abuse": 0.06}, "how much", {}),
    (False, "crisis mass below it", {"ask_cost": 0.95, "crisis_abuse": 0.05}, "how much", {}),
    (True,  "beside medical at the edge", {"medical_dosing": 0.85, "crisis_self_harm": 0.15}, "how strong", {}),
    (False, "beside medical below it", {"medical_dosing": 0.86, "crisis_self_harm": 0.14}, "how strong", {}),
    (True,  "not understood", {"unclear": 0.9, "crisis_self_harm": 0.06}, "what", {}),
    (True,  "front desk clause", COST, "suicide risk and booking", {"clauses": [{"admin_booking": 0.9}]}),
    (True,  "another language", {"foreign_spanish": 0.9}, "no puedo mas", {"verdict": SOFT}),
    (True,  "another script", {}, "мне плохо", {"verdict": SOFT}),
    (False, "another language, calm", {"foreign_spanish": 0.9}, "cuanto cuesta", {}),
    (False, "another script, calm", {}, "сколько стоит", {}),
    (False, "plain question", COST, "how much", {}),
    (False, "emergency mass is no sadness", {"ask_risks_and_safety": 0.7, "emergency_physical": 0.3}, "can it stop your breathing", {}),
    (False, "near miss as an idiom, calm", {"near_miss_idiom": 0.9}, "traffic kills me", {}),
]
# fmt: on


@pytest.mark.parametrize(
    ("expected", "whole", "text", "evidence"),
    [(row[0], *row[2:]) for row in CHECK_IN],
    ids=[row[1] for row in CHECK_IN],
)
def test_gentle_line(expected, whole, text, evidence):
    assert _decide(whole, text, **evidence).check_in is expected


# patterns

# fmt: off
DOSES = [
    (True, "50 mg"), (True, "50mg"), (True, "0.5 mg"), (True, "mg/kg"), (True, "mg per kg"), (True, "100 mcg"),
    (True, "two milligrams"), (True, "what dose"), (True, "DOSING"), (True, "20 units"), (True, "1 ml"), (True, "3cc"),
    (False, "overdosed dog"), (False, "6 sessions"), (False, "image"), (False, "500 dollars"), (False, "unit 5"),
    (False, "mgmt"), (False, "doser"),
]
OWNS = [
    (True, "I take"), (True, "i'm on"), (True, "I’m on"), (True, "im on"), (True, "ive had"), (True, "my meds"), (True, "his pills"), (True, "their pills"),
    (False, "is it"), (False, "in iv form"), (False, "history"), (False, "them"), (False, "mymeds"),
]
WORDS = [
    (True, "suicide"), (True, "suicidal"), (True, "self-harm"), (True, "self harming"), (True, "selfharm"), (True, "kill myself"),
    (True, "hurting themselves"), (True, "ending your life"), (True, "988"),
    (False, "kill time"), (False, "hurts my arm"), (False, "harmless"), (False, "ending the session"),
]
# fmt: on


@pytest.mark.parametrize(
    ("pattern", "found", "text"),
    [(DOSE, *row) for row in DOSES]
    + [(OWN, *row) for row in OWNS]
    + [(SUICIDE_AS_WORD, *row) for row in WORDS],
)
def test_patterns(pattern, found, text):
    assert bool(pattern.search(text)) is found


def test_mass_sums_routes():
    row = {"ask_cost": 0.5, "ask_history": 0.2, "admin_human": 0.2, "greet": 0.1}

    assert mass(row, "faq") == pytest.approx(0.7)
    assert mass(row, "faq", "admin") == pytest.approx(0.9)
    assert mass({}, "faq") == 0


def test_thresholds_may_be_left_out():
    assert decide(Evidence("how much", COST)) == Decision("ask_cost", 0.9, "classifier")
