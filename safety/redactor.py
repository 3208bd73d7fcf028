"""Takes personal data out of a message before it is stored; called by the chat API.

What is recognised stands in ``safety/redaction/*.yml``, in the manner of Presidio:
pattern, cue and check. What was taken out is handed back, for the encrypted store.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safety.redactor_names import NameFinder, load_names
from safety.redactor_patterns import (
    Known,
    Pattern,
    compiled,
    digits_of,
    load_patterns_file,
)

REDACTION_FOLDER = Path(__file__).resolve().parent / "redaction"
MAX_PASSES = 20
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Removed:
    """One piece that was taken out, with its place in the text as it was given."""

    kind: str
    start: int
    end: int
    original: str


@dataclass(frozen=True, slots=True)
class Redaction:
    """The text with tokens, and what they stand for, in text order."""

    text: str
    removed: tuple[Removed, ...]


class Redactor:
    """Redacts texts; safe to share between threads."""

    def __init__(
        self, patterns: Iterable[Pattern], names: NameFinder, hotlines: frozenset[str]
    ) -> None:
        self._patterns = tuple(patterns)
        self._names = names
        self._known = Known(hotlines, names.stop_words)

    @classmethod
    def load(
        cls, folder: Path = REDACTION_FOLDER, *, keep_numbers: Iterable[str] = ()
    ) -> Redactor:
        """Reads the patterns.

        Args:
            folder: holds ``patterns.yml`` and ``names.yml``.
            keep_numbers: phone numbers to leave in, such as the clinic's own.

        Raises:
            RedactionFileError: names the file and the entry.
        """
        path = folder / "patterns.yml"
        content = load_patterns_file(path)
        numbers = [*content["hotlines"], *keep_numbers]
        return cls(
            compiled(path, content),
            load_names(folder / "names.yml"),
            frozenset(digits_of(str(number)) for number in numbers),
        )

    def redact(self, text: str) -> Redaction:
        """Replaces personal data with tokens such as ``[PHONE]``.

        Runs until nothing more is found, so that redacting twice changes nothing.
        """
        removed: list[Removed] = []
        result = text
        for _ in range(MAX_PASSES):
            found = self._find(result)
            if not found:
                break
            places = _Places(removed)
            new = [_at_original(text, piece, places) for piece in found]
            removed = sorted([*removed, *new], key=lambda piece: piece.start)
            result = _with_tokens(text, removed)
        return Redaction(result, tuple(removed))

    def _find(self, text: str) -> list[Removed]:
        taken = bytearray(len(text))
        found: list[Removed] = []
        for kind, start, end in self._candidates(text):
            piece = text[start:end]
            if start == end or any(taken[start:end]) or "[" in piece or "]" in piece:
                continue
            taken[start:end] = b"\1" * (end - start)
            found.append(Removed(kind, start, end, piece))
        found.extend(_repeated(text, found, taken))
        return sorted(found, key=lambda piece: piece.start)

    def _candidates(self, text: str) -> Iterator[tuple[str, int, int]]:
        has_digit = _DIGIT.search(text) is not None
        for pattern in self._patterns:
            if not has_digit and pattern.kind != "EMAIL":
                continue
            group: str | int = "value" if "value" in pattern.regex.groupindex else 0
            for match in pattern.regex.finditer(text):
                if pattern.check(self._known, match, match.group(group)):
                    yield pattern.kind, match.start(group), match.end(group)
        for start, end in self._names.find(text):
            yield "NAME", start, end


@cache
def shared_redactor() -> Redactor:
    """The one redactor of this process."""
    return Redactor.load()


def redact(text: str) -> Redaction:
    """Replaces personal data with tokens, by the patterns of ``safety/redaction``."""
    return shared_redactor().redact(text)


class _Places:
    """Where a place in the redacted text is in the original."""

    def __init__(self, removed: list[Removed]) -> None:
        self._starts = [0]
        self._shifts = [0]
        shift = 0
        for piece in removed:
            token = len(piece.kind) + 2
            shift += (piece.end - piece.start) - token
            self._starts.append(piece.end - shift)
            self._shifts.append(shift)

    def original(self, place: int) -> int:
        return place + self._shifts[bisect_right(self._starts, place) - 1]


def _at_original(text: str, piece: Removed, places: _Places) -> Removed:
    start, end = places.original(piece.start), places.original(piece.end - 1) + 1
    return Removed(piece.kind, start, end, text[start:end])


def _with_tokens(text: str, removed: list[Removed]) -> str:
    parts: list[str] = []
    position = 0
    for piece in removed:
        parts += [text[position : piece.start], f"[{piece.kind}]"]
        position = piece.end
    return "".join([*parts, text[position:]])


def _repeated(text: str, found: list[Removed], taken: bytearray) -> Iterator[Removed]:
    """The same number or full name once more, this time without a cue."""
    kinds = {piece.original: piece.kind for piece in found if _is_telling(piece)}
    if not kinds:
        return
    alternatives = "|".join(
        re.escape(text) for text in sorted(kinds, key=len, reverse=True)[:200]
    )
    for match in re.finditer(rf"(?<!\w)(?:{alternatives})(?!\w)", text):
        if not any(taken[match.start() : match.end()]):
            yield Removed(kinds[match.group()], *match.span(), match.group())


def _is_telling(piece: Removed) -> bool:
    if piece.kind == "NAME":
        return " " in piece.original
    return len(digits_of(piece.original)) > 3
