"""The way to the database: a few threads with lasting connections, and a deadline.

Async code calls ``read`` and ``write`` with a sync function; urgent writes go first.
Django's own bridge would take a thread and a connection for each open stream, and
would wait for ever.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import PriorityQueue
from typing import Any

from django.conf import settings
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    close_old_connections,
    connection,
    transaction,
)

from frontdesk.database_url import BUSY_SECONDS

logger = logging.getLogger(__name__)

# Until when the one who asks can wait, as the loop's time; set for urgent messages.
deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "deadline", default=None
)
_is_last: contextvars.ContextVar[bool] = contextvars.ContextVar(
    "is_last", default=False
)
SECONDS_BETWEEN_TRIES = 0.01  # to empty the journal
NOT_DOWN = (IntegrityError, DataError, ProgrammingError)
_threads = ThreadPoolExecutor(settings.DATABASE_THREADS, "database")


class DatabaseDownError(RuntimeError):
    """The database did not answer, or not in time.

    Nothing was stored; unless it was at the very last step when time ran out: ``late``
    then says what became of it.
    """

    late: asyncio.Future[Any] | None = None


class _AbandonedError(Exception):
    """Nobody waits for this call any more: roll it back."""


class _UrgentFirst(ThreadPoolExecutor):
    """One thread; who has a deadline overtakes the others, ``write_last`` nobody."""

    def __init__(self, name: str) -> None:
        super().__init__(1, name)
        self._numbers = itertools.count()
        self._line: PriorityQueue[
            tuple[bool, bool, int, Future[Any], Callable[[], Any]]
        ]
        self._line = PriorityQueue()

    def submit[**P, T](
        self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Puts a call in line, at the place that the context says."""
        future: Future[T] = Future()
        call = partial(function, *args, **kwargs)
        place = deadline.get() is None, _is_last.get(), next(self._numbers)
        self._line.put((*place, future, call))
        super().submit(self._run_first)
        return future

    def _run_first(self) -> None:
        *_, future, call = self._line.get_nowait()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)


# SQLite takes one writer at a time; a second one would sleep, and look now and then.
_writers = (
    _UrgentFirst("database-writer") if connection.vendor == "sqlite" else _threads
)


class _Call:
    """One function on its way through a database thread."""

    def __init__(self, function: Callable[[], Any], *, in_transaction: bool) -> None:
        self.function = function
        self.in_transaction = in_transaction
        self.abandoned = False

    def run(self) -> Any:
        if self.abandoned:
            return None
        try:
            close_old_connections()
            if not self.in_transaction:
                return self.function()
            with transaction.atomic():
                result = self.function()
                if self.abandoned:
                    raise _AbandonedError
                return result
        except _AbandonedError:
            return None
        except NOT_DOWN:
            raise
        except (DatabaseError, InterfaceError, OSError) as error:
            connection.close()
            raise DatabaseDownError(type(error).__name__) from error


async def read[**P, T](
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Calls a function that only reads.

    Raises:
        DatabaseDownError: if the database can't answer (in time).
    """
    return await _finish(_Call(lambda: function(*args, **kwargs), in_transaction=False))


async def write[**P, T](
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Calls a function in a transaction; either all of it is kept, or nothing.

    Raises:
        DatabaseDownError: if the database can't answer (in time).
    """
    return await _finish(_Call(lambda: function(*args, **kwargs), in_transaction=True))


async def write_last[**P, T](
    function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """The same for what may wait: patients' messages go first.

    Raises:
        DatabaseDownError: if the database can't answer (in time).
    """
    before = _is_last.set(True)
    try:
        return await write(function, *args, **kwargs)
    finally:
        _is_last.reset(before)


def copy_journal() -> None:
    """Copies what SQLite's journal holds to its place, while others write on. Sync."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


def empty_journal() -> bool:
    """SQLite keeps pages as they were in its journal until that is emptied. Sync.

    Where another thread or process is just copying it, SQLite gives up at once instead
    of waiting; so it is tried again, for as long as a write would wait.

    Returns:
        Whether nothing is left in it.
    """
    if connection.vendor != "sqlite":
        return True
    until = time.monotonic() + BUSY_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            (is_busy, *_) = cursor.fetchone()
        if not is_busy:
            return True
        if time.monotonic() >= until:
            logger.warning("What was erased may still be in the database's journal.")
            return False
        time.sleep(SECONDS_BETWEEN_TRIES)


async def _finish(call: _Call) -> Any:
    loop = asyncio.get_running_loop()
    until = deadline.get()
    patience = settings.DATABASE_SECONDS
    if until is not None:
        patience = max(until - loop.time(), 0.01)
    threads = _writers if call.in_transaction else _threads
    running = loop.run_in_executor(threads, call.run)
    try:
        return await asyncio.wait_for(asyncio.shield(running), patience)
    except TimeoutError as error:
        call.abandoned = True
        running.add_done_callback(_forget)
        down = DatabaseDownError("too slow")
        down.late = running
        raise down from error
    except asyncio.CancelledError:
        # The client has gone; what it sent is stored all the same.
        running.add_done_callback(_forget)
        raise


def _forget(running: asyncio.Future[Any]) -> None:
    """Takes note of a result that nobody waits for."""
    if not running.cancelled() and running.exception() is not None:
        logger.warning("Late database call: %s.", type(running.exception()).__name__)
