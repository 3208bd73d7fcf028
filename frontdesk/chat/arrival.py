"""What is known about a request before Django sees it; the door leaves it in its scope.

Read by ``errors`` (the urgent text), by the views (the verdict) and by the door again
when the answer has gone out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest

from safety.danger_detector import Verdict

if TYPE_CHECKING:
    from frontdesk.chat.errors import ApiError

SCOPE_KEY = "frontdesk.arrival"


@dataclass(frozen=True)
class Danger:
    """The detector's verdict on a message."""

    verdict: Verdict

    @property
    def is_urgent(self) -> bool:
        """Whether the crisis or emergency text is due."""
        return self.verdict.level == "alarm"

    @property
    def is_certain(self) -> bool:
        """Whether nobody may soften it; else Rasa is asked first."""
        found = self.verdict
        both = found.reason == "phrase+model"
        agreed = both and found.probability >= settings.CERTAIN_PROBABILITY
        return self.is_urgent and (agreed or not found.is_weak)

    @property
    def route(self) -> str:
        """``crisis`` or ``emergency``."""
        return str(self.verdict.kind)

    @property
    def topic(self) -> str:
        """The urgent topic."""
        return str(self.verdict.topic)

    def as_safety(self) -> dict[str, Any]:
        """For the message log; no text of the patient."""
        found = self.verdict
        return {
            "level": found.level,
            "kind": found.kind,
            "topic": found.topic,
            "reason": found.reason,
            "phrases": list(found.phrases),
            "near_miss": found.near_miss,
            "probability": round(found.probability, 4),
        }


@dataclass
class Arrival:
    """One request on its way through the house."""

    danger: Danger | None = None
    refusal: ApiError | None = None
    # The code of the error answer that was given (``errors.ApiError``).
    refused_as: str = ""
    # Whose request it is, as far as that can be said without the database.
    token_hash: str | None = None


def arrival_of(request: HttpRequest) -> Arrival:
    """What the door has found; nothing for a request that did not come through it."""
    scope = getattr(request, "scope", None) or {}
    return scope.get(SCOPE_KEY) or Arrival()
