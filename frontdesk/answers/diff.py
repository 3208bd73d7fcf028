"""What was changed between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"


@dataclass(frozen=True)
class Piece:
    """Words that stayed, went or came."""

    kind: str
    text: str


def changes(old: str, new: str) -> list[Piece]:
    """Both texts in one; a word comes with the space behind it."""
    return list(_pieces(re.findall(r"\S+\s*", old), re.findall(r"\S+\s*", new)))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, _keys(old), _keys(new), autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            yield Piece(SAME, "".join(new[new_start:new_end]))
            continue
        if end > start:
            yield Piece(GONE, "".join(old[start:end]))
        if new_end > new_start:
            yield Piece(NEW, "".join(new[new_start:new_end]))


def _keys(words: list[str]) -> list[str]:
    """Words are the same whatever space is behind them; lines and bubbles are not."""
    return [word.rstrip(" ") for word in words]
