"""From a correction to training data: impersonal words, worth adding, into a proposal.

Called by ``views_corrections`` and ``views_proposals``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.chat.models import Conversation
from frontdesk.staff.models import Person
from frontdesk.training.corrections import RefusedError, understood
from frontdesk.training.intents import words_of
from frontdesk.training.models import Correction
from retraining.examples import Example
from retraining.nearest import contradicting, is_sure, nearest, redundant
from retraining.proposal_items import ExampleItem, Item, ItemError, Origin, TermItem
from retraining.proposals import Proposal
from safety.redactor import redact

NOT_ALLOWED = (
    "This patient did not allow their chat to be used to improve the assistant. It can "
    "be corrected, but nothing of it is taught."
)


@dataclass(frozen=True)
class Advice:
    """What to know before an example is added."""

    redundant: str = ""
    contradicts: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.redundant or self.contradicts)


def may_be_taught(conversation: Conversation) -> bool:
    """Whether the patient has said yes to it; not asked is not yes."""
    return conversation.improve is True


def suggested_text(found: Correction) -> str:
    """What to begin the impersonal text with: one line, redacted once more."""
    text = found.text or found.message.text
    return " ".join(redact(text).text.split())


def write_text(found: Correction, person: Person, text: str, confirmed: bool) -> None:
    """Keeps the impersonal text, and who says that it is.

    Raises:
        RefusedError: if it is not, or nobody says so, or the patient has said no.
    """
    if not may_be_taught(found.message.conversation):
        raise RefusedError(NOT_ALLOWED)
    if found.proposal:
        raise RefusedError("It is in a proposal already.")
    text = " ".join(text.split())
    try:
        for item in _items(found, text):
            item.validate()
    except ItemError as error:
        raise RefusedError(str(error)) from error
    if not confirmed:
        raise RefusedError("Confirm that nothing in it points to a person.")
    found.text = text
    found.confirmed_by, found.confirmed_at = person, timezone.now()
    found.save()
    message = found.message
    subject = f"conversation {message.conversation_id}"
    is_same = text == " ".join(message.text.split())
    record(
        person, "write example", subject, message=message.number, reworded=not is_same
    )


def advice_on(found: Correction) -> Advice:
    """Whether it would teach anything, and contradicts nothing; kept with it."""
    heard = understood(found.message)
    if found.text == found.message.text and is_sure(heard.ranking, found.intent):
        told = Advice("The assistant is sure of this already.")
    else:
        told = advice(found.text, found.intent)
    found.pointed_out = " ".join(filter(None, (told.redundant, told.contradicts)))
    found.save(update_fields=["pointed_out"])
    return told


def advice(text: str, intent: str) -> Advice:
    """The same for a sentence of somebody's own."""
    near = nearest(text)
    same, other = redundant(near, intent), contradicting(near, intent)
    told = ""
    if same is not None:
        told = f"Nearly the same is taught already: “{same.example.text}”."
    if other is None or (same is not None and same.similarity >= other.similarity):
        return Advice(told)
    against = (
        f"Nearly the same is taught as *{words_of(other.example.intent)}*: "
        f"“{other.example.text}” ({_place(other.example)})."
    )
    return Advice(told, against)


def _place(example: Example) -> str:
    return f"{example.file.name}, line {example.line}"


def can_be_added(found: Correction) -> bool:
    """Whether it is agreed on, impersonal and not added yet."""
    is_agreed = found.state == Correction.State.READY
    return is_agreed and found.is_confirmed and not found.proposal


def add(found: Iterable[Correction], proposal: Proposal, person: Person) -> int:
    """Adds corrections to an open proposal; in the transaction of the caller.

    Returns:
        how many were added; those that can't be, or are in it, are left out.

    Raises:
        ProposalError: if it is not open any more.
        ItemError: if one can't be proposed.
    """
    known = {item.origin.correction for item in proposal.items}
    items: list[Item] = []
    added = []
    for each in found:
        conversation = each.message.conversation
        if not can_be_added(each) or not may_be_taught(conversation):
            continue
        if each.pk not in known:
            items += _items(each, each.text, added_by=person.name)
        each.proposal = proposal.id
        each.save(update_fields=["proposal"])
        added.append(each)
    if items:
        proposal.add(items, person.name)
    for each in added:
        subject = f"conversation {each.message.conversation_id}"
        number = each.message.number
        record(
            person, "propose training", subject, message=number, proposal=proposal.id
        )
    return len(added)


def take_out(proposal: Proposal, ids: list[str], person: Person) -> int:
    """Takes items out of an open proposal; their corrections can be added anew."""
    gone = [item for item in proposal.items if item.id in ids]
    count = proposal.remove(ids, person.name)
    left = {item.origin.correction for item in proposal.items}
    freed = {item.origin.correction for item in gone} - left - {None}
    Correction.objects.filter(pk__in=freed, proposal=proposal.id).update(proposal="")
    record(person, "take out", f"proposal {proposal.id}", items=count)
    return count


def _items(found: Correction, text: str, added_by: str = "") -> list[Item]:
    message = found.message
    origin = Origin(str(message.conversation_id), (message.number,), found.pk)
    items: list[Item] = [
        ExampleItem(found.intent, text, origin=origin, added_by=added_by)
    ]
    if word := found.word:
        term = TermItem(
            word["entity"],
            word["text"],
            word["synonym"],
            origin=origin,
            added_by=added_by,
        )
        items.append(term)
    return items
