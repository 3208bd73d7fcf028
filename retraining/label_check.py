"""What the live model takes a text for, as probabilities of routes, without a reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clinic.topics import route_of


def routes_by(assistant: Any) -> Callable[[str], dict[str, float]]:
    """Asks a loaded assistant's classifier.

    Args:
        assistant: has ``understand``; see ``retraining.assistant``.
    """

    def routes(text: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for intent, share in assistant.understand(text).whole.items():
            route = route_of(intent)
            found[route] = found.get(route, 0.0) + share
        return found

    return routes
