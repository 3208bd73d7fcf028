"""Works off urgent alerts while the front desk runs (``frontdesk.background``)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache, partial

from django.conf import settings
from django.utils import timezone

from frontdesk.alerts import climb, drill, sending
from frontdesk.alerts.delivery import prepare, send_in_time
from frontdesk.chat import database
from frontdesk.chat.fanout import publish_queue
from frontdesk.chat.instances import instance
from frontdesk.chat.waiting import waiting

logger = logging.getLogger(__name__)

MOST_SENT_AT_ONCE = 16
# Patients who wait for an answer go first, for so long each time something is due.
SECONDS_TO_LET_BY = 0.5
# A result is worth some patience: without it, people are told twice.
PATIENCE = 5
SECONDS_TO_STOP = 3.0


class Worker:
    """The one of this process."""

    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begins with what was left over; does not wait for anything."""
        self._tasks = [
            asyncio.create_task(self._work()),
            asyncio.create_task(_repeat(self._drills, settings.RECOVERY_SECONDS)),
        ]

    async def stop(self) -> None:
        """Waits a little for what is being sent; the rest is sent again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=SECONDS_TO_STOP)

    async def work_off(self) -> None:
        """Plans what is due, and begins to send; does not wait until it is sent."""
        time = asyncio.get_running_loop().time
        until = time() + SECONDS_TO_LET_BY
        for alert_id in await database.read(climb.due_alerts, self._clock()):
            await waiting.nobody(until - time())
            await _attempt(self._climb, alert_id)
        for attempt_id in await database.read(sending.due_attempts, self._clock()):
            if len(self._sending) >= MOST_SENT_AT_ONCE:
                return
            if attempt_id not in self._sending:
                task = asyncio.create_task(_attempt(self._send, attempt_id))
                self._sending[attempt_id] = task
                task.add_done_callback(partial(self._sent, attempt_id))

    async def _work(self) -> None:
        await _attempt(asyncio.to_thread, prepare)
        await _repeat(self.work_off, settings.ALERT_SECONDS)

    async def _drills(self) -> None:
        await drill.look_after(self._clock())

    async def _climb(self, alert_id: int) -> None:
        await database.write(climb.climb, alert_id, self._clock())
        await publish_queue()

    def _sent(self, attempt_id: int, _: asyncio.Task[None]) -> None:
        del self._sending[attempt_id]

    async def _send(self, attempt_id: int) -> None:
        holder = instance().new_holder()
        claimed = await database.write(sending.claim, attempt_id, holder, self._clock())
        if claimed is None:
            return
        outcome = await send_in_time(claimed.channel, claimed.notice)
        if outcome.error:
            logger.error("%s: %s: %s", claimed.channel, outcome.state, outcome.error)
        for left in reversed(range(PATIENCE)):
            try:
                await database.write(sending.finish, claimed, outcome, self._clock())
                return
            except database.DatabaseDownError:
                if not left:
                    raise
                await asyncio.sleep(1)


async def _repeat(work: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await _attempt(work)
        await asyncio.sleep(seconds)


async def _attempt[**P](
    work: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs
) -> None:
    """One thing that fails keeps no other from being done."""
    try:
        await work(*args, **kwargs)
    except database.DatabaseDownError as error:
        logger.error("Urgent alerts: the database is down: %s.", error)
    except Exception as error:
        logger.error("Urgent alerts: failed with %s.", type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)


@cache
def worker() -> Worker:
    """The one worker of this process."""
    return Worker()
