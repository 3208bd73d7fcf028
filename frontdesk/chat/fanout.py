"""Tells the open streams that a conversation has news; in process, or through Redis.

A hint and no more: what a stream misses it reads from the database, so whatever is lost
here is only late. Who has just stored messages hands them to the streams of this
process. Transient states (``typing``, ``taken_over`` …) travel along. Staff pages hear
of all conversations and of the queue (``staff_news``).
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

from django.conf import settings

from frontdesk.chat.models import Message
from frontdesk.chat.staff_news import QUEUE_CHANGED, STAFF, StaffSubscription
from frontdesk.chat.subscription import Event, Subscription

logger = logging.getLogger(__name__)

CHANNEL = "frontdesk:conversations"
RECONNECT_SECONDS = 2.0
PRESENCE = "frontdesk:present:"  # and a conversation's id


class Fanout:
    """Within one process."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)
        self._staff: set[StaffSubscription] = set()
        self._present: Counter[str] = Counter()

    @contextmanager
    def subscribe_staff(self) -> Iterator[StaffSubscription]:
        """A subscription to everything, for a staff page; ended with the block."""
        subscription = StaffSubscription()
        self._staff.add(subscription)
        try:
            yield subscription
        finally:
            self._staff.discard(subscription)

    @contextmanager
    def presence(self, conversation_id: UUID) -> Iterator[None]:
        """The patient's stream is open while the block runs."""
        key = str(conversation_id)
        self._present[key] += 1
        self._tell_staff(key, {})
        try:
            yield
        finally:
            self._present[key] -= 1
            if self._present[key] <= 0:
                del self._present[key]
            self._tell_staff(key, {})

    def note_present(self, conversation_id: UUID) -> None:
        """Says that the patient's stream is still open; called with each heartbeat."""

    async def present(self, conversation_ids: Iterable[UUID]) -> set[UUID]:
        """Of these conversations, those whose patient has a stream open."""
        return {each for each in conversation_ids if str(each) in self._present}

    @contextmanager
    def subscribe(self, conversation_id: UUID) -> Iterator[Subscription]:
        """A subscription to one conversation, ended with the block."""
        key, subscription = str(conversation_id), Subscription()
        self._subscriptions[key].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[key].discard(subscription)
            if not self._subscriptions[key]:
                del self._subscriptions[key]

    def end_streams(self) -> None:
        """Ends every stream of this process, which is about to stop."""
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.end()
        for page in self._staff:
            page.end()

    async def publish(
        self,
        conversation_id: UUID | str,
        event: Event,
        messages: Iterable[Message] = (),
    ) -> None:
        """Tells every stream of a conversation, and staff; never fails.

        Args:
            conversation_id: whose streams.
            event: what there is; see ``publish`` below.
            messages: what was just stored, if that is all the news.
        """
        self._deliver(str(conversation_id), event, messages)

    def _deliver(
        self, key: str, event: Event, messages: Iterable[Message] = ()
    ) -> None:
        for subscription in tuple(self._subscriptions.get(key, ())):
            subscription.put(event, messages)
        self._tell_staff(key, event)

    def _tell_staff(self, key: str, event: Event) -> None:
        for page in tuple(self._staff):
            page.put(key, event)

    async def start(self) -> None:
        """Nothing to start here."""

    async def stop(self) -> None:
        """Nothing to stop here."""


class RedisFanout(Fanout):
    """Between several processes; without Redis each one tells its own streams."""

    def __init__(self, url: str) -> None:
        super().__init__()
        from redis.asyncio import Redis

        self._redis = Redis.from_url(url, socket_connect_timeout=2)
        self._name = secrets.token_hex(8)
        self._listener: asyncio.Task[None] | None = None
        self._notes: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens for what other processes publish."""
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stops listening."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        await self._redis.close()

    async def publish(
        self,
        conversation_id: UUID | str,
        event: Event,
        messages: Iterable[Message] = (),
    ) -> None:
        """(see parent class for full docstring)."""
        key = str(conversation_id)
        self._deliver(key, event, messages)
        line = json.dumps({"from": self._name, "to": key, "event": event})
        try:
            await asyncio.wait_for(self._redis.publish(CHANNEL, line), 1)
        except Exception as error:
            logger.warning("Redis: not published: %s.", type(error).__name__)

    def note_present(self, conversation_id: UUID) -> None:
        """(see parent class for full docstring)."""
        # The stream does not wait for it.
        task = asyncio.create_task(self._note_present(str(conversation_id)))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _note_present(self, key: str) -> None:
        seconds = int(settings.HEARTBEAT_SECONDS * 2) + 1
        try:
            await asyncio.wait_for(self._redis.set(PRESENCE + key, 1, ex=seconds), 1)
        except Exception as error:
            logger.warning("Redis: presence not noted: %s.", type(error).__name__)

    async def present(self, conversation_ids: Iterable[UUID]) -> set[UUID]:
        """(see parent class for full docstring)."""
        asked = list(conversation_ids)
        here = await super().present(asked)
        if not asked:
            return here
        names = [f"{PRESENCE}{each}" for each in asked]
        try:
            noted = await asyncio.wait_for(self._redis.mget(names), 1)
        except Exception as error:
            logger.warning("Redis: presence not known: %s.", type(error).__name__)
            return here
        return here | {each for each, note in zip(asked, noted, strict=True) if note}

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(CHANNEL)
                    self._wake_all()  # what was said while we did not listen
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._hear(message["data"])
            except Exception as error:
                logger.warning("Redis: not listening: %s.", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    def _hear(self, data: bytes) -> None:
        try:
            line = json.loads(data)
            origin, key, event = line["from"], line["to"], line["event"]
        except (ValueError, KeyError, TypeError):
            logger.warning("Redis: a line that is none of ours.")
            return
        if origin != self._name:
            self._deliver(key, event)

    def _wake_all(self) -> None:
        for key in tuple(self._subscriptions):
            self._deliver(key, {})
        self._tell_staff(STAFF, QUEUE_CHANGED)


@cache
def fanout() -> Fanout:
    """The one fan-out of this process."""
    return RedisFanout(settings.REDIS_URL) if settings.REDIS_URL else Fanout()


async def publish(
    conversation_id: UUID, event: Event, messages: Iterable[Message] = ()
) -> None:
    """Tells the streams of a conversation: ``{}`` for news, or ``{"state": …}``."""
    await fanout().publish(conversation_id, event, messages)


async def publish_queue() -> None:
    """Tells staff that a ticket, an alert or contact data came, went or changed."""
    await fanout().publish(STAFF, QUEUE_CHANGED)
