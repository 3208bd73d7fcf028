"""Turns the phrase syntax of ``safety/phrases/*.yml`` into bounded regular expressions.

Used by the phrase matcher only. The syntax is explained at the top of each phrase file.
Every repetition that comes out has an upper bound, so that no text can make a search
slow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

GAP = r"(?: ,| [^ .,]\S{0,30}){0,4}?"
PAUSE = r"(?: ,)?"
_NEXT = PAUSE + " "
WILDCARD = r"[^ .,]{0,20}"
END_OF_WORD = r"(?= )"
_END = r"(?=(?: [.,]){0,6} $)"
_TOKEN = re.compile(r"\s+|\.\.\.|[()\[\]|^$]|\{\w+\}|[^\W_]+\*?|[.,]")
# Too frequent to tell whether a phrase can be in a text at all.
_FREQUENT_TEXT = """
    a about all am an and are as at be been but by can cant could day did do
    does dont for from get go going gonna got had has have he her him his how i
    id if ill im in is it its ive just know like me my no not now of off on one
    or our out over people she so some take than that the their them then there
    they think thinking this time to too took up want wants was we were what
    when who will with would you your no
"""
_FREQUENT = frozenset(_FREQUENT_TEXT.split())


class PhraseSyntaxError(ValueError):
    """A phrase does not follow the syntax; the message says what is wrong."""


@dataclass(frozen=True)
class Needs:
    """Words of which at least one must be in a text for a phrase to match."""

    words: frozenset[str] = frozenset()
    beginnings: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.words | other.words, self.beginnings | other.beginnings)

    @property
    def tells_little(self) -> bool:
        """True if nearly every text has one of the words."""
        return bool(self.words & _FREQUENT)


@dataclass
class _Part:
    """A piece of a regular expression and what a text needs for it."""

    regex: str = ""
    needs: list[Needs] = field(default_factory=list)


@dataclass(frozen=True)
class Compiled:
    """A phrase ready for searching."""

    regex: re.Pattern[str]
    needs: tuple[Needs, ...]


def compile_phrase(phrase: str, lists: Mapping[str, str]) -> tuple[Compiled, ...]:
    """Compiles one phrase; each alternative outside brackets comes out apart.

    Args:
        phrase: in the phrase syntax.
        lists: text of each ``{list}`` the phrase may use.

    Raises:
        PhraseSyntaxError: unknown list, unbalanced brackets, unknown sign, no word.
    """
    tokens = list(_tokens(phrase, lists))
    options, rest = _options(tokens, 0)
    if rest != len(tokens):
        raise PhraseSyntaxError(f"'{tokens[rest]}' closes a bracket nobody opened")
    if not all(option.needs for option in options):
        raise PhraseSyntaxError("at least one word must not be optional")
    return tuple(_compiled(option) for option in options)


def _compiled(part: _Part) -> Compiled:
    regex = part.regex
    if regex.startswith(_NEXT):
        regex = " " + regex.removeprefix(_NEXT)
    return Compiled(re.compile(regex + END_OF_WORD), _telling(part.needs))


def _telling(needs: Iterable[Needs]) -> tuple[Needs, ...]:
    unique = list(dict.fromkeys(needs))
    telling = [need for need in unique if not need.tells_little]
    telling.sort(key=lambda need: len(need.words) + 5 * len(need.beginnings))
    return tuple(telling or unique[:1])


def _tokens(phrase: str, lists: Mapping[str, str], depth: int = 0) -> Iterator[str]:
    position = 0
    if depth > 5:
        raise PhraseSyntaxError("lists use each other in a circle")
    while position < len(phrase):
        match = _TOKEN.match(phrase, position)
        if match is None:
            raise PhraseSyntaxError(
                f"'{phrase[position]}' is no sign of the syntax; write words in lower "
                "case, without apostrophes and accents"
            )
        position, token = match.end(), match.group()
        if token.startswith("{"):
            yield "("
            yield from _tokens(_list(token[1:-1], lists), lists, depth + 1)
            yield ")"
        elif not token.isspace():
            yield token


def _list(name: str, lists: Mapping[str, str]) -> str:
    if name not in lists:
        raise PhraseSyntaxError(f"there is no list '{name}' in lists.yml")
    return lists[name]


def _options(tokens: list[str], position: int) -> tuple[list[_Part], int]:
    """Reads "a b|c d" up to a closing bracket or the end."""
    options: list[_Part] = []
    while True:
        part, position = _sequence(tokens, position)
        options.append(part)
        if position == len(tokens) or tokens[position] != "|":
            return options, position
        position += 1


def _alternatives(tokens: list[str], position: int) -> tuple[_Part, int]:
    options, position = _options(tokens, position)
    if len(options) == 1:
        return options[0], position
    regex = _one_of([option.regex for option in options])
    if not all(option.needs for option in options):
        return _Part(regex), position
    best = [_telling(option.needs)[0] for option in options]
    union = Needs()
    for need in best:
        union = union | need
    return _Part(regex, [union]), position


def _one_of(regexes: list[str]) -> str:
    """An alternation; what all begin with is tried once, which makes it fast."""
    opened = [regex.removeprefix(_NEXT) for regex in regexes if regex.startswith(_NEXT)]
    words = {regex for regex in opened if regex.isalnum()}
    others = sorted(set(opened) - words, key=len, reverse=True)
    branches = ([_trie(words)] if words else []) + others
    options = [f"{_NEXT}(?:{'|'.join(branches)})"] if branches else []
    options += [regex for regex in regexes if not regex.startswith(_NEXT)]
    return f"(?:{'|'.join(options)})"


def _trie(words: Iterable[str]) -> str:
    """A regular expression for any of the words that branches letter by letter."""
    branches: dict[str, set[str]] = {}
    for word in words:
        if word:
            branches.setdefault(word[0], set()).add(word[1:])
    parts = []
    for letter, rest in sorted(branches.items()):
        while len(rest) == 1 or len({word[:1] for word in rest}) == 1:
            head = next(iter(rest))[:1]
            if not head:
                break
            letter, rest = letter + head, {word[1:] for word in rest}
        parts.append(letter if rest == {""} else letter + _optional_trie(rest))
    return "|".join(parts)


def _optional_trie(rest: set[str]) -> str:
    return f"(?:{_trie(rest)})" + ("?" if "" in rest else "")


def _sequence(tokens: list[str], position: int) -> tuple[_Part, int]:
    result = _Part()
    while position < len(tokens) and tokens[position] not in (")", "]", "|"):
        part, position = _item(tokens, position)
        result.regex += part.regex
        result.needs += part.needs
    return result, position


def _item(tokens: list[str], position: int) -> tuple[_Part, int]:
    token = tokens[position]
    if token in ("(", "["):
        part, end = _alternatives(tokens, position + 1)
        closing = ")" if token == "(" else "]"
        if end == len(tokens) or tokens[end] != closing:
            raise PhraseSyntaxError(f"a bracket '{token}' is never closed")
        if token == "[":
            part = _Part(f"(?:{part.regex})?")
        return part, end + 1
    return _single(token), position + 1


def _single(token: str) -> _Part:
    if token == "...":
        return _Part(GAP)
    if token == "^":
        return _Part(r"(?:^(?: [.,]){0,4})")
    if token == "$":
        return _Part(_END)
    if token in (".", ","):
        return _Part(rf" {re.escape(token)}")
    if token.endswith("*"):
        stem = token[:-1]
        return _Part(f"{PAUSE} {stem}{WILDCARD}", [Needs(beginnings=frozenset([stem]))])
    return _Part(f"{PAUSE} {token}", [Needs(words=frozenset([token]))])
