"""Erases a conversation from Rasa's tracker store. Called by the front desk's channel.

Rasa has no call for it (rasa#10719), so each kind of store is handled by name.
"""

from __future__ import annotations

from rasa.core.tracker_store import (
    InMemoryTrackerStore,
    RedisTrackerStore,
    SQLTrackerStore,
    TrackerStore,
)


class ErasureNotPossibleError(RuntimeError):
    """The tracker store is of a kind that this module does not know."""


def erase_tracker(store: TrackerStore, conversation: str) -> bool:
    """Removes every event of a conversation; says whether there was one.

    Hold the conversation's lock around it, or a message under way writes it back.

    Raises:
        ErasureNotPossibleError: names the kind of store.
    """
    erased = False
    for member in _members(store):
        erased = _erase_from(member, conversation) or erased
    return erased


def _members(store: TrackerStore) -> list[TrackerStore]:
    """The store itself, or those that Rasa wrapped: the store and its fallback."""
    wrapped = getattr(store, "_tracker_store", None)
    if wrapped is None:
        return [store]
    fallback = getattr(store, "_fallback_tracker_store", None)
    return [*_members(wrapped), *(_members(fallback) if fallback else [])]


def _erase_from(store: TrackerStore, conversation: str) -> bool:
    if isinstance(store, InMemoryTrackerStore):
        return store.store.pop(conversation, None) is not None
    if isinstance(store, SQLTrackerStore):
        with store.session_scope() as session:
            events = session.query(store.SQLEvent).filter_by(sender_id=conversation)
            erased = events.delete() > 0
            session.commit()
        return erased
    if isinstance(store, RedisTrackerStore):
        return store.red.delete(store.key_prefix + conversation) > 0
    raise ErasureNotPossibleError(
        f"endpoints.yml: tracker_store: a conversation can't be erased from "
        f"{type(store).__name__}; teach components/tracker_erasure.py how."
    )
