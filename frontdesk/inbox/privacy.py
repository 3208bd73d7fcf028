"""Exporting and erasing a conversation because somebody asked for it.

Called by ``views_privacy``. Who asked is recorded as one of a few words: the ledger has
no text of a patient, nor their name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry
from frontdesk.chat import erasure
from frontdesk.chat.models import Conversation, Original
from frontdesk.staff.models import Person

ASKED = {
    "chat": "The patient, in this chat",
    "person": "The patient, in person or by phone; I have checked who they are",
    "writing": "The patient, in writing; I have checked who they are",
    "representative": "Somebody who may act for the patient; I have checked that",
    "duty": "Nobody: the clinic has to",
}


class NotAskedError(ValueError):
    """The form lacks something; the message says what, for people."""


def short_id(conversation_id: UUID) -> str:
    """What a person types to say which one they mean."""
    return str(conversation_id)[:8]


def asked_by(choice: str) -> str:
    """One of ``ASKED``.

    Raises:
        NotAskedError: if it is none.
    """
    if choice not in ASKED:
        raise NotAskedError("Nothing was done: say who asked for it.")
    return choice


def record_export(person: Person, conversation: Conversation, asked: str) -> None:
    """That a copy was made, and at whose wish."""
    record(person, "export", f"conversation {conversation.pk}", asked=asked)


def check_typed(conversation_id: UUID, typed: str) -> None:
    """Whether somebody means this very conversation.

    Raises:
        NotAskedError: if what they typed is not its short id.
    """
    if typed.strip().lower() != short_id(conversation_id):
        raise NotAskedError(
            f"Nothing was erased: what you typed is not {short_id(conversation_id)}."
        )


def erase(conversation_id: UUID, person: Person, asked: str) -> bool:
    """Erases it; says whether an open alert stays. Sync.

    Raises:
        NotAskedError: if it was erased meanwhile.
    """
    with transaction.atomic():
        rows = Conversation.objects.select_for_update()
        if rows.get(pk=conversation_id).erased_at is not None:
            raise NotAskedError("It was erased already.")
        stays = erasure.erase(conversation_id)
        subject = f"conversation {conversation_id}"
        record(person, "erase", subject, asked=asked, alert_stays=stays)
    return stays


def about(conversation: Conversation) -> dict[str, Any]:
    """What is kept of it, for the page."""
    originals = Original.objects.filter(message__conversation=conversation)
    last = conversation.messages.aggregate(at=Max("sent_at"))["at"]
    return {
        "conversation": conversation,
        "short_id": short_id(conversation.pk),
        "asked": ASKED.items(),
        "messages_kept": conversation.messages.count(),
        "originals": originals.count(),
        "originals_until": originals.aggregate(at=Max("delete_after"))["at"],
        "contacts": conversation.contacts.count(),
        "open_tickets": conversation.tickets.filter(resolved_at=None).count(),
        "open_alerts": conversation.alerts.filter(resolved_at=None).count(),
        "ends_by_itself": _end(last or conversation.last_seen_at),
        "zone": settings.CLINIC.time_zone,
        "learned": _learned(conversation),
    }


def _learned(conversation: Conversation) -> dict[str, Any]:
    """What had been learned from an erased conversation, as the ledger has it."""
    subject = f"conversation {conversation.pk}"
    found = Entry.objects.filter(subject=subject, action="erase training")
    entry = found.order_by("-number").first()
    return dict(entry.detail) if entry else {}


def _end(last: datetime) -> datetime:
    period = settings.KEPT["conversations"]
    return last + period
