"""What an open staff page has not heard yet; filled by the fan-out, read by the inbox.

Names of conversations and no text: the page asks for what it may see. Many changes of
one conversation are one piece of news, so a page that is slow is never behind.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

# The channel of what belongs to no conversation: the queue.
STAFF = "staff"
QUEUE_CHANGED = {"queue": True}
# States that come with a change of tickets or alerts.
QUEUE_STATES = {"handoff", "taken_over", "handed_back", "closed"}
# A page that is behind by more looks at everything again.
MOST_CONVERSATIONS = 500


@dataclass
class News:
    """What happened since the last look."""

    queue: bool = False
    conversations: set[str] = field(default_factory=set)
    typing: dict[str, bool] = field(default_factory=dict)  # patients

    def __bool__(self) -> bool:
        return self.queue or bool(self.conversations) or bool(self.typing)

    def with_more(self, later: News) -> News:
        """This, and what came behind it."""
        return News(
            self.queue or later.queue,
            self.conversations | later.conversations,
            {
                key: value
                for key, value in {**self.typing, **later.typing}.items()
                if key not in later.conversations or key in later.typing
            },
        )


class StaffSubscription:
    """Hears of every conversation, in the event loop of the fan-out."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self._news = News()
        self.is_over = False

    def end(self) -> None:
        """Has the stream end; its page comes back."""
        self.is_over = True
        self._woken.set()

    def put(self, key: str, event: dict[str, Any]) -> None:
        """Notes what happened in a conversation, or in the queue; never waits."""
        if event.get("state") == "typing":
            if event.get("author") != "patient":
                return
            self._news.typing[key] = bool(event.get("typing"))
        elif key == STAFF:
            self._news.queue = True
        else:
            self._news.conversations.add(key)
            self._news.typing.pop(key, None)
            self._news.queue |= event.get("state") in QUEUE_STATES
        if len(self._news.conversations) + len(self._news.typing) > MOST_CONVERSATIONS:
            self._news = News(queue=True)
        self._woken.set()

    async def wait(self, seconds: float) -> News:
        """What is new, as soon as there is anything; nothing if the time is over."""
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return News()
        return self.take()

    def take(self) -> News:
        """What is new, which may be nothing."""
        self._woken.clear()
        news, self._news = self._news, News()
        return news
