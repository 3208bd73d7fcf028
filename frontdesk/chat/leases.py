"""Who answers a conversation: one gateway at a time, for a while. Sync.

The leases of a gateway that has died on this machine are freed at the next look; those
of one elsewhere run out. Then another gateway, or its successor, answers what is left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from frontdesk.chat import message_log, statements
from frontdesk.chat.instances import ended, instance
from frontdesk.chat.models import Conversation, Message


@dataclass(frozen=True)
class Claimed:
    """A message to be answered, and whose task that is."""

    conversation: Conversation
    message: Message
    holder: str


def claim(conversation_id: UUID, holder: str) -> Claimed | None:
    """The oldest message to be answered, now ours; None if there is none or not ours.

    What comes while the lease is held is seen by its holder, who looks for more in the
    transaction that gives it back: who finds the lease taken need not come again.
    """
    conversation = _locked(conversation_id)
    if conversation is None or not is_free(conversation, holder):
        return None
    claimed = following(conversation, holder)
    statements.store_turn(conversation)
    return claimed


def following(conversation: Conversation, holder: str) -> Claimed | None:
    """The oldest message to be answered, for who may have the lease.

    With None the lease is free. The conversation is locked, and still to be stored.
    """
    waiting = conversation.messages.filter(state=Message.State.ACCEPTED)
    message = waiting.order_by("number").first()
    if message is None or conversation.erased_at is not None:
        give_back(conversation)
        return None
    take(conversation, holder)
    return Claimed(conversation, message, holder)


def behind(conversation: Conversation, answered: Claimed) -> Claimed | None:
    """The same for who has just answered one: there was none before that."""
    if conversation.last_number == answered.message.number:
        give_back(conversation)
        return None
    return following(conversation, answered.holder)


def take(conversation: Conversation, holder: str) -> None:
    """Has somebody answer a locked conversation, which is still to be stored."""
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    conversation.lease_holder, conversation.lease_until = holder, until


def give_back(conversation: Conversation) -> None:
    """Nobody answers a locked conversation, which is still to be stored."""
    conversation.lease_holder, conversation.lease_until = "", None


def is_free(conversation: Conversation, holder: str) -> bool:
    """Whether somebody may take the lease of a locked conversation."""
    until = conversation.lease_until
    is_over = until is None or until <= timezone.now()
    return is_over or conversation.lease_holder == holder


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


def free_those_of_the_dead() -> None:
    """Frees what gateways of this machine held when they ended."""
    with instance().dead() as names:
        for name in names:
            held_by_it = Conversation.objects.filter(lease_holder__startswith=name)
            held_by_it.update(lease_holder="", lease_until=None)
            ended.send(sender=None, name=name)


def _locked(conversation_id: UUID) -> Conversation | None:
    try:
        return message_log.lock(conversation_id)
    except Conversation.DoesNotExist:
        return None
