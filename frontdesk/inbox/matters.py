"""What staff do with alerts and tickets: claim, hand on, put off, resolve. Sync.

Each function acts on the matters that somebody saw as one entry of the queue, in one
transaction with its rows in the ledger. The rows are locked first: of two people who
press at the same time the second is told who was faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.chat.models import Alert, Matter, Ticket
from frontdesk.inbox.matters_refs import KINDS, MatterError, Ref, TooLateError, ref_of
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import PERMISSIONS, Permission


def colleagues() -> list[Person]:
    """Who can be given something to do, by name."""
    roles = [role for role, may in PERMISSIONS.items() if Permission.ANSWER in may]
    able = Person.objects.filter(is_active=True, role__in=roles)
    return list(able.order_by("name", "pk"))


@transaction.atomic
def acknowledge(person: Person, refs: Sequence[Ref]) -> None:
    """Somebody has seen alerts and sees to them: theirs, unless they are taken.

    Raises:
        TooLateError: if a colleague has acknowledged them, or resolved them.
    """
    found = _locked(refs)
    unseen = [each for each in found if _is_unseen(each)]
    if not unseen:
        seen = [each for each in found if isinstance(each, Alert)]
        if any(each.acknowledged_by_id == person.pk for each in seen):
            return  # pressed twice
        who = seen[0].acknowledged_by if seen else None
        raise TooLateError(f"{who or 'A colleague'} was faster: acknowledged already.")
    for each in found:
        changed = _see(each, person)
        if each.assigned_to_id is None:
            changed += _give(each, person)
        _save(each, changed, person, "acknowledge")


@transaction.atomic
def claim(person: Person, refs: Sequence[Ref]) -> None:
    """Takes what nobody has; alerts count as acknowledged with it.

    Raises:
        TooLateError: if a colleague has it, or has resolved it.
    """
    found = _locked(refs)
    for each in found:
        if each.assigned_to_id not in (None, person.pk):
            raise TooLateError(f"{each.assigned_to} was faster and has it now.")
    for each in found:
        if each.assigned_to_id is None or _is_unseen(each):
            changed = _give(each, person) + _see(each, person)
            _save(each, changed, person, "claim")


@transaction.atomic
def assign(person: Person, refs: Sequence[Ref], to: Person, held_by: str) -> None:
    """Gives it to a colleague, or hands it on to them.

    Args:
        person: who does it.
        refs: what.
        to: who has it from now on. Acknowledging stays theirs to do.
        held_by: key of who had it when the form was shown, or empty.

    Raises:
        MatterError: if they can't take anything.
        TooLateError: if it went to somebody else meanwhile.
    """
    if not to.may(Permission.ANSWER):
        raise MatterError(f"{to} can't take hand-offs.")
    found = _locked(refs)
    for each in found:
        now_with = str(each.assigned_to_id or "")
        if now_with not in ("", held_by, str(person.pk)):
            raise TooLateError(f"Not handed on: {each.assigned_to} has it by now.")
    for each in found:
        _save(each, _give(each, to), person, "assign", to=to.pk, to_name=str(to))


@transaction.atomic
def release(person: Person, refs: Sequence[Ref]) -> None:
    """Puts it back: anybody may take it.

    Raises:
        TooLateError: if it is not theirs any more.
    """
    found = _locked(refs)
    mine = [each for each in found if each.assigned_to_id == person.pk]
    if not mine:
        raise TooLateError("Not put back: it is not yours any more.")
    for each in mine:
        each.assigned_to, each.assigned_at = None, None
        _save(each, ["assigned_to", "assigned_at"], person, "release")


@transaction.atomic
def snooze(person: Person, refs: Sequence[Ref], until: datetime) -> None:
    """Puts it off; an alert that nobody has acknowledged can't be.

    Raises:
        MatterError: if one is such an alert.
        TooLateError: if a colleague has it, or has resolved it.
    """
    found = _locked(refs)
    if any(map(_is_unseen, found)):
        raise MatterError("Acknowledge the alert first, then put it off.")
    _only_theirs(found, person)
    for each in found:
        each.snoozed_until = until
        _save(each, ["snoozed_until"], person, "snooze", until=until.isoformat())


@transaction.atomic
def wake(person: Person, refs: Sequence[Ref]) -> None:
    """Takes back that it was put off.

    Raises:
        TooLateError: if a colleague has resolved it.
    """
    for each in _locked(refs):
        if each.snoozed_until is not None:
            each.snoozed_until = None
            _save(each, ["snoozed_until"], person, "wake")


@transaction.atomic
def resolve(person: Person, refs: Sequence[Ref], outcome: str) -> None:
    """It is done; who resolves an alert has acknowledged it.

    Raises:
        MatterError: if the outcome is none of ``Matter.Outcome``.
        TooLateError: if a colleague has it, or has resolved it.
    """
    if outcome not in Matter.Outcome.values:
        raise MatterError("Not resolved: say what became of it.")
    found = _locked(refs)
    _only_theirs(found, person)
    for each in found:
        changed = _see(each, person)
        each.resolved_at, each.resolved_by = timezone.now(), person
        each.outcome = outcome
        changed += ["resolved_at", "resolved_by", "outcome"]
        _save(each, changed, person, "resolve", outcome=outcome)


def _locked(refs: Sequence[Ref]) -> list[Alert | Ticket]:
    """Those that are open, for this transaction alone; tickets first, as everywhere.

    Raises:
        TooLateError: if none is open.
    """
    found: list[Alert | Ticket] = []
    for kind, model in KINDS.items():
        keys = [ref.pk for ref in refs if ref.kind == kind]
        rows = model.objects.select_for_update().filter(pk__in=keys).order_by("pk")
        found += rows
    still_open = [each for each in found if each.resolved_at is None]
    if not still_open:
        who = next((each.resolved_by for each in found if each.resolved_by), None)
        raise TooLateError(f"{who or 'A colleague'} was faster: it is resolved.")
    return still_open


def _only_theirs(found: Iterable[Alert | Ticket], person: Person) -> None:
    for each in found:
        if each.assigned_to_id not in (None, person.pk):
            raise TooLateError(
                f"{each.assigned_to} has it: take it over first, or ask them."
            )


def _is_unseen(matter: Alert | Ticket) -> bool:
    return isinstance(matter, Alert) and matter.acknowledged_at is None


def _see(matter: Alert | Ticket, person: Person) -> list[str]:
    if not isinstance(matter, Alert) or matter.acknowledged_at is not None:
        return []
    matter.acknowledged_at, matter.acknowledged_by = timezone.now(), person
    return ["acknowledged_at", "acknowledged_by"]


def _give(matter: Alert | Ticket, to: Person) -> list[str]:
    matter.assigned_to, matter.assigned_at = to, timezone.now()
    matter.snoozed_until = None
    return ["assigned_to", "assigned_at", "snoozed_until"]


def _save(
    matter: Alert | Ticket,
    changed: list[str],
    person: Person,
    action: str,
    **detail: Any,
) -> None:
    matter.save(update_fields=changed)
    if matter.conversation_id is not None:
        detail["conversation"] = str(matter.conversation_id)
    record(person, action, f"{ref_of(matter).kind} {matter.pk}", **detail)
