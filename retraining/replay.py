"""Replays redacted traffic under two models: which replies would change?

The traffic is a file of ``python -m frontdesk traffic``: one patient message a line, in
order, ``{"conversation", "text", "button"?}``. Whole conversations are replayed: a
reply depends on what came before. Only patients who agreed are in it. From the staff
pages each has its ``"number"`` too: then the place is kept and the text is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retraining.compare_outcomes import Askable, Seen, seen_of

MOST_KEPT = 500  # changed replies that are kept with their texts


class TrafficError(ValueError):
    """The file of traffic can't be read."""


@dataclass(frozen=True)
class PatientMessage:
    """One message of the traffic, redacted."""

    conversation: str
    text: str
    number: int | None = None  # leads to it in the front desk's database


def read_traffic(file: Path) -> list[list[PatientMessage]]:
    """The conversations of a file, each in its order.

    Raises:
        TrafficError: names the line that can't be read.
    """
    conversations: dict[str, list[PatientMessage]] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise TrafficError(f"{file}: can't be read ({error.strerror}).") from error
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            message = PatientMessage(
                str(entry["conversation"]), str(entry["text"]), entry.get("number")
            )
        except (ValueError, KeyError, TypeError) as error:
            raise TrafficError(f"{file}: line {number}: {error}.") from error
        # Pressed buttons mean the same under every model.
        if message.text.strip() and not entry.get("button"):
            conversations.setdefault(message.conversation, []).append(message)
    return list(conversations.values())


async def replay(
    live: Askable,
    candidate: Askable,
    conversations: Sequence[Sequence[PatientMessage]],
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """What would be answered otherwise.

    Returns:
        How many ``messages`` and ``conversations`` there were, how many replies
        ``changed``, and the first of these with ``text``, ``was``, ``now``.
    """
    changes, count = [], 0
    for number, conversation in enumerate(conversations):
        name = f"compare-replay-{number}"
        for message in conversation:
            was = seen_of(await live.turn(name, message.text))
            now = seen_of(await candidate.turn(name, message.text))
            count += 1
            tick()
            if not was.is_same_reply(now):
                changes.append(_change(message, was, now))
        live.forget(name)
        candidate.forget(name)
    return {
        "conversations": len(conversations),
        "messages": count,
        "changed": len(changes),
        "changes": changes[:MOST_KEPT],
    }


def _change(message: PatientMessage, was: Seen, now: Seen) -> dict[str, Any]:
    found = {"conversation": message.conversation, "was": was.words, "now": now.words}
    if message.number is None:
        return {**found, "text": message.text}
    # An erased conversation must not live on here: who shows it looks the text up.
    return {**found, "text": "", "number": message.number}
