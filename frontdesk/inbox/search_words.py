"""Words as the index has them, and what somebody types as a search for them.

Both databases are given the same words, so that they find the same. Pure functions.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST_WORD = 100
MOST_TERMS = 12
MOST_WORDS = 16  # of one phrase
_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'"([^"]*)"?(\*?)|([^\s"]+)')
_DOUBLE_QUOTES = str.maketrans(dict.fromkeys("“”„«»", '"'))


@dataclass(frozen=True)
class Term:
    """A word, or words in this order; the last may be only begun."""

    words: tuple[str, ...]
    is_begun: bool = False

    def is_at(self, said: list[str], place: int) -> bool:
        """Whether it stands at a place of a text."""
        if not said[place].startswith(self.words[0]):
            return False
        here = said[place : place + len(self.words)]
        if len(here) < len(self.words) or tuple(here[:-1]) != self.words[:-1]:
            return False
        if self.is_begun:
            return here[-1].startswith(self.words[-1])
        return here[-1] == self.words[-1]


def words_of(text: str) -> list[str]:
    """The words of a text: no capitals, no accents, no punctuation."""
    plain = text.casefold()
    if not plain.isascii():
        signs = unicodedata.normalize("NFKD", plain)
        plain = "".join(sign for sign in signs if not unicodedata.combining(sign))
    return [word[:LONGEST_WORD] for word in _WORD.findall(plain)]


def terms_of(typed: str) -> list[Term]:
    """What is searched for: all of these. Anything can be typed; empty if no word."""
    found: list[Term] = []
    for piece in _PIECE.finditer(typed.translate(_DOUBLE_QUOTES)):
        quoted, star, plain = piece.groups()
        text = plain if quoted is None else quoted
        words = words_of(text)[:MOST_WORDS]
        is_begun = bool(star) if quoted is not None else text.endswith("*")
        term = Term(tuple(words), is_begun)
        if words and term not in found:
            found.append(term)
    return found[:MOST_TERMS]


@dataclass(frozen=True)
class Piece:
    """A part of a text, found or not."""

    text: str
    is_found: bool = False


def highlight(text: str, terms: list[Term]) -> list[Piece]:
    """A text in pieces, those that were searched for marked."""
    plain = text.casefold()
    if plain.isascii():
        # The usual case, and the fast one: a letter stays at its place.
        wanted = [term for term in terms if all(word in plain for word in term.words)]
        if not wanted:
            return [Piece(text)]
        found = list(_WORD.finditer(plain))
        places = [word.span() for word in found]
        words = [word.group()[:LONGEST_WORD] for word in found]
    else:
        wanted = terms
        places, words = _places(text)
    marked: set[int] = set()
    for start in range(len(words)):
        for term in wanted:
            if term.is_at(words, start):
                marked.update(range(start, start + len(term.words)))
    return _pieces(text, [places[number] for number in sorted(marked)])


def snippet(pieces: list[Piece], length: int) -> list[Piece]:
    """About so many characters around the first find; … stands for what is left out."""
    text = "".join(piece.text for piece in pieces)
    if len(text) <= length:
        return pieces
    before = 0
    for piece in pieces:
        if piece.is_found:
            break
        before += len(piece.text)
    start = 0 if before >= len(text) else max(before - length // 3, 0)
    start = 0 if start == 0 else text.find(" ", start, before) + 1 or start
    end = min(start + length, len(text))
    end = end if end == len(text) else max(text.rfind(" ", start, end), before + 1, 1)
    cut = [Piece("… ")] if start else []
    at = 0
    for piece in pieces:
        kept = piece.text[max(start - at, 0) : max(end - at, 0)]
        at += len(piece.text)
        if kept:
            cut.append(Piece(kept, piece.is_found))
    return cut if end == len(text) else [*cut, Piece(" …")]


def _places(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Where each word stands, and the words."""
    places: list[tuple[int, int]] = []
    words: list[str] = []
    for match in re.finditer(r"[\w\u0300-\u036f]+", text):
        for word in words_of(match.group()):
            places.append(_place_of(word, match))
            words.append(word)
    return places, words


def _place_of(word: str, match: re.Match[str]) -> tuple[int, int]:
    """Where in a run of letters: the part between underscores, else the whole run."""
    for part in re.finditer(r"[^_]+", match.group()):
        if words_of(part.group()) == [word]:
            return match.start() + part.start(), match.start() + part.end()
    return match.span()


def _pieces(text: str, places: list[tuple[int, int]]) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for start, end in places:
        if start < at:
            continue  # two words of one run
        if start > at:
            pieces.append(Piece(text[at:start]))
        pieces.append(Piece(text[start:end], is_found=True))
        at = end
    if at < len(text) or not pieces:
        pieces.append(Piece(text[at:]))
    return pieces
