"""What the frame of every staff page needs to know; a template context processor."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from frontdesk.staff.access import lacks_second_factor
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

# Title, address by name, and who sees it.
PAGES = (
    ("Queue", "inbox:queue", Permission.READ),
    ("Conversations", "inbox:conversations", Permission.READ),
    ("Review", "inbox:reviews", Permission.REVIEW),
    ("Training", "training:overview", Permission.TRAIN),
    ("Answers", "answers:overview", Permission.READ),
    ("Urgent alerts", "alerts:ladder", Permission.READ),
    ("Dashboard", "dashboard:dashboard", Permission.READ),
    ("People", "staff:people", Permission.MANAGE_PEOPLE),
    ("Audit log", "audit:ledger", Permission.READ_LEDGER),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Clinic, menu and permissions of who is signed in."""
    user = getattr(request, "user", None)
    person = user if isinstance(user, Person) else None
    # Whoever is at setting up their second factor has no menu yet.
    reader = None if person is None or lacks_second_factor(person) else person
    return {
        "clinic_name": settings.CLINIC.values["name"],
        "is_demo": settings.DEMO,
        "second_factor_required": settings.SECOND_FACTOR_REQUIRED,
        "person": person,
        "may": {
            permission.name.lower(): reader is not None and reader.may(permission)
            for permission in Permission
        },
        "pages": [
            {"title": title, "name": name}
            for title, name, permission in PAGES
            if reader is not None and reader.may(permission)
        ],
    }
