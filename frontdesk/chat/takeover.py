"""A person of the clinic joins or leaves a conversation; used by the inbox.

While one is there, no bot text goes out, crisis and emergency texts excepted.
"""

from __future__ import annotations

from uuid import UUID

from frontdesk.chat import database, message_log
from frontdesk.chat.fanout import publish
from frontdesk.chat.models import Message
from frontdesk.chat.texts import texts


class TakenOverError(ValueError):
    """Somebody else is in the conversation."""


async def join(conversation_id: UUID, name: str) -> None:
    """Takes a conversation over; once more by the same person changes nothing.

    Raises:
        TakenOverError: names who is there.
    """
    if await database.write(_join, conversation_id, name):
        await publish(conversation_id, {"state": "taken_over", "name": name})


async def leave(conversation_id: UUID) -> None:
    """Hands a conversation back to the assistant; nothing if nobody was there."""
    name = await database.write(_leave, conversation_id)
    if name:
        await publish(conversation_id, {"state": "handed_back", "name": name})


async def say(conversation_id: UUID, name: str, text: str) -> Message:
    """What the person writes to the patient."""
    message = await database.write(_say, conversation_id, name, text)
    await publish(conversation_id, {})
    return message


def _join(conversation_id: UUID, name: str) -> bool:
    conversation = message_log.lock(conversation_id)
    if conversation.taken_over_by == name:
        return False
    if conversation.taken_over_by:
        raise TakenOverError(f"{conversation.taken_over_by} is in this conversation.")
    conversation.taken_over_by = name
    conversation.save(update_fields=["taken_over_by"])
    _note(conversation, "utter_taken_over", name)
    return True


def _leave(conversation_id: UUID) -> str:
    conversation = message_log.lock(conversation_id)
    name = conversation.taken_over_by
    if name:
        conversation.taken_over_by = ""
        conversation.save(update_fields=["taken_over_by"])
        _note(conversation, "utter_handed_back", name)
    return name


def _note(conversation: message_log.Conversation, response: str, name: str) -> None:
    for bubble in texts().bubbles(response):
        message_log.append(
            conversation, Message.Author.SYSTEM, name=name, **bubble.as_fields()
        )


def _say(conversation_id: UUID, name: str, text: str) -> Message:
    conversation = message_log.lock(conversation_id)
    return message_log.append(conversation, Message.Author.STAFF, text, name=name)
