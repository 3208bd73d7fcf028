"""Keeps live conversations in memory: bounded, quickly copied, forgotten after hours.

Named in ``endpoints.yml: tracker_store``. Rasa's own in-memory store writes and reads a
whole conversation as JSON three times a message, and every policy walks through all of
it: turn 500 costs many times turn 5. Here a conversation is a live object, only the
last events of it are remembered (slots and an active loop are kept), and it is dropped
when nobody has written for some hours (design decision 5).
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
)
from rasa.shared.core.trackers import (
    DialogueStateTracker,
    get_trackers_for_conversation_sessions,
)
from rasa.shared.exceptions import InvalidConfigException

# Some sixteen turns; no policy looks at more than six states (config.yml).
REMEMBERED_EVENTS = 100
FEWEST_EVENTS = 40
IDLE_HOURS = 6.0
MAX_CONVERSATIONS = 5000


class BoundedTrackerStore(InMemoryTrackerStore):
    """Live trackers with limits (see parent class).

    ``store`` holds conversations in the order of their last message.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        *,
        remembered_events: int = REMEMBERED_EVENTS,
        idle_hours: float = IDLE_HOURS,
        max_conversations: int = MAX_CONVERSATIONS,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        """Checks the limits.

        Raises:
            InvalidConfigException: names the limit that makes no sense.
        """
        if remembered_events < FEWEST_EVENTS:
            _refuse("remembered_events", remembered_events, FEWEST_EVENTS)
        if idle_hours <= 0:
            _refuse("idle_hours", idle_hours, "something above 0")
        if max_conversations < 1:
            _refuse("max_conversations", max_conversations, 1)
        super().__init__(domain or Domain.empty(), event_broker, **kwargs)
        self.store: dict[str, DialogueStateTracker] = {}
        self._last_used: dict[str, float] = {}
        self._remembered = remembered_events
        self._idle_seconds = idle_hours * 3600
        self._max_conversations = max_conversations
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """(see parent class for full docstring)."""
        if self.event_broker is not None:
            await self.stream_events(tracker)
        kept = _copy_of(tracker, self.domain)
        kept.events = deque(_last_events(tracker.events, self._remembered))
        conversation = tracker.sender_id
        # Taken out first: the newest conversation is the last in the order.
        self.store.pop(conversation, None)
        self.store[conversation] = kept
        self._last_used[conversation] = self._clock()
        self.forget_idle()
        while len(self.store) > self._max_conversations:
            self.store.pop(next(iter(self.store)))
        self._wake_up_later()

    async def _retrieve(
        self, sender_id: str, fetch_all_sessions: bool
    ) -> DialogueStateTracker | None:
        self.forget_idle()
        kept = self.store.get(sender_id)
        if kept is None:
            return None
        tracker = _copy_of(kept, self.domain)
        tracker.events = kept.events.copy()
        if fetch_all_sessions or _count_sessions(kept.events) < 2:
            return tracker
        return get_trackers_for_conversation_sessions(tracker)[-1]

    async def keys(self) -> Iterable[str]:
        """(see parent class for full docstring)."""
        self.forget_idle()
        return list(self.store)

    def forget_idle(self) -> None:
        """Drops the conversations in which nobody wrote for too long."""
        oldest_allowed = self._clock() - self._idle_seconds
        for conversation in list(self.store):
            if self._last_used[conversation] > oldest_allowed:
                break
            del self.store[conversation]
        # Erased ones (components.tracker_erasure) leave only their time here. In place:
        # an agent with another model may share it (components.model_loading).
        if len(self._last_used) > 2 * len(self.store) + 10:
            for name in [name for name in self._last_used if name not in self.store]:
                del self._last_used[name]

    def _wake_up_later(self) -> None:
        """Forgets on time even if no further message comes."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._idle_seconds + 1, self._wake_up)

    def _wake_up(self) -> None:
        self._timer = None
        self.forget_idle()
        if self.store:
            self._wake_up_later()


def _refuse(limit: str, value: Any, least: Any) -> None:
    raise InvalidConfigException(
        f"endpoints.yml: tracker_store: {limit}: {value} is too small; "
        f"the least is {least}."
    )


def _copy_of(tracker: DialogueStateTracker, domain: Domain) -> DialogueStateTracker:
    """A tracker that can change while the other stays; it shares the events.

    Events never change once they are in a tracker; slots and loops do. The slots are
    those of the domain: another model may have been loaded meanwhile.
    """
    twin = copy.copy(tracker)
    twin.active_loop = copy.copy(tracker.active_loop)
    if not domain.slots:
        twin.slots = copy.copy(tracker.slots)
        twin.slots.update((name, copy.copy(slot)) for name, slot in twin.slots.items())
        return twin
    twin.slots = {}
    for slot in domain.slots:
        old = tracker.slots.get(slot.name)
        if old is not None and type(old) is type(slot):
            twin.slots[slot.name] = copy.copy(old)
        else:
            twin.slots[slot.name] = copy.copy(slot)
    return twin


def _count_sessions(events: Iterable[Event]) -> int:
    return sum(isinstance(event, SessionStarted) for event in events)


def _last_events(events: deque[Event], limit: int) -> Iterable[Event]:
    """The last whole turns, after what is still true of the turns before."""
    if len(events) <= limit:
        return events
    everything = list(events)
    start = _start_of_turn(everything, len(everything) - limit)
    if start is None:
        return events
    return [*_still_true(everything[:start]), *everything[start:]]


def _start_of_turn(events: list[Event], first: int) -> int | None:
    """Where the first turn at or after ``first`` begins: with the wait before it."""
    for position in range(first, len(events) - 1):
        event = events[position]
        if isinstance(event, ActionExecuted) and event.action_name == (
            ACTION_LISTEN_NAME
        ):
            return position
    return None


def _still_true(dropped: list[Event]) -> list[Event]:
    """The last value of each slot and the loop that is active, as events."""
    slots: dict[str, SlotSet] = {}
    loop: ActiveLoop | None = None
    for event in dropped:
        if isinstance(event, SlotSet):
            slots[event.key] = event
        elif isinstance(event, ActiveLoop):
            loop = event if event.name else None
        elif isinstance(event, AllSlotsReset):
            slots.clear()
        elif isinstance(event, Restarted):
            slots.clear()
            loop = None
    return [*slots.values(), *([loop] if loop else [])]
