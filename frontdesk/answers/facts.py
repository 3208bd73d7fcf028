"""The fact base for editors: facts with their sentence and source, found by words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml
from django.conf import settings

from clinic.sources import FACT_FILES, source_on_record
from frontdesk.inbox import labels

MOST_FOUND = 8
STAFF_ONLY = "staff_only"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Fact:
    """One fact: what it says, where it is from, and whether patients may read it."""

    id: str
    says: str
    source: str
    topic: str = ""
    is_for_patients: bool = True


def fact_of(identifier: str) -> Fact:
    """A fact by its id; one that is in no file says so."""
    found = _all(_stamp()).get(identifier)
    return found or Fact(identifier, "", source_on_record(identifier) or _UNKNOWN)


def facts_of(identifiers: Iterable[str]) -> list[Fact]:
    """The same of several, in their order."""
    return [fact_of(each) for each in identifiers]


def find(words: str, but: Iterable[str] = ()) -> list[Fact]:
    """Facts that patients may read and that have all of the words, the likeliest first.

    Args:
        words: beginnings of words of the sentence, of its topic, or an id.
        but: ids that are chosen already.
    """
    wanted = re.findall(r"[\w$-]+", words.casefold())
    known = _all(_stamp())
    left = [fact for fact in known.values() if fact.id not in set(but)]
    if not wanted:
        return []
    found = [fact for fact in left if fact.is_for_patients and _has(fact, wanted)]
    # What says it itself stands before what is only of that topic.
    found.sort(key=lambda fact: not all(_begins(fact.says, word) for word in wanted))
    return found[:MOST_FOUND]


_UNKNOWN = "not in the fact base"


def _has(fact: Fact, wanted: list[str]) -> bool:
    text = f"{fact.says} {fact.topic} {fact.id}"
    return all(_begins(text, word) for word in wanted)


def _begins(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}", text.casefold()) is not None


def _stamp() -> tuple[int, ...]:
    """Changes when one of the files does."""
    files = [settings.ROOT / "knowledge" / name for name in FACT_FILES]
    return tuple(file.stat().st_mtime_ns for file in files if file.is_file())


@lru_cache(1)
def _all(stamp: tuple[int, ...]) -> Mapping[str, Fact]:
    found = {}
    for name in FACT_FILES:
        file = settings.ROOT / "knowledge" / name
        if not file.is_file():
            continue
        content = yaml.load(file.read_text(encoding="utf-8"), _Loader)
        for each in (content or {}).get("facts") or []:
            fact = _read(each)
            found[fact.id] = fact
    return found


def _read(each: Mapping[str, object]) -> Fact:
    identifier = str(each.get("id"))
    return Fact(
        identifier,
        str(each.get("fact") or ""),
        source_on_record(identifier) or _UNKNOWN,
        labels.topic(str(each.get("topic") or "")),
        each.get("patient_facing") != STAFF_ONLY,
    )
