"""How the chat API answers and takes requests: shared by the modules of its calls."""

from __future__ import annotations

import asyncio
from typing import Any

from django.http import HttpRequest, JsonResponse

from frontdesk.chat import intake
from frontdesk.chat.limits import address_of, rates
from frontdesk.chat.models import Conversation
from frontdesk.chat.schemas import ErrorOut

# Characters that are redacted within a millisecond: no thread is as quick.
SHORT = 400
# What can go wrong anywhere; for the OpenAPI document.
ANYWHERE = {code: ErrorOut for code in (400, 408, 413, 422, 429, 503)}
WITH_TOKEN = {**ANYWHERE, 401: ErrorOut}


def json_answer(content: dict[str, Any] | list[Any], status: int = 200) -> JsonResponse:
    """JSON that no cache keeps."""
    answer = JsonResponse(content, status=status, safe=False)
    answer["Cache-Control"] = "no-store"
    return answer


def conversation_of(request: HttpRequest) -> Conversation:
    """The conversation that the token has opened (``sessions.open_by``)."""
    return request.conversation


async def written(**said: str | None) -> intake.Written:
    """(see ``intake.written``) A long text is looked through beside the event loop."""
    if len(said.get("text") or "") <= SHORT:
        return intake.written(**said)
    return await asyncio.to_thread(intake.written, **said)


async def check_message_rates(request: HttpRequest) -> None:
    """Counts one message.

    Raises:
        TooManyError: if it is one too many.
    """
    await rates().check("message_address", address_of(request))
    await rates().check("message_session", str(conversation_of(request).pk))
