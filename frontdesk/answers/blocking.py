"""Takes a text out of service at once; the chat's last gate asks for each reply."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q

from clinic.answers import NEVER_REFUSED_KINDS, Answer
from frontdesk.answers.folder import UnknownAnswerError
from frontdesk.answers.proposals import (
    LONGEST_NOTE,
    RefusedError,
    check_role,
    subject,
)
from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry
from frontdesk.chat.models import BlockedAnswer
from frontdesk.chat.texts import texts
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

ALL_TEXTS = ""  # what BlockedAnswer keeps where no version is named


def block(who: Person, response: str, version: str, reason: str) -> None:
    """Patients get the text "we are reviewing this" instead, from now on.

    Works while the answer's file can't be read, too.

    Args:
        who: anybody who answers patients, or edits.
        response: an answer.
        version: of one of its texts; empty for all of them, also later ones.
        reason: for whoever mends it.

    Raises:
        UnknownAnswerError: if there is no such text.
        RefusedError: without a reason, if it is blocked, or may never be.
    """
    reason = reason.strip()[:LONGEST_NOTE]
    if not reason:
        raise RefusedError("Say what is wrong with it, for whoever mends it.")
    concerned = _texts(response, version)
    if any(answer.kind in NEVER_REFUSED_KINDS for answer in concerned):
        raise RefusedError(
            "A crisis, emergency, hand-off or fallback text is never taken out of "
            "service: patients would be left with nothing. Propose other words."
        )
    try:
        with transaction.atomic():
            check_role(who, Permission.BLOCK_ANSWERS)
            BlockedAnswer.objects.create(
                response=response, version=version, reason=reason
            )
            detail = {"version": version or "all", "reason": reason}
            record(who, "block", subject(response), **detail)
    except IntegrityError as error:
        raise RefusedError("It is out of service already.") from error


def unblock(who: Person, response: str, version: str) -> None:
    """A clinician lets it be said again.

    Raises:
        RefusedError: if it is not blocked, or the role does not allow it.
    """
    with transaction.atomic():
        check_role(who, Permission.APPROVE)
        rows = BlockedAnswer.objects.filter(response=response, version=version)
        if not rows.delete()[0]:
            raise RefusedError("It is not out of service.")
        record(who, "unblock", subject(response), version=version or "all")


def blocks(response: str, version: str) -> list[BlockedAnswer]:
    """What keeps a text out of service."""
    both = Q(version=version) | Q(version=ALL_TEXTS)
    return list(BlockedAnswer.objects.filter(both, response=response))


def blocked_by(row: BlockedAnswer) -> str:
    """Who has blocked it: the ledger knows."""
    entries = Entry.objects.filter(subject=subject(row.response), action="block")
    for entry in entries.order_by("-number"):
        if entry.detail.get("version") == (row.version or "all"):
            return entry.actor
    return ""


def _texts(response: str, version: str) -> list[Answer]:
    library = texts().library
    found = library.variations(response) if response in library else []
    concerned = [each for each in found if version in (ALL_TEXTS, each.version)]
    if not concerned:
        raise UnknownAnswerError(f"{response} {version}")
    return concerned
