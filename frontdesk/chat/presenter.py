"""A message in the shape of the chat API (contract.md); used by every door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clinic.sources import source_titles
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Message

SHARED = (
    "text",
    "buttons",
    "route",
    "topic",
    "check_in",
    "suggestions",
    "sources",
    "reviewed",
    "draft",
)


def present(message: Message | Bubble) -> dict[str, Any]:
    """The message object; one that is not in the log has no id."""
    shown: dict[str, Any] = {"id": None, "author": Message.Author.BOT}
    sent_at = datetime.now(UTC)
    if isinstance(message, Message):
        shown = {"id": message.number, "author": message.author}
        sent_at = message.sent_at
        if message.name:
            shown["name"] = message.name
        if message.client_id is not None:
            shown["client_id"] = message.client_id
    shown |= {name: getattr(message, name) for name in SHARED}
    shown["source_titles"] = source_titles(message.sources)
    if message.handoff:
        shown["handoff"] = message.handoff
    shown["author"] = str(shown["author"])
    shown["sent_at"] = sent_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return shown
