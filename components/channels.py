"""The doors of the Rasa server: REST for tools, ``frontdesk`` for our own front desk.

Named in ``credentials.yml``. Both take a text that begins with ``/`` as text, resolve
button ids, and answer every failure as JSON.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import (
    CollectingOutputChannel,
    InputChannel,
    OutputChannel,
    UserMessage,
)
from rasa.core.channels.rest import QueueOutputChannel, RestInput
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.nlu.constants import (
    ENTITIES,
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    METADATA_MODEL_ID,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.utils.endpoints import bool_arg
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from clinic.buttons import intent_of_button
from components.channel_requests import (
    RequestError,
    answer_errors_as_json,
    error_answer,
    identifier_field,
    is_clean,
    read_object,
    text_field,
)
from components.live_agents import LiveAgents
from components.read_ahead import read_ahead
from components.server_settings import auth_token, set_up_action_calls
from components.tracker_erasure import ErasureNotPossibleError, erase_tracker
from safety.live_model import MODELS_FOLDER

logger = logging.getLogger(__name__)

Handler = Callable[[UserMessage], Awaitable[Any]]
MAX_METADATA_KEYS = 20
RANKING_LENGTH = 5
# What a message of the front desk takes from the response's metadata, with defaults.
MESSAGE_FIELDS: dict[str, Any] = {
    "route": None,
    "topic": None,
    "check_in": False,
    "suggestions": [],
    "handoff": None,
    "sources": [],
    "reviewed": None,
    "draft": False,
    "response": None,
    "version": None,
}


def button_parse_data(identifier: str) -> dict[str, Any] | None:
    """What Rasa understands of a pressed button; None if there is no such button."""
    intent = intent_of_button(identifier)
    if intent is None:
        return None
    found = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: 1.0}
    return {
        TEXT: identifier,
        INTENT: found,
        ENTITIES: [],
        INTENT_RANKING_KEY: [dict(found)],
    }


def _agent_of(request: Request) -> Any:
    """The agent, ready to answer.

    Raises:
        RequestError: 503 while no model is loaded; Rasa itself would stay silent.
    """
    agent = getattr(request.app.ctx, "agent", None)
    if agent is None or not agent.is_ready():
        raise RequestError(503, "No model is loaded.")
    return agent


async def _deliver(
    on_new_message: Handler, message: UserMessage, vectors: Any = None
) -> None:
    """Has a message answered; what was said before a failure is kept.

    Raises:
        RequestError: 503 if the failure left nothing to say.
    """
    try:
        await read_ahead(message.text, vectors)
        await on_new_message(message)
    except Exception as error:
        # The type only: an exception's words may quote the patient's.
        logger.error("A message was not handled: %s.", type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
        if not getattr(message.output_channel, "messages", None):
            raise RequestError(503, "The assistant can't answer now.") from error


class PlainRestInput(RestInput):
    """Rasa's REST channel for tools and tests, with checked input."""

    @classmethod
    def name(cls) -> str:
        """(see parent class for full docstring)."""
        return "rest"

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        """(see parent class for full docstring)."""
        set_up_action_calls()
        rest = Blueprint("rest_channel")
        answer_errors_as_json(rest)

        @rest.get("/")
        async def health(request: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @rest.post("/webhook", stream=True)
        async def receive(request: Request) -> Any:
            body = await read_object(request)
            message = self._user_message(body)
            _agent_of(request)
            if bool_arg(request, "stream", default=False):
                return response.stream(
                    _stream(on_new_message, message), content_type="text/event-stream"
                )
            output = CollectingOutputChannel()
            message.output_channel = output
            await _deliver(on_new_message, message)
            return response.json(output.messages)

        return rest

    def _user_message(self, body: dict[str, Any]) -> UserMessage:
        sender = identifier_field(body, "sender")
        text = text_field(body, "message")
        channel = self.name()
        if body.get("input_channel") is not None:
            channel = identifier_field(body, "input_channel")
        return UserMessage(
            text,
            sender_id=sender,
            parse_data=button_parse_data(text),
            input_channel=channel,
            metadata=_flat_metadata(body.get("metadata")),
        )


def _flat_metadata(metadata: Any) -> dict[str, Any] | None:
    """A caller's metadata; flat, because it is copied into the tracker at each turn."""
    if metadata is None:
        return None
    if (
        not isinstance(metadata, dict)
        or len(metadata) > MAX_METADATA_KEYS
        or any(isinstance(value, dict | list) for value in metadata.values())
    ):
        raise RequestError(
            422,
            f"'metadata' must be a flat object of {MAX_METADATA_KEYS} keys at most.",
        )
    return metadata


def _stream(
    on_new_message: Handler, message: UserMessage
) -> Callable[[Any], Coroutine[Any, Any, None]]:
    """Writes each message as a line of JSON as soon as Rasa says it."""

    async def stream(answer: Any) -> None:
        queue: asyncio.Queue = asyncio.Queue()
        message.output_channel = QueueOutputChannel(queue)

        async def handle() -> None:
            # Stock Rasa leaves the line open for ever if this fails.
            try:
                await on_new_message(message)
            except Exception as error:
                logger.error("A message was not handled: %s.", type(error).__name__)
                failure = "The assistant can't answer now."
                error_body = {"code": "unavailable", "message": failure}
                await queue.put({"error": error_body})
            finally:
                await queue.put(None)

        task = asyncio.ensure_future(handle())
        while (line := await queue.get()) is not None:
            await answer.write(json.dumps(line) + "\n")
        await task

    return stream


class FrontDeskOutput(OutputChannel):
    """Collects the bubbles of a reply with what is known about each."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """(see parent class for full docstring)."""
        return "frontdesk"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Takes a response apart into bubbles; buttons go under the last one."""
        metadata = message.get("metadata") or {}
        known = {
            name: metadata.get(name) or default
            for name, default in MESSAGE_FIELDS.items()
        }
        bubbles = [part.strip() for part in (message.get("text") or "").split("\n\n")]
        bubbles = [bubble for bubble in bubbles if bubble]
        buttons = [
            {"id": button.get("payload"), "title": button.get("title")}
            for button in message.get("buttons") or []
        ]
        for position, bubble in enumerate(bubbles, start=1):
            under = buttons if position == len(bubbles) else []
            self.messages.append({"text": bubble, "buttons": under, **known})


class FrontDeskInput(InputChannel):
    """The front desk's channel: one message in, everything about the reply out."""

    def __init__(self, token: str, models: Path = MODELS_FOLDER) -> None:
        self._token = token
        self._agents = LiveAgents(models)

    @classmethod
    def name(cls) -> str:
        """(see parent class for full docstring)."""
        return "frontdesk"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> FrontDeskInput:
        """(see parent class for full docstring)."""
        given = credentials or {}
        models = Path(given.get("models") or MODELS_FOLDER)
        return cls(given.get("token") or auth_token(), models)

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        """(see parent class for full docstring)."""
        set_up_action_calls()
        desk = Blueprint("frontdesk_channel")
        answer_errors_as_json(desk)
        desk.listener("after_server_start")(self._agents.start)
        desk.listener("before_server_stop")(self._agents.stop)

        @desk.get("/")
        async def health(request: Request) -> HTTPResponse:
            _agent_of(request)
            return response.json({"status": "ok"})

        @desk.post("/message", stream=True)
        async def receive(request: Request) -> HTTPResponse:
            self._check_token(request)
            body = await read_object(request)
            message = self._user_message(body)
            await self._agents.settled()
            agent = _agent_of(request)
            await _deliver(on_new_message, message, body.get("vectors"))
            return response.json(await _answer(agent, message))

        @desk.delete("/conversation/<conversation:str>")
        async def erase(request: Request, conversation: str) -> HTTPResponse:
            self._check_token(request)
            return await _erase(_agent_of(request), conversation)

        return desk

    def _check_token(self, request: Request) -> None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        # Sanic decodes a header with surrogates for bytes that are no UTF-8.
        given_bytes = given.strip().encode("utf-8", "surrogateescape")
        matches = hmac.compare_digest(given_bytes, self._token.encode())
        if kind.lower() != "bearer" or not matches:
            raise RequestError(401, "Send 'Authorization: Bearer <token>'.")

    def _user_message(self, body: dict[str, Any]) -> UserMessage:
        conversation = identifier_field(body, "conversation")
        parse_data = None
        if body.get("button") is None:
            text = text_field(body, "text")
        elif body.get("text") is not None:
            raise RequestError(422, "Send 'text' or 'button', not both.")
        else:
            text = identifier_field(body, "button").strip()
            parse_data = button_parse_data(text)
            if parse_data is None:
                raise RequestError(422, "'button' is no button of this assistant.")
        return UserMessage(
            text,
            FrontDeskOutput(),
            conversation,
            parse_data=parse_data,
            input_channel=self.name(),
        )


async def _answer(agent: Any, message: UserMessage) -> dict[str, Any]:
    """The reply with what Rasa understood."""
    model = agent.model_id
    parse_data: dict[str, Any] = {}
    turn = await _logged_turn(agent, message)
    if turn:
        event = turn[0]
        parse_data = event.parse_data or {}
        # The model that spoke, should another have been loaded meanwhile.
        model = event.metadata.get(METADATA_MODEL_ID) or model
    intent = parse_data.get(INTENT) or {}
    return {
        "messages": _each_button_once(message.output_channel.messages),
        "parse": {
            "intent": intent.get(INTENT_NAME_KEY),
            "confidence": intent.get(PREDICTED_CONFIDENCE_KEY) or 0.0,
            "entities": parse_data.get(ENTITIES) or [],
            "ranking": (parse_data.get(INTENT_RANKING_KEY) or [])[:RANKING_LENGTH],
            "safety": parse_data.get("safety") or {},
        },
        "policies": _policies(turn),
        "model": model,
    }


def _policies(turn: list[Any]) -> dict[str, str]:
    """Which policy chose each action of a turn."""
    return {
        event.action_name: event.policy
        for event in turn
        if isinstance(event, ActionExecuted)
        and event.policy
        and event.action_name not in (None, ACTION_LISTEN_NAME)
    }


def _each_button_once(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Two responses of one reply may offer the same button; the last one keeps it."""
    seen: set[str] = set()
    for message in reversed(messages):
        offered = message["buttons"]
        message["buttons"] = [each for each in offered if each["id"] not in seen]
        seen |= {each["id"] for each in offered}
    return messages


async def _logged_turn(agent: Any, message: UserMessage) -> list[Any]:
    """The message as Rasa logged it, and what followed up to the next message.

    Nothing if the tracker store is out of order.
    """
    try:
        tracker = await agent.tracker_store.retrieve(message.sender_id)
    except Exception as error:
        logger.error("The tracker store failed: %s.", type(error).__name__)
        return []
    following: list[Event] = []
    for event in reversed(tracker.events if tracker else []):
        if not isinstance(event, UserUttered):
            following.append(event)
        elif event.message_id == message.message_id:
            return [event, *reversed(following)]
        else:
            following = []
    return []


async def _erase(agent: Any, conversation: str) -> HTTPResponse:
    if not is_clean(conversation):
        raise RequestError(422, "This is no conversation id.")
    try:
        async with agent.lock_store.lock(conversation):
            erased = erase_tracker(agent.tracker_store, conversation)
    except ErasureNotPossibleError as error:
        logger.error("%s", error)
        return error_answer(501, str(error))
    return response.json({"erased": erased})
