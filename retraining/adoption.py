"""Makes the model of the last ``make train`` the live one, without a gate.

At the first promotion, so that there is something to go back to; and at a start, when
the project's files were changed by other means: an update, a developer.
"""

from __future__ import annotations

import logging

from retraining import registry
from retraining.candidates import CandidateError, keep_last_training
from retraining.changes import Change, changing, live_content, next_live, perform
from retraining.places import Places, places
from retraining.project_git import current_commit
from retraining.train import fingerprint, fingerprint_of_model

logger = logging.getLogger(__name__)

ACTOR = "start"


def adopt_last_training(where: Places) -> registry.Entry | None:
    """Takes the last training as live if nothing is; hold ``changing`` around it."""
    if live_content(where) is not None:
        return None
    return _adopt(where, "It was the newest model when the first promotion came.")


def adopt_if_changed(where: Places | None = None) -> registry.Entry | None:
    """Takes the last training as live if the project is not what the live one learnt.

    Does nothing where nothing was ever promoted: then the last training is used anyway.
    """
    where = where or places()
    if not where.live.exists() and not where.journal.exists():
        return None
    with changing(where):
        live = live_content(where)
        made_of = fingerprint(where.root)
        if live is None or (
            fingerprint_of_model(where.models / live["model"]["id"]) == made_of
        ):
            return None
        if fingerprint_of_model(where.models) != made_of:
            return None
        entry = _adopt(where, "The project's files were changed without a promotion.")
    if entry is not None:
        print(f"The model {entry.model} is live now: {entry.reason}")
    return entry


def _adopt(where: Places, reason: str) -> registry.Entry | None:
    archives = list(where.models.glob("*.tar.gz"))
    newest = max(archives, key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        return None
    try:
        model = keep_last_training(where.models, newest)
    except CandidateError as error:
        logger.warning("%s It can't be kept for a roll-back.", error)
        return None
    before = live_content(where)
    return perform(
        where,
        Change(
            event=registry.ADOPTED,
            model=model.id,
            sha256=model.sha256,
            actor=ACTOR,
            reason=reason,
            live=next_live(before, model=model.entry()),
            before=before,
            detail={"commit": current_commit(where.root)},
        ),
    )
