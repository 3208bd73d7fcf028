"""Everything that is kept of a conversation, as the patient's own copy (``rights``)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from frontdesk.chat import database, statements
from frontdesk.chat.models import Conversation, Feedback, Message, Original
from frontdesk.chat.presenter import present


async def pieces(
    conversation_id: UUID, start: dict[str, Any], messages: list[Message]
) -> AsyncIterator[str]:
    """The copy in pieces: a long conversation never lies in memory as a whole.

    Args:
        conversation_id: whose.
        start: what comes before the messages (``about``).
        messages: the first of them.
    """
    yield json.dumps(start, ensure_ascii=False)[:-1] + ', "messages": ['
    comma = ""
    while messages:
        for message in messages:
            yield comma + json.dumps(present(message), ensure_ascii=False)
            comma = ", "
        last = messages[-1].number
        messages = await database.read(statements.after, conversation_id, last)
    yield "]}"


def about(conversation: Conversation) -> dict[str, Any]:
    """All but the messages. Sync."""
    feedback = Feedback.objects.filter(message__conversation=conversation)
    originals = Original.objects.filter(message__conversation=conversation)
    return {
        "conversation": str(conversation.pk),
        "started_at": _time(conversation.created_at),
        "last_seen_at": _time(conversation.last_seen_at),
        "ends_at": _time(conversation.expires_at),
        "closed_at": _time(conversation.closed_at),
        "consent": {
            "version": conversation.consent_version,
            "improve": conversation.improve,
        },
        "locale": conversation.locale,
        "page": conversation.page,
        "exported_at": _time(timezone.now()),
        "feedback": [
            {
                "message": each.message.number,
                "thumb": each.thumb,
                "comment": each.comment,
                "created_at": _time(each.created_at),
            }
            for each in feedback.select_related("message").order_by("message__number")
        ],
        "handed_to_staff": [
            {
                "reason": each.reason,
                "created_at": _time(each.created_at),
                "state": "done" if each.resolved_at else "open",
            }
            for each in conversation.tickets.order_by("pk")
        ],
        "alerts": [
            {
                "route": each.route,
                "created_at": _time(each.created_at),
                "acknowledged_at": _time(each.acknowledged_at),
            }
            for each in conversation.alerts.order_by("pk")
        ],
        "kept_encrypted": _encrypted(originals.select_related("message"), conversation),
    }


def _encrypted(
    originals: Iterable[Original], conversation: Conversation
) -> list[dict[str, Any]]:
    """That it is kept and how long, not what: the copy may lie on a shared computer."""
    words = [
        {
            "what": "original",
            "message": each.message.number,
            "until": _time(each.delete_after),
        }
        for each in originals
    ]
    contacts = [
        {"what": "contact", "since": _time(each.created_at)}
        for each in conversation.contacts.order_by("pk")
    ]
    return [*words, *contacts]


def _time(value: datetime | None) -> str | None:
    return value.isoformat(timespec="seconds") if value else None
