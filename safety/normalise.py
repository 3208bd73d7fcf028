"""Undoes disguises and spelling habits before phrases are matched.

Called by the phrase matcher. The result is for matching only, never for people to read:
lower-case words parted by single spaces, with "." for the end of a sentence and "," for
every lesser pause. Every step is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAX_CACHED_LENGTH = 40
MAX_GLUED_LENGTH = 30

# Words that people disguise; a disguise is undone only where one of them comes out.
_HIDDEN_WORDS_TEXT = """
    kill kills killed killing suicide suicides suicidal die died dies dying dead
    death kms unalive self harm myself himself herself hurt hurting cut cutting
    overdose overdosed overdosing hang hanging shoot shot shooting murder stab
    stabbed rape raped abuse abused assault assaulted pills jump slit wrists
    rope gun knife fuck shit end ending life ctb
"""
HIDDEN_WORDS = frozenset(_HIDDEN_WORDS_TEXT.split())
_GLUE_WORDS_TEXT = """
    i im want wanna gonna to my me it all help going
"""
GLUE_WORDS = frozenset(_GLUE_WORDS_TEXT.split())

_TOKEN = re.compile(r"\S+|\n")
_PIECE = re.compile(
    r"\d+(?:[.,/]\d+)+|[^\W_]+|\.{2,}|[.!?;\u00bf\u00a1]|[,:()\[\]\u2013\u2014]|&"
)
_SINGLE_LETTERS = re.compile(r"[^\W_](?:[-.*_~|/+#][^\W_]){2,}")
_SEPARATORS = re.compile(r"[-.*_~|/+#]")
_RUN_OF_THREE = re.compile(r"([^\W\d_])\1\1+")
_RUN = re.compile(r"(.)\1+")
_INNER_LEET = re.compile(r"(?<=[a-z])[0134578@$]+(?=[a-z])|^[@$](?=[a-z])")
_WORD_LIST = "|".join(sorted(HIDDEN_WORDS | GLUE_WORDS, key=len, reverse=True))
_SEGMENT = re.compile(rf"{_WORD_LIST}|.")
_GLUED = re.compile(rf"(?:{_WORD_LIST}){{2,8}}")

_LEET_I = str.maketrans("013457@$!|", "oieastasii")
_LEET_L = str.maketrans("013457@$!|", "oleastasll")
_CONTROLS = {code: None for code in (*range(32), *range(127, 160))}
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_EDGES = ".,!?;:'\"()[]<>#~"
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2018\u2019\u201b\u02bc`\u00b4\u2032\u02b9"))
# Look-alikes that NFKC leaves alone: Cyrillic, Greek, Armenian, small capitals.
_LOOK_ALIKES = str.maketrans(
    "авеѕіјԁкмнорстухһԛԝѵɡαβεικμνορτυχγηωϲɩօսհոıᴀʙᴄᴅᴇɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢø",
    "abesijdkmhopctyxhqwvgabeikmvoptuxynwciouhniabcdeijklmnoprstuvwzo",
)


class Word(NamedTuple):
    """One word of the normalised text and where it stands in the original."""

    text: str
    start: int
    end: int


def normalise(text: str, *, keep_accents: bool = False) -> str:
    """Text as the phrases see it.

    Args:
        text: what the patient wrote.
        keep_accents: keeps "á" and "ñ" (to tell Spanish words apart).
    """
    return " ".join(word.text for word in split_words(text, keep_accents=keep_accents))


def split_words(text: str, *, keep_accents: bool = False) -> list[Word]:
    """The normalised words of a text with their places in the original."""
    words: list[Word] = []
    letters: list[Word] = []
    for word in _plain_words(text, keep_accents):
        if len(word.text) == 1 and (word.text.isalpha() or (letters and _pause(word))):
            letters.append(word)
            continue
        if letters:
            words.extend(_joined(letters))
            letters = []
        words.append(word)
    words.extend(_joined(letters))
    return words


def _plain_words(text: str, keep_accents: bool) -> Iterator[Word]:
    for match in _TOKEN.finditer(text):
        token = match.group()
        clean = _clean_cached if len(token) <= MAX_CACHED_LENGTH else _clean
        start, end = match.span()
        for piece in clean(token, keep_accents):
            yield Word(piece, start, end)


def _pause(word: Word) -> bool:
    return word.text in (".", ",")


def _joined(letters: list[Word]) -> list[Word]:
    """Joins "k i l l" into one word, if a disguised word comes out."""
    spelled = [word for word in letters if not _pause(word)]
    if len(spelled) < 3:
        return letters
    result: list[Word] = []
    found = False
    for match in _SEGMENT.finditer("".join(word.text for word in spelled)):
        first, last = match.start(), match.end() - 1
        result.append(Word(match.group(), spelled[first].start, spelled[last].end))
        found = found or (last - first > 1 and match.group() in HIDDEN_WORDS)
    return result if found else letters


def _clean(token: str, keep_accents: bool) -> tuple[str, ...]:
    token = _plain_characters(token, keep_accents)
    pieces: list[str] = []
    for part in token.split():
        pieces.extend(_pieces(part))
    return tuple(pieces)


_clean_cached = lru_cache(maxsize=16384)(_clean)


def _plain_characters(token: str, keep_accents: bool) -> str:
    if token == "\n":
        return ","
    if not token.isascii():
        # Marks go first: normalising a long run of them takes quadratic time.
        token = unicodedata.normalize("NFC", token) if len(token) < 200 else token
        token = "".join(sign for sign in token if not _is_invisible(sign))
        token = unicodedata.normalize("NFKC", token).lower()
        if not keep_accents:
            token = _without_marks(unicodedata.normalize("NFD", token))
        token = token.translate(_LOOK_ALIKES)
    return token.lower().translate(_CONTROLS).translate(_APOSTROPHES)


def _is_invisible(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "MC" or sign in _BLANKS


def _without_marks(token: str) -> str:
    return "".join(sign for sign in token if not unicodedata.combining(sign))


def _pieces(part: str) -> Iterator[str]:
    core = part.strip(_EDGES)
    whole = _undisguised(core) if 1 < len(core) <= MAX_CACHED_LENGTH else None
    if whole is None:
        yield from _split_pieces(part)
        return
    yield from whole.split()
    tail = part[part.rfind(core[-1]) + 1 :]
    if tail:
        yield from _split_pieces(tail)


def _split_pieces(part: str) -> Iterator[str]:
    for match in _PIECE.finditer(part):
        piece = match.group()
        if piece[0].isalnum():
            yield _unstretched(piece)
        elif piece == "&":
            yield "and"
        elif len(piece) == 1 and piece in ".!?;\u00bf\u00a1":
            yield "."
        else:
            yield ","


def _undisguised(core: str) -> str | None:
    """The words behind a disguised token, None if it is none."""
    if core.isalpha():
        return _glued(core)
    if _SINGLE_LETTERS.fullmatch(core):
        return _SEPARATORS.sub("", core)
    bare = _SEPARATORS.sub("", core)
    for table in (_LEET_I, _LEET_L):
        decoded = _unstretched(bare.translate(table))
        if decoded in HIDDEN_WORDS and not bare.isdigit():
            return decoded
    if bare != core:
        return _behind_mask(core, bare)
    if _INNER_LEET.search(core):
        return _INNER_LEET.sub(lambda found: found.group().translate(_LEET_I), core)
    return None


def _glued(core: str) -> str | None:
    if len(core) > MAX_GLUED_LENGTH or len(core) < 7 or core in HIDDEN_WORDS:
        return None
    if not _GLUED.fullmatch(core):
        return None
    return " ".join(match.group() for match in _SEGMENT.finditer(core))


def _behind_mask(core: str, bare: str) -> str | None:
    """The word in "k*ll" or "su*cide": one hidden letter for each sign."""
    if not core[0].isalpha() or (len(bare) < 2 and core[0] != "k"):
        return None
    for word in sorted(HIDDEN_WORDS):
        if len(word) == len(core) and all(
            seen == letter or not seen.isalnum()
            for seen, letter in zip(core, word, strict=True)
        ):
            return word
    return None


def _unstretched(word: str) -> str:
    """The word without stretching: "diiiie" becomes "die", "killl" and "kil" "kill"."""
    if word in HIDDEN_WORDS or len(word) > MAX_CACHED_LENGTH:
        return _RUN_OF_THREE.sub(r"\1", word)
    single = _RUN.sub(r"\1", word)
    known = _STRETCHED.get(single)
    long_run = _RUN_OF_THREE.search(word) is not None
    if known and (long_run or single == word or word[:-1] == known):
        return known
    return _RUN_OF_THREE.sub(r"\1", word)


_STRETCHED = {_RUN.sub(r"\1", word): word for word in sorted(HIDDEN_WORDS)}
