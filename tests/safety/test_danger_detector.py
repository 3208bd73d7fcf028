# ruff: noqa: E501
"""How phrases and probabilities are weighed; the detector never raises."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.danger_detector import (
    LONGEST_TEXT,
    PHRASES_FOLDER,
    DangerDetector,
    Thresholds,
    Verdict,
    judge,
)
from safety.encoder import shared_encoder
from safety.phrase_matcher import PhraseMatch, PhraseMatcher
from safety.text_classifier import ClassifierFileError, TextClassifier

LIMITS = Thresholds(
    crisis=0.45,
    emergency=0.45,
    against_near_miss=0.75,
    with_alarm=0.05,
    with_hint=0.25,
    crisis_clause=0.75,
    emergency_clause=0.75,
    near_miss=0.6,
    harmless=0.9,
    check_in=0.1,
)


def _match(topic, strength="alarm", near_miss=None, kind="crisis"):
    return PhraseMatch(f"{strength}-{topic}", kind, topic, strength, (0, 4), near_miss)


DIE = _match("self_harm")
ABUSE = _match("abuse")
SAID = _match("self_harm", "certain")
SAID_DENIED = _match("self_harm", "certain", "denied")
HINT = _match("self_harm", "hint")
DENIED = _match("self_harm", near_miss="denied")
HINT_DENIED = _match("self_harm", "hint", "denied")
CHEST = _match("physical", kind="emergency")
CHEST_HINT = _match("physical", "hint", kind="emergency")
CHEST_PAST = _match("physical", near_miss="past", kind="emergency")


def _crisis(p):
    return {"crisis_self_harm": p, "other": 1 - p}


def _emergency(p):
    return {"emergency_physical": p, "other": 1 - p}


# fmt: off
TABLE = [
    # what was found, whole message, clauses → level kind topic reason
    # nothing
    ("nothing at all", [], {}, [], "none"),
    ("ordinary", [], {"other": 1.0}, [], "none"),
    # the model alone
    ("model at the edge", [], _crisis(0.45), [], "alarm crisis self_harm model"),
    ("model below it", [], _crisis(0.44), [], "check_in"),
    ("model, emergency at the edge", [], _emergency(0.45), [], "alarm emergency physical model"),
    ("model, emergency below it", [], _emergency(0.44), [], "none"),
    ("labels of a kind add up", [], {"crisis_self_harm": 0.2, "crisis_abuse": 0.25, "other": 0.55}, [], "alarm crisis abuse model"),
    ("kinds don't add up", [], {"crisis_self_harm": 0.3, "emergency_physical": 0.3, "other": 0.4}, [], "check_in"),
    ("model, although near misses are likely", [], {"crisis_self_harm": 0.46, "near_miss_denied": 0.54}, [], "alarm crisis self_harm model"),
    # phrase and model
    ("phrase, sure model", [DIE], _crisis(0.45), [], "alarm crisis self_harm phrase+model"),
    ("phrase, hardly a model", [DIE], _crisis(0.05), [], "alarm crisis self_harm phrase+model"),
    ("phrase, silent model", [DIE], _crisis(0.04), [], "alarm crisis self_harm phrase"),
    ("phrase, silent model, a clause", [DIE], _crisis(0.01), [_crisis(0.05)], "alarm crisis self_harm phrase+model"),
    ("emergency phrase, hardly a model", [CHEST], _emergency(0.05), [], "alarm emergency physical phrase+model"),
    # a phrase that only hints
    ("hint, model at the edge", [HINT], _crisis(0.25), [], "alarm crisis self_harm phrase+model"),
    ("hint, model below it", [HINT], _crisis(0.24), [], "check_in"),
    ("hint, clause at the edge", [HINT], _crisis(0.05), [_crisis(0.25)], "alarm crisis self_harm phrase+model"),
    ("hint, silent model", [HINT], _crisis(0.01), [], "none"),
    ("two hints are no alarm here", [HINT, _match("abuse", "hint")], _crisis(0.01), [], "none"),
    ("hint, a near miss is likely", [HINT], {"crisis_self_harm": 0.3, "near_miss_idiom": 0.5, "other": 0.2}, [], "check_in"),
    ("hint of the other kind", [CHEST_HINT], _crisis(0.3), [], "check_in"),
    # one clause
    ("clause at the edge", [], _crisis(0.01), [{"other": 1.0}, _crisis(0.75)], "alarm crisis self_harm clause"),
    ("clause below it", [], _crisis(0.01), [{"other": 1.0}, _crisis(0.74)], "none"),
    ("clauses don't add up", [], _crisis(0.01), [_crisis(0.5), _crisis(0.5)], "none"),
    ("clause, emergency", [], {"other": 1.0}, [_emergency(0.75)], "alarm emergency physical clause"),
    ("clause, a near miss is likely", [], {"near_miss_topic": 0.5, "other": 0.5}, [_crisis(0.9)], "check_in"),
    ("clause, a near miss is not", [], {"near_miss_topic": 0.49, "other": 0.51}, [_crisis(0.9)], "alarm crisis self_harm clause"),
    # a phrase alone, softened where the model is sure of a near miss
    ("phrase, near miss at the edge", [DIE], {"near_miss_idiom": 0.6, "other": 0.4}, [], "check_in"),
    ("phrase, near miss below it", [DIE], {"near_miss_idiom": 0.59, "other": 0.41}, [], "alarm crisis self_harm phrase"),
    ("near misses add up", [DIE], {"near_miss_idiom": 0.3, "near_miss_topic": 0.3, "other": 0.4}, [], "check_in"),
    ("phrase and model against a near miss", [DIE], {"crisis_self_harm": 0.2, "near_miss_idiom": 0.5, "other": 0.3}, [], "alarm crisis self_harm phrase"),
    # every phrase found is marked as a near miss
    ("denied", [DENIED], _crisis(0.01), [], "check_in"),
    ("denied, model not sure enough", [DENIED], _crisis(0.74), [], "check_in"),
    ("denied, model very sure", [DENIED], _crisis(0.75), [], "alarm crisis self_harm model"),
    ("denied hint", [HINT_DENIED], _crisis(0.05), [], "none"),
    ("denied, one clause sure", [DENIED], _crisis(0.01), [_crisis(0.99)], "check_in"),
    ("denied first, meant then", [DENIED, DIE], _crisis(0.01), [], "alarm crisis self_harm phrase"),
    ("denied first, hinted then", [DENIED, HINT], _crisis(0.25), [], "alarm crisis self_harm phrase+model"),
    ("marks count for their own kind", [DENIED], _emergency(0.5), [], "alarm emergency physical model"),
    ("past chest pain", [CHEST_PAST], {"other": 1.0}, [], "none"),
    # said in so many words: no near miss of the model's softens it
    ("certain, model sure of a denial", [SAID], {"near_miss_denied": 0.99}, [], "alarm crisis self_harm certain"),
    ("certain, but marked", [SAID_DENIED], {"near_miss_denied": 0.99}, [], "check_in"),
    # a bodily sign in an ordinary medical question
    ("sign, model sure of no danger", [CHEST], {"other": 0.9, "emergency_physical": 0.04}, [], "none"),
    ("too much taken, model sure of no danger", [_match("overdose", kind="emergency")], {"other": 0.95}, [], "alarm emergency overdose phrase"),
    ("sign, model less sure", [CHEST], {"other": 0.89, "emergency_physical": 0.04}, [], "alarm emergency physical phrase"),
    ("sign, model a little alarmed", [CHEST], {"other": 0.9, "emergency_physical": 0.05}, [], "alarm emergency physical phrase+model"),
    ("crisis phrase is never harmless", [DIE], {"other": 1.0}, [], "alarm crisis self_harm phrase"),
    # emergency before crisis
    ("both phrases", [DIE, CHEST], {"other": 0.5}, [], "alarm emergency physical phrase"),
    ("both by the model", [], {"crisis_self_harm": 0.5, "emergency_overdose": 0.5}, [], "alarm emergency overdose model"),
    ("crisis surer than emergency", [], {"crisis_self_harm": 0.55, "emergency_overdose": 0.45}, [], "alarm emergency overdose model"),
    ("emergency not sure enough", [], {"crisis_self_harm": 0.6, "emergency_overdose": 0.4}, [], "alarm crisis self_harm model"),
    ("words of one, meaning of the other", [CHEST], _crisis(0.45), [], "alarm crisis self_harm model"),
    ("words of one, meaning unsure", [CHEST], _crisis(0.44), [], "alarm emergency physical phrase"),
    ("words and meaning of both", [CHEST], {"crisis_self_harm": 0.9, "emergency_physical": 0.05, "other": 0.05}, [], "alarm emergency physical phrase+model"),
    # the topic
    ("topic of the phrase, silent model", [ABUSE], {"other": 1.0}, [], "alarm crisis abuse phrase"),
    ("topic of the phrase, unsure model", [ABUSE], {"crisis_self_harm": 0.25, "crisis_abuse": 0.2, "other": 0.55}, [], "alarm crisis abuse phrase+model"),
    ("topic of a sure model", [ABUSE], {"crisis_self_harm": 0.9, "crisis_abuse": 0.1}, [], "alarm crisis self_harm phrase+model"),
    ("topic of most phrases", [ABUSE, DIE, DIE], {"other": 1.0}, [], "alarm crisis self_harm phrase"),
    ("topic of the clause", [], {"crisis_self_harm": 0.1, "other": 0.9}, [{"crisis_third_party": 0.8}], "alarm crisis third_party clause"),
    # check_in
    ("some crisis mass at the edge", [], _crisis(0.1), [], "check_in"),
    ("below it", [], _crisis(0.09), [], "none"),
    ("emergency mass is no sadness", [], _emergency(0.4), [], "none"),
    ("likely near miss at the edge", [], {"near_miss_past": 0.5, "other": 0.5}, [], "check_in"),
    ("near miss below it", [], {"near_miss_past": 0.49, "other": 0.51}, [], "none"),
    ("low mood is the gate's matter", [], {"low_mood": 0.9, "other": 0.1}, [], "none"),
]
# fmt: on


@pytest.mark.parametrize(
    ("matches", "whole", "clauses", "expected"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_evidence_leads_to_verdict(matches, whole, clauses, expected):
    verdict = judge(matches, whole, clauses, LIMITS)

    parts = (verdict.level, verdict.kind, verdict.topic, verdict.reason)
    assert " ".join(part for part in parts if part) == expected
    assert verdict.phrases == tuple(match.id for match in matches)


@pytest.mark.parametrize(
    ("matches", "whole", "near_miss"),
    [
        ([DENIED], {"other": 1.0}, "denied"),
        ([], {"near_miss_idiom": 0.5, "near_miss_past": 0.1, "other": 0.4}, "idiom"),
        ([DENIED], {"near_miss_past": 0.6, "other": 0.4}, "past"),
        ([DENIED], {"near_miss_past": 0.3, "other": 0.7}, "denied"),
        ([], _crisis(0.2), None),
    ],
)
def test_near_miss_is_named(matches, whole, near_miss):
    verdict = judge(matches, whole, [], LIMITS)

    assert (verdict.level, verdict.near_miss) == ("check_in", near_miss)


def test_alarm_names_no_near_miss():
    assert judge([DENIED, DIE], {}, [], LIMITS).near_miss is None


@pytest.mark.parametrize(
    ("whole", "clauses", "probability"),
    [
        (_crisis(0.6), [_crisis(0.2)], 0.6),
        (_crisis(0.1), [_crisis(0.8)], 0.8),
        (_crisis(0.2), [], 0.2),
        (_crisis(0.02), [], 0.02),
    ],
)
def test_probability_is_recorded(whole, clauses, probability):
    assert judge([], whole, clauses, LIMITS).probability == pytest.approx(probability)


# the detector, with the real encoder and phrases and a tiny model

EXAMPLES = {
    "crisis_self_harm": [
        "i want to die",
        "going to kill myself",
        "end my life tonight",
    ],
    "emergency_physical": ["i can't breathe", "crushing chest pain", "she collapsed"],
    "near_miss_idiom": [
        "dying to know the price",
        "traffic is killing me",
        "dead tired",
    ],
    "low_mood": ["i feel so low", "nothing makes me happy", "i cry a lot"],
    "other": ["how much is it", "who invented it", "book a visit", "is it legal", "hi"],
}


@pytest.fixture(scope="module")
def detector():
    texts = [text for group in EXAMPLES.values() for text in group]
    labels = [label for label, group in EXAMPLES.items() for _ in group]
    model = TextClassifier.fit(texts, shared_encoder().encode_many(texts), labels)
    return DangerDetector(PhraseMatcher.load(PHRASES_FOLDER), model, shared_encoder())


@pytest.mark.parametrize(
    ("text", "kind"),
    [("I want to die", "crisis"), ("i can't breathe", "emergency"), ("hi", None)],
)
def test_phrases_and_model_are_asked(detector, text, kind):
    assert detector.detect(text).kind == kind


def test_danger_in_one_sentence_of_many_is_seen(detector):
    talk = "How much is a session? I want to die. And is parking free on Saturday?"

    assert detector.detect(talk).kind == "crisis"


def test_phrase_beyond_what_the_model_reads_is_seen(detector):
    talk = "how much is it? " * (LONGEST_TEXT // 10) + "I want to kill myself"

    assert detector.detect(talk).kind == "crisis"


# fmt: off
ODD = [
    "", " ", "\n\n", "\x00", "\ud83d", "\udfff i want to die", "?" * 999, "a" * 9999, "😀" * 500, "хочу", "İİ", "ﬀ",
    "\u202e\u200b\u200d", "A\u0301" * 900, "i want to die " * 999, ",,,,,, but but but", "1" * 5000, "\r\n\t",
]
# fmt: on


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_is_no_error(detector, text):
    assert isinstance(detector.detect(text), Verdict)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(st.characters(), max_size=60),
        st.lists(
            st.sampled_from(["i want to die", "not", "but", ".", ",", "\ud800", "lol"]),
            max_size=20,
        ).map(" ".join),
    )
)
def test_any_text_gives_a_verdict(detector, text):
    verdict = detector.detect(text)

    assert verdict.level in ("alarm", "check_in", "none")
    assert (verdict.level == "alarm") == (verdict.kind is not None)
    assert (verdict.kind is None) == (verdict.topic is None) == (not verdict.reason)
    assert 0 <= verdict.probability <= 1.001


def test_long_text_is_judged_in_reasonable_time(detector):
    text = "I feel so sad today, and what does it cost? " * 2300  # 100 kB

    started = time.perf_counter()
    detector.detect(text)

    assert time.perf_counter() - started < 8  # about 0.5 s on an idle machine


def test_threads_share_a_detector(detector):
    texts = ["I want to die", "how much is it", "i can't breathe"] * 10
    expected = [detector.detect(text) for text in texts]

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(detector.detect, texts))

    assert verdicts == expected


def test_missing_model_is_named(tmp_path):
    with pytest.raises(ClassifierFileError, match=r"gone\.npz.*make train"):
        DangerDetector.load(tmp_path / "gone.npz")


def test_saved_model_is_loaded(detector, tmp_path):
    detector.model.save(tmp_path / "danger.npz")

    loaded = DangerDetector.load(tmp_path / "danger.npz")

    assert loaded.detect("I want to die").kind == "crisis"
    assert loaded.model.labels == detector.model.labels
