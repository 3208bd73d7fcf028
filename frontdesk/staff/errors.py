"""Error pages for staff, in HTML; under any other address the chat's own answers.

A failure's page needs no database and no session: either may be what failed.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from frontdesk.chat import errors as chat
from frontdesk.chat.arrival import arrival_of

PREFIX = "/staff/"
# Title, and what to do.
WORDS = {
    400: ("This can't be read", "Go back and try again."),
    403: (
        "Not for your role",
        "Your role does not allow this. An administrator can change your role.",
    ),
    404: (
        "Nothing is here",
        "The address is wrong, or what was here has been erased. Start from the menu.",
    ),
    408: ("That took too long", "Your connection is slow. Go back and send it again."),
    413: ("That is too long", "Go back and make the text shorter."),
    500: (
        "Something of ours has failed",
        "Nothing you sent was stored. Try again in a minute; if it fails again, tell "
        "who runs this service when it happened.",
    ),
}
FORM_TOO_OLD = (
    "This form was too old",
    "You may have signed in or out in another window. Go back, load the page again and "
    "send the form once more. If it happens every time, allow cookies for this site.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler of a request it can't read."""
    if not is_for_staff(request):
        return chat.refused(request, exception)
    return page(request, 400)


def refused(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler of what somebody may not do."""
    if not is_for_staff(request):
        return chat.refused(request, exception)
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler of an unknown address."""
    if not is_for_staff(request):
        return chat.not_found(request, exception)
    return page(request, 404)


def failed(request: HttpRequest) -> HttpResponseBase:
    """Django's handler of a failure nobody caught."""
    if not is_for_staff(request):
        return chat.failed(request)
    error = sys.exc_info()[1]
    if error is not None:
        chat.note_failure(request, error)
    return _bare_page(500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django shows where a form's token is wrong (``CSRF_FAILURE_VIEW``)."""
    return page(request, 403, FORM_TOO_OLD)


def page(
    request: HttpRequest, status: int, words: tuple[str, str] | None = None
) -> HttpResponse:
    """An error's page in the usual frame."""
    title, advice = words or WORDS[status]
    values = {"heading": title, "advice": advice}
    return render(request, "staff/error.html", values, status=status)


def is_for_staff(request: HttpRequest) -> bool:
    """Whether a page of the staff was asked for."""
    return request.path.startswith(PREFIX)


def _bare_page(status: int) -> HttpResponse:
    title, advice = WORDS[status]
    values = {
        "heading": title,
        "advice": advice,
        "clinic_name": settings.CLINIC.values["name"],
    }
    return HttpResponse(render_to_string("staff/error.html", values), status=status)


class AnswerRefusals:
    """Middleware: what the door has refused gets a page (see ``chat.refusals``)."""

    sync_capable = False
    async_capable = True

    def __init__(
        self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]
    ) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> Any:
        """(see Django's middleware)."""
        refusal = arrival_of(request).refusal
        if refusal is None:
            return await self.get_response(request)
        return _bare_page(refusal.status if refusal.status in WORDS else 400)
