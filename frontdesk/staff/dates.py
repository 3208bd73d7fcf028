"""Days as every staff page writes them: US style.

Templates say the same with the filter ``date:"M j, Y"``.
"""

from __future__ import annotations

from datetime import date


def day_words(day: date) -> str:
    """``Nov 22, 2026``."""
    return f"{day:%b} {day.day}, {day.year}"


def read_day(text: str) -> str:
    """A day of a file, ``2026-11-22``, in words; anything else as it is."""
    try:
        return day_words(date.fromisoformat(text))
    except ValueError:
        return text
