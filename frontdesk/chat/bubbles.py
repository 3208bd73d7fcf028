"""A bubble: one piece of a reply with what is known about it, before it is stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from clinic.answers import Answer
from clinic.topics import URGENT_ROUTES


@dataclass(frozen=True)
class Bubble:
    """What the bot, or the house itself, says."""

    text: str
    route: str | None = None
    topic: str | None = None
    check_in: bool = False
    suggestions: list[str] = field(default_factory=list)
    buttons: list[dict[str, str]] = field(default_factory=list)
    handoff: str | None = None
    response: str | None = None
    version: str | None = None
    sources: list[str] = field(default_factory=list)
    reviewed: str | None = None
    draft: bool = False

    @property
    def is_urgent(self) -> bool:
        """Whether it is a crisis or emergency text."""
        return self.route in URGENT_ROUTES

    def as_fields(self) -> dict[str, Any]:
        """For a row of the message log."""
        return asdict(self)


def bubbles_of(answer: Answer, text: str) -> list[Bubble]:
    """An approved answer, its facts filled in, as bubbles: a blank line parts them."""
    own = answer.metadata
    parts = [part.strip() for part in text.split("\n\n")]
    return [
        Bubble(
            text=part,
            route=own.get("route"),
            topic=own.get("topic"),
            handoff=own.get("handoff"),
            response=answer.name,
            version=answer.version,
            sources=[str(source) for source in own.get("sources") or []],
            reviewed=str(own.get("approved_on") or "") or None,
            draft=answer.is_draft,
        )
        for part in parts
        if part
    ]
