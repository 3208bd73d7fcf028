"""Reading and writing the message log; sync, called through ``chat.database``.

Whoever writes holds the conversation's row: so numbers have no gap, and the order of
numbers is the order of commits. A stream may rely on that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from frontdesk.chat import metrics
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Alert, Conversation, Message, Ticket

MOST_AT_ONCE = 500


def lock(conversation_id: UUID) -> Conversation:
    """The conversation, for this transaction alone.

    Raises:
        Conversation.DoesNotExist: if it was erased to nothing.
    """
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def append(
    conversation: Conversation, author: str, text: str, **fields: Any
) -> Message:
    """Adds a message to a locked conversation."""
    (message,) = _append(conversation, [{"author": author, "text": text, **fields}])
    return message


def append_reply(
    conversation: Conversation,
    bubbles: Iterable[Bubble],
    *,
    answers: Message | None = None,
    **provenance: Any,
) -> list[Message]:
    """Adds what the bot says; ``provenance`` goes with each bubble."""
    said = {"author": Message.Author.BOT, "answers": answers, **provenance}
    return _append(conversation, [{**bubble.as_fields(), **said} for bubble in bubbles])


def _append(
    conversation: Conversation, rows: Iterable[dict[str, Any]]
) -> list[Message]:
    first = conversation.last_number + 1
    messages = [
        Message(conversation=conversation, number=number, **fields)
        for number, fields in enumerate(rows, start=first)
    ]
    conversation.last_number += len(messages)
    conversation.save(update_fields=["last_number"])
    for message in messages:
        metrics.message_stored(message.author, message.route)
    return Message.objects.bulk_create(messages)


def mark_answered(message: Message) -> None:
    """The patient's message needs nothing more."""
    message.state = Message.State.ANSWERED
    message.save(update_fields=["state"])


def note_understood(message: Message, provenance: dict[str, Any]) -> None:
    """Keeps with a patient's message what no bubble of the bot will carry."""
    # What the detector found stays: it has seen the words before redaction.
    kept = {name: value for name, value in provenance.items() if name != "safety"}
    for name, value in kept.items():
        setattr(message, name, value)
    message.save(update_fields=list(kept))


def raise_alert(
    conversation: Conversation,
    message: Message,
    *,
    route: str,
    topic: str,
    origin: str,
) -> None:
    """Alerts staff, and marks the conversation for the turns to come."""
    Alert.objects.create(
        conversation=conversation,
        message=message,
        route=route,
        topic=topic,
        origin=origin,
    )
    conversation.after_urgent = True
    conversation.save(update_fields=["after_urgent"])


def open_ticket(
    conversation: Conversation,
    message: Message | None,
    reason: str,
    route: str | None,
) -> None:
    """Hands a matter to staff."""
    Ticket.objects.create(
        conversation=conversation, message=message, reason=reason, route=route or ""
    )


def times_given(conversation: Conversation, response: str) -> int:
    """How many patient messages were answered with a response."""
    given = conversation.messages.filter(response=response).exclude(answers=None)
    return given.values("answers").distinct().count()


def after(conversation_id: UUID, number: int) -> list[Message]:
    """The messages behind a number, oldest first, not endlessly many."""
    return list(
        Message.objects.filter(
            conversation_id=conversation_id, number__gt=number
        ).order_by("number")[:MOST_AT_ONCE]
    )


def replies_to(message: Message) -> list[Message]:
    """What the bot said to a patient's message."""
    return list(Message.objects.filter(answers=message).order_by("number"))
