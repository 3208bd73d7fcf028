"""Reading and writing the message log; sync, called through ``chat.database``.

Whoever writes holds the conversation's row: so numbers have no gap, and the order of
numbers is the order of commits. A stream may rely on that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from frontdesk.chat import metrics, statements
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Alert, Conversation, Message, Ticket


def lock(conversation_id: UUID) -> Conversation:
    """The conversation, for this transaction alone.

    Raises:
        Conversation.DoesNotExist: if it was erased to nothing.
    """
    conversation = statements.find(conversation_id, lock=True)
    if conversation is None:
        raise Conversation.DoesNotExist
    return conversation


def append(
    conversation: Conversation, author: str, text: str, **fields: Any
) -> Message:
    """Adds a message to a locked conversation, and stores that."""
    (message,) = _append(conversation, [{"author": author, "text": text, **fields}])
    return message


def append_reply(
    conversation: Conversation,
    bubbles: Iterable[Bubble],
    *,
    answers: Message | None = None,
    **provenance: Any,
) -> list[Message]:
    """The same with what the bot says; ``provenance`` goes with each bubble."""
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
    statements.store_turn(conversation)
    for message in messages:
        metrics.message_stored(message.author, message.route)
    return statements.insert(messages)


def note_understood(message: Message, provenance: dict[str, Any]) -> None:
    """Keeps with a patient's message what no bubble of the bot will carry."""
    # What the detector found stays: it has seen the words before redaction.
    kept = {name: value for name, value in provenance.items() if name != "safety"}
    if kept:
        Message.objects.filter(pk=message.pk).update(**kept)


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
    if not conversation.after_urgent:
        conversation.after_urgent = True
        statements.store_turn(conversation)


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


def replies_to(message: Message) -> list[Message]:
    """What the bot said to a patient's message."""
    return list(Message.objects.filter(answers=message).order_by("number"))
