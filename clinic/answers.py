"""The approved answers: ``data/responses/*.yml`` as objects, chosen and dated.

Served by ``components.approved_answers`` and, later, edited by the front desk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

RESPONSES_FOLDER = Path(__file__).resolve().parent.parent / "data" / "responses"
# Never refused for their age (design decision 1): these must always be there.
NEVER_REFUSED_KINDS = {"crisis", "emergency", "handoff", "fallback", "line"}


class AnswerFileError(ValueError):
    """A file in ``data/responses`` can't be used as it is."""


@dataclass(frozen=True)
class Answer:
    """One variation of one response."""

    name: str
    text: str
    conditions: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """``answer``, or what the metadata says: crisis, handoff, fallback, line."""
        route = str(self.metadata.get("route", ""))
        if route in ("crisis", "emergency"):
            return route
        default = "handoff" if self.metadata.get("handoff") else "answer"
        return str(self.metadata.get("kind", default))

    @property
    def version(self) -> str:
        """A short hash that changes with the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    @property
    def is_draft(self) -> bool:
        """Whether nobody has approved this text yet."""
        return self.metadata.get("status") != "approved"

    def is_refused(self, today: date) -> bool:
        """Whether the text is past its review date and may be refused for that."""
        if self.kind in NEVER_REFUSED_KINDS:
            return False
        return date.fromisoformat(str(self.metadata["review_by"])) < today


class AnswerLibrary:
    """All responses of a folder, re-read when a file changes."""

    def __init__(self, folder: Path = RESPONSES_FOLDER) -> None:
        """Reads every file of the folder.

        Raises:
            AnswerFileError: names the file and the response.
        """
        self.folder = folder
        self._stamp: tuple = ()
        self._answers: dict[str, list[Answer]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Reads the files again if one was changed, added or removed."""
        # At every reply: a scan costs half of what a glob with stats does.
        with os.scandir(self.folder) as entries:
            files = [entry for entry in entries if entry.name.endswith(".yml")]
            stamp = tuple(
                sorted((file.name, file.stat().st_mtime_ns) for file in files)
            )
        if stamp == self._stamp:
            return
        answers: dict[str, list[Answer]] = {}
        for file, _ in stamp:
            for name, variations in read_responses(self.folder / file).items():
                if name in answers:
                    raise AnswerFileError(f"{file}: {name} is defined twice.")
                answers[name] = variations
        self._answers, self._stamp = answers, stamp

    def __contains__(self, name: str) -> bool:
        return name in self._answers

    def names(self) -> list[str]:
        """Names of all responses, sorted."""
        return sorted(self._answers)

    def all(self) -> list[Answer]:
        """Every variation of every response."""
        return [answer for name in self.names() for answer in self._answers[name]]

    def variations(self, name: str) -> list[Answer]:
        """All variations of a response, in the order of the file.

        Raises:
            KeyError: if there is no such response.
        """
        return self._answers[name]

    def choose(
        self,
        name: str,
        slots: Mapping[str, Any],
        times_given: int = 0,
        turns_ago: Mapping[str, int] | None = None,
    ) -> Answer:
        """The variation that fits the conversation best.

        Args:
            name: a response such as ``utter_cost``.
            slots: what is known: the tracker's slot values, and what was asked.
            times_given: how often this response was given in the conversation;
                variations with the same conditions take turns by it.
            turns_ago: how many of the patient's messages ago each slot was named; a
                slot that is missing here counts as named just now. What the newest
                message names decides before what earlier ones named.

        Raises:
            KeyError: if there is no such response.
        """
        ages = turns_ago or {}

        def closeness(answer: Answer) -> tuple[int, int, int]:
            own = [ages.get(slot, 0) for slot in answer.conditions]
            return own.count(0), len(own), -sum(own)

        fitting = [
            answer
            for answer in self._answers[name]
            if all(
                str(slots.get(slot)) == want for slot, want in answer.conditions.items()
            )
        ]
        closest = max(fitting, key=closeness)
        turns = [each for each in fitting if each.conditions == closest.conditions]
        return turns[times_given % len(turns)]


def read_responses(file: Path) -> dict[str, list[Answer]]:
    """Reads one file in Rasa's response format.

    Raises:
        AnswerFileError: names the file and the response that can't be used.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AnswerFileError(f"{file.name}: not valid YAML. {error}") from error
    try:
        return _read_all(file, content)
    except (AttributeError, KeyError, TypeError) as error:
        raise AnswerFileError(
            f"{file.name}: not in the form 'responses:', name, list of variations "
            f"({error})."
        ) from error


def _read_all(file: Path, content: dict[str, Any]) -> dict[str, list[Answer]]:
    responses: dict[str, list[Answer]] = {}
    for name, variations in (content.get("responses") or {}).items():
        answers = [_read_variation(file, name, entry) for entry in variations or []]
        if not any(not answer.conditions for answer in answers):
            raise AnswerFileError(
                f"{file.name}: {name}: one variation must have no condition."
            )
        responses[name] = answers
    return responses


def _read_variation(file: Path, name: str, entry: Any) -> Answer:
    if not isinstance(entry, dict) or not str(entry.get("text") or "").strip():
        raise AnswerFileError(f"{file.name}: {name}: a variation has no text.")
    conditions = {
        str(condition["name"]): str(condition["value"])
        for condition in entry.get("condition") or []
    }
    return Answer(
        name=name,
        text=str(entry["text"]).strip(),
        conditions=conditions,
        metadata=dict(entry.get("metadata") or {}),
    )
