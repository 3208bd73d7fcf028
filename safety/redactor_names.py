"""Finds names of persons after a cue ("my name is ..."); called by the redactor.

Cues, stop words and first names stand in ``safety/redaction/names.yml``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_NAME_WORDS = 3
_WORD = r"[^\W\d_](?:[^\W\d_]|['\u2019-]){0,24}"
_NAME_WORD = re.compile(rf"[ ]{{0,3}}({_WORD}|[^\W\d_]\.)(?=$|[\s,.;:!?)\"'\u2019-])")
_TITLE = re.compile(r"[ ]{0,2}(?:mr|mrs|ms|miss|dr)\.?(?=[ ])", re.IGNORECASE)
_GAP = re.compile(r"[ ]{0,3}:?(?=[ ]|$)|,?[ ]{1,3}|\s{1,3}")
_POSSESSIVE = re.compile(r"['\u2019]s$", re.IGNORECASE)


@dataclass(frozen=True)
class NameFinder:
    """The compiled cues and word lists."""

    cue: re.Pattern[str]
    strictness: dict[str, str]
    endings: frozenset[str]
    stop_words: frozenset[str]
    first_names: frozenset[str]

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each name."""
        for match in self.cue.finditer(text):
            found = self._after(text, match.end(), _plain(match.group()))
            if found:
                yield found

    def _after(self, text: str, position: int, cue: str) -> tuple[int, int] | None:
        gap = _GAP.match(text, position)
        position = gap.end() if gap else position
        title = _TITLE.match(text, position)
        position = title.end() if title else position
        words = self._name_words(text, position)
        if not words or not self._is_name(text, words, self.strictness[cue]):
            return None
        return words[0].start(1), words[-1].end(1)

    def _name_words(self, text: str, position: int) -> list[re.Match[str]]:
        words: list[re.Match[str]] = []
        while len(words) < MAX_NAME_WORDS:
            match = _NAME_WORD.match(text, position)
            if match is None or not self._may_be_name(match.group(1)):
                break
            if words and not self._goes_on(words[0].group(1), match.group(1)):
                break
            words.append(match)
            position = match.end()
            if text[position : position + 1] not in ("", " ", "."):
                break
            if text[position : position + 1] == "." and match.group(1)[-1] != ".":
                break
        return words

    def _may_be_name(self, word: str) -> bool:
        return _plain(word) not in self.stop_words

    def _goes_on(self, first: str, word: str) -> bool:
        if first[0].isupper() and not first.isupper():
            return word[0].isupper()
        return not word.lower().endswith(("ing", "ed", "n't", "ly"))

    def _is_name(self, text: str, words: list[re.Match[str]], level: str) -> bool:
        first = words[0].group(1)
        if level == "any" or _plain(first) in self.first_names:
            return len(first) > 1
        rest = text[words[-1].end() : words[-1].end() + 12].split()
        if level == "strict" and rest and _plain(rest[0]) in self.endings:
            return True
        capitals = [word for word in words if _is_capitalised(word.group(1))]
        if level == "likely":
            return bool(capitals) and capitals[0] is words[0]
        return len(words) > 1 and len(capitals) == len(words)


def load_names(path: Path) -> NameFinder:
    """Reads ``names.yml``.

    Raises:
        ValueError: names the file and the missing key.
    """
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = {"cues", "endings", "stop_words", "first_names"} - set(content or {})
    if missing:
        raise ValueError(f"{path}: key '{min(missing)}' is missing; add it")
    strictness = {
        _plain(cue): level for level, cues in content["cues"].items() for cue in cues
    }
    alternatives = "|".join(
        re.escape(cue).replace(r"\ ", "[ ]{1,2}").replace("'", "['\u2019]")
        for cue in sorted(_all_cues(content), key=len, reverse=True)
    )
    return NameFinder(
        re.compile(rf"(?<![\w\[])(?:{alternatives})(?![\w'\u2019])", re.IGNORECASE),
        strictness,
        frozenset(content["endings"]),
        frozenset(_plain(word) for word in content["stop_words"].split()),
        frozenset(content["first_names"].split()),
    )


def _all_cues(content: dict[str, Any]) -> list[str]:
    return [cue for cues in content["cues"].values() for cue in cues]


def _plain(word: str) -> str:
    """Lower case, one space, no apostrophe, no punctuation at the end."""
    word = _POSSESSIVE.sub("s", word.lower()).replace("'", "").replace("\u2019", "")
    return " ".join(word.split()).strip(".,:;!?")


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() and (len(word) < 3 or not word.isupper())
