"""How long a person stays signed in: an hour without activity, eight in all.

The last activity is noted at most once a minute, so that not every request writes.
What a page asks for by itself (``X-Background``, event streams) is no activity.
"""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, logout
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.deprecation import MiddlewareMixin

from frontdesk.staff.models import Person

BEGAN = "began_at"
ACTIVE = "active_at"
NOTED_EVERY = 60  # seconds
BACKGROUND = "X-Background"


def now() -> datetime:
    """The clock; tests stop it."""
    return timezone.now()


def begin(request: HttpRequest) -> None:
    """Notes that somebody has signed in; removes what is left of old sessions."""
    request.session.clear_expired()
    request.session[BEGAN] = request.session[ACTIVE] = now().timestamp()


def why_over(session: Any) -> str | None:
    """Why a session is over: ``idle`` or ``too long``; None while it is good."""
    moment = now().timestamp()
    if moment - session.get(ACTIVE, 0) > settings.STAFF_IDLE.total_seconds():
        return "idle"
    if moment - session.get(BEGAN, 0) > settings.SESSION_COOKIE_AGE:
        return "too long"
    return None


def is_still_in(session_key: str | None, person: Person) -> bool:
    """Whether a stream that is open may go on: asked anew of the database. Sync."""
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    fresh = Person.objects.filter(pk=person.pk, is_active=True).first()
    if fresh is None or store.get(SESSION_KEY) != str(person.pk):
        return False
    ours = fresh.get_session_auth_hash()
    same = constant_time_compare(store.get(HASH_SESSION_KEY, ""), ours)
    return same and fresh.role == person.role and why_over(store) is None


class StaffSession(MiddlewareMixin):
    """Ends sessions that are over; shows times as the clinic's clock does."""

    def process_request(self, request: HttpRequest) -> None:
        """(see Django's middleware)."""
        if request.path.startswith(settings.STATIC_URL):
            return
        timezone.activate(settings.CLINIC.time_zone)
        if not isinstance(request.user, Person):
            return
        why = why_over(request.session)
        if why is not None:
            _end(request, why)
        elif _is_activity(request):
            moment = now().timestamp()
            if moment - request.session[ACTIVE] >= NOTED_EVERY:
                request.session[ACTIVE] = moment


def _end(request: HttpRequest, why: str) -> None:
    request.signed_out_because = why
    logout(request)
    minutes = int(settings.STAFF_IDLE.total_seconds() // 60)
    hours = settings.SESSION_COOKIE_AGE // 3600
    words = {
        "idle": f"You were signed out after {minutes} minutes without activity.",
        "too long": f"You were signed out after {hours} hours. Please sign in again.",
    }
    if request.headers.get("HX-Request") is None and _is_activity(request):
        messages.info(request, words[why])


def _is_activity(request: HttpRequest) -> bool:
    is_stream = "text/event-stream" in request.headers.get("Accept", "")
    return not is_stream and BACKGROUND not in request.headers
