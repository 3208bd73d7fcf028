"""What is wrong with the live model where it runs; for ``/readyz`` and the models page.

Patients are answered all the same: a process that can't load a model goes on with the
one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retraining import registry
from retraining.candidates import CandidateError, read_candidate
from retraining.changes import live_content
from retraining.places import Places
from retraining.process_age import age_of
from safety.live_model import LiveModelError

KINDS = {"rasa": "assistant", "frontdesk": "front desk"}
SECONDS_TO_FOLLOW = 60.0  # a process that has not followed by then does not follow


def troubles(places: Places) -> list[str]:
    """Each trouble in a sentence or two; none if all is as it should be.

    Args:
        places: of the installation.
    """
    try:
        live = live_content(places)
    except LiveModelError as error:
        return [str(error)]
    if live is None:
        return []
    return [*_of_files(places, live), *_of_processes(places, live)]


def _of_files(places: Places, live: dict[str, Any]) -> Iterator[str]:
    for entry in (live["model"], live["canary"]):
        if entry:
            try:
                read_candidate(places.models, entry["id"])
            except CandidateError as error:
                yield f"{error} At its next start nothing could answer: roll back."


def _of_processes(places: Places, live: dict[str, Any]) -> Iterator[str]:
    is_late = age_of(places.live) > SECONDS_TO_FOLLOW
    for each in registry.processes(places):
        who = f"A process of the {KINDS.get(each.kind, each.kind)}"
        before = f"goes on with {each.model or 'the model before'}"
        if each.error:
            yield f"{who} {before}: {each.error}"
        elif is_late and each.serial < live["serial"]:
            yield f"{who} {before}, and does not follow: start it again."


def last_failure(entries: list[registry.Entry]) -> registry.Entry | None:
    """The last attempt to make a model live, if that model could not be loaded."""
    attempts = (registry.PROMOTED, registry.CANARY, registry.ADOPTED, registry.FAILED)
    last = next((each for each in reversed(entries) if each.event in attempts), None)
    return last if last and last.event == registry.FAILED else None
