"""The texts of ``data/responses``, one at a time: found in their file, and named."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from clinic.answers import NEVER_REFUSED_KINDS, Answer, AnswerFileError, read_responses
from frontdesk.chat.texts import texts

# They change whenever a text is approved; everything else makes it another text.
APPROVAL_KEYS = ("status", "approved_by", "approved_on", "review_by")
GENERAL = "general"


class UnknownAnswerError(LookupError):
    """There is no such answer, or no such text of it."""


class FolderError(RuntimeError):
    """A file of ``data/responses`` can't be read or written; says which and why."""


@dataclass(frozen=True)
class Variation:
    """One text of one answer, and where it stands."""

    file: Path
    place: int  # among the texts of its answer
    variant: str
    answer: Answer

    @property
    def mark(self) -> str:
        """A fingerprint of all of it but its approval."""
        return mark_of(self.answer)

    @property
    def sources(self) -> list[str]:
        """Ids of the facts that it rests on."""
        return [str(each) for each in self.answer.metadata.get("sources") or []]

    @property
    def can_be_blocked(self) -> bool:
        """Not what must be there: crisis, emergency, hand-off, fallback and line."""
        return self.answer.kind not in NEVER_REFUSED_KINDS


def mark_of(answer: Answer) -> str:
    """The fingerprint of a text with its conditions, sources and the like."""
    own = {k: v for k, v in answer.metadata.items() if k not in APPROVAL_KEYS}
    content: list[Any] = [answer.name, answer.text, answer.conditions, own]
    written = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def variant_names(answers: Iterable[Answer]) -> list[str]:
    """A name for each text of an answer: ``general``, ``treatment-iv``, ``general-2``.

    It stays the same when a text for another condition comes in between.
    """
    seen: Counter[str] = Counter()
    names = []
    for answer in answers:
        parts = [f"{slot}-{value}" for slot, value in sorted(answer.conditions.items())]
        name = "-".join(parts) or GENERAL
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def variations(response: str) -> list[Variation]:
    """All texts of an answer, as the file has them now.

    Raises:
        UnknownAnswerError: if no file has it.
        FolderError: if its file can't be read.
    """
    file = _file_of(response)
    try:
        answers = read_responses(file)[response]
    except KeyError as error:
        raise UnknownAnswerError(response) from error
    except Exception as error:
        raise _unreadable(file, error) from error
    names = variant_names(answers)
    return [
        Variation(file, place, name, answer)
        for place, (name, answer) in enumerate(zip(names, answers, strict=True))
    ]


def served(response: str) -> list[Variation]:
    """The same as patients get them meanwhile, where the file can't be read."""
    answers = texts().library.variations(response)
    named = zip(variant_names(answers), answers, strict=True)
    nowhere = settings.RESPONSES_FOLDER
    return [Variation(nowhere, n, *each) for n, each in enumerate(named)]


def variation(response: str, variant: str) -> Variation:
    """One text of an answer.

    Raises:
        UnknownAnswerError: if there is none.
        FolderError: if its file can't be read.
    """
    for each in variations(response):
        if each.variant == variant:
            return each
    raise UnknownAnswerError(f"{response} {variant}")


def _file_of(response: str) -> Path:
    if not re.fullmatch(r"utter_[a-z0-9_]{1,90}", response):
        raise UnknownAnswerError(response)
    defined = re.compile(rf"^ +{response}:", re.MULTILINE)
    for file in sorted(settings.RESPONSES_FOLDER.glob("*.yml")):
        try:
            found = defined.search(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if found:
            return file
    raise UnknownAnswerError(response)


def _unreadable(file: Path, error: Exception) -> FolderError:
    if isinstance(error, AnswerFileError):
        said = str(error)
    elif isinstance(error, OSError):
        said = f"{file.name}: {error.strerror}."
    else:
        said = f"{file.name}: not in the form of the other files."
    return FolderError(
        f"data/responses/{said} Patients get the texts as they were before. Have "
        f"whoever keeps the files mend it; nothing was changed."
    )
