"""Answers accepted messages: asks Rasa, passes the last gate, commits the reply.

One task a conversation, oldest message first. What a crash leaves unanswered is found
again by ``recover``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from frontdesk.chat import database, intake, last_gate, leases, message_log, statements
from frontdesk.chat.arrival import Danger
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.chat.instances import instance
from frontdesk.chat.models import Alert, Conversation, Message
from frontdesk.chat.rasa_client import RasaError, Reply, rasa
from frontdesk.chat.waiting import waiting

logger = logging.getLogger(__name__)

SECONDS_BEFORE_TYPING = 0.3  # less is felt as at once: the dots would only flicker


class Answering:
    """The answering of one process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def take_in(
        self, conversation_id: UUID, written: intake.Written, danger: Danger | None
    ) -> intake.Accepted:
        """Stores a message and sees to its answer; an urgent one is there on return.

        Goes on though the client may not wait.
        """
        task = self._start(self._take_in(conversation_id, written, danger))
        await asyncio.wait([task])
        return task.result()

    async def recover(self) -> None:
        """Answers what a crash, of this process or another, has left."""
        await database.read(leases.free_those_of_the_dead)
        for conversation_id in await database.read(leases.waiting):
            holder = instance().new_holder()
            claimed = await database.write(leases.claim, conversation_id, holder)
            if claimed is not None:
                self._start(self._answer_all(claimed))

    async def stop(self) -> None:
        """Ends the tasks; what they were at is answered after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it was for who waited; nobody may have

    async def _take_in(
        self, conversation_id: UUID, written: intake.Written, danger: Danger | None
    ) -> intake.Accepted:
        holder = instance().new_holder()
        try:
            with waiting.patient():
                accepted = await database.write(
                    intake.accept, conversation_id, written, danger, holder
                )
        except database.DatabaseDownError as error:
            if error.late is not None:
                error.late.add_done_callback(self._accepted_late)
            raise
        if accepted.is_new:
            said = [accepted.message, *accepted.replies]
            await publish(conversation_id, {}, said)
            if accepted.replies:  # without Rasa: an urgent text, and its alert
                await publish_queue()
        if accepted.is_waiting and danger is not None and danger.is_urgent:
            return await self._second_opinion(accepted)
        if accepted.claimed is not None:
            self._start(self._answer_all(accepted.claimed))
        elif accepted.is_new and not accepted.is_waiting:
            # Answered without Rasa, which is to know of it.
            self._start(rasa().tell(conversation_id, accepted.message.text))
        return accepted

    def _accepted_late(self, stored: asyncio.Future[intake.Accepted | None]) -> None:
        """Answers what was committed though nobody waited for it any more."""
        if stored.cancelled() or stored.exception() is not None:
            return
        accepted = stored.result()
        if accepted is not None and accepted.claimed is not None:
            self._start(self._answer_all(accepted.claimed))

    async def _second_opinion(self, accepted: intake.Accepted) -> intake.Accepted:
        """Answers a message now of which only a phrase says that it is urgent."""
        if accepted.claimed is not None:
            database.deadline.set(None)
            following = await _attempt(accepted.claimed)
            if following is not None:
                self._start(self._answer_all(following))
        # If nobody has contradicted by now, the phrase is believed.
        now = asyncio.get_running_loop().time()
        database.deadline.set(now + settings.URGENT_SECONDS)
        answered = await database.write(intake.answered_at_last, accepted.message.pk)
        await publish(accepted.message.conversation_id, {})
        await publish_queue()
        return answered

    async def _answer_all(self, claimed: leases.Claimed | None) -> None:
        """Answers a message and those that have come behind it."""
        # Without the deadline of the request that brought it.
        database.deadline.set(None)
        while claimed is not None:
            claimed = await _attempt(claimed)


async def _attempt(claimed: leases.Claimed) -> leases.Claimed | None:
    """Answers a message; gives the next one. What fails is found by ``recover``."""
    try:
        with waiting.patient():
            return await _answer(claimed)
    except database.DatabaseDownError as error:
        logger.error("A message waits for the database: %s.", error)
    except Exception as error:
        logger.error("Answering failed with %s.", type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
    return None


async def _answer(claimed: leases.Claimed) -> leases.Claimed | None:
    conversation_id = claimed.conversation.pk
    typing = asyncio.create_task(_say_typing(claimed.conversation))
    try:
        reply = await _ask(conversation_id, claimed.message)
    finally:
        typing.cancel()
    kept = await _kept(claimed, reply)
    if kept is None:
        return None
    await publish(conversation_id, {}, kept.said)
    if kept.for_staff:
        await publish_queue()
    if kept.handoff:
        await publish(conversation_id, {"state": "handoff", "reason": kept.handoff})
    return kept.following


async def _say_typing(conversation: Conversation) -> None:
    """Tells the patient that a reply is coming, if it is not there at once."""
    await asyncio.sleep(SECONDS_BEFORE_TYPING)
    if not conversation.taken_over_by:
        await publish(conversation.pk, {"state": "typing", "author": "bot"})


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


@dataclass(frozen=True)
class _Kept:
    """What was stored for a message, and what is to be answered next."""

    said: list[Message]
    following: leases.Claimed | None
    handoff: str | None = None
    for_staff: bool = False  # a ticket, or an alert


async def _kept(claimed: leases.Claimed, reply: Reply | None) -> _Kept | None:
    """Stores the reply; the fallback where it is one that can't be stored."""
    try:
        return await database.write(_keep, claimed, reply)
    except database.DatabaseDownError:
        raise
    except Exception as error:
        logger.error("A reply can't be stored: %s.", type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
        return await database.write(_keep, claimed, None)


def _keep(claimed: leases.Claimed, reply: Reply | None) -> _Kept | None:
    """Stores the reply with its ticket or alert; None if it is not ours any more."""
    conversation = leases.held(claimed.conversation.pk, claimed.holder)
    if conversation is None:
        return None
    message = claimed.message
    is_due = statements.mark_answered(message)
    following = leases.behind(conversation, claimed)
    if not is_due:
        statements.store_turn(conversation)
        return _Kept([], following)
    if intake.is_suspected(message) and (reply is None or reply.urgent):
        said = intake.speak_urgently(conversation, message)
        return _Kept(said, following, for_staff=True)
    said, handoff = _store(conversation, message, reply)
    alerted = reply is not None and reply.urgent is not None
    return _Kept(said, following, handoff, bool(handoff) or alerted)


def _store(
    conversation: Conversation, message: Message, reply: Reply | None
) -> tuple[list[Message], str | None]:
    """Stores a reply of Rasa, or the fallback; with the reason of a hand-off."""
    urgent = reply.urgent if reply else None
    bubbles = _to_say(conversation, reply)
    if not bubbles:
        message_log.note_understood(message, reply.provenance if reply else {})
        statements.store_turn(conversation)
        return [], None
    bubbles = last_gate.passed(conversation, bubbles)
    said = message_log.append_reply(
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
    return said, None if urgent else _hand_off(conversation, message, bubbles)


def _to_say(conversation: Conversation, reply: Reply | None) -> list[last_gate.Bubble]:
    """What may be said: nothing but urgent text while a person is there."""
    if conversation.taken_over_by:
        return [b for b in (reply.bubbles if reply else []) if b.is_urgent]
    return last_gate.fallback() if reply is None else reply.bubbles


def _hand_off(
    conversation: Conversation, message: Message, bubbles: list[last_gate.Bubble]
) -> str | None:
    promise = next((bubble for bubble in bubbles if bubble.handoff), None)
    if promise is None or promise.handoff is None:
        return None
    message_log.open_ticket(conversation, message, promise.handoff, promise.route)
    return promise.handoff


answering = Answering()
