"""Thumbs on answers. A comment is redacted, and looked at like any other message."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from frontdesk.chat import intake, message_log
from frontdesk.chat.arrival import Danger
from frontdesk.chat.errors import not_there
from frontdesk.chat.models import Alert, Feedback, Message
from frontdesk.chat.texts import texts
from safety.redactor import redact


def redacted(comment: str) -> str:
    """A comment as it may be stored."""
    return redact(intake.clean(comment)).text


def keep(
    conversation_id: UUID, number: int, thumb: str, comment: str, danger: Danger | None
) -> list[dict[str, Any]]:
    """Stores a thumb; gives the urgent text if the comment calls for it.

    Raises:
        ApiError: 404 if there is no such answer in this conversation.
    """
    conversation = message_log.lock(conversation_id)
    message = conversation.messages.filter(
        number=number, author__in=[Message.Author.BOT, Message.Author.STAFF]
    ).first()
    if message is None:
        raise not_there()
    Feedback.objects.update_or_create(
        message=message, defaults={"thumb": thumb, "comment": comment}
    )
    if danger is None or not danger.is_urgent:
        return []
    message_log.raise_alert(
        conversation,
        message,
        route=danger.route,
        topic=danger.topic,
        origin=Alert.Origin.DETECTOR,
    )
    return texts().urgent_messages(danger.route, danger.topic)
