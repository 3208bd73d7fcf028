"""The test sets of ``make evaluate``: messages and conversations, in two parts.

Thresholds are chosen on ``tests/nlu/choose`` and ``tests/stories/choose``; figures are
reported on ``…/report``, which nobody looks into while building. A second author's file
can be added; its intents are named without prefix, its halves follow from the text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from clinic.topics import FAQ_TOPICS, INTENT_OF, SMALL_TALK_INTENTS, route_of, topic_of
from retraining.examples import ROOT, Example

NLU_TESTS = ROOT / "tests" / "nlu"
STORY_TESTS = ROOT / "tests" / "stories"
EXTRA_KIND = "extra"
Half = Literal["choose", "report"]
HALVES: tuple[Half, Half] = ("choose", "report")

# Intents of the extra file, by the name they have there: route and topic.
EXTRA_LABELS: dict[str, tuple[str, str | None]] = {
    "medical_question": ("medical", None),
    "booking": ("admin", "booking"),
    "human": ("admin", "human"),
    "hours_location": ("admin", "hours_location"),
    "billing": ("admin", "billing_account"),
    "records": ("admin", "records_privacy"),
    "complaint": ("admin", "complaint"),
    "crisis": ("crisis", None),
    "emergency": ("emergency", None),
    "out_of_scope": ("out_of_scope", None),
    **{intent: ("small_talk", None) for intent in SMALL_TALK_INTENTS},
    **{topic: ("faq", topic) for topic in FAQ_TOPICS},
}


class TestSetError(ValueError):
    """A test file can't be used as it is."""

    __test__ = False  # not for pytest, despite the name


@dataclass(frozen=True)
class LabelledMessage:
    """A test message and what it should be taken for."""

    text: str
    route: str
    topic: str | None
    intent: str | None  # None where the extra file names no single intent
    kind: str  # the test file: clinic_wording, near_misses …; "extra"
    half: Half = "choose"


@dataclass(frozen=True)
class LabelledTurn:
    """One turn of a test conversation; any of the accepted pairs is right."""

    text: str
    accepted: tuple[tuple[str, str | None], ...]  # route and topic; first is expected
    check_in: bool = False
    after_urgent: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether nothing but an urgent reply will do."""
        return all(route in ("crisis", "emergency") for route, _ in self.accepted)


@dataclass(frozen=True)
class LabelledConversation:
    """A test conversation."""

    name: str
    kind: str
    turns: tuple[LabelledTurn, ...]
    half: Half = "choose"


def half_of(key: str) -> Half:
    """The half of the second author's file that a message belongs to, by its text."""
    return "report" if hashlib.sha256(key.encode()).digest()[0] % 2 else "choose"


def kind_of(file: Path) -> str:
    """The kind of a file's messages: its name, without the number of a second file."""
    return re.sub(r"_\d+$", "", file.stem)


def read_messages(folder: Path = NLU_TESTS) -> list[LabelledMessage]:
    """All test messages of both parts, files in name order."""
    return [
        LabelledMessage(
            text=text,
            route=route_of(intent),
            topic=topic_of(intent),
            intent=intent,
            kind=kind_of(file),
            half=half,
        )
        for half in HALVES
        for file in sorted((folder / half).glob("*.yml"))
        for intent, text in _examples(file)
    ]


def read_extra(file: Path) -> list[LabelledMessage]:
    """The messages of a second author's file.

    Raises:
        TestSetError: names an intent that has no meaning here.
    """
    messages = []
    for intent, text in _examples(file):
        if intent not in EXTRA_LABELS:
            raise TestSetError(
                f"{file}: intent '{intent}' is unknown. Map it to a route and a topic "
                f"in retraining/evaluation_sets.py: EXTRA_LABELS."
            )
        route, topic = EXTRA_LABELS[intent]
        own = INTENT_OF.get((route, str(topic)))
        if route == "small_talk" or intent == "out_of_scope":
            own = intent
        messages.append(
            LabelledMessage(text, route, topic, own, EXTRA_KIND, half_of(text))
        )
    return messages


def _examples(file: Path) -> list[tuple[str, str]]:
    """Pairs of intent and text of a Rasa NLU file; examples as block or as list."""
    content = _load(file.read_text(encoding="utf-8")) or {}
    pairs = []
    for block in content.get("nlu") or []:
        if "intent" not in block:
            raise TestSetError(f"{file}: a block under 'nlu:' has no 'intent:'.")
        examples = block.get("examples") or []
        if isinstance(examples, str):
            lines = (line.strip() for line in examples.splitlines())
            examples = [line.removeprefix("- ") for line in lines if line]
        for example in examples:
            text = example["text"] if isinstance(example, dict) else str(example)
            pairs.append((str(block["intent"]), text.strip()))
    return pairs


def _load(text: str) -> Any:
    """Ten times as fast as ``yaml.safe_load`` where libyaml is there."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def seen_in_training(
    messages: Iterable[LabelledMessage], examples: Iterable[Example]
) -> list[LabelledMessage]:
    """The messages that are training examples too, but for case and punctuation."""
    trained = {_plain(example.text) for example in examples}
    return [message for message in messages if _plain(message.text) in trained]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower().replace("'", "")))


def read_conversations(folder: Path = STORY_TESTS) -> list[LabelledConversation]:
    """All test conversations of both parts, files in name order.

    Raises:
        TestSetError: names a turn without an expected route.
    """
    return [
        conversation
        for half in HALVES
        for file in sorted((folder / half).glob("*.yml"))
        for conversation in conversations_in(file.read_text("utf-8"), file, half)
    ]


def conversations_in(text: str, file: Path, half: Half) -> list[LabelledConversation]:
    """The test conversations of one file's text.

    Raises:
        TestSetError: names a turn without an expected route.
    """
    return [
        LabelledConversation(
            name=entry["name"],
            kind=entry.get("kind") or kind_of(file),
            turns=tuple(_turn(turn, file, entry["name"]) for turn in entry["turns"]),
            half=half,
        )
        for entry in _load(text)["conversations"]
    ]


def _turn(turn: dict[str, Any], file: Path, name: str) -> LabelledTurn:
    accepted: list[tuple[str, str | None]] = []
    if "route" in turn:
        accepted.append((turn["route"], turn.get("topic")))
    also = turn.get("also") or []
    for entry in also if isinstance(also, list) else [also]:
        accepted.append((entry["route"], entry.get("topic")))
    accepted += [(route, None) for route in turn.get("routes") or []]
    if not accepted:
        raise TestSetError(
            f"{file}: '{name}': the turn '{turn.get('patient')}' names neither "
            f"'route' nor 'routes'."
        )
    return LabelledTurn(
        text=str(turn["patient"]),
        accepted=tuple(accepted),
        check_in=bool(turn.get("check_in")),
        after_urgent=bool(turn.get("after_urgent")),
    )
