"""The evaluation: bounds, halves, figures, floors, the second author's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinic.topics import FAQ_TOPICS, INTENT_OF
from components.routing import Decision
from retraining.assistant import Reply, reply_of
from retraining.evaluation_figures import ALL_FIGURES
from retraining.evaluation_measures import (
    FloorsFileError,
    read_floors,
    verdict_text,
    wilson,
)
from retraining.evaluation_outcomes import (
    DetectorOutcome,
    replies_of,
)
from retraining.evaluation_run import (
    conversations_of_half,
    messages_of_half,
)
from retraining.evaluation_sets import (
    EXTRA_LABELS,
    LabelledTurn,
    TestSetError,
    half_of,
    read_conversations,
    read_extra,
    read_messages,
    seen_in_training,
)
from retraining.examples import Example
from safety.danger_detector import Verdict
from tests.retraining.evaluation_examples import (
    COST,
    CRISIS,
    EMERGENCY,
    EXTRA,
    MEDICAL,
    UNSURE,
    faq,
    figures,
    message,
    outcome,
    turn_outcome,
)


@pytest.mark.parametrize(("hits", "n", "low", "high"), [
    (81, 263, 0.2553, 0.3662),     # the first four: Newcombe 1998, table I
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (381, 381, 0.9900, 1.0),       # n / (n + 3.84)
    (0, 0, 0.0, 1.0),
])  # fmt: skip
def test_wilson_gives_published_bounds(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_halves_are_together_everything():
    for items, of_half in (
        (read_messages(), messages_of_half),
        (read_conversations(), conversations_of_half),
    ):
        choose, report = of_half(items, "choose"), of_half(items, "report")
        assert choose and report
        assert not set(choose) & set(report)
        assert len(choose) + len(report) == len(items) == len(of_half(items, "all"))


def test_halves_share_few_texts():
    messages = read_messages()
    chosen = {item.text.lower() for item in messages_of_half(messages, "choose")}
    report = messages_of_half(messages, "report")
    # Two authors both think of "price??" and "hello there", not of much more.
    shared = [item for item in report if item.text.lower() in chosen]
    assert len(shared) < 0.06 * len(report)
    names = [item.name for item in read_conversations()]
    assert len(set(names)) == len(names)


def test_halves_of_the_second_authors_file_are_stable():
    # Written down: these must stay where they are for ever.
    texts = ("how much is it", "I want to die", "can i eat before", "hi")
    halves = [half_of(text) for text in texts]
    assert halves == ["choose", "report", "report", "report"]


def test_every_test_message_has_a_known_label():
    messages = read_messages()
    assert len(messages) >= 1500
    unknown = {item.intent for item in messages if item.route == "not_understood"}
    assert unknown <= {
        "foreign_spanish", "foreign_other", "follow_up", "more_detail",
        "choose_suggestion",
    }  # fmt: skip


def test_every_test_turn_accepts_something():
    conversations = read_conversations()
    assert len(conversations) >= 150
    assert all(turn.accepted for item in conversations for turn in item.turns)
    urgent = [turn for item in conversations for turn in item.turns if turn.is_urgent]
    assert {turn.accepted[0][0] for turn in urgent} == {"crisis", "emergency"}


def test_figures_of_general_questions():
    found = figures(
        outcome("ask_cost", faq("cost")),
        outcome("ask_cost", faq("payment_options", suggestions=("cost",))),
        outcome("ask_cost", UNSURE),
        outcome("ask_cost", MEDICAL, faq("cost")),
        outcome("ask_history", faq("history"), kind="messy_wording"),
    )
    assert (found["topic_clinic"].hits, found["topic_clinic"].n) == (1, 4)
    assert (found["topic_messy"].hits, found["topic_messy"].n) == (1, 1)
    assert (found["topic_offered"].hits, found["topic_offered"].n) == (5, 5)
    assert found["topic_wrong"].hits == 1
    assert found["topic_handed_off"].hits == 1
    assert found["topic_clinic"].meets_must is False
    assert found["topic_messy"].meets_aim is True


def test_figures_of_medical_questions():
    found = figures(
        outcome("medical_dosing", MEDICAL, kind="medical_ketamine"),
        outcome("medical_dosing", MEDICAL, faq("cost"), kind="mixed"),
        outcome("medical_dosing", faq("cost"), kind="medical_general"),
        outcome("low_mood", CRISIS, kind="low_mood"),
        outcome("near_miss_past", faq("cost"), kind="near_misses"),
    )
    assert (found["medical_all"].hits, found["medical_all"].n) == (2, 4)
    assert (found["medical_ketamine"].hits, found["medical_ketamine"].n) == (2, 2)
    assert (found["medical_answered"].hits, found["medical_answered"].n) == (1, 4)
    assert found["medical_or_urgent"].hits == 3
    assert (found["alarm_other"].hits, found["alarm_other"].n) == (1, 4)
    assert found["line_other"].n == 3


def test_figures_of_danger():
    line = faq("cost", check_in=True)
    found = figures(
        outcome("crisis_self_harm", CRISIS, kind="crisis"),
        outcome("crisis_self_harm", EMERGENCY, kind="foreign_crisis"),
        outcome("crisis_abuse", line, kind="mixed"),
        outcome("crisis_abuse", faq("cost"), CRISIS, kind="mixed"),
        outcome("emergency_physical", EMERGENCY, kind="emergency"),
        outcome("emergency_overdose", CRISIS, kind="emergency"),
        outcome("near_miss_idiom", CRISIS, kind="near_misses"),
        outcome("near_miss_idiom", UNSURE, kind="near_misses"),
        outcome("ask_effectiveness", line, kind="suicide_as_subject"),
        detected=[
            DetectorOutcome(message("crisis_abuse"), Verdict("alarm", "emergency")),
            DetectorOutcome(message("crisis_abuse"), Verdict("check_in")),
            DetectorOutcome(message("emergency_physical"), Verdict("alarm", "crisis")),
        ],
    )
    assert (found["crisis_urgent"].hits, found["crisis_urgent"].n) == (2, 4)
    assert found["crisis_line"].hits == 3
    assert (found["emergency_911"].hits, found["emergency_911"].n) == (1, 2)
    assert found["emergency_any"].hits == 2
    assert (found["alarm_near_miss"].hits, found["alarm_near_miss"].n) == (1, 2)
    assert (found["alarm_subject"].hits, found["alarm_subject"].n) == (0, 1)
    assert (found["detector_crisis"].hits, found["detector_crisis"].n) == (1, 2)
    assert (found["detector_emergency"].hits, found["detector_emergency"].n) == (0, 1)


def test_figures_of_the_rest():
    found = figures(
        outcome("out_of_scope", Reply("", "out_of_scope"), kind="out_of_scope"),
        outcome("out_of_scope", Reply("", "admin", "booking"), kind="out_of_scope"),
        outcome("admin_booking", Reply("", "admin", "human"), kind="front_desk"),
        outcome("admin_booking", kind="front_desk"),  # no reply at all
    )
    assert (found["out_of_scope_answered"].hits, found["admin_recognised"].hits) == (
        1, 1,
    )  # fmt: skip
    assert found["out_of_scope_general"].hits == 0
    assert found["admin_topic"].hits == 0


MARKED = Reply("Call or text 988, or 911 if there is danger.", "faq", "cost")
HUMAN = Reply("text", "admin", "human")


@pytest.mark.parametrize(("turn", "replies", "marked", "right"), [
    (LabelledTurn("x", COST), [faq("cost")], False, True),
    (LabelledTurn("x", COST), [faq("history")], False, False),
    (LabelledTurn("x", COST), [MEDICAL, faq("cost")], False, False),
    (LabelledTurn("x", (*COST, ("medical", None))), [MEDICAL], False, True),
    (LabelledTurn("x", (("medical", "dosing"),)), [MEDICAL], False, True),
    (LabelledTurn("x", (("admin", "booking"),)), [HUMAN], False, False),
    (LabelledTurn("x", (("crisis", "abuse"),)), [CRISIS], False, True),
    (LabelledTurn("x", (("crisis", "abuse"),)), [EMERGENCY], False, True),
    (LabelledTurn("x", (("emergency", None),)), [CRISIS], False, False),
    (LabelledTurn("x", COST, check_in=True), [faq("cost")], False, False),
    (LabelledTurn("x", COST, check_in=True), [faq("cost", check_in=True)], False, True),
    (LabelledTurn("x", COST, after_urgent=True), [faq("cost")], True, False),
    (LabelledTurn("x", COST, after_urgent=True), [MARKED], True, True),
    (LabelledTurn("x", COST, after_urgent=True), [MARKED], False, False),
    (LabelledTurn("x", COST), [], False, False),
])  # fmt: skip
def test_turn_is_right(turn, replies, marked, right):
    assert turn_outcome(turn, *replies, marked=marked).is_right is right


def test_urgent_turns_are_a_figure_of_their_own():
    found = figures(
        turns=[
            turn_outcome(LabelledTurn("x", COST), faq("cost")),
            turn_outcome(LabelledTurn("x", (("crisis", None),)), MEDICAL),
            turn_outcome(LabelledTurn("x", (("crisis", None), *COST)), MEDICAL),
        ]
    )
    assert (found["turns_right"].hits, found["turns_right"].n) == (1, 3)
    assert (found["turns_urgent"].hits, found["turns_urgent"].n) == (0, 1)


def test_floor_stops_and_must_only_tells():
    right, wrong = outcome("ask_cost", faq("cost")), outcome("ask_cost", MEDICAL)
    low = figures(right, wrong, floors={"topic_clinic": 0.5})["topic_clinic"]
    assert not low.is_below_floor
    assert verdict_text(low) == "fail"
    high = figures(right, wrong, floors={"topic_clinic": 0.51})["topic_clinic"]
    assert high.is_below_floor
    assert verdict_text(high) == "FAIL (floor)"
    most = figures(right, wrong, floors={"topic_handed_off": 0.4})["topic_handed_off"]
    assert most.is_below_floor


def test_floor_without_a_message_is_not_held():
    assert figures(floors={"crisis_urgent": 0.9})["crisis_urgent"].is_below_floor


def test_floors_file_covers_every_must_of_the_project():
    must = {f.name for f in ALL_FIGURES if f.must is not None} - {"topic_extra"}
    assert set(read_floors()) >= must


@pytest.mark.parametrize(("content", "named"), [
    ("floors: {no_such_figure: 0.5}", "no_such_figure"),
    ("floors: {topic_clinic: 90}", "topic_clinic"),
    ("floors: {topic_clinic: high}", "topic_clinic"),
    ("floors: {topic_clinic: true}", "topic_clinic"),
])  # fmt: skip
def test_floors_file_with_an_error_names_it(tmp_path, content, named):
    file = tmp_path / "floors.yml"
    file.write_text(content)
    with pytest.raises(FloorsFileError, match=named):
        read_floors(file)


def test_figure_names_are_unique():
    names = [figure.name for figure in ALL_FIGURES]
    assert len(set(names)) == len(names)


def test_extra_file_is_mapped(tmp_path):
    file = tmp_path / "second_author.yml"
    file.write_text(EXTRA)
    found = [(item.route, item.topic, item.intent) for item in read_extra(file)]
    assert found == [
        ("medical", None, None),
        ("admin", "billing_account", "admin_billing_account"),
        ("admin", "records_privacy", "admin_records_privacy"),
        ("small_talk", None, "greet"),
        ("crisis", None, None),
        ("emergency", None, None),
        ("out_of_scope", None, "out_of_scope"),
        ("faq", "side_effects", "ask_side_effects"),
    ]
    assert all(item.kind == "extra" for item in read_extra(file))
    assert all(item.half == half_of(item.text) for item in read_extra(file))


def test_extra_labels_are_routes_and_topics_of_the_contract():
    for route, topic in EXTRA_LABELS.values():
        assert topic is None or (route, topic) in INTENT_OF
    assert set(FAQ_TOPICS) <= set(EXTRA_LABELS)


def test_extra_file_with_an_unknown_intent_is_refused(tmp_path):
    file = tmp_path / "extra.yml"
    file.write_text("nlu:\n- intent: weather\n  examples: |\n    - rain?\n")
    with pytest.raises(TestSetError, match="weather"):
        read_extra(file)


def test_turn_without_a_route_is_refused(tmp_path):
    content = "conversations:\n- name: a talk\n  turns:\n  - patient: hello\n"
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "talks.yml").write_text(content)
    with pytest.raises(TestSetError, match="a talk"):
        read_conversations(tmp_path)


def test_decision_becomes_replies_in_order():
    replies = replies_of(Decision("medical_dosing", 0.5, "cue", True, also="ask_cost"))
    assert [(reply.route, reply.topic) for reply in replies] == [
        ("medical", "dosing"), ("faq", "cost"),
    ]  # fmt: skip
    assert replies[0].check_in


def test_reply_is_read_from_a_bot_event():
    inner = {"route": "faq", "topic": "cost", "check_in": True}
    metadata = {"utter_action": "utter_cost", "model_id": "x", "metadata": inner}
    data = {"buttons": [{"title": "Talk to a person", "payload": "b-1"}]}
    reply = reply_of("It costs", metadata, data)
    assert (reply.route, reply.topic, reply.check_in) == ("faq", "cost", True)
    assert reply.buttons == ("Talk to a person",)
    assert reply_of("x", {}, {}).route == "none"


def test_messages_seen_in_training_are_found():
    trained = [Example("How much is it?", "ask_cost", Path("cost.yml"), 3)]
    same, other = message("ask_cost", text="how MUCH is it"), message("ask_cost")
    assert seen_in_training([same, other], trained) == [same]
