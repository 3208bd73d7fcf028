"""Signing in, failing to, and second factors, as they get into the ledger (signals)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.signals import password_changed
from allauth.mfa import signals as second_factor
from django.conf import settings
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.http import HttpRequest

from frontdesk.audit.ledger import Job, record
from frontdesk.staff import sessions
from frontdesk.staff.lockout import email_of
from frontdesk.staff.models import Person

SIGN_IN = Job("sign-in")


def connect() -> None:
    """Called once, when Django starts."""
    user_logged_in.connect(_signed_in)
    user_logged_out.connect(_signed_out)
    user_login_failed.connect(_failed)
    # Only now: axes counts behind us, so that a failure stands before its lock-out.
    from axes.signals import user_locked_out

    user_locked_out.connect(_locked_out)
    password_changed.connect(_password_changed)
    second_factor.authentication_failed.connect(_code_failed)
    for word in ("added", "removed", "reset"):
        signal = getattr(second_factor, f"authenticator_{word}")
        signal.connect(_second_factor_to(word), weak=False)


def subject_of(email: str) -> str:
    """A person we know; else a mark by which attempts can be told apart."""
    known = Person.objects.filter(email=email).values_list("pk", flat=True).first()
    if known is not None:
        return f"person {known}"
    key = f"unknown e-mail {settings.SECRET_KEY}".encode()
    mark = hmac.new(key, email.encode(), hashlib.sha256).hexdigest()[:16]
    return f"unknown e-mail {mark}"


def _signed_in(request: HttpRequest, user: Person, **_: Any) -> None:
    sessions.begin(request)
    with_what = [each["method"] for each in get_authentication_records(request, user)]
    record(user, "sign in", f"person {user.pk}", by=with_what)


def _signed_out(request: HttpRequest, user: Person | None, **_: Any) -> None:
    if isinstance(user, Person):
        why = getattr(request, "signed_out_because", "asked")
        record(user, "sign out", f"person {user.pk}", why=why)


def _failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    # Who is locked out may go on trying: the lock-out itself is on record.
    if request is None or _was_locked_out(request):
        return
    by = str(credentials.get("by", "password"))
    record(SIGN_IN, "sign-in failed", subject_of(email_of(request, credentials)), by=by)


def _locked_out(request: HttpRequest, username: str | None, **_: Any) -> None:
    if _was_locked_out(request):
        return
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    record(SIGN_IN, "lock out", subject_of(username or ""), minutes=minutes)


def _was_locked_out(request: HttpRequest) -> bool:
    """Whether it was so before this attempt; axes has then counted nothing."""
    counted = getattr(request, "axes_failures_since_start", None)
    return bool(getattr(request, "axes_locked_out", False)) and counted is None


def _password_changed(user: Person, **_: Any) -> None:
    record(user, "change password", f"person {user.pk}")


def _code_failed(request: HttpRequest, user: Person, **_: Any) -> None:
    """A wrong code counts like a wrong password."""
    user_login_failed.send(
        sender=__name__,
        credentials={"email": user.email, "by": "second factor"},
        request=request,
    )


def _second_factor_to(word: str) -> Any:
    def note(user: Person, authenticator: Any, **_: Any) -> None:
        action, kind = f"second factor {word}", str(authenticator.type)
        record(user, action, f"person {user.pk}", kind=kind)

    return note
