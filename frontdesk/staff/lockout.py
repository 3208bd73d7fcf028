"""Too many failed sign-ins: who is counted, and the page they see (django-axes).

Counted by e-mail and address together, in the database, for passwords and for codes of
the second factor alike; ``adapter.InvitedOnly.login`` lets nobody in meanwhile, however
they came.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from frontdesk.chat.addresses import address_of
from frontdesk.staff.models import Person


def email_of(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """Whose sign-in it is (``AXES_USERNAME_CALLABLE``)."""
    given = (credentials or {}).get("email") or (credentials or {}).get("username")
    return str(given or request.POST.get("login") or "").strip().lower()[:255]


def place_of(request: HttpRequest) -> str | None:
    """From where, seen through our own proxies (``AXES_CLIENT_IP_CALLABLE``)."""
    # A network of IPv6 counts as its first address.
    place = address_of(request).partition("/")[0]
    return None if place == "unknown" else place


def is_locked_out(request: HttpRequest, person: Person) -> bool:
    """Whether this person can't sign in from there for now."""
    return not AxesProxyHandler.is_allowed(request, {"email": person.email})


def locked_out_page(
    request: HttpRequest,
    original: HttpResponse | None = None,
    credentials: dict[str, Any] | None = None,
) -> HttpResponse:
    """What, how long, and who can help (``AXES_LOCKOUT_CALLABLE``)."""
    until = _until(email_of(request, credentials), place_of(request))
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    values = {
        "failures": settings.AXES_FAILURE_LIMIT,
        "minutes": minutes,
        "until": until,
    }
    return render(request, "staff/locked_out.html", values, status=429)


def _until(email: str, place: str | None) -> datetime | None:
    attempts = AccessAttempt.objects.filter(
        username=email,
        ip_address=place,
        attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME,
    )
    last = attempts.aggregate(last=Max("attempt_time"))["last"]
    return last and last + settings.AXES_COOLOFF_TIME
