"""Writes the ledger: who did what, and when; ``verification`` reads and proves it.

Each entry carries a seal over its content and the seal before it (``seals``). Call
``record`` in the transaction of what it is about: either both are kept, or neither.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from frontdesk.audit.models import Entry, Head
from frontdesk.audit.seals import is_sealed, seal
from frontdesk.audit.verification import Broken, verify
from frontdesk.staff.models import Person

__all__ = ["AnonymousActorError", "Broken", "Job", "record", "verify"]

logger = logging.getLogger(__name__)

HEAD = 1
# Follows on no entry: a gap stays visible though the ledger goes on behind it.
AFTER_A_GAP = "gap"


class AnonymousActorError(ValueError):
    """Something was to be recorded that nobody did."""


@dataclass(frozen=True)
class Job:
    """Work that the front desk does by itself, such as retention."""

    name: str


def record(actor: Person | Job, action: str, subject: str, **detail: Any) -> Entry:
    """Adds an entry; call it in the transaction of what it is about. Sync.

    Args:
        actor: a person with an account, or a named job.
        action: a verb, such as ``read`` or ``reveal`` (``words`` has them all).
        subject: what it was done to, such as ``conversation <id>``.
        detail: whatever else JSON can hold; never text of a patient.

    Raises:
        AnonymousActorError: if nobody can be named.
    """
    person, name = _who(actor, action)
    with transaction.atomic():
        head = _locked_head()
        number, previous = _end_of(head)
        entry = Entry(
            number=number + 1,
            person=person,
            actor=name,
            action=_plain(action, 50),
            subject=_plain(subject, 100),
            detail=_as_json_keeps_it(detail),
            previous=previous,
        )
        entry.seal = seal(entry.content())
        entry.save()
        head.number, head.seal = entry.number, entry.seal
        head.own_seal = seal(head.content())
        head.save()
    return entry


def _who(actor: Person | Job, action: str) -> tuple[Person | None, str]:
    person, name = None, ""
    if isinstance(actor, Person) and actor.pk:
        person, name = actor, str(actor)
    elif isinstance(actor, Job):
        name = actor.name
    name = _plain(name.strip(), 100)
    if not name:
        raise AnonymousActorError(f"'{action}' needs somebody who does it.")
    return person, name


def _locked_head() -> Head:
    locked = Head.objects.select_for_update()
    head = locked.filter(pk=HEAD).first()
    if head is None:
        Head.objects.get_or_create(pk=HEAD)
        head = locked.get(pk=HEAD)
    return head


def _end_of(head: Head) -> tuple[int, str]:
    """Number and seal to go on from.

    After tampering the work goes on, but what follows never closes the gap.
    """
    numbers = Entry.objects.order_by("-number").values_list("number", flat=True)
    last = numbers.first() or 0
    is_new = last == head.number == 0 and not head.own_seal
    if is_new or (last == head.number and is_sealed(head.content(), head.own_seal)):
        return last, head.seal
    logger.error("The ledger's end is not as it was written: run verify_ledger.")
    return max(last, head.number), AFTER_A_GAP


def _plain(text: str, longest: int) -> str:
    """What every database takes as it is."""
    kept = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return kept[:longest]


def _as_json_keeps_it(detail: dict[str, Any]) -> dict[str, Any]:
    """The same after a way through any database: what isn't JSON becomes text."""
    text = json.dumps(detail, default=str, allow_nan=False)
    kept: dict[str, Any] = _stable(json.loads(text))
    return kept


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key, 100): _stable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stable(item) for item in value]
    if isinstance(value, str):
        return _plain(value, 1000)
    if isinstance(value, float) and value.is_integer():
        return int(value)  # PostgreSQL would drop the point of a large one
    return value
