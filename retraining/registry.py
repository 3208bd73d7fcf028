"""The model registry: what ran when, who wanted it and why. Only ever appended to."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retraining.places import Places
from safety.live_model import SECONDS_TO_BE_DEAD

PROMOTED, ROLLED_BACK, CANARY, CANARY_ENDED, ADOPTED, FAILED, ABANDONED, REMOVED = (
    "promoted",
    "rolled back",
    "canary",
    "canary ended",
    "adopted",
    "failed",
    "abandoned",
    "removed",
)
# After these another model answers.
SWITCHES = (PROMOTED, ROLLED_BACK, ADOPTED)


@dataclass(frozen=True)
class Entry:
    """One line of the registry."""

    event: str
    model: str  # that the event is about
    sha256: str
    actor: str
    reason: str
    at: str = ""
    serial: int = 0  # of live.json afterwards
    change: str = ""  # the id of the change, and the name of its file in history/
    previous: str | None = None  # the model that was live before
    proposal: str | None = None
    commit: str = ""  # of the project's data, where the project is a repository
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A time during which one model answered."""

    model: str
    since: str
    until: str | None
    actor: str
    reason: str


@dataclass(frozen=True)
class Process:
    """What one running process says of itself."""

    kind: str  # rasa | frontdesk
    pid: int
    serial: int
    model: str | None
    canary: str | None
    error: str


def append(places: Places, entry: Entry) -> Entry:
    """Writes a line, in one step and down to the disk; returns it with its time."""
    at = entry.at or datetime.now(UTC).isoformat(timespec="seconds")
    written = Entry(**{**asdict(entry), "at": at})
    line = json.dumps(asdict(written), ensure_ascii=False, sort_keys=True) + "\n"
    places.models.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    handle = os.open(places.registry, flags, 0o644)
    try:
        # A crash of the machine may have left half a line: it stays, and ends here.
        before = "" if _ends_whole(places.registry) else "\n"
        os.write(handle, (before + line).encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    return written


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read() == b"\n"


def read(places: Places) -> list[Entry]:
    """All lines, oldest first; half a line is left out."""
    try:
        lines = places.registry.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def runs(entries: list[Entry]) -> list[Run]:
    """Which model answered from when to when, oldest first."""
    switches = [entry for entry in entries if entry.event in SWITCHES]
    ends: list[str | None] = [entry.at for entry in switches[1:]]
    return [
        Run(entry.model, entry.at, until, entry.actor, entry.reason)
        for entry, until in zip(switches, [*ends, None], strict=False)
    ]


def processes(places: Places, *, now: float | None = None) -> list[Process]:
    """Every process that answers patients, with the model that it runs."""
    oldest = (now or time.time()) - SECONDS_TO_BE_DEAD
    found = []
    for file in sorted(places.running.glob("*.json")):
        try:
            if file.stat().st_mtime < oldest:
                continue
            found.append(Process(**json.loads(file.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return found
