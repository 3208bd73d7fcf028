"""How often and how much one patient may ask; called by the chat API before any work.

Rates are moving windows of a minute, in this process or, with ``REDIS_URL``, shared by
all front desks. Who asks is a session or a network address, never kept in clear.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Protocol

import limits
import redis
from django.conf import settings
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from frontdesk.chat.addresses import address_of

__all__ = [
    "RateLimiter",
    "StreamSlots",
    "TooManyError",
    "address_of",
    "rates",
    "stream_slots",
]

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
REDIS_SECONDS = 0.5  # longer, and this process counts for itself
SECONDS_BETWEEN_WARNINGS = 60
SECONDS_BETWEEN_SWEEPS = 60
RETRY_STREAM_SECONDS = 10


class TooManyError(Exception):
    """Over a limit; ``retry_after`` says in how many seconds to try again."""

    def __init__(self, kind: str, retry_after: int) -> None:
        super().__init__(f"{kind}: over the limit")
        self.kind = kind
        self.retry_after = retry_after


class Windows(Protocol):
    """Counts hits; those refused do not count."""

    def hit(self, kind: str, key: str, most: int) -> float:
        """Takes one of ``most`` hits a minute; else gives the seconds to wait."""


class MemoryWindows:
    """The times of each key's last hits, in this process.

    The store of ``limits`` walks through all keys at every hit; this one does so once a
    minute.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._hits: dict[tuple[str, str], deque[float]] = {}
        self._swept_at = clock()

    def hit(self, kind: str, key: str, most: int) -> float:
        """(see the protocol for full docstring)."""
        now = self._clock()
        self._sweep(now)
        hits = self._hits.setdefault((kind, key), deque())
        while hits and hits[0] <= now - WINDOW_SECONDS:
            hits.popleft()
        if len(hits) >= most:
            return hits[0] + WINDOW_SECONDS - now if hits else WINDOW_SECONDS
        hits.append(now)
        return 0.0

    def _sweep(self, now: float) -> None:
        if now - self._swept_at < SECONDS_BETWEEN_SWEEPS:
            return
        self._swept_at = now
        for name, hits in list(self._hits.items()):
            if not hits or hits[-1] <= now - WINDOW_SECONDS:
                del self._hits[name]


class RedisWindows:
    """The same in Redis, for several front desks; blocks for a moment."""

    def __init__(self, url: str) -> None:
        storage = RedisStorage(
            url.replace("unix://", "redis+unix://", 1),
            key_prefix="frontdesk",
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
        )
        self._limiter = MovingWindowRateLimiter(storage)

    def hit(self, kind: str, key: str, most: int) -> float:
        """(see the protocol for full docstring).

        Raises:
            redis.RedisError: while Redis does not answer.
        """
        if most < 1:
            return WINDOW_SECONDS
        rate = limits.RateLimitItemPerMinute(most, namespace=kind)
        if self._limiter.hit(rate, key):
            return 0.0
        return max(0.1, self._limiter.get_window_stats(rate, key)[0] - time.time())


class RateLimiter:
    """The rates of ``settings.LIMITS``: so many a minute of a kind and a key."""

    def __init__(self, shared: Windows | None = None) -> None:
        """Counts in this process; first in ``shared``, if there is one."""
        self._shared = shared
        self._own = MemoryWindows()
        self._warned_at = -math.inf

    async def check(self, kind: str, key: str) -> None:
        """Counts one call.

        Args:
            kind: ``message_session``, ``message_address`` or ``session_address``.
            key: the session's or address's name.

        Raises:
            TooManyError: if it is one too many; it then does not count.
        """
        most = settings.LIMITS[kind]
        wait = await self._hit(kind, _anonymous(key), most)
        if wait > 0:
            raise TooManyError(kind, math.ceil(wait))

    async def _hit(self, kind: str, key: str, most: int) -> float:
        if self._shared is not None:
            try:
                return await asyncio.to_thread(self._shared.hit, kind, key, most)
            except redis.RedisError as error:
                self._warn(error)
        return self._own.hit(kind, key, most)

    def _warn(self, error: Exception) -> None:
        now = time.monotonic()
        if now - self._warned_at >= SECONDS_BETWEEN_WARNINGS:
            self._warned_at = now
            logger.warning(
                "REDIS_URL: Redis does not answer (%s): each front desk counts rates "
                "for itself until it does.",
                type(error).__name__,
            )


class StreamSlots:
    """How many streams are open in this process: by session, by address, in all."""

    def __init__(self) -> None:
        self._open: Counter[tuple[str, str]] = Counter()

    @property
    def total(self) -> int:
        """How many are open."""
        return self._open["streams", ""]

    @contextmanager
    def take(self, session: str, address: str) -> Iterator[None]:
        """Holds one slot.

        Raises:
            TooManyError: if there is none left for the session, the address or at all.
        """
        release = self.acquire(session, address)
        try:
            yield
        finally:
            release()

    def acquire(self, session: str, address: str) -> Callable[[], None]:
        """Takes one slot; gives what releases it, safe to call twice.

        Raises:
            TooManyError: (see ``take``).
        """
        names = [
            ("streams", ""),
            ("streams_address", address),
            ("streams_session", session),
        ]
        for kind, key in names:
            if self._open[kind, key] >= settings.LIMITS[kind]:
                raise TooManyError(kind, RETRY_STREAM_SECONDS)
        self._open.update(names)

        def release() -> None:
            held, names[:] = list(names), []
            for name in held:
                self._open[name] -= 1
                if self._open[name] <= 0:
                    del self._open[name]

        return release


@cache
def rates() -> RateLimiter:
    """The one rate limiter of this process."""
    url = settings.REDIS_URL
    return RateLimiter(RedisWindows(url) if url else None)


@cache
def stream_slots() -> StreamSlots:
    """The one count of open streams of this process."""
    return StreamSlots()


def _anonymous(key: str) -> str:
    secret = hashlib.sha256(settings.SECRET_KEY.encode()).digest()
    return hashlib.blake2b(key.encode(), key=secret, digest_size=16).hexdigest()
