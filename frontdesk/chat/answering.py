"""Answers accepted messages: asks Rasa, passes the last gate, commits the reply.

One task a conversation, oldest message first. What a crash leaves unanswered is found
again by ``recover``.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from django.conf import settings

from frontdesk.chat import database, intake, last_gate, leases, message_log
from frontdesk.chat.fanout import publish
from frontdesk.chat.models import Alert, Conversation, Message
from frontdesk.chat.rasa_client import RasaError, Reply, rasa, tell

logger = logging.getLogger(__name__)


class Answering:
    """The answering of one process."""

    def __init__(self) -> None:
        self._running: dict[UUID, bool] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self, conversation_id: UUID) -> None:
        """Has a conversation's messages answered, soon; does not wait."""
        if conversation_id in self._running:
            self._running[conversation_id] = True  # once more round
            return
        self._running[conversation_id] = True
        self._start(self._answer_all(conversation_id))

    def tell(self, conversation_id: UUID, text: str) -> None:
        """Lets Rasa know of a message that was answered without it."""
        self._start(tell(conversation_id, text=text))

    async def second_opinion(self, accepted: intake.Accepted) -> intake.Accepted:
        """Answers a message now of which only a phrase says that it is urgent."""
        message = accepted.message
        conversation_id = message.conversation_id
        if conversation_id not in self._running:
            self._running[conversation_id] = False
            task = asyncio.create_task(self._answer_at_once(conversation_id))
            await self._kept(task)
        # If nobody has contradicted by now, the phrase is believed.
        now = asyncio.get_running_loop().time()
        database.deadline.set(now + settings.URGENT_SECONDS)
        answered = await database.write(intake.answered_at_last, message.pk)
        await publish(conversation_id, {})
        self.wake(conversation_id)
        return answered

    async def _answer_at_once(self, conversation_id: UUID) -> None:
        database.deadline.set(None)
        holder = _new_holder()
        try:
            await self._answer_next(conversation_id, holder)
        except database.DatabaseDownError as error:
            logger.error("A message waits for the database: %s.", error)
        finally:
            self._running.pop(conversation_id, None)

    async def recover(self) -> None:
        """Answers what a crash, of this process or another, has left."""
        for conversation_id in await database.read(leases.waiting):
            self.wake(conversation_id)

    async def stop(self) -> None:
        """Ends the tasks; what they were at is answered after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # A task of its own, without the deadline of the request that woke it.
        self._kept(asyncio.create_task(work))

    def _kept(self, task: asyncio.Task[None]) -> asyncio.Future[None]:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return asyncio.shield(task)  # goes on though the client may not wait

    async def _answer_all(self, conversation_id: UUID) -> None:
        database.deadline.set(None)
        holder = _new_holder()
        try:
            while self._running.get(conversation_id):
                self._running[conversation_id] = False
                while await self._answer_next(conversation_id, holder):
                    pass
        except database.DatabaseDownError as error:
            logger.error("A message waits for the database: %s.", error)
        except Exception as error:
            logger.error("Answering failed with %s.", type(error).__name__)
            logger.debug("Traceback of the failure above.", exc_info=error)
        finally:
            self._running.pop(conversation_id, None)

    async def _answer_next(self, conversation_id: UUID, holder: str) -> bool:
        """Answers one message; False if there is none, or somebody else is at it."""
        claimed = await database.write(leases.claim, conversation_id, holder)
        if claimed is None:
            return False
        conversation, message = claimed
        if not conversation.taken_over_by:
            await publish(conversation_id, {"state": "typing", "author": "bot"})
        reply = await _ask(conversation_id, message)
        kept = await _kept(conversation_id, holder, message, reply)
        if kept is None:
            return False
        await publish(conversation_id, {})
        if kept.handoff:
            await publish(conversation_id, {"state": "handoff", "reason": kept.handoff})
        return True


async def _ask(conversation_id: UUID, message: Message) -> Reply | None:
    suspected = intake.is_suspected(message)
    seconds = settings.SECOND_OPINION_SECONDS if suspected else settings.RASA_SECONDS
    try:
        return await rasa().ask(
            conversation_id,
            text=message.text,
            button=message.button,
            seconds=seconds,
        )
    except RasaError as error:
        logger.warning("Rasa gives no reply: %s.", error)
        return None


async def _kept(
    conversation_id: UUID, holder: str, message: Message, reply: Reply | None
) -> _Kept | None:
    """Stores the reply; the fallback where it is one that can't be stored."""
    try:
        return await database.write(_keep, conversation_id, holder, message.pk, reply)
    except database.DatabaseDownError:
        raise
    except Exception as error:
        logger.error("A reply can't be stored: %s.", type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
        return await database.write(_keep, conversation_id, holder, message.pk, None)


class _Kept:
    """What was stored for a message."""

    def __init__(self, handoff: str | None) -> None:
        self.handoff = handoff


def _keep(
    conversation_id: UUID, holder: str, message_id: int, reply: Reply | None
) -> _Kept | None:
    """Stores the reply with its ticket or alert; None if it is not ours any more."""
    conversation = leases.held(conversation_id, holder)
    if conversation is None:
        return None
    message = conversation.messages.get(pk=message_id)
    if message.state != Message.State.ACCEPTED:
        return _Kept(None)
    if intake.is_suspected(message) and (reply is None or reply.urgent):
        intake.speak_urgently(conversation, message)
        return _Kept(None)
    return _Kept(_store(conversation, message, reply))


def _store(
    conversation: Conversation, message: Message, reply: Reply | None
) -> str | None:
    """Stores a reply of Rasa, or the fallback; gives the reason of a hand-off."""
    message_log.mark_answered(message)
    urgent = reply.urgent if reply else None
    if conversation.taken_over_by and urgent is None:
        return None  # a person is here, and answers
    bubbles = last_gate.fallback() if reply is None else reply.bubbles
    bubbles = last_gate.passed(conversation, bubbles)
    message_log.append_reply(
        conversation, bubbles, answers=message, **(reply.provenance if reply else {})
    )
    if urgent is not None:
        message_log.raise_alert(
            conversation,
            message,
            route=str(urgent.route),
            topic=str(urgent.topic),
            origin=Alert.Origin.ASSISTANT,
        )
    return None if urgent else _hand_off(conversation, message, bubbles)


def _hand_off(
    conversation: Conversation, message: Message, bubbles: list[last_gate.Bubble]
) -> str | None:
    promise = next((bubble for bubble in bubbles if bubble.handoff), None)
    if promise is None or promise.handoff is None:
        return None
    message_log.open_ticket(conversation, message, promise.handoff, promise.route)
    return promise.handoff


def _new_holder() -> str:
    return secrets.token_hex(16)


answering = Answering()
