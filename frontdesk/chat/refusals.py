"""Django middleware: answers what the door has refused (``chat.door``).

The door is outside of Django; the answer is built inside, so that it has the headers
that let a page on another origin read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

from frontdesk.chat import sessions
from frontdesk.chat.arrival import arrival_of
from frontdesk.chat.errors import error_answer, of_status

View = Callable[[HttpRequest], Awaitable[HttpResponse]]


@async_only_middleware
def answer_refusals(get_response: View) -> View:
    """(see above)."""

    async def answer(request: HttpRequest) -> HttpResponse:
        arrival = arrival_of(request)
        if arrival.refusal is not None:
            _, _, token = request.headers.get("Authorization", "").partition(" ")
            arrival.token_hash = sessions.hash_of(token.strip())
            return error_answer(request, arrival.refusal)
        response = await get_response(request)
        # Ninja answers a wrong method by itself, as plain text.
        if response.status_code == 405 and request.path.startswith("/chat/"):
            refused = error_answer(request, of_status(405))
            refused["Allow"] = response.get("Allow", "")
            return refused
        return response

    return answer
