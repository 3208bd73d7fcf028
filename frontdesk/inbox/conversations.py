"""Finds the conversation of an address for who asks; that it was read is recorded."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry
from frontdesk.chat.models import Conversation, Message
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

# A page that is open asks for news all the time: that is one reading an hour.
ONE_READING = timedelta(hours=1)


def conversation_for(person: Person, conversation_id: UUID) -> Conversation:
    """The conversation, also an erased one.

    Raises:
        Http404: if there is none that this person may read.
    """
    if not person.may(Permission.READ):
        raise Http404
    return get_object_or_404(Conversation, pk=conversation_id)


def kept_for(person: Person, conversation_id: UUID) -> Conversation:
    """The same for who wants to write on it: not if it was erased.

    Raises:
        Http404: if there is none.
    """
    found = conversation_for(person, conversation_id)
    if found.erased_at is not None:
        raise Http404
    return found


def message_for(person: Person, conversation_id: UUID, number: int) -> Message:
    """A message of the conversation in the address, of no other.

    Raises:
        Http404: if there is none.
    """
    conversation = kept_for(person, conversation_id)
    return get_object_or_404(Message, conversation=conversation, number=number)


def record_reading(person: Person, conversation: Conversation) -> None:
    """Writes into the ledger that the person reads it, once an hour."""
    subject = f"conversation {conversation.pk}"
    since = timezone.now() - ONE_READING
    with transaction.atomic():
        before = Entry.objects.filter(subject=subject, action="read", at__gt=since)
        if not before.filter(person=person).exists():
            record(person, "read", subject)
