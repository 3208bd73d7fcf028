"""Server-sent events of one conversation: every message once and in order, and states.

The number of a message is the id of its event. Whatever wakes the stream, it goes on
with the next number, out of the database where it was not handed over: so nothing is
missing and nothing comes twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from frontdesk.chat import database, statements
from frontdesk.chat.fanout import fanout
from frontdesk.chat.models import Conversation, Message
from frontdesk.chat.presenter import present
from frontdesk.chat.subscription import Subscription

HEARTBEAT = ": still here\n\n"
RETRY_MILLISECONDS = 2000
CLOSED = {"state": "closed"}
# Hints may get lost, sessions end: the database is asked now and then all the same.
HEARTBEATS_TO_A_LOOK = 4


async def events(conversation_id: UUID, last_id: int) -> AsyncIterator[str]:
    """The stream, from the message behind ``last_id`` on.

    Args:
        conversation_id: whose messages.
        last_id: number of the last message the client has.
    """
    with (
        fanout().presence(conversation_id),
        fanout().subscribe(conversation_id) as subscription,
    ):
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        try:
            fanout().note_present(conversation_id)
            conversation = await database.read(statements.find, conversation_id)
            for state in _standing(conversation):
                yield _state(state)
            async for event in _live(conversation_id, last_id, subscription):
                yield event
        except database.DatabaseDownError:
            return  # the client comes back, and goes on from where it was


async def _live(
    conversation_id: UUID, last_id: int, subscription: Subscription
) -> AsyncIterator[str]:
    heard_at, heartbeats = time.monotonic(), 0
    states: list[dict[str, Any]] = []
    is_due, is_over = True, False  # to look into the database
    while True:
        handed_over = subscription.behind(last_id)
        if is_due:
            is_due = False
            messages, is_over = await database.read(_look, conversation_id, last_id)
        elif handed_over is not None:
            messages = handed_over
        else:
            messages = await database.read(statements.after, conversation_id, last_id)
        if messages:
            last_id = messages[-1].number
        if is_over and not _closes(states):
            states.append(CLOSED)
        if messages or states:  # in one piece: it is one packet
            yield "".join([*map(_message, messages), *map(_state, states)])
        if _closes(states):
            return
        if len(messages) == statements.MOST_AT_ONCE:
            states, is_due = [], True
            continue
        pause = heard_at + settings.HEARTBEAT_SECONDS - time.monotonic()
        states = _for_patient(await subscription.wait(max(pause, 0.0)))
        if subscription.is_over:
            return
        if time.monotonic() - heard_at >= settings.HEARTBEAT_SECONDS:
            heard_at, heartbeats = time.monotonic(), heartbeats + 1
            is_due = heartbeats % HEARTBEATS_TO_A_LOOK == 0
            yield HEARTBEAT
            fanout().note_present(conversation_id)


def _look(conversation_id: UUID, last_id: int) -> tuple[list[Message], bool]:
    """The messages behind a number, and whether the session is over."""
    messages = statements.after(conversation_id, last_id)
    conversation = statements.find(conversation_id)
    return messages, conversation is None or conversation.is_over(timezone.now())


def _standing(conversation: Conversation | None) -> list[dict[str, Any]]:
    """The state that lasts: a client that comes back must know who is there."""
    if conversation is None or conversation.closed_at is not None:
        return [CLOSED]
    if conversation.taken_over_by:
        return [{"state": "taken_over", "name": conversation.taken_over_by}]
    return []


def _closes(states: list[dict[str, Any]]) -> bool:
    return any(state.get("state") == CLOSED["state"] for state in states)


def _for_patient(states: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [state for state in states if state.get("author") != "patient"]


def _message(message: Message) -> str:
    data = json.dumps(present(message), ensure_ascii=False)
    return f"id: {message.number}\nevent: message\ndata: {data}\n\n"


def _state(state: dict[str, Any]) -> str:
    return f"event: state\ndata: {json.dumps(state, ensure_ascii=False)}\n\n"
