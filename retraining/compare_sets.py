"""What both models of a comparison are asked: everything that the project has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retraining import compare_outcomes as outcomes
from retraining.evaluation_sets import (
    LabelledConversation,
    LabelledMessage,
    conversations_in,
    read_conversations,
    read_messages,
)
from retraining.locked_cases import LockedCase, read_locked_cases

REVIEWED = "tests/stories/reviewed"


@dataclass(frozen=True)
class Sets:
    """What both models are asked."""

    messages: Sequence[LabelledMessage]
    conversations: Sequence[LabelledConversation]
    reviewed: Sequence[LabelledConversation]
    locked: Sequence[LockedCase]

    @property
    def steps(self) -> int:
        """How many messages that are."""
        talks = [*self.conversations, *self.reviewed]
        turns = sum(len(conversation.turns) for conversation in talks)
        return len(self.messages) + turns + len(self.locked)


def everything(root: Path, overlay: Mapping[str, str]) -> Sets:
    """All sets of the project, with the test stories that a proposal adds."""
    stories = {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted((root / REVIEWED).glob("*.yml"))
    }
    stories |= {
        key: text for key, text in overlay.items() if key.startswith(f"{REVIEWED}/")
    }
    return Sets(
        messages=read_messages(root / "tests" / "nlu"),
        conversations=read_conversations(root / "tests" / "stories"),
        reviewed=[
            conversation
            for file, text in sorted(stories.items())
            for conversation in conversations_in(text, Path(file), "choose")
        ],
        locked=read_locked_cases(root),
    )


def texts_of(asked: Sets) -> dict[str, str]:
    """The texts behind the ids, for the page alone."""
    found = {outcomes.id_of_message(each): each.text for each in asked.messages}
    for talk in (*asked.conversations, *asked.reviewed):
        for position, turn in enumerate(talk.turns):
            found[outcomes.id_of_turn(talk, position)] = turn.text
    return found
