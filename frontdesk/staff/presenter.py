"""People and roles as their pages and mails show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings

from frontdesk.staff.adapter import CAN_SIGN_IN
from frontdesk.staff.models import INVITATION_VALID, Person
from frontdesk.staff.permissions import PERMISSIONS, Role


def people(everybody: Iterable[Person], reader: Person) -> list[dict[str, Any]]:
    """Each person, and what the reader may do about them."""
    factors = Authenticator.objects.filter(type__in=CAN_SIGN_IN)
    secured = set(factors.values_list("user_id", flat=True))
    return [
        {
            "person": each,
            "is_oneself": each.pk == reader.pk,
            "has_second_factor": each.pk in secured,
            "roles": [
                {"value": value, "title": title, "is_theirs": value == each.role}
                for value, title in Role.choices
            ],
        }
        for each in everybody
    ]


def roles() -> list[dict[str, Any]]:
    """What each role may do, in words."""
    return [
        {"title": title, "may": sorted(PERMISSIONS[value])}
        for value, title in Role.choices
    ]


def invitation_mail(link: str) -> tuple[str, str]:
    """Subject and text of the mail that brings a link."""
    clinic = settings.CLINIC.values["name"]
    text = (
        f"You have been given access to the chat inbox of {clinic}.\n\n"
        f"Open this link and choose a password:\n{link}\n\n"
        f"It works once, for {INVITATION_VALID.days} days. If you did not expect it, "
        f"leave it alone and tell the clinic.\n"
    )
    return f"Your access to the chat inbox of {clinic}", text
