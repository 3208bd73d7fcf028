"""One assistant behind three doors: what each widget of the bench talks to.

It says the same after the same time, whoever asks, and notes what has reached it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from typing import Any

import socketio
from aiohttp import web

from benchmarks.servers import LOOPBACK
from benchmarks.widget.outage import LoopThread

DELAY_SECONDS = 0.3
# What a page of rasa-webchat sends when it is opened first (``initPayload``).
FIRST_PAYLOAD = "/get_started"
PARSE = {"intent": "ask_cost", "confidence": 0.9, "safety": {"level": "none"}}


def reply_to(text: str) -> str:
    """What the assistant says; no two texts get the same."""
    return f"You asked: {text}. Please call the front desk about it."


class Backend:
    """Serves the doors on a port of its own."""

    def __init__(self, loop: LoopThread) -> None:
        self.greeting: list[str] = []
        self.received: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self.port = 0
        self.delay = DELAY_SECONDS
        self._loop = loop
        self._runner: web.AppRunner | None = None
        loop.run(self._start())

    def stop(self) -> None:
        """Closes the doors."""
        if self._runner is not None:
            self._loop.run(self._runner.cleanup())

    def forget(self) -> None:
        """Begins to count anew."""
        self.received.clear()
        self._answered.clear()

    def is_answering(self, text: str) -> bool:
        """Whether the reply to a text is under way right now."""
        return self.received[text] > self._answered[text]

    async def _start(self) -> None:
        application = web.Application()
        application.router.add_post("/deep-chat", self._deep_chat)
        application.router.add_route("*", "/webhooks/frontdesk{rest:.*}", self._rasa)
        self._add_socket(application)
        self._runner = web.AppRunner(application, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _answer(self, text: str) -> str:
        self.received[text] += 1
        await asyncio.sleep(self.delay)
        self._answered[text] += 1
        return reply_to(text)

    async def _rasa(self, request: web.Request) -> web.Response:
        """The front desk's channel of Rasa: our gateway asks here."""
        if request.method != "POST":
            return web.json_response({"status": "ok", "erased": True})
        asked = await request.json()
        message = {
            "text": await self._answer(asked.get("text") or asked["button"]),
            "route": "faq",
            "topic": "cost",
            "response": "utter_cost",
        }
        return web.json_response(
            {"messages": [message], "parse": PARSE, "model": "bench"}
        )

    async def _deep_chat(self, request: web.Request) -> web.Response:
        """What deep-chat's ``connect`` expects: messages in, a text out."""
        asked = await request.json()
        return web.json_response(
            {"text": await self._answer(asked["messages"][-1]["text"])}
        )

    def _add_socket(self, application: web.Application) -> None:
        """The socket.io channel of Rasa 3.6 with ``session_persistence: true``."""
        server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins=[])
        server.attach(application)

        async def session_request(sid: str, data: dict[str, Any] | None) -> None:
            session = (data or {}).get("session_id") or uuid.uuid4().hex
            await server.enter_room(sid, session)
            await server.emit("session_confirm", session, room=sid)

        async def user_uttered(sid: str, data: dict[str, Any]) -> None:
            session, text = data["session_id"], data["message"]
            said = self.greeting
            if text != FIRST_PAYLOAD:
                said = [await self._answer(text)]
            for bubble in said:
                await server.emit("bot_uttered", {"text": bubble}, room=session)

        server.on("session_request", session_request)
        server.on("user_uttered", user_uttered)
