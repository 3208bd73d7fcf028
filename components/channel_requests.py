"""What our channels accept: bodies read, checked and cleaned; errors as JSON.

Used by ``components.channels``. The messages here are for the programs that call us;
what a patient reads comes from ``data/responses``.
"""

from __future__ import annotations

import json
import logging
import unicodedata
from typing import Any, NoReturn

from sanic import Blueprint, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
MAX_TEXT = 4000
MAX_IDENTIFIER = 255
# Cc and Cf hold control, bidirectional and zero-width characters, Cs lone surrogates.
_REMOVED_CATEGORIES = {"Cc", "Cf", "Cs"}
_LINE_ENDS = {"Zl", "Zp"}
_CODES = {
    400: "malformed",
    401: "unauthorized",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_long",
    422: "invalid_field",
    503: "unavailable",
}


class RequestError(Exception):
    """A request that can't be served, with the status that says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def error_answer(status: int, message: str) -> HTTPResponse:
    """``{"error": {"code", "message"}}``."""
    code = _CODES.get(status, "unavailable" if status >= 500 else "malformed")
    return response.json({"error": {"code": code, "message": message}}, status=status)


def answer_errors_as_json(blueprint: Blueprint) -> None:
    """Turns every exception of a blueprint's handlers into a JSON error."""

    @blueprint.exception(Exception)
    async def on_error(request: Request, error: Exception) -> HTTPResponse:
        if isinstance(error, RequestError):
            return error_answer(error.status, str(error))
        if isinstance(error, SanicException) and 400 <= error.status_code < 500:
            return error_answer(error.status_code, "The request can't be read.")
        # The type only: an exception's words may quote the patient's.
        logger.error("%s: failed with %s.", request.path, type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
        return error_answer(503, "The assistant can't answer now.")


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body of a request whose route streams its body.

    Raises:
        RequestError: 413 for a body that is too long, 400 for one that is no object.
    """
    body = bytearray()
    stream = request.stream
    while stream is not None and (chunk := await stream.read()):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RequestError(413, f"The body is longer than {MAX_BODY_BYTES} bytes.")
    try:
        content = json.loads(bytes(body), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise RequestError(400, "The body must be a JSON object.")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON.")


def text_field(body: dict[str, Any], name: str) -> str:
    """A patient's text: not empty, not too long, cleaned, and never a command.

    Raises:
        RequestError: 422 or 413, naming the field.
    """
    value = body.get(name)
    if not isinstance(value, str):
        raise RequestError(422, f"'{name}' must be a string.")
    if len(value) > MAX_TEXT:
        raise RequestError(413, f"'{name}' is longer than {MAX_TEXT} characters.")
    text = plain_text(value)
    if not text:
        raise RequestError(422, f"'{name}' must not be empty.")
    return text


def identifier_field(body: dict[str, Any], name: str) -> str:
    """An opaque id such as the sender's.

    Raises:
        RequestError: 422, naming the field.
    """
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RequestError(422, f"'{name}' must be a string that is not empty.")
    if len(value) > MAX_IDENTIFIER or not is_clean(value):
        raise RequestError(
            422,
            f"'{name}' must have at most {MAX_IDENTIFIER} characters, no control "
            f"characters and no invisible ones.",
        )
    return value


def is_clean(text: str) -> bool:
    """Whether a text holds no character that ``clean_text`` removes."""
    return clean_text(text) == text.strip()


def clean_text(text: str) -> str:
    """Removes control, bidirectional and zero-width characters, and outer blanks."""
    kept = []
    for character in text.replace("\r\n", "\n").replace("\r", "\n"):
        category = unicodedata.category(character)
        if category in _LINE_ENDS:
            kept.append("\n")
        elif character in "\n\t" or category not in _REMOVED_CATEGORIES:
            kept.append(character)
    return "".join(kept).strip()


def plain_text(text: str) -> str:
    """``clean_text``, without the slash that would make Rasa read an intent.

    Rasa strips a text before it looks for the slash, so a blank in front of it is no
    protection. A text of slashes alone becomes a single look-alike (U+2215).
    """
    cleaned = clean_text(text)
    if not cleaned.startswith("/"):
        return cleaned
    return cleaned.lstrip("/ \t\n\u00a0").strip() or "\u2215"
