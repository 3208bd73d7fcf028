"""What an answer rests on, in words. Used by the terminal chat's ``:sources``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clinic.answers import AnswerFileError, AnswerLibrary
from clinic.sources import KNOWLEDGE, source_title


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
    title = source_title(identifier, folder)
    return identifier if title is None else f"{identifier}: {title}"


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
