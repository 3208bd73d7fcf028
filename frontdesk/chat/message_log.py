"""Reading and writing the message log; sync, called through ``chat.database``.

Whoever writes holds the conversation's row: so numbers have no gap, and the order of
numbers is the order of commits. A stream may rely on that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from frontdesk.chat import metrics
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.models import Alert, Conversation, Message, Ticket

MOST_AT_ONCE = 500
# What a turn changes in its conversation; one statement stores all of it.
OF_A_TURN = ("last_number", "after_urgent", "lease_holder", "lease_until")
# Asked with every message; that Django writes them anew costs three times as much as to
# carry them out.
_AFTER = (
    "SELECT * FROM chat_message WHERE conversation_id = %s AND number > %s "
    "ORDER BY number LIMIT %s"
)
_THERE = (
    "SELECT 1 FROM chat_message WHERE conversation_id = %s "
    "AND (client_id = %s OR state = %s) LIMIT 1"
)


def lock(conversation_id: UUID) -> Conversation:
    """The conversation, for this transaction alone.

    Raises:
        Conversation.DoesNotExist: if it was erased to nothing.
    """
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def store(conversation: Conversation) -> None:
    """Stores what a turn has changed in a locked conversation."""
    changed = {name: getattr(conversation, name) for name in OF_A_TURN}
    Conversation.objects.filter(pk=conversation.pk).update(**changed)


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
    store(conversation)
    for message in messages:
        metrics.message_stored(message.author, message.route)
    return Message.objects.bulk_create(messages)


def mark_answered(message: Message) -> bool:
    """The patient's message needs nothing more; False if that was so before."""
    waiting = Message.objects.filter(pk=message.pk, state=Message.State.ACCEPTED)
    return bool(waiting.update(state=Message.State.ANSWERED))


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
        store(conversation)


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
    key = _key(conversation_id)
    return list(Message.objects.raw(_AFTER, [key, number, MOST_AT_ONCE]))


def is_there(conversation: Conversation, client_id: str | None) -> bool:
    """Whether a message with this id, or one to be answered, is in the log."""
    with connection.cursor() as cursor:
        whose = [_key(conversation.pk), client_id, str(Message.State.ACCEPTED)]
        cursor.execute(_THERE, whose)
        return cursor.fetchone() is not None


def _key(conversation_id: UUID) -> Any:
    """An id as this database writes it."""
    whose = Message._meta.get_field("conversation")
    return whose.get_db_prep_value(conversation_id, connection)


def replies_to(message: Message) -> list[Message]:
    """What the bot said to a patient's message."""
    return list(Message.objects.filter(answers=message).order_by("number"))
