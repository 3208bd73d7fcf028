"""Reads ``safety/phrases/*.yml`` and names file and entry of every mistake.

Used by the phrase matcher only. The files belong to the clinicians; no program
writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from safety.phrase_syntax import Compiled, PhraseSyntaxError, compile_phrase

KIND_OF_TOPIC = {
    "self_harm": "crisis",
    "third_party": "crisis",
    "harm_to_others": "crisis",
    "abuse": "crisis",
    "physical": "emergency",
    "overdose": "emergency",
}
STRENGTHS = ("certain", "alarm", "hint")
NEAR_MISSES = ("idiom", "denied", "past", "topic", "subject")
PLACES = ("over", "before", "after", "sentence", "message")
LISTS_FILE = "lists.yml"
EXCEPTIONS_FILE = "exceptions.yml"


class PhraseFileError(ValueError):
    """A phrase file is wrong; the message names file, entry and what to do."""


@dataclass(frozen=True)
class Phrase:
    """An entry of a phrase file: one danger and the ways to say it."""

    id: str
    topic: str
    strength: str
    patterns: tuple[Compiled, ...]


@dataclass(frozen=True)
class Exemption:
    """An entry of ``exceptions.yml``.

    ``near_misses`` has one name under ``exceptions`` and all names that it concerns
    under ``withdrawn_by``; it is empty under ``settled``.
    """

    id: str
    near_misses: frozenset[str]
    place: str
    topics: frozenset[str]
    patterns: tuple[Compiled, ...]


@dataclass(frozen=True)
class PhraseBook:
    """All that the phrase files say."""

    phrases: tuple[Phrase, ...]
    exceptions: tuple[Exemption, ...]
    withdrawals: tuple[Exemption, ...]
    settled: tuple[Exemption, ...]


def read_phrases(folder: Path) -> PhraseBook:
    """Reads and compiles a folder of phrase files.

    Raises:
        PhraseFileError: names the file and the entry.
    """
    lists_path, exceptions_path = folder / LISTS_FILE, folder / EXCEPTIONS_FILE
    for path in (lists_path, exceptions_path):
        if not path.is_file():
            raise PhraseFileError(f"{path}: not found; bring it back from git")
    lists = _lists(lists_path)
    phrases: list[Phrase] = []
    for path in sorted(folder.glob("*.yml")):
        if path not in (lists_path, exceptions_path):
            phrases.extend(_phrases(path, lists))
    if not phrases:
        raise PhraseFileError(f"{folder}: no phrase file; bring them back from git")
    _refuse_twins(folder, [phrase.id for phrase in phrases])
    return PhraseBook(tuple(phrases), *_exceptions(exceptions_path, lists))


def _refuse_twins(place: Path, ids: list[str]) -> None:
    for name in ids:
        if ids.count(name) > 1:
            raise PhraseFileError(f"{place}: id '{name}' is used twice; rename one")


def _load(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PhraseFileError(
            f"{path}: not valid YAML; put patterns in quotes. {error}"
        ) from error
    if not isinstance(content, dict):
        raise PhraseFileError(f"{path}: expected keys at the top, such as 'phrases:'")
    return content


def _lists(path: Path) -> Mapping[str, str]:
    lists = _load(path).get("lists")
    if not isinstance(lists, dict) or not all(
        isinstance(text, str) for text in lists.values()
    ):
        raise PhraseFileError(f"{path}: 'lists' must give each list a text a|b|c")
    for name, text in lists.items():
        _compiled(path, str(name), [text], lists)
    return lists


def _phrases(path: Path, lists: Mapping[str, str]) -> Iterator[Phrase]:
    content = _load(path)
    _only_keys(path, "top of the file", content, {"topic", "phrases"})
    for name, entry in _entries(path, content, "phrases"):
        _only_keys(
            path, name, entry, {"id", "topic", "strength", "patterns", "comment"}
        )
        topic = entry.get("topic", content.get("topic"))
        _one_of(path, name, "topic", topic, tuple(KIND_OF_TOPIC))
        _one_of(path, name, "strength", entry.get("strength"), STRENGTHS)
        patterns = _compiled(path, name, entry.get("patterns"), lists)
        yield Phrase(name, str(topic), entry["strength"], patterns)


def _exceptions(
    path: Path, lists: Mapping[str, str]
) -> tuple[tuple[Exemption, ...], tuple[Exemption, ...], tuple[Exemption, ...]]:
    content = _load(path)
    sections = ("exceptions", "withdrawn_by", "settled")
    _only_keys(path, "top of the file", content, set(sections))
    groups = [
        tuple(
            _exemption(path, section, entry, lists)
            for _, entry in _entries(path, content, section)
        )
        for section in sections
    ]
    _refuse_twins(path, [entry.id for group in groups for entry in group])
    return groups[0], groups[1], groups[2]


def _exemption(
    path: Path, section: str, entry: dict[str, Any], lists: Mapping[str, str]
) -> Exemption:
    name = entry["id"]
    _only_keys(
        path, name, entry, {"id", "near_miss", "where", "topics", "patterns", "comment"}
    )
    near_misses = str(entry.get("near_miss", "")).split()
    if section == "exceptions" and len(near_misses) != 1:
        raise PhraseFileError(f"{path}: {name}: give exactly one near_miss")
    for near_miss in near_misses:
        _one_of(path, name, "near_miss", near_miss, NEAR_MISSES)
    place = entry.get("where", "over")
    _one_of(path, name, "where", place, PLACES)
    topics = str(entry.get("topics", "")).split() or list(KIND_OF_TOPIC)
    for topic in topics:
        _one_of(path, name, "topics", topic, tuple(KIND_OF_TOPIC))
    patterns = _compiled(path, name, entry.get("patterns"), lists)
    return Exemption(name, frozenset(near_misses), place, frozenset(topics), patterns)


def _entries(
    path: Path, content: dict[str, Any], section: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = content.get(section)
    if not isinstance(entries, list) or not entries:
        raise PhraseFileError(f"{path}: '{section}' must be a list of entries")
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            raise PhraseFileError(
                f"{path}: entry {number} of '{section}' has no 'id'; give it a name"
            )
        yield entry["id"], entry


def _only_keys(path: Path, name: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(str(key) for key in set(entry) - known)
    if unknown:
        raise PhraseFileError(
            f"{path}: {name}: unknown key '{unknown[0]}'; use {sorted(known)}"
        )


def _one_of(
    path: Path, name: str, key: str, value: object, known: tuple[str, ...]
) -> None:
    if value not in known:
        raise PhraseFileError(f"{path}: {name}: {key} '{value}' is none of {known}")


def _compiled(
    path: Path, name: str, patterns: object, lists: Mapping[str, str]
) -> tuple[Compiled, ...]:
    if not isinstance(patterns, list) or not patterns:
        raise PhraseFileError(f"{path}: {name}: 'patterns' must be a list of phrases")
    compiled: list[Compiled] = []
    for pattern in patterns:
        try:
            compiled.extend(compile_phrase(str(pattern), lists))
        except PhraseSyntaxError as error:
            raise PhraseFileError(
                f'{path}: {name}: phrase "{pattern}": {error}'
            ) from error
    return tuple(compiled)
