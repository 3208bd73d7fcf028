"""What stands behind the ids of the fact base, in words. No Rasa, no Django."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

KNOWLEDGE = Path(__file__).resolve().parent.parent / "knowledge"
FACT_FILES = ("facts.yml", "facts_extra.yml")
WORDS_FILE = "source_words.yml"


def source_title(identifier: str, folder: Path = KNOWLEDGE) -> str | None:
    """How a patient reads a fact's source; None if the id is no fact.

    As ``source_on_record``, unless ``source_words.yml`` has plainer words for it.
    """
    source = _facts(folder).get(identifier)
    words = _words(folder).get(str(source.get("key"))) if source else None
    return words or source_on_record(identifier, folder)


def source_on_record(identifier: str, folder: Path = KNOWLEDGE) -> str | None:
    """``title (publisher, year)`` of a fact's source; None if the id is no fact."""
    source = _facts(folder).get(identifier)
    if source is None:
        return None
    origin = [str(source[key]) for key in ("publisher", "year") if source.get(key)]
    where = f" ({', '.join(origin)})" if origin else ""
    return f"{source.get('title') or 'no title'}{where}"


def source_titles(identifiers: list[str]) -> list[str]:
    """The sources of an answer as a patient reads them: each once, no ids.

    A public title among the ids is left as it is.
    """
    titles = [source_title(name) or name for name in identifiers]
    return list(dict.fromkeys(titles))


@cache
def _facts(folder: Path) -> dict[str, dict[str, Any]]:
    """The source of each fact of the fact base."""
    return {
        str(fact.get("id")): fact.get("source") or {}
        for file in FACT_FILES
        for fact in _content(folder / file).get("facts") or []
    }


@cache
def _words(folder: Path) -> dict[str, str]:
    """Plainer words for a source, by its key."""
    words = _content(folder / WORDS_FILE).get("words") or {}
    return {str(key): str(text) for key, text in words.items()}


def _content(file: Path) -> dict[str, Any]:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError):
        return {}
