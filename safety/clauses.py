"""Splits a message into clauses, so that one sentence can't drown another."""

from __future__ import annotations

import re

SHORTEST_MESSAGE = 7  # words; shorter messages are one clause
SHORTEST_CLAUSE = 3  # words
MOST_CLAUSES = 6
# "and" parts clauses only where a new question or a new "I" follows it.
_AND = (
    r"\band (?=(?:do|does|did|can|could|is|are|will|would|should|how|what|where|when"
    r"|who|why|i|im|i'm|my|please)\b)"
)
_BOUNDARY = re.compile(
    r"[.!?;\n]+|,|\s+-+\s+|\b(?:but|and also|also|plus|because|cuz|anyway|btw)\b|"
    + _AND,
    re.IGNORECASE,
)


def clauses_of(text: str) -> list[str]:
    """The clauses of a longer message; empty for one that is a single clause."""
    if len(text.split()) < SHORTEST_MESSAGE:
        return []
    merged: list[str] = []
    for piece in _BOUNDARY.split(text):
        words = piece.split()
        if not words:
            continue
        if merged and min(len(words), len(merged[-1].split())) < SHORTEST_CLAUSE:
            merged[-1] = f"{merged[-1]} {' '.join(words)}"
        else:
            merged.append(" ".join(words))
    if len(merged) < 2:
        return []
    # The end of a long message counts as much as its beginning.
    if len(merged) > MOST_CLAUSES:
        half = MOST_CLAUSES // 2
        merged = [*merged[:half], *merged[-half:]]
    return merged
