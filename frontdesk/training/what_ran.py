"""What ran when: the model registry, and what each running process answers with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from frontdesk.training.model_view import Name, Names, live_now
from frontdesk.training.releasing import SHARES
from frontdesk.training.trainings import here, running
from retraining import live_trouble, pruning, registry
from retraining.taking_back import models_before

EVENTS = {
    registry.PROMOTED: "Went live",
    registry.ROLLED_BACK: "Rolled back to",
    registry.CANARY: "Trial began",
    registry.CANARY_ENDED: "Trial ended",
    registry.ADOPTED: "Taken as live",
    registry.FAILED: "Could not be loaded",
    registry.ABANDONED: "Interrupted, undone",
    registry.REMOVED: "Removed: not needed any more",
}
BY_ITSELF = "start"  # who adopts a model: a start of the product
MOST_LINES = 100
MOST_MODELS = 20


@dataclass(frozen=True)
class Line:
    """One line of the registry."""

    at: datetime
    event: str
    name: Name
    actor: str
    reason: str
    set_aside: str  # who has set the gate aside, if anybody
    sha256: str
    commit: str
    share: str


@dataclass(frozen=True)
class Listed:
    """A trained model in the list."""

    name: Name
    author: str
    standing: str  # Live, Tried, or nothing


@dataclass(frozen=True)
class Running:
    """A process that answers patients."""

    kind: str
    name: Name | None
    is_behind: bool
    error: str


def page_of() -> dict[str, Any]:
    """Everything on the page of the models but the comparisons over time."""
    names, live, entries = Names(), live_now(), registry.read(here())
    model = live.get("model") or {}
    canary = live.get("canary") or {}
    failed = live_trouble.last_failure(entries)
    current = next((e for e in reversed(entries) if e.event in registry.SWITCHES), None)
    return {
        "names": names,
        "troubles": live_trouble.troubles(here()),
        "failure": _line(failed, names) if failed else None,
        "live": names.of(model["id"]) if model else None,
        "live_line": _line(current, names) if current else None,
        "canary": names.of(canary["id"]) if canary else None,
        "share": round(canary.get("share", 0) * 100),
        "before": [
            names.of(each)
            for each in models_before(entries)
            if each in names.candidates
        ],
        "processes": _processes(live, names),
        "training": running(),
        "models": _models(names, model.get("id", ""), canary.get("id", "")),
        "lines": [_line(each, names) for each in reversed(entries[-MOST_LINES:])],
        "shares": SHARES,
        "kept": pruning,
    }


def _line(entry: registry.Entry, names: Names) -> Line:
    aside = (entry.detail.get("override") or {}).get("people") or ()
    share = entry.detail.get("share")
    actor = "The front desk at its start" if entry.actor == BY_ITSELF else entry.actor
    return Line(
        datetime.fromisoformat(entry.at),
        EVENTS.get(entry.event, entry.event),
        names.of(entry.model),
        actor,
        entry.reason,
        " and ".join(aside),
        entry.sha256,
        entry.commit,
        f"{share:.0%}" if share else "",
    )


def _processes(live: dict[str, Any], names: Names) -> list[Running]:
    serial = live.get("serial", 0)
    return [
        Running(
            live_trouble.KINDS.get(each.kind, each.kind),
            names.of(each.model) if each.model else None,
            each.serial < serial,
            each.error,
        )
        for each in registry.processes(here())
    ]


def _models(names: Names, live: str, canary: str) -> list[Listed]:
    standing = {canary: "Tried", live: "Live"}
    newest = list(names.candidates.values())[:MOST_MODELS]
    return [
        Listed(names.of(each.id), each.author, standing.get(each.id, ""))
        for each in newest
    ]
