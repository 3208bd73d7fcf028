"""Takes a patient's message in: cleaned, redacted, committed with what it calls for."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from clinic.buttons import button_title, intent_of_button
from frontdesk.chat import crypto, leases, message_log, statements
from frontdesk.chat.arrival import Danger
from frontdesk.chat.errors import closed, invalid_field, too_long, unauthorized
from frontdesk.chat.models import Alert, Conversation, Message, Original
from frontdesk.chat.texts import texts, urgent_response
from safety.redactor import redact

# Joiners that emoji and some scripts need; every other control or format character,
# and what is half a character, says nothing or hides something.
_KEPT = {"\n", "\t", "\u200c", "\u200d"}
_REMOVED = {"Cc", "Cf", "Cs"}


@dataclass(frozen=True)
class Written:
    """What a patient wrote or pressed, ready to be stored."""

    client_id: str | None
    text: str  # redacted
    button: str = ""
    ciphertext: bytes | None = None  # the words as they came, where some were taken out


@dataclass(frozen=True)
class Accepted:
    """A stored message, and what was said to it in the same transaction."""

    message: Message
    replies: list[Message] = field(default_factory=list)
    is_new: bool = True
    claimed: leases.Claimed | None = None  # for who accepted it to answer

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still due."""
        return self.message.state == Message.State.ACCEPTED


def written(
    *, client_id: str | None, text: str | None = None, button: str | None = None
) -> Written:
    """Checks and redacts; some work for the processor, so not in the event loop.

    Raises:
        ApiError: 413 for a text that is too long, 422 for one that is empty or a
            button that does not exist.
    """
    if (text is None) == (button is None):
        raise invalid_field()
    if button is not None:
        return _pressed(client_id, button.strip())
    cleaned = clean(text or "")
    if len(cleaned) > settings.MAX_TEXT:
        raise too_long()
    if not cleaned:
        raise invalid_field()
    redaction = redact(cleaned)
    original = crypto.encrypt(cleaned) if redaction.removed else None
    return Written(client_id, redaction.text, ciphertext=original)


def _pressed(client_id: str | None, button: str) -> Written:
    intent = intent_of_button(button)
    if intent is None:
        raise invalid_field()
    return Written(client_id, button_title(intent, texts().library), button)


def clean(text: str) -> str:
    """A text without characters that nobody can see; empty if nothing is left."""
    kept = "".join(
        character
        for character in text.replace("\r\n", "\n")
        if character in _KEPT or unicodedata.category(character) not in _REMOVED
    ).strip()
    return kept if any(character not in _KEPT for character in kept) else ""


def accept(
    conversation_id: UUID, new: Written, danger: Danger | None, holder: str
) -> Accepted:
    """Stores a message, and the urgent text with its alert if one is due for certain.

    Else ``holder`` takes the lease to answer it; somebody who has it already will see
    the message.

    Raises:
        ApiError: 401 if the session is over by now, 409 if the conversation is closed,
            422 if its ``client_id`` was used for other words.
    """
    conversation = _open(conversation_id)
    known, oldest = _there_already(conversation, new)
    if known is not None:
        return Accepted(known, message_log.replies_to(known), is_new=False)
    is_free = leases.is_free(conversation, holder)
    is_first = is_free and oldest is None  # else there is no time to ask Rasa
    if danger and danger.is_urgent and (danger.is_certain or not is_first):
        message = _kept(conversation, new, danger, Message.State.ANSWERED)
        return Accepted(message, speak_urgently(conversation, message))
    if is_free:
        leases.take(conversation, holder)
    message = _kept(conversation, new, danger, Message.State.ACCEPTED)
    claimed = leases.Claimed(conversation, oldest or message, holder)
    return Accepted(message, claimed=claimed if is_free else None)


def _kept(
    conversation: Conversation, new: Written, danger: Danger | None, state: str
) -> Message:
    message = message_log.append(
        conversation,
        Message.Author.PATIENT,
        new.text,
        client_id=new.client_id,
        button=new.button,
        state=state,
        safety=danger.as_safety() if danger else {},
    )
    if new.ciphertext is not None:
        Original.objects.create(
            message=message,
            ciphertext=new.ciphertext,
            delete_after=timezone.now() + settings.ORIGINALS_KEPT,
        )
    return message


def _open(conversation_id: UUID) -> Conversation:
    try:
        conversation = message_log.lock(conversation_id)
    except Conversation.DoesNotExist:
        raise unauthorized() from None
    if conversation.is_over(timezone.now()):
        raise unauthorized()
    if conversation.closed_at is not None:
        raise closed()
    return conversation


def _there_already(
    conversation: Conversation, new: Written
) -> tuple[Message | None, Message | None]:
    """The same message sent before, and the oldest to be answered."""
    if not statements.is_there(conversation, new.client_id):  # nearly always
        return None, None
    there, same = conversation.messages, new.client_id
    known = there.filter(client_id=same).first() if same is not None else None
    if known is not None and (known.text, known.button) != (new.text, new.button):
        raise invalid_field()
    waiting = there.filter(state=Message.State.ACCEPTED)
    return known, waiting.order_by("number").first()


def speak_urgently(conversation: Conversation, message: Message) -> list[Message]:
    """Gives the urgent text and alerts staff, as the detector's verdict says.

    The message is marked as answered by who calls.
    """
    route, topic = str(message.safety["kind"]), str(message.safety["topic"])
    given = message_log.times_given(conversation, urgent_response(route, topic))
    replies = message_log.append_reply(
        conversation, texts().urgent(route, topic, given), answers=message
    )
    message_log.raise_alert(
        conversation, message, route=route, topic=topic, origin=Alert.Origin.DETECTOR
    )
    return replies


def answered_at_last(message_id: int) -> Accepted:
    """A message and what was said to it; the urgent text now, if nothing was yet."""
    conversation_id = Message.objects.get(pk=message_id).conversation_id
    conversation = message_log.lock(conversation_id)
    message = conversation.messages.get(pk=message_id)
    if statements.mark_answered(message):
        return Accepted(message, speak_urgently(conversation, message))
    return Accepted(message, message_log.replies_to(message))


def is_suspected(message: Message) -> bool:
    """Whether the detector raised an alarm that Rasa may still contradict."""
    return message.safety.get("level") == "alarm"
