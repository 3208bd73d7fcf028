"""Two people set the gate aside: one asks, another one confirms on their own account.

Never for crises and emergencies (``retraining.gate``); one of the two is a clinician.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from frontdesk.audit.ledger import record
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission
from frontdesk.training.corrections import RefusedError
from frontdesk.training.models import SetAside
from frontdesk.training.releasing import (
    SECONDS_TO_FOLLOW,
    deed,
    reason_of,
    verdict_of,
)
from frontdesk.training.trainings import here
from retraining.gate import Override
from retraining.promote import Done
from retraining.release import release

FEWEST_WORDS = 3  # of a reason against the gate


def ask_second(person: Person, name: str, reason: str) -> SetAside:
    """Wants to set aside what the gate says; waits for a second person.

    Raises:
        RefusedError: if that is not to be set aside, or not needed.
    """
    why = reason_of(reason)
    found = verdict_of(name)
    if found.is_open:
        raise RefusedError("Nothing speaks against it: it needs no second person.")
    never = [each.words for each in found.reasons if not each.can_be_overridden]
    if never:
        raise RefusedError(f"Nobody can set this aside: {never[0]}")
    if len(why.split()) < FEWEST_WORDS:
        raise RefusedError("Say in some words why it should go live all the same.")
    said = [each.words for each in found.reasons]
    try:
        with transaction.atomic():
            asked = SetAside.objects.create(
                model=name,
                comparison=found.comparison.id,
                reasons=said,
                reason=why,
                author=person,
            )
            about = {"comparison": asked.comparison, "reasons": said}
            record(person, "ask set aside", f"model {name}", reason=why, **about)
    except IntegrityError as error:
        raise RefusedError("Somebody has asked for that already.") from error
    return asked


def confirm(person: Person, asked: SetAside) -> Done:
    """The second person's yes, on their own account: the model goes live.

    Raises:
        RefusedError: if this person can't be the second one, or things have changed.
    """
    _check_second(person, asked)
    if verdict_of(asked.model).comparison.id != asked.comparison:
        raise RefusedError("It was compared anew since: look at that, and ask again.")
    override = Override(_names(asked.author, person), asked.reason)
    done = deed(
        person,
        "promote",
        asked.model,
        asked.reason,
        lambda: release(
            here(),
            asked.model,
            actor=person.name,
            reason=asked.reason,
            override=override,
            seconds=SECONDS_TO_FOLLOW,
        ),
        set_aside=asked.reasons,
        people=list(override.people),
    )
    with transaction.atomic():
        _decide(asked, str(SetAside.State.CONFIRMED), person)
        record(person, "confirm set aside", f"model {asked.model}")
    return done


def withdraw(person: Person, asked: SetAside) -> None:
    """Nobody has to decide about it any more.

    Raises:
        RefusedError: if it was decided.
    """
    with transaction.atomic():
        _decide(asked, str(SetAside.State.WITHDRAWN), person)
        record(person, "withdraw set aside", f"model {asked.model}")


def _check_second(person: Person, asked: SetAside) -> None:
    author = asked.author
    if asked.state != SetAside.State.WAITS:
        raise RefusedError("It was decided already.")
    if author == person:
        raise RefusedError("Somebody else confirms it, on their own account.")
    if not author.is_active or not author.may(Permission.PROMOTE):
        raise RefusedError(f"{author.name} may not do that any more: ask again.")
    if not any(each.may(Permission.APPROVE) for each in (author, person)):
        raise RefusedError("One of the two must be a clinician.")


def _decide(asked: SetAside, state: str, person: Person) -> None:
    waits = SetAside.objects.filter(pk=asked.pk, state=SetAside.State.WAITS)
    if not waits.update(state=state, second=person, decided_at=timezone.now()):
        raise RefusedError("It was decided already.")


def _names(first: Person, second: Person) -> tuple[str, str]:
    """Of two people; with their e-mail if they are called the same."""
    if first.name.casefold() == second.name.casefold():
        return f"{first.name} ({first.email})", f"{second.name} ({second.email})"
    return first.name, second.name
