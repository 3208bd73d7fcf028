"""The second person's yes: from a proposal to the file that patients are served from.

The steps, under a lock of this machine: claim the row, write the file (and git), finish
the row with its entry in the ledger. No transaction is open while the disk works: a
crisis message never waits for an approval. A step that fails takes the ones before it
back; ``settle`` does so after a crash, or finishes what was written.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from clinic.answers import Answer
from frontdesk.answers import git
from frontdesk.answers.folder import FolderError, Variation, variations
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.proposals import (
    ChangedError,
    RefusedError,
    WrongTextError,
    check_role,
    errors_of,
    rows,
)
from frontdesk.answers.publishing_steps import (
    claim,
    finish,
    for_git,
    is_written,
    release,
    spot_of,
)
from frontdesk.answers.writing import Written, only_writer, write
from frontdesk.chat.texts import texts
from frontdesk.staff.dates import day_words
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission
from retraining.check_approval import REVIEW_DAYS, latest_review
from retraining.places import BusyError

logger = logging.getLogger(__name__)

State, Kind = AnswerRevision.State, AnswerRevision.Kind


def approve(who: Person, revision: AnswerRevision, review_by: date) -> Written:
    """Puts a proposal in force.

    Args:
        who: a clinician who has not written it.
        revision: the proposal as it was shown.
        review_by: until when it may be used without a new review.

    Raises:
        ChangedError: if the text in the files is another one by now.
        WrongTextError: if the house checks find errors by now.
        RefusedError: if it is one's own, decided, or the date is impossible.
        FolderError: if the file could not be written; nothing was changed.
        BusyError: if another answer is being written.
    """
    with only_writer():
        settle()
        revision.refresh_from_db()
        spot = spot_of(revision)
        new = _approved(spot, revision.new_text, revision.new_sources, who, review_by)
        _check(new, revision.old_text, review_by)
        claim(who, revision, review_by)
        return _publish(revision, spot, new)


def renew(who: Person, spot: Variation, mark: str, review_by: date) -> Written:
    """A clinician has read a text as it is: it is approved until the new date.

    Raises:
        (as for ``approve``)
    """
    with only_writer():
        settle()
        spot = _same(spot, mark)
        text, sources = spot.answer.text, spot.sources
        new = _approved(spot, text, sources, who, review_by)
        _check(new, text, review_by)
        with transaction.atomic():
            check_role(who, Permission.APPROVE)
            if is_their_own(who, spot):
                raise RefusedError(
                    "These are your own words. Somebody else has to review them."
                )
            revision = AnswerRevision.objects.create(
                kind=Kind.REVIEW,
                state=State.PUBLISHING,
                author=who,
                decided_by=who,
                decided_at=timezone.now(),
                review_by=review_by,
                **rows(spot, new),
            )
        return _publish(revision, spot, new)


def is_their_own(who: Person, spot: Variation) -> bool:
    """Whether the words that are in force were proposed by this person."""
    edits = AnswerRevision.objects.filter(
        kind=Kind.EDIT, state=State.APPROVED, response=spot.answer.name
    )
    last = edits.filter(new_version=spot.answer.version).order_by("-decided_at").first()
    return last is not None and last.author_id == who.pk


def latest_day(answer: Answer) -> date:
    """The latest day of review for a text approved today (docs/content.md)."""
    today = texts().today()
    return latest_review(answer, today) or today + timedelta(days=REVIEW_DAYS)


def settle() -> None:
    """Finishes or takes back what a crash has left half done; call as only writer."""
    for revision in AnswerRevision.objects.filter(state=State.PUBLISHING):
        logger.warning("answers: revision %s was left half done.", revision.pk)
        try:
            spot = spot_of(revision)
            written = is_written(spot, revision)
            commit = git.commit(spot.file, *for_git(revision)) if written else ""
        except ChangedError:  # the file has neither the old words nor the new ones
            release(revision)
            continue
        except (FolderError, git.GitError) as error:
            logger.error("answers: revision %s: %s", revision.pk, error)
            continue
        if written:
            finish(revision, commit)
        else:
            release(revision)


def settle_now() -> None:
    """The same where a page is about to show what waits; not if somebody is at it."""
    if AnswerRevision.objects.filter(state=State.PUBLISHING).exists():
        try:
            with only_writer(0):
                settle()
        except BusyError:
            return


def _same(spot: Variation, mark: str) -> Variation:
    """The text as it is now that nobody else writes.

    Raises:
        ChangedError: if it is another one than the person has read.
    """
    for each in variations(spot.answer.name):
        if each.variant == spot.variant and each.mark == mark:
            return each
    raise ChangedError("The text was changed since you have read it. Read it again.")


def _approved(
    spot: Variation, text: str, sources: list[str], who: Person, review_by: date
) -> Answer:
    metadata = spot.answer.metadata | {
        "status": "approved",
        "approved_by": f"{who}, {who.get_role_display()}",
        "approved_on": texts().today().isoformat(),
        "review_by": review_by.isoformat(),
    }
    if sources != spot.sources:
        metadata["sources"] = sources
    return replace(spot.answer, text=text, metadata=metadata)


def _check(new: Answer, before: str, review_by: date) -> None:
    latest = latest_day(new)
    if not texts().today() < review_by <= latest:
        raise RefusedError(
            f"The day of the next review must be after today and not after "
            f"{day_words(latest)}."
        )
    errors = errors_of(new, before)
    if errors:
        raise WrongTextError(errors)


def _publish(revision: AnswerRevision, spot: Variation, new: Answer) -> Written:
    message, author = for_git(revision)
    try:
        written = write(spot, new, message=message, author=author)
    except BaseException:
        release(revision)
        raise
    try:
        finish(revision, written.commit)
    except BaseException:
        # If even this fails, ``settle`` sees to it later.
        written.undo()
        release(revision)
        raise
    texts().reread()
    texts().library  # noqa: B018 - reads the files here, so that no patient waits
    return written
