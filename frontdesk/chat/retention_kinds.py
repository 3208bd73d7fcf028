"""The kinds of data that have a period: what of each is past it, and how it goes.

Nothing of a conversation with an open alert is past its period (``is_held``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from frontdesk.chat import erasure
from frontdesk.chat.models import (
    Alert,
    Contact,
    Conversation,
    Message,
    Original,
    Ticket,
)
from frontdesk.staff.models import Invitation

type Rows = QuerySet[Any]


@dataclass(frozen=True)
class Kind:
    """One kind of data."""

    name: str
    words: str
    period: str  # in ``settings.KEPT``; empty: what has a date of its own
    due: Callable[[datetime], Rows]  # the rows that are older than a date
    remove: Callable[[list[Any]], dict[str, int]]  # by key; says what went
    at_once: int = 500

    @property
    def before(self) -> datetime:
        """The date: older is past its period."""
        now = timezone.now()
        return now - settings.KEPT[self.period] if self.period else now


def _rows_of(model: type[Model]) -> Callable[[list[Any]], dict[str, int]]:
    def remove(keys: list[Any]) -> dict[str, int]:
        _, counts = model._default_manager.filter(pk__in=keys).delete()
        return {name.split(".")[-1]: count for name, count in counts.items() if count}

    return remove


def _erase(keys: list[Any]) -> dict[str, int]:
    """As on request: a row without content stays, and Rasa forgets."""
    messages = Message.objects.filter(conversation__in=keys).count()
    for key in keys:
        erasure.erase(key)
    return {"Conversation": len(keys), "Message": messages}


def is_held(conversation: str = "pk") -> Exists:
    """Whether an alert of the conversation is open."""
    return Exists(
        Alert.objects.filter(conversation=OuterRef(conversation), resolved_at=None)
    )


def _originals(before: datetime) -> Rows:
    due = Q(delete_after__lte=timezone.now()) | Q(message__sent_at__lt=before)
    return Original.objects.filter(due).exclude(is_held("message__conversation"))


def _contacts(before: datetime) -> Rows:
    due = Contact.objects.filter(created_at__lt=before)
    return due.exclude(is_held("conversation"))


def _live(before: datetime) -> Rows:
    seen = Conversation.objects.filter(erased_at=None, last_seen_at__lt=before)
    return seen.exclude(is_held())


def _unused(before: datetime) -> Rows:
    mine = {"conversation": OuterRef("pk")}
    found = _live(before)
    for used in (
        Message.objects.filter(author=Message.Author.PATIENT, **mine),
        Ticket.objects.filter(**mine),
        Contact.objects.filter(**mine),
        Alert.objects.filter(**mine),
    ):
        found = found.exclude(Exists(used))
    return found


def _conversations(before: datetime) -> Rows:
    newer = Message.objects.filter(conversation=OuterRef("pk"), sent_at__gte=before)
    return _live(before).exclude(Exists(newer))


def _tickets(before: datetime) -> Rows:
    due = Ticket.objects.filter(resolved_at__lt=before)
    return due.exclude(is_held("conversation"))


def _alerts(before: datetime) -> Rows:
    old_drill = Q(is_drill=True, created_at__lt=before)
    return Alert.objects.filter(Q(resolved_at__lt=before) | old_drill)


def _tombstones(before: datetime) -> Rows:
    due = Conversation.objects.filter(erased_at__lt=before).exclude(
        tracker_erased_at=None
    )
    return due.exclude(Exists(Alert.objects.filter(conversation=OuterRef("pk"))))


KINDS = (
    Kind(
        "originals", "patients' own words", "originals", _originals, _rows_of(Original)
    ),
    Kind("contacts", "contact data", "contacts", _contacts, _rows_of(Contact)),
    Kind(
        "unused sessions",
        "chats nobody wrote in",
        "unused_sessions",
        _unused,
        _erase,
        50,
    ),
    Kind("conversations", "conversations", "conversations", _conversations, _erase, 20),
    Kind("tickets", "resolved hand-offs", "matters", _tickets, _rows_of(Ticket)),
    Kind("alerts", "resolved alerts", "matters", _alerts, _rows_of(Alert)),
    Kind(
        "tombstones",
        "marks of erased conversations",
        "tombstones",
        _tombstones,
        _rows_of(Conversation),
    ),
    Kind(
        "failed sign-ins",
        "failed sign-ins",
        "sign_ins",
        lambda before: AccessAttempt.objects.filter(attempt_time__lt=before),
        _rows_of(AccessAttempt),
    ),
    Kind(
        "failed sign-ins, log",
        "the log of failed sign-ins",
        "sign_ins",
        lambda before: AccessFailureLog.objects.filter(attempt_time__lt=before),
        _rows_of(AccessFailureLog),
    ),
    Kind(
        "invitations",
        "old invitations",
        "sign_ins",
        lambda before: Invitation.objects.filter(expires_at__lt=before),
        _rows_of(Invitation),
    ),
    Kind(
        "staff sessions",
        "staff sessions that are over",
        "",
        lambda before: Session.objects.filter(expire_date__lt=before),
        _rows_of(Session),
    ),
)
