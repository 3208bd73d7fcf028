"""Finds which of many phrases can be in a text at all, and searches only those.

Used by the phrase matcher only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from safety.phrase_files import Exemption, Phrase
from safety.phrase_syntax import Compiled

_LONGEST_BEGINNING = 12


class Hit[T](NamedTuple):
    """A place where a pattern of an entry matches."""

    entry: T
    start: int
    end: int


class PhraseIndex[T: (Phrase, Exemption)]:
    """The patterns of many entries by the words they need."""

    def __init__(self, entries: Iterable[T]) -> None:
        self._by_word: dict[str, list[int]] = {}
        self._by_beginning: dict[str, list[int]] = {}
        self._patterns: list[tuple[T, Compiled]] = [
            (entry, pattern) for entry in entries for pattern in entry.patterns
        ]
        for number, (_, pattern) in enumerate(self._patterns):
            for word in pattern.needs[0].words:
                self._by_word.setdefault(word, []).append(number)
            for beginning in pattern.needs[0].beginnings:
                self._by_beginning.setdefault(beginning, []).append(number)

    def hits(self, text: str, words: frozenset[str]) -> Iterator[Hit[T]]:
        """Every place where a pattern matches."""
        for number in sorted(self._candidates(words)):
            entry, pattern = self._patterns[number]
            if not all(
                not need.words.isdisjoint(words) or need.beginnings
                for need in pattern.needs
            ):
                continue
            for found in pattern.regex.finditer(text):
                yield Hit(entry, found.start(), found.end())

    def _candidates(self, words: frozenset[str]) -> set[int]:
        numbers: set[int] = set()
        for word in words & self._by_word.keys():
            numbers.update(self._by_word[word])
        for word in words:
            for length in range(1, min(len(word), _LONGEST_BEGINNING) + 1):
                numbers.update(self._by_beginning.get(word[:length], ()))
        return numbers
