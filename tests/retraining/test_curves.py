"""The teaching curve and the training time: what they count, without a training."""

from __future__ import annotations

import pytest

from retraining import teaching_curve, training_time
from retraining.evaluation_sets import LabelledMessage
from retraining.examples import read_folder
from retraining.training_time import Point, examples_of_size, exponent, write_examples


@pytest.fixture(scope="module")
def examples():
    return read_folder()[::20]


def test_a_part_of_the_examples_is_a_fair_one(examples):
    pairs = examples_of_size(examples, 500)
    assert len(pairs) == len(set(pairs)) == 500
    some, most = {intent for intent, _ in pairs}, {e.intent for e in examples}
    assert len(some) > 0.8 * len(most)


def test_more_than_there_are_are_reworded(examples):
    size = len(examples) + 300
    pairs = examples_of_size(examples, size)
    assert len(pairs) == len(set(pairs)) == size
    assert pairs == examples_of_size(examples, size)


def test_examples_are_read_as_they_were_written(examples, tmp_path):
    (tmp_path / "old.yml").write_text("version: '3.1'")
    pairs = examples_of_size(examples, 300)
    write_examples(tmp_path, pairs)
    assert sorted((e.intent, e.text) for e in read_folder(tmp_path)) == sorted(pairs)


def test_exponent_of_a_straight_line_is_one():
    line = [Point(n, 0.01 * n, 1.0) for n in (1500, 5000, 15000, 50000)]
    assert exponent(line) == pytest.approx(1.0)
    square = [Point(n, 1e-6 * n * n, 1.0) for n in (1500, 5000, 15000)]
    assert exponent(square) == pytest.approx(2.0)
    assert "<svg" in training_time.chart(line)


def message(route, topic=None, intent="ask_cost"):
    return LabelledMessage(f"{route} {topic}", route, topic, intent, "kind")


@pytest.mark.parametrize(("expected", "intent", "right"), [
    (message("faq", "cost"), "ask_cost", True),
    (message("faq", "cost"), "ask_history", False),
    (message("medical", "dosing"), "medical_symptoms", True),
    (message("medical", "dosing"), "ask_cost", False),
    (message("crisis", "self_harm"), "emergency_physical", True),
    (message("crisis", "self_harm"), "medical_symptoms", False),
    (message("admin", "booking"), "admin_human", True),
])  # fmt: skip
def test_what_counts_as_right(expected, intent, right):
    assert teaching_curve.is_right(expected, intent) is right


def test_corrections_are_what_all_got_wrong():
    messages = [message("faq", str(number)) for number in range(10)]
    found = teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 3)
    assert {text for _, text in found} == {"faq 2", "faq 3", "faq 4"}
    again = teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 3)
    assert found == again
    with pytest.raises(ValueError, match="Only 3"):
        teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 4)


def test_curve_is_drawn():
    points = [
        teaching_curve.Point("ours", n, 100, 30 - n // 10, 5) for n in (0, 10, 50)
    ]
    assert "ours, 50 corrections: 25.0%" in teaching_curve.chart(points)
