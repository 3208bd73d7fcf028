"""The front desk as an ASGI application: ``uvicorn frontdesk.asgi:application``."""

from __future__ import annotations

import asyncio
import os
from contextlib import closing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "frontdesk.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.exceptions import RequestAborted  # noqa: E402
from django.core.handlers.asgi import (  # noqa: E402
    ASGIHandler,
    ASGIRequest,
    get_script_prefix,
)
from django.urls import set_script_prefix  # noqa: E402

from frontdesk.background import Background  # noqa: E402
from frontdesk.chat.door import App, Door, Receive, Scope, Send  # noqa: E402

STAFF = "/staff/"


class House:
    """Django twice: staff pages have sessions and cookies, the chat has neither."""

    def __init__(self) -> None:
        self._staff = _django(settings.MIDDLEWARE, ASGIHandler)
        self._others = _django(settings.CHAT_MIDDLEWARE, AsyncHandler)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """(see the ASGI specification)."""
        for_staff = scope["path"].startswith(STAFF)
        await (self._staff if for_staff else self._others)(scope, receive, send)


class AsyncHandler(ASGIHandler):
    """For async views: Django would start a thread for each request and open stream.

    It would also wait for a thread twice, for its signals at a request's beginning and
    end. They look after the connections of that thread; ``chat.database`` has others.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """(see parent class for full docstring)."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refusal = self.create_request(scope, body)
            if request is None:
                await self.send_response(refusal, send)
                return
            await self._serve(request, receive, send)

    async def _serve(self, request: ASGIRequest, receive: Receive, send: Send) -> None:
        """Answers; ends a stream whose client has gone."""
        response = None
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self.listen_for_disconnect(receive))
                response = await self.run_get_response(request)
                await self.send_response(response, send)
                listening.cancel()
        except* RequestAborted:
            pass
        finally:
            if response is not None:
                response.close()


def _django(middleware: list[str], handler: type[ASGIHandler]) -> ASGIHandler:
    """Django with these; it reads the setting once, when it is made."""
    usual = settings.MIDDLEWARE
    settings.MIDDLEWARE = middleware
    try:
        return handler()
    finally:
        settings.MIDDLEWARE = usual


class Application:
    """Starts and stops the background, and lets requests in by the door."""

    def __init__(self, door: App, background: Background) -> None:
        self._door = door
        self._background = background

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """(see the ASGI specification)."""
        if scope["type"] == "http":
            await self._door(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                await self._background.start()
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                await self._background.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


application = Application(Door(House()), Background())
