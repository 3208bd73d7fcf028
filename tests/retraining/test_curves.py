"""The teaching curve and the training time: what they count, without a training."""

from __future__ import annotations

import pytest

from retraining import teaching_curve, teaching_learners, teaching_page, training_time
from retraining.evaluation_sets import LabelledMessage
from retraining.example_parts import examples_of_size, write_examples
from retraining.examples import read_folder
from retraining.training_time import Point, is_linear_at_most


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


def training(examples, processor_seconds):
    return Point(examples, processor_seconds / 1.5, processor_seconds, 1.0, 500)


@pytest.mark.parametrize(("seconds", "powers", "is_linear"), [
    (lambda n: 0.01 * n, [1.0, 1.0, 1.0], True),
    # A start that costs the same for all makes the power look well; the last example
    # tells.
    (lambda n: 20 + 0.01 * n, None, True),
    (lambda n: 20 + 0.01 * n + 2e-7 * n * n, None, False),
    (lambda n: 1e-6 * n * n, [2.0, 2.0, 2.0], False),
])  # fmt: skip
def test_growth_of_the_training_time(seconds, powers, is_linear):
    points = [training(n, seconds(n)) for n in (1500, 5000, 15000, 50000)]
    found = training_time.steps(points)
    if powers:
        assert [step.power for step in found] == pytest.approx(powers)
    assert is_linear_at_most(points) is is_linear
    assert "50000 examples: " in training_time.chart(points)


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
    assert teaching_learners.is_right(expected, intent) is right


def test_corrections_are_what_all_got_wrong():
    messages = [message("faq", str(number)) for number in range(10)]
    found = teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 3)
    assert {text for _, text in found} == {"faq 2", "faq 3", "faq 4"}
    again = teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 3)
    assert found == again
    with pytest.raises(ValueError, match="Only 3"):
        teaching_curve.corrections_for(messages, [{1, 2, 3, 4}, {2, 3, 4, 9}], 4)


def taught(name, seed, count, wrong):
    return teaching_curve.Point(
        name, seed, count, 100, wrong, 2, 30 - wrong, 0, 40, wrong // 5, count, 5.0
    )


def test_curve_is_drawn_with_the_range_of_its_seeds():
    points = [
        taught("ours", seed, n, 30 - n // 10 + seed) for n in (0, 10, 50)
        for seed in (0, 2)
    ]  # fmt: skip
    chart = teaching_page.chart(points)
    assert "ours, 50 corrections: 26.0%" in chart
    assert chart.count('class="line c0" x1=') == 3  # a stroke each
    assert "| ours | 50 | 26.0% (25.0% to 27.0%) |" in teaching_page.table(points)


def test_held_out_messages_are_never_corrections(monkeypatch):
    asked = [
        LabelledMessage(f"{half} {n}", "faq", "cost", "ask_cost", "kind", half)
        for half in ("choose", "report")
        for n in range(8)
    ]
    asked.append(LabelledMessage("choose 1", "faq", "cost", "ask_cost", "k", "report"))
    fed = []

    class Fake:
        def __init__(self, name, folder, **_):
            self.name = name

        def answers(self, pairs, messages):
            fed.append((self.name, list(pairs)))
            return teaching_learners.Answers(["greet"] * len(messages), 1.0)

    monkeypatch.setattr(teaching_curve, "read_messages", lambda: asked)
    monkeypatch.setattr(teaching_curve, "Learner", Fake)
    points = list(teaching_curve.curve(50, (0, 2, 4), (1, 2)))

    texts = {text for _, pairs in fed for _, text in pairs}
    assert not {text for text in texts if text.startswith("report")}
    lessons = {name: [pairs[50:] for own, pairs in fed if own == name]
               for name in (teaching_curve.OWN, teaching_curve.PLAIN)}  # fmt: skip
    assert lessons[teaching_curve.OWN] == lessons[teaching_curve.PLAIN]
    assert lessons[teaching_curve.OWN][2][:2] == lessons[teaching_curve.OWN][1]
    assert {point.n for point in points} == {8}  # what is in both halves is no test
    assert len(points) == 12
