"""The only module that knows Rasa's JSON, as our channel ``FrontDeskInput`` has it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from uuid import UUID

import aiohttp
from django.conf import settings

from frontdesk.chat import danger
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.waiting import waiting

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 50
SECONDS_TO_TELL = 1.0  # about as long as it takes to write the next message


class RasaError(RuntimeError):
    """Rasa is down, slow, or said something that is no reply."""


@dataclass(frozen=True)
class Reply:
    """What Rasa says to one message, and what it understood."""

    bubbles: list[Bubble]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def urgent(self) -> Bubble | None:
        """The first crisis or emergency text of the reply, if there is one."""
        return next((bubble for bubble in self.bubbles if bubble.is_urgent), None)


@dataclass
class _Untold:
    """Messages of a conversation that were answered without Rasa, oldest first."""

    texts: deque[str] = field(default_factory=deque)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RasaClient:
    """One HTTP client for the process."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url}/webhooks/frontdesk"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._session: aiohttp.ClientSession | None = None
        self._untold: dict[UUID, _Untold] = {}
        self._one_by_one = asyncio.Lock()

    async def ask(
        self, conversation_id: UUID, *, text: str, button: str = "", seconds: float
    ) -> Reply:
        """Rasa's reply to a message; Rasa is told before what it does not know yet.

        Raises:
            RasaError: if there is none within ``seconds``.
        """
        said = {"button": button} if button else _words(text[: settings.MAX_TEXT])
        try:
            async with asyncio.timeout(seconds):
                await self._catch_up(conversation_id)
                return await self._say(conversation_id, said, seconds)
        except TimeoutError as error:
            raise RasaError("TimeoutError") from error

    async def tell(self, conversation_id: UUID, text: str) -> None:
        """Lets Rasa know of a message that was answered without it; drops the reply.

        Patients who wait for an answer go first, for ``SECONDS_TO_TELL`` at the most.
        Nothing is told later than twice that, where Rasa hangs: the conversation may
        have been erased meanwhile (``erasure.MARGIN``).
        """
        untold = self._untold.setdefault(conversation_id, _Untold())
        untold.texts.append(text)
        time = asyncio.get_running_loop().time
        until = time() + SECONDS_TO_TELL
        async with self._one_by_one:
            await waiting.nobody(until - time())
            if time() > until + SECONDS_TO_TELL:
                untold.texts.clear()
                logger.info("Rasa was not told of an urgent message: it hangs.")
            await self._catch_up(conversation_id)

    async def _catch_up(self, conversation_id: UUID) -> None:
        """Tells what is still to be told of a conversation, in its order."""
        untold = self._untold.get(conversation_id)
        if untold is None:
            return
        async with untold.lock:
            while untold.texts:
                said = _words(untold.texts.popleft()[: settings.MAX_TEXT])
                try:
                    await self._say(conversation_id, said, settings.RASA_SECONDS)
                except RasaError as error:
                    logger.info("Rasa was not told of an urgent message: %s.", error)
            if self._untold.get(conversation_id) is untold:
                del self._untold[conversation_id]

    async def _say(
        self, conversation_id: UUID, said: dict[str, Any], seconds: float
    ) -> Reply:
        body = {"conversation": str(conversation_id), **said}
        content = await self._call("POST", "/message", seconds, json=body)
        try:
            return _reply(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RasaError(f"no reply: {type(error).__name__}") from error

    async def forget(self, conversation_id: UUID) -> None:
        """Has Rasa erase what it knows of a conversation.

        Raises:
            RasaError: if that is not certain.
        """
        if conversation_id in self._untold:
            self._untold[conversation_id].texts.clear()
        path = f"/conversation/{conversation_id}"
        without = (_without_length,)
        await self._call("DELETE", path, settings.RASA_SECONDS, middlewares=without)

    async def is_ready(self) -> bool:
        """Whether Rasa has loaded a model."""
        try:
            await self._call("GET", "/", 1.0)
        except RasaError:
            return False
        return True

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(
        self, method: str, path: str, seconds: float, **options: Any
    ) -> Any:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._client().request(
                method,
                self._url + path,
                headers=self._headers,
                timeout=timeout,
                allow_redirects=False,
                **options,
            ) as answer:
                if answer.status != 200:
                    raise RasaError(f"status {answer.status}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise RasaError(type(error).__name__) from error

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS),
                trust_env=False,
            )
        return self._session


def _words(text: str) -> dict[str, Any]:
    """A text, with the sentence vectors that the danger detector has made of it."""
    vectors = danger.vectors_of(text)
    return {"text": text, "vectors": vectors} if vectors else {"text": text}


async def _without_length(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """For a call without a body: a length of 0 makes Rasa log an error about it."""
    request.headers.pop("Content-Length", None)
    return await send(request)


def _reply(content: dict[str, Any]) -> Reply:
    bubbles = [_bubble(message) for message in content["messages"]]
    if not bubbles:
        raise ValueError("Rasa says nothing")
    parse = content["parse"]
    return Reply(
        bubbles,
        {
            "intent": _short(parse.get("intent"), 100),
            "confidence": float(parse.get("confidence") or 0.0),
            "entities": list(parse.get("entities") or []),
            "ranking": list(parse.get("ranking") or []),
            "safety": dict(parse.get("safety") or {}) | _chosen_by(content),
            "model": _short(content.get("model"), 100),
        },
    )


def _chosen_by(content: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Which policy chose each action, if it says so."""
    policies = dict(content.get("policies") or {})
    return {"policies": policies} if policies else {}


def _bubble(message: dict[str, Any]) -> Bubble:
    text = message["text"]
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a message without text")
    return Bubble(
        text=text,
        route=_short(message.get("route"), 20),
        topic=_short(message.get("topic"), 50),
        check_in=bool(message.get("check_in")),
        suggestions=[str(topic) for topic in message.get("suggestions") or []],
        buttons=[
            {"id": str(button["id"]), "title": str(button["title"])}
            for button in message.get("buttons") or []
        ],
        handoff=_short(message.get("handoff"), 50),
        response=_short(message.get("response"), 100),
        version=_short(message.get("version"), 20),
        sources=[str(source) for source in message.get("sources") or []],
        reviewed=_short(message.get("reviewed"), 20),
        draft=bool(message.get("draft")),
    )


def _short(value: Any, longest: int) -> str | None:
    """A name that fits its column."""
    if value is not None and (not isinstance(value, str) or len(value) > longest):
        raise ValueError("a name that is none")
    return value


@cache
def rasa() -> RasaClient:
    """The one client of this process."""
    return RasaClient(settings.RASA_URL, settings.RASA_AUTH_TOKEN)
