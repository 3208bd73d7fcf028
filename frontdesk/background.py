"""What runs beside the requests: started and stopped with the process (``asgi``).

Puts together what the chat, the alerts and the inbox have to do; the chat itself knows
neither of the other two.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable

from django.conf import settings

from clinic.sources import source_titles
from frontdesk.alerts.worker import worker
from frontdesk.chat import alarms, danger, database, erasure, retention, takeover_ends
from frontdesk.chat.answering import answering
from frontdesk.chat.fanout import fanout
from frontdesk.chat.instances import instance
from frontdesk.chat.rasa_client import rasa
from frontdesk.chat.texts import texts
from frontdesk.inbox import search_digests

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]

SECONDS_BETWEEN_COPIES = 1.0  # of SQLite's journal: short ones, so that none is felt


class Background:
    """The lasting tasks of one process."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Loads detector and texts, so that no first message waits for them."""
        await asyncio.to_thread(texts)
        await asyncio.to_thread(danger.detector)
        await asyncio.to_thread(danger.phrases_alone)
        await asyncio.to_thread(source_titles, ["any"])
        await fanout().start()
        self._tasks = [
            *(asyncio.create_task(_repeat(*each)) for each in _works()),
            asyncio.create_task(danger.keep_current()),
        ]
        await worker().start()
        # What has been loaded stays; to look through it again and again would hold up
        # every message by as much as all of it takes.
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Ends everything; what is not finished is in the database or the spool."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        danger.current().stop()
        await worker().stop()
        await answering.stop()
        await alarms.finish()
        await fanout().stop()
        await rasa().close()
        instance().close()  # what it was at may be taken up


def _works() -> list[tuple[str, Work, float]]:
    """What is repeated, each by itself, and how many seconds lie between two times."""
    often = settings.RECOVERY_SECONDS
    return [
        ("the spool", alarms.drain, often),
        ("unanswered messages", answering.recover, often),
        ("takeovers", takeover_ends.end_the_overdue, often),
        ("the search", search_digests.keep_up, often),
        ("erased conversations", erasure.forget_for_good, often),
        ("resolved alerts", erasure.clear_resolved, often),
        ("retention", retention.retention.when_due, often),
        ("the journal", _copy_journal, SECONDS_BETWEEN_COPIES),
    ]


async def _copy_journal() -> None:
    await database.read(database.copy_journal)


async def _repeat(what: str, work: Work, seconds: float) -> None:
    while True:
        await _attempt(what, work)
        await asyncio.sleep(seconds)


async def _attempt(what: str, work: Work) -> None:
    try:
        await work()
    except database.DatabaseDownError as error:
        logger.warning("%s: the database is down: %s.", what, error)
    except Exception as error:
        logger.error("%s: failed with %s.", what, type(error).__name__)
        logger.debug("Traceback of the failure above.", exc_info=error)
