"""The steps of an approval, each whole in itself; ``publishing`` puts them in order."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from frontdesk.answers.folder import (
    UnknownAnswerError,
    Variation,
    mark_of,
    variations,
)
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.proposals import (
    ChangedError,
    RefusedError,
    about,
    check_role,
    subject,
)
from frontdesk.audit.ledger import record
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

State, Kind = AnswerRevision.State, AnswerRevision.Kind
GONE = (
    "The text in the files is not the one this was written for. Nothing was changed. "
    "Reject or withdraw the proposal, and write it anew."
)


def claim(who: Person, revision: AnswerRevision, review_by: date) -> None:
    """Of two people at the same moment, and of a double click, one gets it."""
    with transaction.atomic():
        check_role(who, Permission.APPROVE)
        waiting = AnswerRevision.objects.filter(pk=revision.pk, state=State.PROPOSED)
        if not waiting.exists():
            raise RefusedError("This proposal is decided already.")
        claimed = waiting.exclude(author=who).update(
            state=State.PUBLISHING,
            decided_by=who,
            decided_at=timezone.now(),
            review_by=review_by,
        )
        if not claimed:
            raise RefusedError(
                "These are your own words. Somebody else has to approve."
            )
    revision.refresh_from_db()


def finish(revision: AnswerRevision, commit: str) -> None:
    """The row and its entry in the ledger, both or neither."""
    who = revision.decided_by
    if who is None or revision.review_by is None:
        raise RefusedError("This proposal was never claimed.")
    action = "approve" if revision.kind == Kind.EDIT else "review answer"
    detail = about(revision) | {"review_by": revision.review_by.isoformat()}
    with transaction.atomic():
        mine = AnswerRevision.objects.filter(pk=revision.pk, state=State.PUBLISHING)
        if not mine.update(state=State.APPROVED, commit=commit):
            raise RefusedError("It was taken back meanwhile. Try again.")
        record(who, action, subject(revision.response), **detail, commit=commit)


def release(revision: AnswerRevision) -> None:
    """As if nobody had claimed it; a review leaves nothing behind."""
    mine = AnswerRevision.objects.filter(pk=revision.pk, state=State.PUBLISHING)
    if revision.kind == Kind.REVIEW:
        mine.delete()
    else:
        mine.update(
            state=State.PROPOSED, decided_by=None, decided_at=None, review_by=None
        )


def spot_of(revision: AnswerRevision) -> Variation:
    """Where the text is that the revision is about: the old one, or already the new."""
    try:
        found = variations(revision.response)
    except UnknownAnswerError as error:
        raise ChangedError(GONE) from error
    marks = (revision.old_mark, revision.new_mark)
    same = [each for each in found if each.mark in marks]
    named = [each for each in same if each.variant == revision.variant]
    if named or len(same) == 1:
        return (named or same)[0]
    raise ChangedError(GONE)


def is_written(spot: Variation, revision: AnswerRevision) -> bool:
    """Whether the file has what the revision wanted, approval and all."""
    own, review_by = spot.answer.metadata, revision.review_by
    return (
        mark_of(spot.answer) == revision.new_mark
        and own.get("status") == "approved"
        and review_by is not None
        and own.get("review_by") == review_by.isoformat()
    )


def for_git(revision: AnswerRevision) -> tuple[str, str]:
    """Message and author of the commit: who wrote the words, who approved them."""
    what = f"{revision.response.removeprefix('utter_')} ({revision.variant})"
    if revision.kind == Kind.REVIEW:
        subject_line = f"responses: Review {what}"
    else:
        subject_line = f"responses: Change {what}"
    trailer = f"Approved-by: {revision.decided_by}"
    return f"{subject_line[:71]}.\n\n{trailer}", str(revision.author)
