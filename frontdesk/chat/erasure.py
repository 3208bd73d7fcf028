"""Erases a conversation: what is stored here at once, Rasa's tracker for certain.

What remains is a row without content, which says that there was one and when it was
erased, and an alert that staff have not resolved yet.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone

from frontdesk.audit.ledger import Job, record
from frontdesk.chat import database, message_log, takeover_ends
from frontdesk.chat.models import Alert, Conversation
from frontdesk.chat.rasa_client import RasaError, rasa

logger = logging.getLogger(__name__)

# A message may be on its way to Rasa at the moment of the erasure, and would make the
# tracker anew: Rasa forgets for good when no such message can arrive any more.
MARGIN = timedelta(seconds=5)
MOST_AT_ONCE = 100
# Sent in the transaction, while everything is still there, with ``conversation_id``.
erasing = Signal()


def erase(conversation_id: UUID) -> bool:
    """Removes everything; says whether an open alert stays. Sync, in a transaction."""
    conversation = message_log.lock(conversation_id)
    erasing.send(sender=erase, conversation_id=conversation_id)
    conversation.messages.all().delete()  # with originals and feedback
    conversation.contacts.all().delete()
    conversation.tickets.all().delete()
    conversation.alerts.exclude(resolved_at=None).delete()
    conversation.notes.all().delete()
    conversation.tags.clear()
    takeover_ends.end_with(conversation)
    conversation.token_hash = f"erased:{secrets.token_hex(28)}"
    conversation.erased_at = timezone.now()
    conversation.improve = None
    conversation.locale = conversation.page = ""
    conversation.taken_over_by = ""
    # Whoever is answering finds that the lease is not theirs, and keeps nothing.
    conversation.lease_holder, conversation.lease_until = "", None
    conversation.save()
    return conversation.alerts.exists()


async def clear_resolved() -> None:
    """Removes the alerts of erased conversations that staff have resolved since."""
    if await database.read(_resolved().exists):
        await database.write(_clear_resolved)
        await database.read(database.empty_journal)


def _resolved() -> QuerySet[Alert]:
    return Alert.objects.exclude(conversation__erased_at=None).exclude(resolved_at=None)


def _clear_resolved() -> None:
    for alert in _resolved().select_for_update(of=("self",))[:MOST_AT_ONCE]:
        record(
            Job("erasure"),
            "delete",
            f"conversation {alert.conversation_id}",
            deleted={"Alert": 1},
        )
        alert.delete()


async def forget_now(conversation_id: UUID) -> None:
    """Has Rasa forget at once, if it can; ``forget_for_good`` makes it certain."""
    try:
        await rasa().forget(conversation_id)
    except RasaError as error:
        logger.info("Rasa could not erase a tracker yet: %s.", error)


async def forget_for_good() -> None:
    """Has Rasa forget what it may have learnt again; repeated until it has."""
    for conversation_id in await database.read(_remembered):
        try:
            await rasa().forget(conversation_id)
        except RasaError as error:
            logger.warning("Rasa can't erase a tracker (%s); tried again.", error)
            return
        await database.write(_note_forgotten, conversation_id)
        await database.read(database.empty_journal)


def _remembered() -> list[UUID]:
    quiet = timezone.now() - timedelta(seconds=settings.RASA_SECONDS) - MARGIN
    erased = Conversation.objects.filter(erased_at__lte=quiet, tracker_erased_at=None)
    return list(
        erased.order_by("erased_at").values_list("pk", flat=True)[:MOST_AT_ONCE]
    )


def _note_forgotten(conversation_id: UUID) -> None:
    erased = Conversation.objects.filter(pk=conversation_id)
    erased.update(tracker_erased_at=timezone.now())
