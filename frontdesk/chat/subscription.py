"""What one stream has not seen yet; filled by ``fanout``, emptied by ``stream``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any

from frontdesk.chat.models import Message

Event = dict[str, Any]
MOST_AT_ONCE = 50  # a stream that is behind by more has no use for the oldest
# States that never come with a message.
WITHOUT_MESSAGE = {"typing", "handoff"}


class Subscription:
    """What one stream has not seen yet."""

    def __init__(self) -> None:
        self._news = asyncio.Event()
        self._messages: deque[Message] = deque(maxlen=MOST_AT_ONCE)
        self._states: deque[Event] = deque(maxlen=MOST_AT_ONCE)
        self._is_behind = True
        self.is_over = False

    def end(self) -> None:
        """Has the stream end; its client comes back."""
        self.is_over = True
        self._news.set()

    def put(self, event: Event, messages: Iterable[Message] = ()) -> None:
        """Notes an event, with all its messages or none of them; never waits."""
        if event.get("state"):
            self._states.append(event)
        known = len(self._messages)
        self._messages.extend(messages)
        if len(self._messages) == known and event.get("state") not in WITHOUT_MESSAGE:
            self._is_behind = True
        self._news.set()

    def behind(self, number: int) -> list[Message] | None:
        """The messages behind a number that came since the last call.

        None if there may be others, or one between them: the database knows.
        """
        is_behind, self._is_behind = self._is_behind, False
        new = [each for each in self._messages if each.number > number]
        self._messages.clear()
        new.sort(key=lambda each: each.number)
        wanted = range(number + 1, number + 1 + len(new))
        if is_behind or [each.number for each in new] != list(wanted):
            return None
        return new

    async def wait(self, seconds: float) -> list[Event]:
        """The states since the last call, as soon as there is anything new."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return []
        self._news.clear()
        states = list(self._states)
        self._states.clear()
        return states
