"""The cache of several front desks: Redis, and this process alone while it is down.

Counts sign-ins beyond what axes has in the database, and remembers used codes. Without
it nobody of the staff could sign in, so a Redis that is down must not matter.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


class Pool(redis.ConnectionPool):
    """Connections, for the redis-py that Rasa is pinned to."""

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Pool:
        """(see parent class) Before redis-py 5 nobody could say who connects."""
        options.pop("lib_name", None)
        return super().from_url(url, **options)


class Cache(RedisCache):
    """(see parent class for full docstring)."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        waits = {"socket_connect_timeout": 1, "socket_timeout": 1}
        options = {"pool_class": Pool, **waits}
        super().__init__(server, {**params, "OPTIONS": options})
        self._own = LocMemCache("while-redis-is-down", {"KEY_PREFIX": "staff"})

    def add(self, *args: Any, **kwargs: Any) -> bool:
        """(see parent class for full docstring)."""
        return bool(self._either("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        """(see parent class for full docstring)."""
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        """(see parent class for full docstring)."""
        self._either("set", *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        """(see parent class for full docstring)."""
        return bool(self._either("delete", *args, **kwargs))

    def _either(self, deed: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return getattr(super(), deed)(*args, **kwargs)
        except redis.RedisError as error:
            logger.warning("Redis is down: %s.", type(error).__name__)
            return getattr(self._own, deed)(*args, **kwargs)
