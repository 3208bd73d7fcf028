"""Correcting a message: who says what it means, who reads it too, who settles it.

Each step is recorded in the transaction of the caller; the patient's own words
never are recorded. Called by ``views_corrections``.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from clinic.topics import NEAR_MISS_INTENTS
from frontdesk.audit.ledger import record
from frontdesk.chat.models import Message
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission
from frontdesk.training.intents import (
    ANOTHER_MEDICAL,
    HAND_OFFS,
    KNOWN,
    OUT_OF_SCOPE,
    is_safety,
    likeliest,
)
from frontdesk.training.models import Correction

Kind, State = Correction.Kind, Correction.State


class RefusedError(ValueError):
    """It can't be done; the message says why and what to do, for people."""


def understood(message: Message) -> Message:
    """The row that carries what the assistant understood of a patient's message."""
    if message.intent:
        return message
    reply = message.replies.exclude(intent=None).order_by("number").first()
    return reply or message


def correct(
    message: Message,
    person: Person,
    kind: str,
    intent: str = "",
    *,
    entities: list[dict[str, Any]] | None = None,
    word: dict[str, str] | None = None,
) -> Correction:
    """Notes what a message means.

    If somebody else has corrected it before, this is the second reading.

    Args:
        message: of a patient, as they wrote it.
        person: who corrects.
        kind: one of ``Correction.Kind``; without an intent it chooses the likeliest.
        intent: the right one.
        entities: the right ones; those of the log if left out.
        word: one that the assistant should learn.

    Raises:
        RefusedError: says why it can't be corrected.
    """
    if message.author != Message.Author.PATIENT or message.button:
        raise RefusedError("Only what a patient has written can be corrected.")
    heard = understood(message)
    right = _intent_for(kind, intent, heard)
    before = Correction.objects.filter(message=message).first()
    if before is not None and before.proposal:
        raise RefusedError("It is in a proposal. Take it out there first.")
    if before is not None and before.author_id not in (None, person.pk):
        return read_again(before, person, right)
    values = {
        "kind": _kind_of(kind, right, heard),
        "intent": right,
        "entities": _entities(heard) if entities is None else entities,
        "word": word or {},
        "was_intent": heard.intent or "",
        "was_confidence": heard.confidence,
        "author": person,
        "created_at": timezone.now(),
        "second": None,
        "second_intent": "",
        "second_at": None,
        "settled_by": None,
        "settled_at": None,
    }
    needs_second = _needs_second(message, heard, right, values["kind"])
    values["is_safety"] = needs_second
    values["state"] = State.WAITS if needs_second else State.READY
    found, _ = Correction.objects.update_or_create(message=message, defaults=values)
    _record(person, "correct", found, was=found.was_intent)
    return found


def read_again(found: Correction, person: Person, intent: str) -> Correction:
    """The second reading: agrees, or names another intent.

    Raises:
        RefusedError: for one's own correction, or one that is taught or settled.
    """
    if found.author_id == person.pk:
        raise RefusedError("You have corrected it yourself: somebody else reads it.")
    if found.settled_at is not None or found.proposal:
        raise RefusedError("It is settled. A clinician can settle it anew.")
    if intent not in KNOWN:
        raise RefusedError("Choose what the message means.")
    found.second, found.second_intent = person, intent
    found.second_at = timezone.now()
    found.state = State.DISPUTED if found.differs else State.READY
    found.save()
    _record(person, "second reading", found, second=intent, agrees=not found.differs)
    return found


def settle(found: Correction, person: Person, intent: str) -> Correction:
    """A clinician decides between two readers.

    Raises:
        RefusedError: if this person may not, or there is nothing to settle.
    """
    if not person.may(Permission.APPROVE):
        raise RefusedError("A clinician settles it.")
    if found.author_id == person.pk:
        raise RefusedError("You have corrected it yourself: another clinician settles.")
    if (found.state != State.DISPUTED and found.settled_at is None) or found.proposal:
        raise RefusedError("There is nothing to settle any more.")
    if intent not in KNOWN:
        raise RefusedError("Choose what the message means.")
    was = found.intent
    found.intent = intent
    found.kind = _kind_of(str(Kind.INTENT), intent, understood(found.message))
    found.settled_by, found.settled_at = person, timezone.now()
    found.state = State.READY
    found.save()
    _record(person, "settle", found, author=was, second=found.second_intent)
    return found


def undo(found: Correction, person: Person) -> None:
    """Takes a correction back.

    Raises:
        RefusedError: if it is somebody else's, or taught already.
    """
    if found.author_id not in (None, person.pk):
        raise RefusedError("Only who made a correction takes it back.")
    if found.proposal:
        raise RefusedError("It is in a proposal. Take it out there first.")
    _record(person, "undo correction", found)
    found.delete()


def _intent_for(kind: str, intent: str, heard: Message) -> str:
    """The right intent that a click means.

    Raises:
        RefusedError: if it names none.
    """
    chosen = {
        Kind.RIGHT: heard.intent or "",
        Kind.OUT_OF_SCOPE: OUT_OF_SCOPE,
        Kind.NEAR_MISS: likeliest(heard.ranking, NEAR_MISS_INTENTS, "near_miss_idiom"),
        Kind.HAND_OFF: likeliest(heard.ranking, HAND_OFFS, ANOTHER_MEDICAL),
    }
    found = chosen.get(Kind(kind), "") if kind in chosen and not intent else intent
    if found not in KNOWN:
        raise RefusedError("Choose what the message means.")
    return found


def _kind_of(kind: str, right: str, heard: Message) -> str:
    """What was wrong: an intent alone says it in most cases."""
    if right == heard.intent:
        return str(Kind.RIGHT)
    if right == OUT_OF_SCOPE:
        return str(Kind.OUT_OF_SCOPE)
    if right in NEAR_MISS_INTENTS:
        return str(Kind.NEAR_MISS)
    return str(Kind.HAND_OFF if kind == Kind.HAND_OFF else Kind.INTENT)


def _needs_second(message: Message, heard: Message, right: str, kind: str) -> bool:
    """Whether somebody else looks at it before it is taught."""
    if kind == Kind.RIGHT:
        return False  # nothing is changed by it
    found_danger = message.safety.get("level") in ("alarm", "check_in")
    return found_danger or is_safety(heard.intent) or is_safety(right)


def _entities(heard: Message) -> list[dict[str, Any]]:
    return [
        {"entity": each["entity"], "value": each.get("value")}
        for each in heard.entities
        if isinstance(each, dict) and each.get("entity")
    ]


def _record(person: Person, action: str, found: Correction, **detail: Any) -> None:
    message = found.message
    subject = f"conversation {message.conversation_id}"
    detail = {"message": message.number, "intent": found.intent, **detail}
    record(person, action, subject, **detail)
