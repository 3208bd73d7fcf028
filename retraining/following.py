"""Waits until every running process answers with what is live; undoes what can't."""

from __future__ import annotations

import time
from dataclasses import dataclass

from retraining import registry, taking_back
from retraining.changes import changing, live_content
from retraining.live_trouble import KINDS
from retraining.places import Places
from retraining.taking_back import PromotionError


@dataclass(frozen=True)
class Done:
    """A change that was made."""

    entry: registry.Entry
    seconds: float
    waiting: tuple[registry.Process, ...] = ()  # have not followed in time


def followed(
    places: Places,
    entry: registry.Entry,
    started: float,
    seconds: float,
    *,
    undo: bool = True,
) -> Done:
    """Waits until every process runs what it should.

    Args:
        places: of the installation.
        entry: of the change.
        started: when it was begun (monotonic).
        seconds: how long to wait.
        undo: take the change back if a process can't load the model.

    Raises:
        PromotionError: if one can't; with ``undo``, after the change was taken back.
    """
    until = time.monotonic() + seconds
    while True:
        running = registry.processes(places)
        failed = [p for p in running if p.error and p.serial in (entry.serial, -1)]
        waiting = tuple(p for p in running if p.serial < entry.serial)
        if failed:
            _give_up(places, entry, failed[0], undo)
        if not waiting or time.monotonic() > until:
            return Done(entry, time.monotonic() - started, waiting)
        time.sleep(0.1)


def _give_up(
    places: Places, entry: registry.Entry, failed: registry.Process, undo: bool
) -> None:
    kind = KINDS.get(failed.kind, failed.kind)
    words = f"A process of the {kind} can't run {entry.model}: {failed.error}"
    if undo:
        with changing(places):
            live = live_content(places)
            if live and live["serial"] == entry.serial:
                registry.append(
                    places,
                    registry.Entry(
                        event=registry.FAILED,
                        model=entry.model,
                        sha256=entry.sha256,
                        actor=entry.actor,
                        reason=words,
                        serial=entry.serial,
                    ),
                )
                if entry.event == registry.CANARY:
                    taking_back.end_canary(places, entry.actor, words)
                else:
                    taking_back.roll_back(places, entry.actor, words)
        words += " The model before is live again."
    raise PromotionError(words)
