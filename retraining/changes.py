"""Carries out changes of what is live so that a crash leaves them done or undone.

A change is first written down as a whole (``models/journal.json``). Then its steps
follow, each of which can be repeated: data files, git commit, ``live.json``, registry.
Moving the journal to ``models/history`` ends it. ``recover`` goes on where a crash was.
Called by ``retraining.promote`` and ``retraining.adoption``, which hold the lock.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retraining import registry
from retraining.candidates import CandidateError, read_candidate
from retraining.places import Places, held
from retraining.project_git import commit_files
from retraining.whole_file import write_whole
from safety.live_model import Live, LiveModelError, live_of, read_live

SECONDS_FOR_THE_LOCK = 30.0
Texts = dict[str, str | None]  # None: there is no such file


class ChangeError(RuntimeError):
    """A change can't be made; the message says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One change of what is live, with all that is needed to make or undo it."""

    event: str
    model: str
    sha256: str
    actor: str
    reason: str
    live: dict[str, Any]  # live.json afterwards
    before: dict[str, Any] | None  # live.json before
    old_texts: Texts = field(default_factory=dict)  # of the project's files
    new_texts: Texts = field(default_factory=dict)
    proposal: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def previous(self) -> str | None:
        """The model that was live before."""
        return self.before["model"]["id"] if self.before else None


@contextmanager
def changing(places: Places) -> Iterator[None]:
    """Holds what is live against other processes, and finishes what a crash left.

    Raises:
        BusyError: if another change takes too long.
    """
    lock = places.change_lock
    what = "Another change of what is live is under way."
    with held(lock, what, seconds=SECONDS_FOR_THE_LOCK):
        _recover(places)
        yield


def recover(places: Places) -> str | None:
    """Finishes or undoes what a crash has interrupted; says what was done.

    Returns:
        The name of the event in the registry, None if there was nothing to do.
    """
    if not places.journal.exists():
        return None
    with held(places.change_lock, "", seconds=SECONDS_FOR_THE_LOCK):
        return _recover(places)


def perform(places: Places, change: Change) -> registry.Entry:
    """Makes a change; hold ``changing`` around it.

    Raises:
        ChangeError: if a file of the project is not as the change expects it.
    """
    for name, text in change.old_texts.items():
        if text_of(places.root / name) != text:
            raise ChangeError(f"{name} was changed meanwhile: train again.")
    write_whole(places.journal, json.dumps(asdict(change), ensure_ascii=False))
    return _carry_out(places, change)


def next_live(before: dict[str, Any] | None, **content: Any) -> dict[str, Any]:
    """What ``live.json`` says after a change: one serial number on."""
    return {"serial": (before or {}).get("serial", 0) + 1, "canary": None, **content}


def live_content(places: Places) -> dict[str, Any] | None:
    """What ``live.json`` says; None if nothing was ever promoted."""
    live = read_live(places.models)
    return as_content(live) if live else None


def as_content(live: Live) -> dict[str, Any]:
    """An object of ``live.json`` as its content."""
    canary = live.canary
    return {
        "serial": live.serial,
        "model": {"id": live.model.id, "sha256": live.model.sha256},
        "canary": {"id": canary.id, "sha256": canary.sha256, "share": live.share}
        if canary
        else None,
    }


def change_of(places: Places, change_id: str) -> Change | None:
    """A change of the past, with the texts of files; None if it is not kept."""
    file = places.history / f"{change_id}.json"
    try:
        return Change(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def text_of(file: Path) -> str | None:
    """A file's text, None if there is no such file."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _carry_out(places: Places, change: Change) -> registry.Entry:
    put_texts(places.root, change.new_texts)
    title = f"nlu: Data of model {change.model}, {change.event}."
    body = f"{change.reason}\n\nChange {change.id}"
    commit = commit_files(
        places.root, sorted(change.new_texts), f"{title}\n\n{body}", change.actor
    )
    write_whole(places.live, json.dumps(change.live, indent=1) + "\n")
    entry = _note(places, change, change.event, commit)
    places.history.mkdir(exist_ok=True)
    places.journal.replace(places.history / f"{change.id}.json")
    return entry


def put_texts(root: Path, texts: Mapping[str, str | None]) -> None:
    """Makes files of the project have these texts, each in one step."""
    for name, text in texts.items():
        file = root / name
        _remove_drafts_of(file)
        if text is None:
            file.unlink(missing_ok=True)
        elif text_of(file) != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, text)


def _remove_drafts_of(file: Path) -> None:
    """What ``write_whole`` leaves beside a file when it is killed."""
    for draft in file.parent.glob(f".{file.name}.*"):
        draft.unlink(missing_ok=True)


def _note(
    places: Places, change: Change, event: str, commit: str = ""
) -> registry.Entry:
    """The change's line of the registry; written once, however often this is called."""
    for entry in reversed(registry.read(places)):
        if entry.change == change.id:
            return entry
    return registry.append(
        places,
        registry.Entry(
            event=event,
            model=change.model,
            sha256=change.sha256,
            actor=change.actor,
            reason=change.reason,
            serial=change.live["serial"],
            change=change.id,
            previous=change.previous,
            proposal=change.proposal,
            commit=commit,
            detail=change.detail,
        ),
    )


def _recover(places: Places) -> str | None:
    try:
        content = json.loads(places.journal.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    change = Change(**content)
    if _is_live(places, change) or _can_go_on(places, change):
        return _carry_out(places, change).event
    # Somebody has edited a file, or the model is gone: back to where we were.
    for name, text in change.new_texts.items():
        _remove_drafts_of(places.root / name)
        if text_of(places.root / name) == text:
            put_texts(places.root, {name: change.old_texts.get(name)})
    entry = _note(places, change, registry.ABANDONED)
    places.journal.unlink()
    return entry.event


def _is_live(places: Places, change: Change) -> bool:
    try:
        return live_content(places) == as_content(live_of(change.live, places.models))
    except LiveModelError:
        return False


def _can_go_on(places: Places, change: Change) -> bool:
    """Whether files are as before or after the change, and the model is whole."""
    for name, text in change.new_texts.items():
        if text_of(places.root / name) not in (text, change.old_texts.get(name)):
            return False
    try:
        live = live_of(change.live, places.models)
        read_candidate(places.models, live.model.id)
        live.model.check()
    except (CandidateError, LiveModelError):
        return False
    return True
