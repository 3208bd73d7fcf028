"""The guard of every staff page: signed in, second factor, permission."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

View = Callable[..., Any]


def needs(permission: Permission) -> Callable[[View], View]:
    """Lets in only who has a permission; the view then finds them in ``person(…)``.

    Who is not signed in, or lacks the second factor, is sent to where that is done.

    Raises:
        PermissionDenied: in the view, for everybody else.
    """

    def guard(view: View) -> View:
        if iscoroutinefunction(view):

            @wraps(view)
            async def guarded_async(
                request: HttpRequest, *args: Any, **kwargs: Any
            ) -> HttpResponseBase:
                stop = await sync_to_async(_stop)(request, permission)
                return stop or await view(request, *args, **kwargs)

            guarded: View = guarded_async
        else:

            @wraps(view)
            def guarded_sync(
                request: HttpRequest, *args: Any, **kwargs: Any
            ) -> HttpResponseBase:
                stop = _stop(request, permission)
                return stop or view(request, *args, **kwargs)

            guarded = guarded_sync
        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return guard


def person(request: HttpRequest) -> Person:
    """Who asks, in a view with ``needs``."""
    found = request.user
    if not isinstance(found, Person):
        raise PermissionDenied
    return found


def lacks_second_factor(someone: Person) -> bool:
    """Whether all pages but those of their account are closed to them for now."""
    return settings.SECOND_FACTOR_REQUIRED and not is_mfa_enabled(someone)


def _stop(request: HttpRequest, permission: Permission) -> HttpResponse | None:
    """What to answer instead of the page, if anything."""
    if not isinstance(request.user, Person):
        if request.headers.get("HX-Request") or request.method != "GET":
            # A part of a page can't hold the page for signing in.
            answer = HttpResponse(status=401)
            answer["HX-Redirect"] = reverse("account_login")
            return answer
        return redirect_to_login(request.get_full_path())
    if lacks_second_factor(request.user):
        return redirect("mfa_index")
    if not request.user.may(permission):
        raise PermissionDenied(permission.value)
    return None
