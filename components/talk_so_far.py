"""What a conversation has said so far, as the NLG needs it: read from the tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from clinic.topics import FAQ_TOPICS


@dataclass(frozen=True)
class TalkSoFar:
    """What the next reply has to know of a conversation."""

    earlier: list[dict[str, Any]]  # metadata of all replies up to now
    this_turn: list[dict[str, Any]]  # of those to the newest message
    bubbles_this_turn: int
    safety: dict[str, Any]  # what the safety gate found in the newest message
    suggestions: list[str]  # faq topics to offer

    @classmethod
    def of(cls, tracker: DialogueStateTracker) -> TalkSoFar:
        """Reads a tracker."""
        earlier: list[dict[str, Any]] = []
        newest, bubbles = 0, 0
        for event in tracker.events:
            if isinstance(event, UserUttered):
                newest, bubbles = len(earlier), 0
            elif isinstance(event, BotUttered):
                earlier.append((event.metadata or {}).get("metadata") or {})
                bubbles += len((event.text or "").split("\n\n"))
        message = tracker.latest_message
        parsed = (message.parse_data or {}) if message else {}
        offered = [one for one in parsed.get("suggestions") or [] if one in FAQ_TOPICS]
        safety = parsed.get("safety") or {}
        return cls(earlier, earlier[newest:], bubbles, safety, offered)

    def has_said(self, version: str) -> bool:
        """Whether a text was given in full before."""
        return any(
            entry.get("version") == version and not entry.get("shortened")
            for entry in self.earlier
        )

    def is_beside_a_hand_off(self) -> bool:
        """Whether the newest message was handed to staff already."""
        routes = {entry.get("route") for entry in self.this_turn}
        return bool(routes & {"medical", "admin"})

    def subject_of_last_answer(self) -> dict[str, Any]:
        """Route and topic of the last general answer, for a reply that is about it."""
        for entry in reversed(self.earlier):
            if entry.get("route") == "faq":
                return {"route": entry["route"], "topic": entry.get("topic")}
        return {}
