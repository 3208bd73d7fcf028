"""Days and moments as every staff page writes them: US style, the clinic's clock.

Templates say the same with the filters ``date:"M j, Y"`` and ``date:"M j, Y, g:i A"``.
"""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings


def day_words(day: date) -> str:
    """``Nov 22, 2026``."""
    return f"{day:%b} {day.day}, {day.year}"


def moment_words(at: datetime) -> str:
    """``Nov 22, 2026, 4:05 PM`` at the clinic."""
    local = at.astimezone(settings.CLINIC.time_zone)
    clock = f"{local:%I:%M %p}".lstrip("0")
    return f"{day_words(local)}, {clock}"


def read_day(text: str) -> str:
    """A day of a file, ``2026-11-22``, in words; anything else as it is."""
    try:
        return day_words(date.fromisoformat(text))
    except ValueError:
        return text
