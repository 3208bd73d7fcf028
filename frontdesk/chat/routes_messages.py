"""The calls of a running conversation: messages, stream, typing, feedback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router

from frontdesk.chat import database, feedback, statements, stream
from frontdesk.chat.answering import answering
from frontdesk.chat.answers import (
    WITH_TOKEN,
    check_message_rates,
    conversation_of,
    json_answer,
    written,
)
from frontdesk.chat.arrival import arrival_of
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.chat.limits import address_of, stream_slots
from frontdesk.chat.presenter import present
from frontdesk.chat.schemas import (
    MOST_NUMBER,
    AcceptedOut,
    ErrorOut,
    FeedbackIn,
    FeedbackOut,
    MessageIn,
    MessagesOut,
    Number,
    TypingIn,
)
from frontdesk.chat.sessions import SenderAuth

router = Router(tags=["conversation"])


@router.post(
    "/messages",
    response={200: AcceptedOut, **WITH_TOKEN, 409: ErrorOut},
    auth=SenderAuth(),
    url_name="say",
)
async def say(request: HttpRequest, payload: MessageIn) -> HttpResponse:
    """Stores a message. Urgent replies come with the answer, others by the stream."""
    await check_message_rates(request)
    new = await written(
        client_id=payload.client_id, text=payload.text, button=payload.button
    )
    accepted = await answering.take_in(
        conversation_of(request).pk, new, arrival_of(request).danger
    )
    return json_answer(
        {
            "message": present(accepted.message),
            "replies": [present(reply) for reply in accepted.replies],
        }
    )


@router.get("/messages", response={200: MessagesOut, **WITH_TOKEN})
async def messages(
    request: HttpRequest,
    after: Number = Query(0),  # noqa: B008 - ninja reads it
) -> HttpResponse:
    """The messages behind a number: the same as the stream, without it."""
    found = await database.read(
        statements.after, conversation_of(request).pk, int(after)
    )
    return json_answer({"messages": [present(message) for message in found]})


@router.get(
    "/stream",
    response=WITH_TOKEN,
    openapi_extra={
        "parameters": [
            {
                "in": "header",
                "name": "Last-Event-ID",
                "schema": {"type": "integer", "minimum": 0},
                "description": "Number of the last message that was received.",
            }
        ],
        "responses": {
            200: {
                "description": "Events `message` (a message; its number is the event's "
                "id) and `state` (`typing`, `handoff`, `taken_over`, `handed_back`, "
                "`closed`; no id).",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            }
        },
    },
)
async def listen(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-sent events; resumed with ``Last-Event-ID``."""
    conversation = conversation_of(request)
    release = stream_slots().acquire(str(conversation.pk), address_of(request))
    events = stream.events(conversation.pk, _last_event_id(request))
    answer = StreamingHttpResponse(
        _released(events, release), content_type="text/event-stream"
    )
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy must not hold events back
    # Should the client go before the first event is asked for.
    answer._resource_closers.append(release)
    return answer


async def _released(
    events: AsyncIterator[str], release: Callable[[], None]
) -> AsyncIterator[str]:
    try:
        async for event in events:
            yield event
    finally:
        release()


def _last_event_id(request: HttpRequest) -> int:
    """What the client has; all messages are sent if it says nothing that helps."""
    value = request.headers.get("Last-Event-ID", "").strip()
    known = value.isascii() and value.isdecimal() and len(value) < 12
    return min(int(value), MOST_NUMBER) if known else 0


@router.post("/typing", response={204: None, **WITH_TOKEN})
async def typing(request: HttpRequest, payload: TypingIn) -> HttpResponse:
    """Tells staff that the patient is typing."""
    state: dict[str, Any] = {"state": "typing", "author": "patient"}
    await publish(conversation_of(request).pk, {**state, "typing": payload.typing})
    return HttpResponse(status=204)


@router.post("/feedback", response={200: FeedbackOut, **WITH_TOKEN, 404: ErrorOut})
async def rate(request: HttpRequest, payload: FeedbackIn) -> HttpResponse:
    """A thumb on an answer; the newest one counts."""
    await check_message_rates(request)
    comment = await asyncio.to_thread(feedback.redacted, payload.comment)
    danger = arrival_of(request).danger
    urgent = await database.write(
        feedback.keep,
        conversation_of(request).pk,
        payload.message,
        payload.thumb,
        comment,
        danger,
    )
    if urgent:
        await publish_queue()
    return json_answer({"urgent": urgent})
