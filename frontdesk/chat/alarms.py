"""Alerts of dangerous messages that were refused: kept in the database, or in a spool.

Such a message has no row in the log; the alert says when it was, and whose if that is
known. While the database is down, a line in a file is what there is.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from frontdesk.chat import database, spool
from frontdesk.chat.arrival import Arrival
from frontdesk.chat.fanout import publish_queue
from frontdesk.chat.models import Alert, Conversation

logger = logging.getLogger(__name__)

# The same patient trying again is the same alarm.
SAME_ALARM = timedelta(minutes=1)
# Nobody can act on more alarms that name no conversation.
MOST_NAMELESS = 30  # in that time
# What the alert says of a message that came without a session's token.
NO_SESSION = "no_session"
_tasks: set[asyncio.Task[None]] = set()


def keep_refused(arrival: Arrival) -> None:
    """Has the alert of a refused message kept, if it is due one; does not wait."""
    danger = arrival.danger
    if danger is None or not danger.is_urgent:
        return
    line = {
        "spool_id": secrets.token_hex(16),
        "token_hash": arrival.token_hash,
        "route": danger.route,
        "topic": danger.topic,
        "refused_as": _reason(arrival),
        "created_at": timezone.now().isoformat(),
    }
    task = asyncio.create_task(_keep(line))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


def _reason(arrival: Arrival) -> str:
    """Before consent there is no token; a wrong one belongs to a chat that is over."""
    is_without = arrival.refused_as == "unauthorized" and not arrival.token_hash
    return NO_SESSION if is_without else arrival.refused_as


async def finish() -> None:
    """Waits for the alerts that are being kept; at shutdown and in tests."""
    await asyncio.gather(*_tasks, return_exceptions=True)


async def _keep(line: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    database.deadline.set(loop.time() + 1)
    try:
        await database.write(store, line)
        await publish_queue()
    except Exception as error:
        logger.error("An alert waits in the spool: %s.", type(error).__name__)
        await asyncio.to_thread(spool.keep, line)


def store(line: dict[str, Any]) -> None:
    """Makes the alert of a line, once."""
    token_hash = line["token_hash"]
    known = Conversation.objects.filter(token_hash=token_hash, erased_at=None)
    conversation = known.first() if token_hash else None
    created_at = datetime.fromisoformat(line["created_at"])
    before = Alert.objects.filter(
        conversation=conversation,
        acknowledged_at=None,
        created_at__gt=created_at - SAME_ALARM,
        created_at__lte=created_at,
    )
    if conversation is None and before.count() >= MOST_NAMELESS:
        logger.warning("More refused urgent messages than are kept as alerts.")
        return
    if conversation is not None and before.filter(route=line["route"]).exists():
        return
    Alert.objects.get_or_create(
        spool_id=line["spool_id"],
        defaults={
            "conversation": conversation,
            "route": line["route"],
            "topic": line["topic"],
            "created_at": created_at,
            "origin": Alert.Origin.REFUSED,
            # A line of an older version has none.
            "refused_as": line.get("refused_as", ""),
        },
    )
    if conversation is not None:
        Conversation.objects.filter(pk=conversation.pk).update(after_urgent=True)


async def drain() -> int:
    """Moves the spool into the database; gives how many lines."""
    if not spool.has_lines():
        return 0
    moved = await asyncio.to_thread(_move, asyncio.get_running_loop())
    await publish_queue()
    return moved


def _move(loop: asyncio.AbstractEventLoop) -> int:
    """In a thread, since the file may be another process's; stored in ``loop``'s."""
    with spool.lines() as lines:
        for line in lines:
            # Not one transaction: the lines go only after each is committed, and none
            # twice. A patient's message waits for one of them, not for all.
            stored = database.write(store, line)
            asyncio.run_coroutine_threadsafe(stored, loop).result()
        return len(lines)
