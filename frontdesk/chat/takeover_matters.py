"""What a takeover means for the hand-offs and alerts of its conversation. Sync.

All rows are locked before the first entry of the ledger, tickets first, as in
``inbox.matters``.
"""

from __future__ import annotations

from django.utils import timezone

from frontdesk.audit.ledger import Job, record
from frontdesk.chat import message_log
from frontdesk.chat.models import Alert, Conversation, Matter, Message, Ticket
from frontdesk.staff.models import Person

TICKET_REASON = "human"


def claim(conversation: Conversation, person: Person, *, also_of_others: bool) -> None:
    """Theirs from now on; who answers in the chat has seen its alerts."""
    now = timezone.now()
    for each in _open(conversation):
        is_unseen = isinstance(each, Alert) and each.acknowledged_at is None
        before = each.assigned_to_id
        is_wanted = before is None or (also_of_others and before != person.pk)
        if not is_wanted and not is_unseen:
            continue
        if is_wanted:
            each.assigned_to, each.assigned_at, each.snoozed_until = person, now, None
        if isinstance(each, Alert) and is_unseen:
            each.acknowledged_at, each.acknowledged_by = now, person
        each.save()
        _record(person, "claim", each, before=before, by="chat")


def release(conversation: Conversation, person_id: int | None, job: Job) -> None:
    """Anybody's again: who had them is gone."""
    for each in _open(conversation):
        if person_id is not None and each.assigned_to_id == person_id:
            each.assigned_to = each.assigned_at = None
            each.save()
            _record(job, "release", each, before=person_id)


def resolve(conversation: Conversation, person: Person, outcome: str) -> None:
    """Closes those that are theirs."""
    for each in _open(conversation):
        if each.assigned_to_id == person.pk:
            each.resolved_at, each.resolved_by = timezone.now(), person
            each.outcome = Matter.Outcome(outcome)
            each.save()
            _record(person, "resolve", each, outcome=outcome)


def open_one(conversation: Conversation) -> None:
    """So that somebody comes back to the patient; one is enough."""
    if conversation.tickets.filter(resolved_at=None).exists():
        return
    said = conversation.messages.filter(author=Message.Author.PATIENT)
    last = said.order_by("-number").first()
    message_log.open_ticket(conversation, last, TICKET_REASON, "admin")


def _open(conversation: Conversation) -> list[Ticket | Alert]:
    """What waits for staff, for this transaction alone."""
    rows = [
        kind.select_for_update().filter(resolved_at=None).order_by("pk")
        for kind in (conversation.tickets, conversation.alerts)
    ]
    return [matter for found in rows for matter in found]


def _record(
    actor: Person | Job, action: str, matter: Ticket | Alert, **detail: object
) -> None:
    kind = "alert" if isinstance(matter, Alert) else "ticket"
    about = str(matter.conversation_id)
    record(actor, action, f"{kind} {matter.pk}", conversation=about, **detail)
