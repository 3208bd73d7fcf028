"""The order of the queue: risk first, then who has waited longest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from clinic.topics import URGENT_ROUTES
from frontdesk.chat.models import Alert, Ticket
from frontdesk.inbox.labels import FRONT_DESK

URGENT, MEDICAL, DESK = range(3)
# What may get worse while it waits comes first.
_MEDICAL = (
    "symptoms",
    "stop_medication",
    "pregnancy",
    "interactions",
    "dosing",
    "eligibility",
    "other_medical",
)
# Who waits for a person, then the rest in the order of their coming.
_DESK = ("human", "call_back", "complaint")

Order = tuple[int, int, int, int, datetime]


def section_of(matter: Alert | Ticket) -> int:
    """Urgent, medical or front desk; what nobody knows counts as medical."""
    if isinstance(matter, Alert):
        return URGENT
    return DESK if matter.reason in FRONT_DESK else MEDICAL


def order_of(matter: Alert | Ticket) -> Order:
    """Sorts matters.

    An alert that nobody has acknowledged comes before one that somebody sees to; after
    a crisis the rest of that conversation comes first among its kind.
    """
    if isinstance(matter, Alert):
        seen = matter.acknowledged_at is not None
        rank = _place(URGENT_ROUTES, matter.route)
        return URGENT, int(seen), int(matter.is_drill), rank, matter.created_at
    section = section_of(matter)
    rank = _place(_DESK if section == DESK else _MEDICAL, matter.reason)
    calm = not matter.conversation.after_urgent
    return section, 0, int(calm), rank, matter.created_at


def by_risk_and_waiting(group: Sequence[Alert | Ticket]) -> Order:
    """Sorts entries by the most urgent of their matters."""
    return min(map(order_of, group))


def _place(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)
