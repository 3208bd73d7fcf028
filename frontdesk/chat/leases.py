"""Who answers a conversation: one gateway at a time, for a while. Sync.

A gateway that dies holding a lease is waited for until the lease runs out; then another
one, or its own successor, answers what is left.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from frontdesk.chat import message_log
from frontdesk.chat.models import Conversation, Message


def claim(conversation_id: UUID, holder: str) -> tuple[Conversation, Message] | None:
    """The oldest message to be answered, now ours; else None and the lease is free.

    Claiming and giving back look at the messages under the conversation's lock: one
    that comes meanwhile is seen here, or its own claim succeeds.
    """
    conversation = _locked(conversation_id)
    now = timezone.now()
    if conversation is None or not _is_free(conversation, holder, now):
        return None
    message = (
        conversation.messages.filter(state=Message.State.ACCEPTED)
        .order_by("number")
        .first()
    )
    if message is None or conversation.erased_at is not None:
        if conversation.lease_holder:
            _set(conversation, "", None)
        return None
    _set(conversation, holder, now + timedelta(seconds=settings.LEASE_SECONDS))
    return conversation, message


def held(conversation_id: UUID, holder: str) -> Conversation | None:
    """The conversation, locked, if the lease is still ours."""
    conversation = _locked(conversation_id)
    if conversation is None or conversation.lease_holder != holder:
        return None
    until = conversation.lease_until
    return conversation if until and until > timezone.now() else None


def waiting() -> list[UUID]:
    """Conversations with unanswered messages that nobody is working on."""
    free = Q(conversation__lease_until=None) | Q(
        conversation__lease_until__lte=timezone.now()
    )
    found = Message.objects.filter(
        free, state=Message.State.ACCEPTED, conversation__erased_at=None
    )
    return list(found.values_list("conversation_id", flat=True).distinct())


def _locked(conversation_id: UUID) -> Conversation | None:
    try:
        return message_log.lock(conversation_id)
    except Conversation.DoesNotExist:
        return None


def _is_free(conversation: Conversation, holder: str, now: datetime) -> bool:
    until = conversation.lease_until
    return conversation.lease_holder == holder or until is None or until <= now


def _set(conversation: Conversation, holder: str, until: datetime | None) -> None:
    conversation.lease_holder, conversation.lease_until = holder, until
    conversation.save(update_fields=["lease_holder", "lease_until"])
