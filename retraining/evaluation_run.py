"""Asks the assistant every test message and has every test conversation.

Called by ``retraining.evaluate``, ``retraining.choose_thresholds`` and by tests that
bring an assistant of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Protocol

from tqdm import tqdm

from components.routing import Evidence
from retraining.assistant import Turn
from retraining.evaluation_outcomes import DetectorOutcome, Outcome, TurnOutcome
from retraining.evaluation_sets import (
    LabelledConversation,
    LabelledMessage,
)

HALVES = ("report", "choose", "all")


class Askable(Protocol):
    """What is asked of an assistant here; tests have simpler ones."""

    async def turn(self, conversation_id: str, text: str) -> Turn:
        """Answers a message."""

    def understand(self, text: str) -> Evidence:
        """What is known about a message."""

    def forget(self, conversation_id: str) -> None:
        """Drops a conversation."""


def messages_of_half(
    messages: Iterable[LabelledMessage], half: str
) -> list[LabelledMessage]:
    """The messages of a half, or all of them."""
    return [item for item in messages if half in ("all", item.half)]


def conversations_of_half(
    conversations: Iterable[LabelledConversation], half: str
) -> list[LabelledConversation]:
    """The conversations of a half, or all of them."""
    return [item for item in conversations if half in ("all", item.half)]


def progress[Item](items: Sequence[Item], title: str) -> Iterable[Item]:
    """The items, with a bar on a terminal and without one elsewhere."""
    return tqdm(items, desc=title, unit="", disable=not sys.stderr.isatty())


async def ask_messages(
    assistant: Askable, messages: Sequence[LabelledMessage], title: str = "messages"
) -> list[Outcome]:
    """Each message in a conversation of its own."""
    outcomes = []
    for number, message in enumerate(progress(messages, title)):
        conversation = f"evaluate-message-{number}"
        turn = await assistant.turn(conversation, message.text)
        assistant.forget(conversation)
        outcomes.append(Outcome(message, turn, assistant.understand(message.text)))
    return outcomes


async def hold_conversations(
    assistant: Askable, conversations: Sequence[LabelledConversation]
) -> list[TurnOutcome]:
    """Every turn of every conversation, in order."""
    outcomes = []
    for number, conversation in enumerate(progress(conversations, "conversations")):
        name = f"evaluate-conversation-{number}"
        for position, turn in enumerate(conversation.turns):
            done = await assistant.turn(name, turn.text)
            outcomes.append(TurnOutcome(conversation, position, done))
        assistant.forget(name)
    return outcomes


def detector_outcomes(outcomes: Sequence[Outcome]) -> list[DetectorOutcome]:
    """The danger detector alone; its verdict is part of the evidence."""
    return [DetectorOutcome(item.message, item.evidence.verdict) for item in outcomes]
