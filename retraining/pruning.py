"""Removes trained models that nobody needs any more; the registry goes on naming them.

Called after each training by its process, and by ``python -m retraining prune``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from retraining import registry
from retraining.candidates import DRAFT, Candidate, all_candidates
from retraining.changes import changing, live_content
from retraining.places import Places
from retraining.proposal_folder import SUBMITTED
from retraining.proposal_list import all_proposals
from retraining.taking_back import models_before

# A model takes some ten megabytes.
MOST_BACK = 5  # promotions that can be taken back
MOST_SPARE = 10  # of the others, the newest
ACTOR = "pruning"
REASON = "It was not needed any more."


def prune(places: Places) -> list[str]:
    """Removes what is not needed; gives the names, oldest first.

    Args:
        places: of the installation.

    Raises:
        BusyError: if somebody is changing what is live.
        LiveModelError: if nobody knows what is live; then nothing is removed.
    """
    with changing(places):
        gone = _not_needed(places)
        for candidate in gone:
            _remove(places, candidate)
    return [candidate.id for candidate in gone]


def _not_needed(places: Places) -> list[Candidate]:
    found = all_candidates(places.models)
    needed = _in_use(places) | _waiting(places, found)
    others = [each for each in found if each.id not in needed]
    return others[MOST_SPARE:][::-1]


def _in_use(places: Places) -> set[str]:
    """What answers patients, and what people can go back to."""
    live = live_content(places) or {}
    entries = [live.get("model"), live.get("canary")]
    named = {each["id"] for each in entries if each}
    for process in registry.processes(places):
        named |= {each for each in (process.model, process.canary) if each}
    return named | set(models_before(registry.read(places))[:MOST_BACK])


def _waiting(places: Places, found: Sequence[Candidate]) -> set[str]:
    """The newest model of each proposal that is to be decided."""
    newest: dict[str, str] = {}
    for each in found:
        newest.setdefault(each.proposal or "", each.id)
    proposals = all_proposals(places.home, root=places.root)
    open_ones = {each.id for each in proposals if each.state == SUBMITTED}
    return {model for proposal, model in newest.items() if proposal in open_ones}


def _remove(places: Places, candidate: Candidate) -> None:
    """On record first; a crash leaves a whole model, or a draft to be removed."""
    lines = (e for e in reversed(registry.read(places)) if e.model == candidate.id)
    last = next(lines, None)
    if last is None or last.event != registry.REMOVED:
        entry = registry.Entry(
            event=registry.REMOVED,
            model=candidate.id,
            sha256=candidate.sha256,
            actor=ACTOR,
            reason=REASON,
            proposal=candidate.proposal,
        )
        registry.append(places, entry)
    draft = places.models / f"{DRAFT}{candidate.id}"
    shutil.rmtree(draft, ignore_errors=True)
    (places.models / candidate.id).rename(draft)
    shutil.rmtree(draft, ignore_errors=True)
