"""Every reason of a hand-off and every topic has plain words, in one place."""

import re
from pathlib import Path

import pytest
import yaml

from clinic.topics import (
    ADMIN_TOPICS,
    CRISIS_TOPICS,
    EMERGENCY_TOPICS,
    FAQ_TOPICS,
    MEDICAL_TOPICS,
    ROUTES,
)
from frontdesk.chat.rights import CALL_BACK
from frontdesk.inbox import labels, queue_order

ROOT = Path(__file__).resolve().parents[2]
TOPICS = {
    *FAQ_TOPICS,
    *MEDICAL_TOPICS,
    *ADMIN_TOPICS,
    *CRISIS_TOPICS,
    *EMERGENCY_TOPICS,
}


def _reasons():
    """What the slot can hold, and what responses promise."""
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    slot = domain["slots"]["handoff_reason"]
    found = {mapping["value"] for mapping in slot["mappings"]}
    for file in (ROOT / "data" / "responses").glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"\bhandoff: *\"?([a-z_]+)", text))
    return found | {CALL_BACK}


def test_slot_and_responses_name_reasons():
    assert len(_reasons()) > 15


@pytest.mark.parametrize("name", sorted(_reasons() | TOPICS))
def test_every_reason_and_topic_has_words(name):
    known = labels.URGENT | labels.MEDICAL | labels.FRONT_DESK | labels.FAQ

    assert name in known
    assert "_" not in labels.topic(name)


def test_no_words_are_left_over():
    known = labels.URGENT | labels.MEDICAL | labels.FRONT_DESK | labels.FAQ

    assert set(known) == TOPICS | _reasons()
    assert set(labels.ROUTES) == set(ROUTES)


def test_no_two_have_the_same_words():
    words = [*labels.URGENT.values(), *labels.MEDICAL.values()]
    words += [*labels.FRONT_DESK.values(), *labels.FAQ.values()]

    assert len(words) == len(set(words))


def test_every_medical_reason_has_its_place():
    assert set(queue_order._MEDICAL) == set(MEDICAL_TOPICS) == set(labels.MEDICAL)


def test_what_has_no_words_yet_is_still_shown():
    assert labels.topic("brand_new") == "Brand new"
    assert labels.route("brand_new") == "Brand new"
    assert labels.alert("crisis", "") == "Crisis"
