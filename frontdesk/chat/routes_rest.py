"""``POST /chat/rest``: the same conversation for clients of Rasa's REST channel."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from clinic.buttons import intent_of_button
from frontdesk.chat import database, message_log, sessions
from frontdesk.chat.answering import answering
from frontdesk.chat.answers import (
    WITH_TOKEN,
    check_message_rates,
    conversation_of,
    json_answer,
    written,
)
from frontdesk.chat.arrival import arrival_of
from frontdesk.chat.fanout import fanout
from frontdesk.chat.models import Message
from frontdesk.chat.presenter import present
from frontdesk.chat.schemas import ErrorOut, RestIn, RestOut

router = Router(tags=["rest"])
# Beyond Rasa's own time, for the fallback to be stored.
MORE_SECONDS = 3.0
LOOK_AGAIN_SECONDS = 1.0
# What a bubble says besides its text and buttons.
CUSTOM = (
    "id",
    "author",
    "name",
    "route",
    "topic",
    "check_in",
    "suggestions",
    "handoff",
    "sources",
    "reviewed",
    "draft",
    "sent_at",
)


@router.post(
    "/rest", auth=None, response={200: list[RestOut], **WITH_TOKEN, 409: ErrorOut}
)
async def rest(request: HttpRequest, payload: RestIn) -> HttpResponse:
    """Says something and waits for the reply; nothing while staff has taken over."""
    await sessions.open_by(payload.sender, request)
    await check_message_rates(request)
    pressed = intent_of_button(payload.message) is not None
    said = {"button": payload.message} if pressed else {"text": payload.message}
    new = await written(client_id=None, **said)
    conversation_id = conversation_of(request).pk
    with fanout().subscribe(conversation_id) as news:
        accepted = await answering.take_in(
            conversation_id, new, arrival_of(request).danger
        )
        replies = accepted.replies
        until = time.monotonic() + settings.RASA_SECONDS + MORE_SECONDS
        while accepted.is_waiting and not replies and time.monotonic() < until:
            await news.wait(LOOK_AGAIN_SECONDS)
            answered, replies = await database.read(_replies, accepted.message.pk)
            if answered:
                break
    return json_answer([_as_rest(payload.sender, reply) for reply in replies])


def _replies(message_id: int) -> tuple[bool, list[Message]]:
    message = Message.objects.get(pk=message_id)
    is_answered = message.state == Message.State.ANSWERED
    return is_answered, message_log.replies_to(message)


def _as_rest(sender: str, message: Message) -> dict[str, Any]:
    shown = present(message)
    answer: dict[str, Any] = {"recipient_id": sender, "text": shown["text"]}
    if shown["buttons"]:
        answer["buttons"] = [
            {"title": button["title"], "payload": button["id"]}
            for button in shown["buttons"]
        ]
    answer["custom"] = {name: shown[name] for name in CUSTOM if name in shown}
    return answer
