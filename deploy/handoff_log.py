"""Keeps the hand-offs of the terminal chat: one line each, on disk before going on.

The front desk has its own, better place for them; this serves where it is not running.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clinic.topics import URGENT_ROUTES
from safety.redactor import redact

logger = logging.getLogger(__name__)

NOT_REDACTED = "[left out: could not be redacted]"


class HandoffLog:
    """A file of JSON lines that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def record(
        self, conversation: str, said: str, messages: list[dict[str, Any]]
    ) -> int:
        """Writes the hand-offs of a reply; says how many there were.

        Args:
            conversation: its id.
            said: the patient's last message, as it was typed.
            messages: the bubbles of the reply; those of one hand-off give one line.
        """
        found = {
            (message["handoff"] or message["topic"], message["route"])
            for message in messages
            if message["handoff"] or message["route"] in URGENT_ROUTES
        }
        for reason, route in sorted(found, key=str):
            self._append(
                {
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                    "conversation": conversation,
                    "reason": reason,
                    "route": route,
                    "message": redacted(said),
                }
            )
        return len(found)

    def _append(self, entry: dict[str, Any]) -> None:
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        handle = os.open(self.file, flags, 0o600)
        try:
            os.write(handle, line.encode("utf-8"))
            os.fsync(handle)
        finally:
            os.close(handle)


def redacted(text: str) -> str:
    """The text without what is private; nothing of it where that is not possible."""
    try:
        return redact(text).text
    except Exception as error:
        # A hand-off is never lost because its text could not be cleaned.
        logger.error("The redactor failed: %s.", type(error).__name__)
        return NOT_REDACTED
