"""Makes a model live, tries it on some patients, takes it back; all on record.

The pages' way to ``retraining.release``, which asks the gate. What is live is in files
and not in the database: no transaction is open while the running processes follow.
"""

from __future__ import annotations

from collections.abc import Callable

from frontdesk.audit.ledger import record
from frontdesk.staff.models import Person
from frontdesk.training.corrections import RefusedError
from frontdesk.training.trainings import here
from retraining import release as gate
from retraining.candidates import CandidateError
from retraining.changes import ChangeError
from retraining.places import BusyError
from retraining.promote import Done, end_canary
from safety.live_model import LiveModelError

REFUSALS = (gate.GateError, ChangeError, CandidateError, BusyError, LiveModelError)
SECONDS_TO_FOLLOW = 30.0  # a page waits no longer for the running processes
SHARES = (5, 10, 25, 50)  # percent
LONGEST_REASON = 500


def make_live(person: Person, name: str, reason: str) -> Done:
    """All patients get the model, if nothing speaks against it.

    Raises:
        RefusedError: says why not.
    """
    why = reason_of(reason)
    return deed(
        person,
        "promote",
        name,
        why,
        lambda: gate.release(
            here(), name, actor=person.name, reason=why, seconds=SECONDS_TO_FOLLOW
        ),
    )


def try_it(person: Person, name: str, share: str, reason: str) -> Done:
    """A share of the conversations that begin gets the model.

    Raises:
        RefusedError: says why not.
    """
    why = reason_of(reason)
    if share not in map(str, SHARES):
        raise RefusedError("Choose how many of the new conversations get it.")
    return deed(
        person,
        "canary",
        name,
        why,
        lambda: gate.release_canary(
            here(),
            name,
            int(share) / 100,
            actor=person.name,
            reason=why,
            seconds=SECONDS_TO_FOLLOW,
        ),
        percent=int(share),
    )


def end_trial(person: Person, reason: str) -> Done:
    """The live model answers everybody again.

    Raises:
        RefusedError: if no model is being tried.
    """
    why = reason_of(reason)
    where, seconds = here(), SECONDS_TO_FOLLOW
    return deed(
        person,
        "end canary",
        "",
        why,
        lambda: end_canary(where, actor=person.name, reason=why, seconds=seconds),
    )


def take_back(person: Person, reason: str, to: str = "") -> Done:
    """An earlier model is live again, with its data.

    Args:
        person: who wants it.
        reason: why.
        to: which model; the one before if left out.

    Raises:
        RefusedError: if there is none to go back to.
    """
    why = reason_of(reason)
    return deed(
        person,
        "roll back",
        to,
        why,
        lambda: gate.take_back(
            here(),
            actor=person.name,
            reason=why,
            to=to or None,
            seconds=SECONDS_TO_FOLLOW,
        ),
    )


def verdict_of(name: str) -> gate.Verdict:
    """What the gate says of a model now.

    Raises:
        RefusedError: if it was not compared with what is live now.
    """
    try:
        return gate.verdict(here(), name)
    except REFUSALS as error:
        raise RefusedError(_for_pages(error)) from error


def deed(
    person: Person,
    action: str,
    name: str,
    reason: str,
    do: Callable[[], Done],
    **detail: object,
) -> Done:
    """Does it, and puts it on record with all that is known of it.

    Args:
        person: who wants it.
        action: for the audit log.
        name: of the model.
        reason: why.
        do: the deed itself; seconds.
        detail: what else the audit log should say.

    Raises:
        RefusedError: if it was refused, in words for people.
    """
    try:
        done = do()
    except REFUSALS as error:
        words = _for_pages(error)
        if action == "promote":
            record(person, "promote refused", f"model {name}", why=words)
        raise RefusedError(words) from error
    entry = done.entry
    record(
        person,
        action,
        f"model {entry.model}",
        reason=reason,
        before=entry.previous,
        sha256=entry.sha256,
        commit=entry.commit,
        seconds=round(done.seconds, 1),
        not_followed_yet=len(done.waiting),
        **detail,
    )
    return done


def _for_pages(error: Exception) -> str:
    """An error's words; what to do, as it is done here."""
    if isinstance(error, gate.GateError) and "retraining compare" in str(error):
        return "It was not compared with what is live now: train and compare again."
    return str(error)


def reason_of(given: str) -> str:
    """A reason as it is kept.

    Raises:
        RefusedError: if there is none.
    """
    words = " ".join(given.split())[:LONGEST_REASON]
    if len(words) < 3:
        raise RefusedError("Say why: the reason is kept with it.")
    return words
