"""What a patient may do with the conversation: a copy, erasure, a call back."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Router, Schema
from pydantic import Field, StringConstraints, field_validator, model_validator

from frontdesk.audit.ledger import Job, record
from frontdesk.chat import (
    crypto,
    database,
    erasure,
    intake,
    message_log,
    patients_copy,
    statements,
)
from frontdesk.chat.answers import (
    WITH_TOKEN,
    check_message_rates,
    conversation_of,
    json_answer,
)
from frontdesk.chat.arrival import Danger, arrival_of
from frontdesk.chat.bubbles import Bubble
from frontdesk.chat.errors import unauthorized
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.chat.models import Alert, Contact, Conversation, Message
from frontdesk.chat.presenter import present
from frontdesk.chat.schemas import MessageOut
from frontdesk.chat.spanish import language_of
from frontdesk.chat.texts import texts

router = Router(tags=["rights"])
CALL_BACK = "call_back"
# Nobody of the staff: the front desk does it by itself, for whoever has the token.
PATIENT = Job("patient's request")
FEWEST_DIGITS, MOST_DIGITS = 7, 15
_PHONE = re.compile(r"\+?[\d\s().\-/]+(\s*(x|ext\.?)\s*\d{1,6})?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\",;]{1,64}@[^\s@<>\",;.]+(\.[^\s@<>\",;.]+)+")

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class ContactIn(Schema):
    """Whom to call back, and how; kept encrypted, never part of the transcript."""

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
    ]
    phone: Short = Field(default="", description="This or `email`, or both.")
    email: Short = ""
    best_time: Short = ""

    @field_validator("phone")
    @classmethod
    def is_phone(cls, value: str) -> str:
        """A number that can be called."""
        digits = sum(sign.isdecimal() for sign in value)
        if value and not (
            _PHONE.fullmatch(value) and FEWEST_DIGITS <= digits <= MOST_DIGITS
        ):
            raise ValueError("write a phone number with area code")
        return value

    @field_validator("email")
    @classmethod
    def is_email(cls, value: str) -> str:
        """An address that can be written to."""
        if value and not _EMAIL.fullmatch(value):
            raise ValueError("write an e-mail address such as name@mail.example")
        return value

    @model_validator(mode="after")
    def has_a_way(self) -> ContactIn:
        """Without phone and e-mail nobody can be reached."""
        if not self.phone and not self.email:
            raise ValueError("write a phone number or an e-mail address")
        return self


class ContactOut(Schema):
    """The line of the log that says so, without any of the data."""

    message: MessageOut
    urgent: list[MessageOut] = Field(default=[])


class ErasedOut(Schema):
    """What was done, and what stays."""

    erased: bool
    alert_stays: bool = Field(
        description="Staff was alerted to danger, and has not dealt with it yet."
    )
    text: str = Field(description="The same for the patient.")


@router.get(
    "/export",
    response=WITH_TOKEN,
    openapi_extra={
        "responses": {
            200: {
                "description": "Everything that is kept of the conversation, private "
                "details taken out: times, consent, `messages`, `feedback`, what was "
                "handed to staff, and what is kept encrypted and until when.",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        }
    },
)
async def export(request: HttpRequest) -> StreamingHttpResponse:
    """The patient's own copy."""
    await check_message_rates(request)
    conversation = conversation_of(request)
    about = await database.read(patients_copy.about, conversation)
    first = await database.read(statements.after, conversation.pk, 0)
    pieces = patients_copy.pieces(conversation.pk, about, first)
    answer = StreamingHttpResponse(pieces, content_type="application/json")
    answer["Content-Disposition"] = 'attachment; filename="chat.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@router.delete("/session", response={200: ErasedOut, **WITH_TOKEN})
async def erase(request: HttpRequest) -> HttpResponse:
    """Erases the conversation; the token opens nothing any more."""
    conversation_id = conversation_of(request).pk
    alert_stays = await database.write(_erase, conversation_id)
    await publish(conversation_id, {"state": "closed", "erased": True})
    await publish_queue()
    await erasure.forget_now(conversation_id)
    words = texts().in_language(language_of(request))
    response = "utter_chat_erased_alert_stays" if alert_stays else "utter_chat_erased"
    return json_answer(
        {"erased": True, "alert_stays": alert_stays, "text": words.say(response)}
    )


def _erase(conversation_id: UUID) -> bool:
    alert_stays = erasure.erase(conversation_id)
    subject = f"conversation {conversation_id}"
    record(PATIENT, "erase", subject, asked="chat", alert_stays=alert_stays)
    return alert_stays


@router.post("/contact", response={201: ContactOut, **WITH_TOKEN})
async def contact(request: HttpRequest, payload: ContactIn) -> HttpResponse:
    """Asks staff to call or write back."""
    await check_message_rates(request)
    cleaned = {name: intake.clean(text) for name, text in payload.dict().items()}
    ciphertext = await asyncio.to_thread(
        crypto.encrypt, json.dumps(cleaned, ensure_ascii=False)
    )
    danger = arrival_of(request).danger
    words = texts().in_language(language_of(request))
    first = words.bubbles("utter_contact_kept")[0]
    kept = replace(first, text=words.say("utter_contact_kept"))
    conversation_id = conversation_of(request).pk
    message, urgent = await database.write(
        keep_contact, conversation_id, ciphertext, kept, danger
    )
    await publish(conversation_id, {})
    await publish_queue()
    return json_answer({"message": present(message), "urgent": urgent}, status=201)


def keep_contact(
    conversation_id: UUID, ciphertext: bytes, said: Bubble, danger: Danger | None
) -> tuple[Message, list[dict[str, Any]]]:
    """Stores contact data in the place of older ones, with its ticket. Sync.

    Gives the line that says so in the log, and the urgent text if one is due.

    Raises:
        ApiError: 401 if the conversation was erased meanwhile.
    """
    conversation = message_log.lock(conversation_id)
    if conversation.is_over(timezone.now()):
        raise unauthorized()
    conversation.contacts.all().delete()
    Contact.objects.create(conversation=conversation, ciphertext=ciphertext)
    conversation.tickets.get_or_create(
        reason=CALL_BACK, resolved_at=None, defaults={"route": "admin"}
    )
    author = Message.Author.SYSTEM
    message = message_log.append(conversation, author, **said.as_fields())
    if danger is None or not danger.is_urgent:
        return message, []
    Alert.objects.create(
        conversation=conversation,
        route=danger.route,
        topic=danger.topic,
        origin=Alert.Origin.DETECTOR,
    )
    Conversation.objects.filter(pk=conversation_id).update(after_urgent=True)
    return message, texts().urgent_messages(danger.route, danger.topic)
