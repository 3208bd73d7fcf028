"""What an answer rests on, in words. Used by the terminal chat's ``:sources``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from clinic.answers import AnswerFileError, AnswerLibrary
from deploy.settings import ROOT

KNOWLEDGE = ROOT / "knowledge"
FACT_FILES = ("facts.yml", "facts_extra.yml")


def source_lines(messages: list[dict[str, Any]]) -> list[str]:
    """One line for each source of a reply, and when its text was reviewed."""
    identifiers = [name for message in messages for name in message["sources"]]
    lines = [source_words(name) for name in dict.fromkeys(identifiers)]
    if not lines:
        lines = ["This answer names no sources."]
    reviews = [review_words(message) for message in messages if message["response"]]
    return [*lines, *dict.fromkeys(reviews)]


def source_words(identifier: str, folder: Path = KNOWLEDGE) -> str:
    """``id: title (publisher, year)``; a public title is left as it is."""
    source = _facts(folder).get(identifier)
    if source is None:
        return identifier
    origin = [str(source[key]) for key in ("publisher", "year") if source.get(key)]
    where = f" ({', '.join(origin)})" if origin else ""
    return f"{identifier}: {source.get('title') or 'no title'}{where}"


def review_words(message: dict[str, Any]) -> str:
    """Whether and when a text was approved, and when that must be done again."""
    name = message["response"]
    if message["draft"]:
        approved = "draft, approved by nobody yet"
    else:
        approved = f"approved on {message['reviewed'] or 'an unknown date'}"
    due = _review_date(name, message["version"])
    return f"{name}: {approved}{f', review due {due}' if due else ''}"


def drafts_are_served() -> bool:
    """Whether any text that a patient can read is a draft."""
    try:
        return any(answer.is_draft for answer in AnswerLibrary().all())
    except (AnswerFileError, OSError):
        return False


def _review_date(name: str, version: str | None) -> str | None:
    try:
        variations = AnswerLibrary().variations(name)
    except (AnswerFileError, KeyError, OSError):
        return None
    for answer in variations:
        if answer.version == version:
            return answer.metadata.get("review_by")
    return None


@cache
def _facts(folder: Path) -> dict[str, dict[str, Any]]:
    """The source of each fact of the fact base."""
    sources: dict[str, dict[str, Any]] = {}
    for file in (folder / name for name in FACT_FILES):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError):
            continue
        for fact in content.get("facts") or []:
            sources[str(fact.get("id"))] = fact.get("source") or {}
    return sources
