"""A person of the clinic joins a conversation, writes, and leaves; used by the inbox.

While one is there, no bot text goes out, crisis and emergency texts excepted. Each end
is recorded: handed back, idle, or the browser was closed (``takeover_ends``).
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.chat import database, intake, message_log
from frontdesk.chat import takeover_matters as matters
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.chat.models import Message, Takeover
from frontdesk.chat.takeover_ends import current, end, note, office_is_open, tell_ended
from frontdesk.staff.models import Person

NAMELESS = "Clinic staff"


class TakeoverError(ValueError):
    """Something can't be done in a conversation; the words are for staff."""


class TakenOverError(TakeoverError):
    """Somebody else is in the conversation."""


class NotThereError(TakeoverError):
    """Whoever acts is not in the conversation, or not any more."""


class NotSentError(TakeoverError):
    """A text that can't be sent as it is."""


async def join(conversation_id: UUID, person: Person) -> None:
    """Takes a conversation over, and its open matters; once more changes nothing.

    Raises:
        TakenOverError: names who is there.
        TakeoverError: if the patient has left for good.
    """
    name = await database.write(_join, conversation_id, person)
    if name:
        await publish(conversation_id, {"state": "taken_over", "name": name})
        await publish_queue()


async def say(
    conversation_id: UUID, person: Person, text: str, *, client_id: str | None = None
) -> Message:
    """What the person writes to the patient; a ``client_id`` sent again sends nothing.

    Raises:
        NotSentError: if it is empty or too long.
        NotThereError: if they are not in the conversation.
    """
    words = intake.clean(text)
    if not words:
        raise NotSentError("Nothing was sent: the message is empty.")
    if len(words) > settings.MAX_TEXT:
        raise NotSentError(
            f"Not sent: the message has {len(words)} characters, "
            f"{settings.MAX_TEXT} are possible. Please send it in parts."
        )
    message = await database.write(_say, conversation_id, person, words, client_id)
    await publish(conversation_id, {})
    await publish_queue()
    return message


async def leave(conversation_id: UUID, person: Person, outcome: str = "") -> None:
    """Hands a conversation back to the assistant; nothing if they were not there.

    Args:
        conversation_id: which one.
        person: who leaves.
        outcome: of ``Matter.Outcome``; resolves the matters that they hold.
    """
    ended = await database.write(_leave, conversation_id, person, outcome)
    if ended is not None:
        await tell_ended(ended)


async def typing(conversation_id: UUID, person: Person) -> None:
    """Shows the patient that the person is typing.

    Raises:
        NotThereError: if they are not in the conversation.
    """
    now = timezone.now()
    there = _open_of(conversation_id, person)
    if not await database.write(there.update, active_at=now, seen_at=now):
        raise NotThereError("You are not in this chat any more.")
    await publish(conversation_id, {"state": "typing", "author": "staff"})


async def is_here(conversation_id: UUID, person: Person) -> None:
    """The person's browser shows the conversation; nothing if they have not joined."""
    there = _open_of(conversation_id, person)
    await database.write(there.update, seen_at=timezone.now())


# --- In a transaction -----------------------------------------------------------------
def _join(conversation_id: UUID, person: Person) -> str:
    conversation = message_log.lock(conversation_id)
    there = current(conversation_id)
    if there is not None and there.person_id == person.pk:
        return ""
    if there is not None:
        raise TakenOverError(f"{there.name} is in this conversation.")
    if conversation.closed_at is not None or conversation.is_over(timezone.now()):
        raise TakeoverError("This chat is over: the patient would not see you.")
    name = person.name or NAMELESS
    Takeover.objects.create(conversation=conversation, person=person, name=name)
    conversation.taken_over_by = name
    conversation.save(update_fields=["taken_over_by"])
    note(conversation, "utter_taken_over", name)
    matters.claim(conversation, person, also_of_others=True)
    record(person, "join", f"conversation {conversation_id}")
    return name


def _say(
    conversation_id: UUID, person: Person, text: str, client_id: str | None
) -> Message:
    conversation = message_log.lock(conversation_id)
    there = current(conversation_id)
    if there is None or there.person_id != person.pk:
        who = f"{there.name} is in this chat" if there else "you are not in this chat"
        raise NotThereError(f"Not sent: {who}. Join it first.")
    known = client_id and conversation.messages.filter(client_id=client_id).first()
    if known:
        return known
    there.active_at = there.seen_at = timezone.now()
    there.save(update_fields=["active_at", "seen_at"])
    message = message_log.append(
        conversation,
        Message.Author.STAFF,
        text,
        name=there.name,
        client_id=client_id or None,
    )
    # Whoever writes has seen what came up since they joined.
    matters.claim(conversation, person, also_of_others=False)
    subject = f"conversation {conversation_id}"
    record(person, "reply", subject, message=message.number)
    return message


def _leave(conversation_id: UUID, person: Person, outcome: str) -> Takeover | None:
    conversation = message_log.lock(conversation_id)
    there = current(conversation_id)
    if there is None or there.person_id != person.pk:
        return None
    if outcome:
        matters.claim(conversation, person, also_of_others=False)
        matters.resolve(conversation, person, outcome)
    elif not office_is_open():
        matters.open_one(conversation)
    end(conversation, there, str(Takeover.End.LEFT))
    subject = f"conversation {conversation_id}"
    record(person, "leave", subject, end="left", outcome=outcome)
    return there


def _open_of(conversation_id: UUID, person: Person) -> QuerySet[Takeover]:
    return Takeover.objects.filter(
        conversation_id=conversation_id, person=person, ended_at=None
    )
