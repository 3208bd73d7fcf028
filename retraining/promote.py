"""Makes a model live, takes it back, tries it on some patients first.

Called by the command line and by the pages of the front desk. Each call returns when
every running process has followed, or says which has not.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from retraining import registry, taking_back
from retraining.adoption import adopt_last_training
from retraining.candidate_files import read_files
from retraining.candidates import Candidate
from retraining.changes import (
    Change,
    Texts,
    changing,
    live_content,
    next_live,
    perform,
    text_of,
)
from retraining.following import Done, followed
from retraining.places import Places
from retraining.taking_back import PromotionError, whole
from retraining.train import fingerprint

__all__ = [
    "Done",
    "PromotionError",
    "end_canary",
    "promote",
    "roll_back",
    "start_canary",
]

SECONDS_TO_FOLLOW = 60.0
LARGEST_SHARE = 0.5


def promote(
    places: Places,
    name: str,
    *,
    actor: str,
    reason: str,
    detail: Mapping[str, Any] | None = None,
    seconds: float = SECONDS_TO_FOLLOW,
) -> Done:
    """Makes a candidate live, and its data the project's. Ask the gate before.

    Args:
        places: of the installation.
        name: of the candidate.
        actor: who wants it.
        reason: why.
        detail: for the registry: what the gate said, who has overridden it.
        seconds: how long to wait for the running processes.

    Raises:
        PromotionError: if the project has changed since the training, or a process
            can't load the model (then the one before is live again).
        CandidateError: if the model is not whole.
        BusyError: if somebody else is at it.
    """
    started = time.monotonic()
    with changing(places):
        candidate = whole(places, name)
        adopt_last_training(places)
        before = live_content(places)
        if before and before["model"]["id"] == name and not before["canary"]:
            raise PromotionError(f"The model {name} is live already.")
        old, new = _texts(places, candidate)
        entry = perform(
            places,
            Change(
                event=registry.PROMOTED,
                model=name,
                sha256=candidate.sha256,
                actor=actor,
                reason=reason,
                live=next_live(before, model=candidate.entry()),
                before=before,
                old_texts=old,
                new_texts=new,
                proposal=candidate.proposal,
                detail=dict(detail or {}),
            ),
        )
    return followed(places, entry, started, seconds)


def roll_back(
    places: Places,
    *,
    actor: str,
    reason: str,
    to: str | None = None,
    seconds: float = SECONDS_TO_FOLLOW,
) -> Done:
    """Makes the model before live again, and the data those it was made of.

    Args:
        places: of the installation.
        actor: who wants it.
        reason: why.
        to: an earlier model; the one before the last promotion if left out.
        seconds: how long to wait for the running processes.

    Raises:
        PromotionError: if there is nothing to go back to.
        CandidateError: if that model is not whole.
        BusyError: if somebody else is at it.
    """
    started = time.monotonic()
    with changing(places):
        entry = taking_back.roll_back(places, actor, reason, to)
    return followed(places, entry, started, seconds, undo=False)


def start_canary(
    places: Places,
    name: str,
    share: float,
    *,
    actor: str,
    reason: str,
    seconds: float = SECONDS_TO_FOLLOW,
) -> Done:
    """Lets a candidate answer a share of the conversations that begin from now on.

    Raises:
        PromotionError: for a share that is none, or if a process can't load the model.
        CandidateError: if the model is not whole.
    """
    if not 0 < share <= LARGEST_SHARE:
        raise PromotionError(f"Name a share above 0, at most {LARGEST_SHARE}.")
    started = time.monotonic()
    with changing(places):
        candidate = whole(places, name)
        adopt_last_training(places)
        before = live_content(places)
        if before is None or before["model"]["id"] == name:
            raise PromotionError("A canary is another model than the live one.")
        canary = {**candidate.entry(), "share": share}
        entry = perform(
            places,
            Change(
                event=registry.CANARY,
                model=name,
                sha256=candidate.sha256,
                actor=actor,
                reason=reason,
                live=next_live(before, model=before["model"], canary=canary),
                before=before,
                proposal=candidate.proposal,
                detail={"share": share},
            ),
        )
    return followed(places, entry, started, seconds)


def end_canary(
    places: Places, *, actor: str, reason: str, seconds: float = SECONDS_TO_FOLLOW
) -> Done:
    """The live model answers everybody again.

    Raises:
        PromotionError: if there is no canary.
    """
    started = time.monotonic()
    with changing(places):
        entry = taking_back.end_canary(places, actor, reason)
    return followed(places, entry, started, seconds, undo=False)


def _texts(places: Places, candidate: Candidate) -> tuple[Texts, Texts]:
    """The texts of the project's files before and after a candidate goes live."""
    old, new = read_files(places.models / candidate.id)
    for name, text in old.items():
        if text_of(places.root / name) not in (text, new[name]):
            raise PromotionError(
                f"{name} was changed since the model was trained: train again."
            )
    if fingerprint(places.root, new) != candidate.fingerprint:
        raise PromotionError(
            "The project was changed since the model was trained (data, config or "
            "code): train again, so that what was compared is what goes live."
        )
    old = {name: text_of(places.root / name) for name in new}
    return old, new
