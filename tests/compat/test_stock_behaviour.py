"""The lean project says and does on our base what it did on stock Rasa, turn by turn.

Seen on 2026-11-22, scikit-learn 1.1.3 against 1.7: every intent, entity, event, slot
and reply the same; confidences at most 2e-8 apart.
"""

import json
from typing import Any

import pytest

from components import compat

compat.install()

from tests.compat.make_stock_record import RECORD, record_project  # noqa: E402

pytestmark = pytest.mark.slow
TOLERANCE = 1e-3  # another scikit-learn may round otherwise
CONFIDENCE_KEYS = {"confidence", "intent_ranking"}


def _without_confidences(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_confidences(kept)
            for key, kept in value.items()
            if key not in CONFIDENCE_KEYS
        }
    if isinstance(value, list):
        return [_without_confidences(entry) for entry in value]
    return value


@pytest.fixture(scope="module")
def stock() -> list[dict]:
    return json.loads(RECORD.read_text(encoding="utf-8"))["turns"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory) -> list[dict]:
    return record_project(tmp_path_factory.mktemp("lean"))


def test_record_is_of_stock_and_of_these_messages(stock, ours):
    made_with = json.loads(RECORD.read_text(encoding="utf-8"))["made_with"]
    assert made_with["python"].startswith("3.10.")
    assert made_with["rasa"] == "3.6.21"
    assert len(stock) >= 60
    said = [(turn["conversation"], turn["text"]) for turn in stock]
    assert said == [(turn["conversation"], turn["text"]) for turn in ours]


@pytest.mark.parametrize("part", ["intent", "entities", "replies", "events", "slots"])
def test_turns_are_the_same(part, stock, ours):
    for before, now in zip(stock, ours, strict=True):
        expected = _without_confidences(before[part])
        assert _without_confidences(now[part]) == expected, before["text"]


def test_confidences_are_the_same(stock, ours):
    for before, now in zip(stock, ours, strict=True):
        expected = dict(map(tuple, before["ranking"]))
        found = dict(map(tuple, now["ranking"]))
        assert found == pytest.approx(expected, abs=TOLERANCE), before["text"]
