"""Other words for a text: proposed, withdrawn, rejected. None of it is served yet."""

from __future__ import annotations

from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from clinic.answers import Answer
from frontdesk.answers import lint
from frontdesk.answers.folder import Variation, mark_of
from frontdesk.answers.models import AnswerRevision
from frontdesk.audit.ledger import record
from frontdesk.chat.texts import texts
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

LONGEST_NOTE = 500
State = AnswerRevision.State
# A patient agrees to these words under a version that a developer counts up with them
# (frontdesk/settings.py: CONSENT_VERSION).
BOUND_TO_A_VERSION = {
    "consent",
    "consent_improve",
    "consent_spanish",
    "consent_improve_spanish",
}


class RefusedError(ValueError):
    """It can't be done; says why and what to do, for the person who asked."""


class ChangedError(RefusedError):
    """The text in the files is not the one that the edit began with."""


class WrongTextError(RefusedError):
    """The house checks find errors in the text."""

    def __init__(self, findings: list[lint.Finding]) -> None:
        first = findings[0]
        super().__init__(
            f"The text can't be used yet. {first.where}: {first.what} {first.do}"
        )
        self.findings = findings


def is_bound(response: str) -> bool:
    """Whether its words can't be changed on these pages."""
    return response.removeprefix("utter_") in BOUND_TO_A_VERSION


def changed(spot: Variation, text: str, sources: list[str]) -> Answer:
    """A text with other words and sources, its approval still the old one's."""
    # A text without sources may lack the key; it stays so.
    metadata = dict(spot.answer.metadata)
    if sources != spot.sources:
        metadata["sources"] = sources
    return replace(spot.answer, text=lint.tidy(text), metadata=metadata)


def errors_of(answer: Answer, before: str) -> list[lint.Finding]:
    """Why the house checks would not let a text through."""
    found = lint.findings(answer, today=texts().today(), before=before)
    return [each for each in found if each.is_error]


def propose(
    who: Person, spot: Variation, mark: str, text: str, sources: list[str], note: str
) -> AnswerRevision:
    """Keeps other words for a text until a second person decides.

    Args:
        who: writes it.
        spot: the text as the files have it now.
        mark: of the text that the edit began with.
        text: the new words.
        sources: ids of the facts that they rest on.
        note: why; for whoever decides.

    Raises:
        ChangedError: if the text was changed meanwhile.
        WrongTextError: if the house checks find errors.
        RefusedError: if there is nothing to propose, or a proposal waits already.
    """
    if is_bound(spot.answer.name):
        raise RefusedError(
            "Patients agree to these words under a version. A developer changes both."
        )
    if spot.mark != mark:
        raise ChangedError(
            "The text was changed since you began. What you wrote is still here: "
            "compare it with the text as it is now, and send it again."
        )
    new = changed(spot, text, sources)
    if mark_of(new) == spot.mark:
        raise RefusedError("Nothing is different from the text as it is.")
    errors = errors_of(new, spot.answer.text)
    if errors:
        raise WrongTextError(errors)
    note = note.strip()[:LONGEST_NOTE]
    if not note:
        raise RefusedError("Say why, for the person who decides.")
    try:
        return _keep(who, spot, new, note)
    except IntegrityError as error:
        raise RefusedError(
            "Another proposal for this text waits already. It must be decided or "
            "withdrawn first."
        ) from error


def _keep(who: Person, spot: Variation, new: Answer, note: str) -> AnswerRevision:
    with transaction.atomic():
        revision = AnswerRevision.objects.create(
            author=who, note=note, **rows(spot, new)
        )
        record(who, "propose", subject(revision.response), **about(revision))
    return revision


def rows(spot: Variation, new: Answer) -> dict[str, object]:
    """What a revision keeps of the old text and of the new one."""
    return {
        "response": spot.answer.name,
        "variant": spot.variant,
        "old_mark": spot.mark,
        "old_version": spot.answer.version,
        "old_text": spot.answer.text,
        "old_sources": spot.sources,
        "new_mark": mark_of(new),
        "new_version": new.version,
        "new_text": new.text,
        "new_sources": list(new.metadata.get("sources") or []),
    }


def withdraw(who: Person, revision: AnswerRevision) -> None:
    """Takes one's own proposal back.

    Raises:
        RefusedError: if it is not one's own, or is decided.
    """
    with transaction.atomic():
        mine = _waiting(revision).filter(author=who)
        if not mine.update(state=State.WITHDRAWN, decided_at=timezone.now()):
            raise RefusedError(
                "Only a proposal of your own that waits can be withdrawn."
            )
        record(who, "withdraw proposal", subject(revision.response), **about(revision))


def reject(who: Person, revision: AnswerRevision, reason: str) -> None:
    """Says no, and why.

    Raises:
        RefusedError: without a reason, without the role, or if it is decided.
    """
    reason = reason.strip()[:LONGEST_NOTE]
    if not reason:
        raise RefusedError("Say why, for the person who wrote it.")
    with transaction.atomic():
        check_role(who, Permission.APPROVE)
        done = _waiting(revision).update(
            state=State.REJECTED,
            decided_by=who,
            decided_at=timezone.now(),
            reason=reason,
        )
        if not done:
            raise RefusedError("This proposal is decided already.")
        detail = about(revision) | {"reason": reason}
        record(who, "reject", subject(revision.response), **detail)


def check_role(who: Person, permission: Permission) -> None:
    """Looks in this transaction whether a person may; the page has looked before it.

    Raises:
        RefusedError: if not (any more).
    """
    now = Person.objects.select_for_update().filter(pk=who.pk).first()
    if now is None or not now.may(permission):
        raise RefusedError("Your role does not allow this any more.")


def subject(response: str) -> str:
    """How the ledger names an answer."""
    return f"answer {response}"


def about(revision: AnswerRevision) -> dict[str, object]:
    """What the ledger keeps of a revision: no words, their versions."""
    return {
        "variant": revision.variant,
        "revision": revision.pk,
        "old": revision.old_version,
        "new": revision.new_version,
    }


def _waiting(revision: AnswerRevision) -> QuerySet[AnswerRevision]:
    return AnswerRevision.objects.filter(pk=revision.pk, state=State.PROPOSED)
