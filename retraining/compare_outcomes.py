"""What a model does with every test message, kept so that two models can be compared.

Called by ``retraining.compare``. Kept beside the model, by what it depends on besides
it: a comparison asks the live model only once.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from retraining.assistant import NO_ROUTE, Turn
from retraining.evaluation_figures import (
    DETECTOR_FIGURES,
    EXPLAINING_FIGURES,
    MESSAGE_FIGURES,
    TURN_FIGURES,
)
from retraining.evaluation_outcomes import DetectorOutcome, Outcome, TurnOutcome
from retraining.evaluation_sets import LabelledConversation, LabelledMessage
from retraining.whole_file import write_whole
from safety.danger_detector import Verdict

# What an outcome depends on besides the model.
DEPENDS_ON = (
    "tests/nlu",
    "tests/stories",
    "safety",
    "components",
    "actions",
    "clinic",
    "clinic.yml",
    "data/responses",
    "retraining",
)


class Askable(Protocol):
    """What is asked of an assistant here; tests have simpler ones."""

    async def turn(self, conversation_id: str, text: str) -> Turn:
        """Answers a message."""

    def detect(self, text: str) -> Verdict:
        """The danger detector's verdict."""

    def forget(self, conversation_id: str) -> None:
        """Drops a conversation."""


@dataclass(frozen=True)
class Seen:
    """What the patient got, without the words: those are in the files."""

    route: str = NO_ROUTE
    replies: tuple[str, ...] = ()  # names of the responses
    topics: tuple[str, ...] = ()
    check_in: bool = False
    suggestions: tuple[str, ...] = ()
    intent: str | None = None
    confidence: float = 0.0

    @property
    def words(self) -> str:
        """For people."""
        said = " + ".join(self.topics or self.replies) or "nothing"
        line = ", with the gentle line" if self.check_in else ""
        return f"{self.route}: {said}{line}"

    def is_same_reply(self, other: Seen) -> bool:
        """Whether the patient would have read the same."""
        own = (self.replies, self.check_in, self.suggestions)
        return own == (other.replies, other.check_in, other.suggestions)


@dataclass(frozen=True)
class Result:
    """One item under one model."""

    seen: Seen
    right: bool
    figures: dict[str, bool] = field(default_factory=dict)  # that it counts in


Results = dict[str, Result]


def seen_of(turn: Turn) -> Seen:
    """A turn without its words."""
    first = turn.replies[0] if turn.replies else None
    return Seen(
        route=first.route if first else NO_ROUTE,
        replies=tuple(str(reply.response) for reply in turn.replies),
        topics=tuple(reply.topic for reply in turn.replies if reply.topic),
        check_in=any(reply.check_in for reply in turn.replies),
        suggestions=tuple(t for reply in turn.replies for t in reply.suggestions),
        intent=turn.intent,
        confidence=round(turn.confidence, 3),
    )


def id_of_message(message: LabelledMessage) -> str:
    """Names a message without its text."""
    key = f"{message.half} {message.kind} {message.intent} {message.text}"
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def id_of_turn(conversation: LabelledConversation, position: int) -> str:
    """Names a turn."""
    key = f"{conversation.half} {conversation.kind} {conversation.name}"
    return f"{hashlib.sha256(key.encode()).hexdigest()[:12]}-{position}"


async def ask(
    assistant: Askable,
    messages: Sequence[LabelledMessage],
    tick: Callable[[], None] = lambda: None,
) -> Results:
    """Each message in a conversation of its own."""
    found: Results = {}
    for number, message in enumerate(messages):
        name = f"compare-message-{number}"
        turn = await assistant.turn(name, message.text)
        assistant.forget(name)
        outcome = Outcome(message, turn)
        detected = DetectorOutcome(message, assistant.detect(message.text))
        figures = {
            **_counted((*MESSAGE_FIGURES, *EXPLAINING_FIGURES), outcome),
            **_counted(DETECTOR_FIGURES, detected),
        }
        result = Result(seen_of(turn), outcome.is_right, figures)
        found[id_of_message(message)] = result
        tick()
    return found


async def talk(
    assistant: Askable,
    conversations: Iterable[LabelledConversation],
    tick: Callable[[], None] = lambda: None,
) -> Results:
    """Every turn of every conversation, in order."""
    found: Results = {}
    for number, conversation in enumerate(conversations):
        name = f"compare-conversation-{number}"
        for position, labelled in enumerate(conversation.turns):
            done = await assistant.turn(name, labelled.text)
            outcome = TurnOutcome(conversation, position, done)
            figures = _counted(TURN_FIGURES, outcome)
            result = Result(seen_of(done), outcome.is_right, figures)
            found[id_of_turn(conversation, position)] = result
            tick()
        assistant.forget(name)
    return found


def _counted(figures: Iterable[Any], item: Any) -> dict[str, bool]:
    return {
        figure.name: bool(figure.counts(item))
        for figure in figures
        if figure.applies(item)
    }


async def latencies(
    assistants: Sequence[Askable], texts: Sequence[str]
) -> list[list[float]]:
    """Milliseconds of each text under each assistant, asked in turns."""
    found: list[list[float]] = [[] for _ in assistants]
    for number, text in enumerate(texts):
        for place, assistant in enumerate(assistants):
            name = f"compare-latency-{number}"
            began = time.perf_counter()
            await assistant.turn(name, text)
            found[place].append((time.perf_counter() - began) * 1000)
            assistant.forget(name)
    return found


def key_of(root: Path) -> str:
    """Changes when an outcome may change though the model is the same."""
    whole = hashlib.sha256()
    for name in DEPENDS_ON:
        path = root / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                whole.update(file.relative_to(root).as_posix().encode())
                whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:16]


def stored(folder: Path, key: str) -> dict[str, Results] | None:
    """Results that were kept beside a model; None if they don't fit any more."""
    try:
        content = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))
        if content["key"] != key:
            return None
        return {
            part: {name: _result(entry) for name, entry in results.items()}
            for part, results in content["parts"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(folder: Path, key: str, parts: dict[str, Results]) -> None:
    """Keeps results beside a model."""
    content = {
        "key": key,
        "parts": {
            part: {name: asdict(result) for name, result in results.items()}
            for part, results in parts.items()
        },
    }
    write_whole(folder / "outcomes.json", json.dumps(content, ensure_ascii=False))


def _result(entry: dict[str, Any]) -> Result:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in entry["seen"].items()
    }
    return Result(Seen(**values), entry["right"], entry["figures"])
