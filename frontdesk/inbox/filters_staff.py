"""What lists can be narrowed down by beside the talk itself: when it began, hand-offs.

Fields and conditions of ``filters.Filters``. The dashboard's figures are counted by the
same conditions, so that each one links to a list of just as many conversations.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.db.models.functions import ExtractHour
from django.db.models.lookups import Exact

from frontdesk.chat.models import Alert, Matter, Ticket
from frontdesk.inbox import labels
from frontdesk.inbox.models import Review

OPEN = "open"  # of outcomes: there is none yet
ANY = "any"  # of reasons
MOST_DAYS = 400
# A conversation lasts for days at most: until when after its beginning it can be handed
# to staff.
LONGEST_TALK = settings.SESSION_ABSOLUTE + timedelta(days=1)
OUTCOMES = [*Matter.Outcome.choices, (OPEN, "still open")]
REASONS = labels.MEDICAL | labels.FRONT_DESK


def hour_words(hour: int) -> str:
    """An hour of the day as the clinic's clock has it: ``9 AM to 10 AM``."""

    def words(of: int) -> str:
        return f"{of % 12 or 12} {'AM' if of % 24 < 12 else 'PM'}"

    return f"{words(hour)} to {words(hour + 1)}"


def _choice(label: str, choices: Any) -> forms.ChoiceField:
    choices = [("", "any"), *choices]
    return forms.ChoiceField(label=label, choices=choices, required=False)


class StaffFields(forms.Form):
    """These fields; ``Filters`` has the others."""

    hour = _choice("Began at", [(str(h), hour_words(h)) for h in range(24)])
    handoff = _choice("Handed on for", [(ANY, "some reason"), *REASONS.items()])
    office = _choice(
        "Handed to staff", [("in", "in office hours"), ("out", "out of office hours")]
    )
    began = forms.BooleanField(label="Began in these days", required=False)
    sampled = forms.BooleanField(label="Drawn at random", required=False)

    def clean(self) -> dict[str, Any]:
        """(see parent class for full docstring)."""
        values = super().clean() or {}
        first, last = values.get("since"), values.get("until")
        if values.get("office"):
            if first is None or last is None:
                self.add_error("office", "Choose both days as well.")
            elif (last - first).days > MOST_DAYS:
                self.add_error("office", f"At most {MOST_DAYS} days, please.")
        return values


def conditions(values: dict[str, Any]) -> list[Q]:
    """What these fields ask for; days are ``filters`` own matter."""
    found = []
    if "hour" in values:
        zone = settings.CLINIC.time_zone
        found.append(
            Q(Exact(ExtractHour("started_at", tzinfo=zone), int(values["hour"])))
        )
    if "handoff" in values:
        reason = values["handoff"]
        found.append(
            _of(Ticket.objects.filter(Q() if reason == ANY else Q(reason=reason)))
        )
    if "office" in values:
        is_open = _in_office_hours(values["since"], values["until"])
        when = is_open if values["office"] == "in" else ~is_open
        found.append(_of(Ticket.objects.filter(when)) | _of(Alert.objects.filter(when)))
    if "sampled" in values:
        found.append(_of(Review.objects.filter(from_sample=True)))
    return found


def with_outcome(outcome: str) -> Q:
    """Conversations of which a hand-off or an alert ended so."""
    ended = Q(resolved_at=None) if outcome == OPEN else Q(outcome=outcome)
    return _of(Ticket.objects.filter(ended)) | _of(Alert.objects.filter(ended))


def _of(matters: Any) -> Q:
    known = matters.exclude(conversation_id=None)
    return Q(conversation_id__in=known.values("conversation_id"))


def _in_office_hours(first: date, last: date) -> Q:
    """Matters that came up while the office was open."""
    clinic = settings.CLINIC
    found = Q(pk__in=())
    for number in range((last - first + LONGEST_TALK).days + 1):
        day = first + timedelta(days=number)
        if hours := clinic.hours_on(day):
            opens, closes = (
                datetime.combine(day, at, tzinfo=clinic.time_zone) for at in hours
            )
            found |= Q(created_at__gte=opens, created_at__lt=closes)
    return found
