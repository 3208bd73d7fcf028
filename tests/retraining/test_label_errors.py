"""Likely mistakes in the training data, and examples that teach nothing new."""

import numpy as np
import pytest

from retraining import label_errors, nearest
from retraining.examples import Example
from retraining.label_errors import Suspect, suspects

NAMES = ["ask_cost", "ask_history"]


def test_off_diagonal_examples_come_first_and_unsure_ones_not_at_all():
    labels = ["ask_cost"] * 4 + ["ask_history"] * 4
    sure = [0.9, 0.1]
    probabilities = np.array(
        [sure, sure, sure, [0.05, 0.95], *([sure[::-1]] * 3), [0.51, 0.49]]
    )

    found = suspects(labels, NAMES, probabilities)

    # The last one is nearer to the other intent, but that intent's own are surer.
    assert [place for place, *_ in found] == [3]
    assert found[0][1:] == ("ask_history", 0.9)


def test_a_planted_mistake_is_found_with_file_and_line(tmp_path):
    cost = ["how much is it", "what does it cost", "the price please", "what do i pay",
            "price of one visit", "how much money", "cost of treatment"]  # fmt: skip
    past = ["who invented ketamine", "when was it discovered", "history of ketamine",
            "where does it come from", "who made it", "used in vietnam"]  # fmt: skip
    examples = [
        Example(text, intent, tmp_path / f"{intent}.yml", line)
        for intent, texts in (("ask_cost", cost), ("ask_history", past))
        for line, text in enumerate(texts, start=5)
    ]
    wrong = Example("how much does it cost", "ask_history", tmp_path / "x.yml", 42)

    first, *_ = label_errors.find([*examples, wrong], root=tmp_path)

    assert (first.text, first.likely) == (wrong.text, "ask_cost")
    assert (first.file, first.line) == ("x.yml", 42)


def test_the_list_is_written_and_read(tmp_path):
    assert label_errors.read(tmp_path) is None
    one = Suspect("how much", "ask_history", "ask_cost", 0.8, "data/nlu/x.yml", 5)
    label_errors.write(tmp_path, [one], 100)
    made_at, examples, found = label_errors.read(tmp_path)

    assert (examples, found) == (100, [one])
    assert made_at


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cost.yml").write_text(
        'version: "3.1"\nnlu:\n- intent: ask_cost\n  examples: |\n'
        "    - how much does one infusion cost\n    - do you take cash\n"
    )
    return tmp_path


def test_nearly_the_same_sentence_is_redundant_in_its_intent(folder):
    near = nearest.nearest("How much does one infusion cost?", folder=folder)

    assert nearest.redundant(near, "ask_cost").example.line == 5
    assert nearest.redundant(near, "ask_history") is None
    assert nearest.contradicting(near, "ask_history").similarity == 1.0
    assert nearest.contradicting(near, "ask_cost") is None


def test_another_sentence_is_worth_adding(folder):
    near = nearest.nearest("my knee is one big bruise", folder=folder)

    assert nearest.redundant(near, "ask_cost") is None
    assert nearest.contradicting(near, "symptoms") is None
    assert nearest.nearest("zzz", folder=folder) == []


@pytest.mark.parametrize(
    "confidences, sure",
    [((0.97, 0.02), True), ((0.97, 0.5), False), ((0.7, 0.01), False), ((), False)],
)
def test_the_log_says_how_sure_it_was(confidences, sure):
    names = ("ask_cost", "ask_history")
    ranking = [
        {"name": name, "confidence": c}
        for name, c in zip(names, confidences, strict=False)
    ]
    assert nearest.is_sure(ranking, "ask_cost") is sure
