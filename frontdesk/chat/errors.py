"""Errors of the chat API: one shape, a text for patients, and help where it is needed.

Every error answer is built here, so that each one carries the crisis or emergency text
where the message it answers sounded dangerous (contract.md).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from frontdesk.chat.arrival import Danger, arrival_of
from frontdesk.chat.database import DatabaseDownError
from frontdesk.chat.limits import TooManyError
from frontdesk.chat.texts import texts

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """An answer that is a refusal.

    Args:
        status: HTTP status.
        code: for programs (contract.md).
        response: name of the text in ``data/responses/frontdesk.yml`` that a patient
            may see.
        retry_after: seconds to wait, for 429 and 503.
    """

    def __init__(
        self,
        status: int,
        code: str,
        response: str,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.response = response
        self.retry_after = retry_after


def malformed() -> ApiError:
    """400: the body can't be read."""
    return ApiError(400, "malformed", "utter_error_malformed")


def unauthorized() -> ApiError:
    """401: no token, or one that opens nothing."""
    return ApiError(401, "unauthorized", "utter_error_unauthorized")


def too_long() -> ApiError:
    """413: the message or the body is longer than allowed."""
    return ApiError(413, "too_long", "utter_error_too_long")


def too_slow() -> ApiError:
    """408: the body did not come in time."""
    return ApiError(408, "too_slow", "utter_error_malformed")


def closed() -> ApiError:
    """409: the conversation is closed."""
    return ApiError(409, "closed", "utter_error_closed")


def invalid_field() -> ApiError:
    """422: a field holds something it can't hold."""
    return ApiError(422, "invalid_field", "utter_error_malformed")


def not_there() -> ApiError:
    """404: nothing of that name, or not in this conversation."""
    return ApiError(404, "not_found", "utter_error_malformed")


def too_many(seconds: float) -> ApiError:
    """429: over a limit; ``seconds`` until it can be tried again."""
    return ApiError(429, "too_many", "utter_error_too_many", seconds)


def unavailable() -> ApiError:
    """503: a part of ours is down."""
    return ApiError(503, "unavailable", "utter_error_unavailable", 5)


def error_answer(
    request: HttpRequest, error: ApiError, *, detail: str = ""
) -> JsonResponse:
    """The answer to a refused request; ``detail`` is for the program's author."""
    arrival = arrival_of(request)
    arrival.refused_as = error.code
    body = error_body(error, arrival.danger, detail=detail)
    answer = JsonResponse(body, status=error.status)
    if error.retry_after is not None:
        answer["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if error.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    answer["Cache-Control"] = "no-store"
    return answer


def error_body(
    error: ApiError, danger: Danger | None, *, detail: str = ""
) -> dict[str, Any]:
    """The content of an error answer, with help where the message calls for it."""
    body: dict[str, Any] = {"code": error.code, "message": texts().say(error.response)}
    if detail:
        body["detail"] = detail
    if danger is not None and danger.is_urgent:
        body["urgent"] = texts().urgent_messages(danger.route, danger.topic)
    return {"error": body}


def install_handlers(api: NinjaAPI) -> None:
    """Turns every exception of the API's views into an error answer."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        ApiError: error_answer,
        AuthenticationError: lambda request, _: error_answer(request, unauthorized()),
        DatabaseDownError: _database_down,
        TooManyError: lambda request, error: error_answer(
            request, too_many(error.retry_after)
        ),
        ValidationError: _invalid,
        HttpError: _refused_by_ninja,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _database_down(request: HttpRequest, error: DatabaseDownError) -> HttpResponse:
    logger.error("%s: the database is down: %s.", request.path, error)
    return error_answer(request, unavailable())


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # The field's name and what was expected; never what was sent.
    first = error.errors[0] if error.errors else {}
    place = ".".join(str(part) for part in first.get("loc", ()) if part != "body")
    detail = f"{place}: {first.get('msg', '')}"
    return error_answer(request, invalid_field(), detail=detail)


def _refused_by_ninja(request: HttpRequest, error: HttpError) -> HttpResponse:
    return error_answer(request, of_status(error.status_code))


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    note_failure(request, error)
    return error_answer(request, unavailable())


def note_failure(request: HttpRequest, error: BaseException) -> None:
    """Logs a failure nobody caught, without any words of a patient."""
    # The type and the place: an exception's words may quote the patient's.
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else "?"
    logger.error("%s: %s at %s.", request.path, type(error).__name__, where)
    logger.debug("Traceback of the failure above.", exc_info=error)


def of_status(status: int) -> ApiError:
    """The error for a status that ninja or Django has chosen."""
    if status == 401:
        return unauthorized()
    if status == 404:
        return not_there()
    if status == 405:
        return ApiError(405, "method_not_allowed", "utter_error_malformed")
    return unavailable() if status >= 500 else malformed()


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of a request it can't read (400, 403)."""
    return error_answer(request, malformed())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of an unknown address."""
    return error_answer(request, of_status(404))


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler of a failure nobody caught."""
    return error_answer(request, unavailable())
