"""Goes back to an earlier model, and ends a canary; hold ``changes.changing``.

Called by ``retraining.promote`` for people, and by itself when a model can't be loaded.
"""

from __future__ import annotations

from retraining import registry
from retraining.candidates import Candidate, CandidateError, read_candidate
from retraining.changes import (
    Change,
    ChangeError,
    Texts,
    change_of,
    live_content,
    next_live,
    perform,
    text_of,
)
from retraining.places import Places
from safety.live_model import LiveModelError


class PromotionError(ChangeError):
    """What was asked for is not live; the message says why and what to do."""


def whole(places: Places, name: str) -> Candidate:
    """A model whose files are what was trained.

    Raises:
        CandidateError: if there is none, or it is not whole.
    """
    candidate = read_candidate(places.models, name)
    try:
        candidate.files(places.models).check()
    except LiveModelError as error:
        raise CandidateError(f"{error} Train it again.") from error
    return candidate


def end_canary(places: Places, actor: str, reason: str) -> registry.Entry:
    """The live model alone.

    Raises:
        PromotionError: if there is no canary.
    """
    before = live_content(places)
    if before is None or not before["canary"]:
        raise PromotionError("There is no canary.")
    canary = before["canary"]
    change = Change(
        event=registry.CANARY_ENDED,
        model=canary["id"],
        sha256=canary["sha256"],
        actor=actor,
        reason=reason,
        live=next_live(before, model=before["model"]),
        before=before,
    )
    return perform(places, change)


def roll_back(
    places: Places, actor: str, reason: str, to: str | None = None
) -> registry.Entry:
    """The model before, or an earlier one, with its data.

    Raises:
        PromotionError: if there is nothing to go back to.
        CandidateError: if that model is not whole.
    """
    before = live_content(places)
    undone = _to_undo(registry.read(places), to)
    if before is None or not undone:
        where = f" '{to}'" if to else ""
        raise PromotionError(f"There is no earlier model{where} to go back to.")
    target = whole(places, str(undone[-1].previous))
    old, new, left = _texts_before(places, undone)
    change = Change(
        event=registry.ROLLED_BACK,
        model=target.id,
        sha256=target.sha256,
        actor=actor,
        reason=reason,
        live=next_live(before, model=target.entry()),
        before=before,
        old_texts=old,
        new_texts=new,
        proposal=undone[0].proposal,
        detail={"undone": [entry.change for entry in undone], "left": left},
    )
    return perform(places, change)


def models_before(entries: list[registry.Entry]) -> list[str]:
    """The models that one can go back to, the nearest first."""
    names = (str(entry.previous) for entry in reversed(_stack(entries)))
    return list(dict.fromkeys(names))


def _stack(entries: list[registry.Entry]) -> list[registry.Entry]:
    """The changes that are in force, oldest first."""
    gone = {each for entry in entries for each in entry.detail.get("undone", ())}
    kinds = (registry.PROMOTED, registry.ADOPTED)
    return [
        entry
        for entry in entries
        if entry.event in kinds and entry.change not in gone and entry.previous
    ]


def _to_undo(entries: list[registry.Entry], to: str | None) -> list[registry.Entry]:
    """The changes to take back, newest first; none if that leads nowhere."""
    stack = _stack(entries)
    undone: list[registry.Entry] = []
    while stack:
        undone.append(stack.pop())
        if to in (None, undone[-1].previous):
            return undone
    return []


def _texts_before(
    places: Places, undone: list[registry.Entry]
) -> tuple[Texts, Texts, list[str]]:
    """Texts now, texts then, and names of files that somebody has edited since."""
    now: Texts = {}
    then: Texts = {}
    left: set[str] = set()
    for entry in undone:
        change = change_of(places, entry.change)
        for name, text in (change.new_texts if change else {}).items():
            if name not in now:
                now[name] = then[name] = text_of(places.root / name)
            if then[name] == text and change is not None:
                then[name] = change.old_texts.get(name)
            else:
                left.add(name)
    kept = {name for name in now if name not in left and now[name] != then[name]}
    return (
        {name: now[name] for name in kept},
        {name: then[name] for name in kept},
        sorted(left),
    )
