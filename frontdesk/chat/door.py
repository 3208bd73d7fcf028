"""The door: the first to see a request, before Django, token, limits and database.

An ASGI middleware. Takes the body within limits of size and time, asks the danger
detector, and keeps the alert of a dangerous message that was refused. Refusals are
answered inside of Django (``chat.refusals``), with the headers that all have.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from frontdesk.chat import alarms, danger, database, errors, metrics
from frontdesk.chat.arrival import SCOPE_KEY, Arrival

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# What patients write here is looked at.
WRITTEN = ("/chat/messages", "/chat/rest", "/chat/feedback", "/chat/contact")
# A client that is cut off while it sends never sees the answer.
MOST_READ = 1024 * 1024
TAIL = 16 * 1024
# Far more than any call takes; Django fails at a query of a thousand parts.
MOST_QUERY = 1024


class GoneError(Exception):
    """The client has gone before its request was complete."""


class Door:
    """Wraps Django's ASGI application."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        arrival = Arrival()
        scope = {**scope, SCOPE_KEY: arrival}
        if len(scope.get("query_string", b"")) > MOST_QUERY:
            scope["query_string"], arrival.refusal = b"", errors.malformed()
        try:
            body = await self._body(receive, arrival)
        except GoneError:
            return
        began = time.perf_counter()
        if scope["method"] == "POST" and scope["path"].rstrip("/") in WRITTEN:
            await self._look(arrival, body)
        answer = _Answer(send)
        try:
            await self._app(scope, _Replay(body, arrival, receive), answer)
        except Exception as error:
            if answer.status is not None:
                raise
            logger.error("%s: %s.", scope["path"], type(error).__name__)
            logger.debug("Traceback of the failure above.", exc_info=error)
            await answer.fail(arrival)
        finally:
            if answer.is_refusal:
                alarms.keep_refused(arrival)
            metrics.answered(answer.status)
            if arrival.danger is not None and arrival.danger.is_urgent:
                metrics.urgent_answered(time.perf_counter() - began)

    async def _body(self, receive: Receive, arrival: Arrival) -> bytes:
        try:
            return await asyncio.wait_for(
                self._read(receive, arrival), settings.BODY_SECONDS
            )
        except TimeoutError:
            arrival.refusal = errors.too_slow()
            return b""

    async def _read(self, receive: Receive, arrival: Arrival) -> bytes:
        """The body; of one that is too long its beginning and its end."""
        head, tail, length = bytearray(), b"", 0
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise GoneError
            chunk = event.get("body", b"")
            length += len(chunk)
            room = settings.MAX_BODY - len(head)
            head += chunk[:room]
            tail = (tail + chunk[room:])[-TAIL:] if len(chunk) > room else tail
            if length > settings.MAX_BODY:
                arrival.refusal = errors.too_long()
            if not event.get("more_body") or length > MOST_READ:
                return bytes(head) + tail

    async def _look(self, arrival: Arrival, body: bytes) -> None:
        arrival.danger = await danger.look_at(danger.text_of_body(body))
        if arrival.danger.is_urgent:
            # The text must go out now, whatever becomes of the rest.
            now = asyncio.get_running_loop().time()
            database.deadline.set(now + settings.URGENT_SECONDS)


class _Replay:
    """Gives Django the body that the door has read, then whatever else happens."""

    def __init__(self, body: bytes, arrival: Arrival, receive: Receive) -> None:
        self._body: bytes | None = b"" if arrival.refusal else body
        self._receive = receive

    async def __call__(self) -> Event:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


class _Answer:
    """Passes the answer on; gives up on a client that does not take it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    @property
    def is_refusal(self) -> bool:
        """Whether the request was refused, or not answered at all."""
        return self.status is None or self.status >= 400

    async def __call__(self, event: Event) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
        await asyncio.wait_for(self._send(event), settings.SEND_SECONDS)

    async def fail(self, arrival: Arrival) -> None:
        """Answers in the place of Django, which could not."""
        refusal = errors.unavailable()
        arrival.refused_as = refusal.code
        body = errors.error_body(refusal, arrival.danger)
        headers = [(b"content-type", b"application/json"), (b"retry-after", b"5")]
        await self({"type": "http.response.start", "status": 503, "headers": headers})
        await self({"type": "http.response.body", "body": json.dumps(body).encode()})
