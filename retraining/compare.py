"""Compares a candidate with the live model on everything the project has.

All test messages and conversations, the locked safety cases, the proposal's own test
stories, latency, and, if there is a file of it, real traffic. The result is kept below
``$CLINIC_HOME/comparisons`` as JSON and as a page; ``retraining.gate`` decides by it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retraining import compare_outcomes as outcomes
from retraining import comparison as kept
from retraining import registry
from retraining.adoption import adopt_last_training
from retraining.assistant import Assistant
from retraining.candidate_files import read_files
from retraining.candidates import read_candidate
from retraining.changes import changing, live_content
from retraining.compare_outcomes import Results
from retraining.compare_page import write_page
from retraining.compare_rows import (
    Asked,
    changes_of,
    figures_of,
    locked_of,
    routes_of,
    stories_of,
    topics_of,
)
from retraining.compare_sets import Sets, everything, texts_of
from retraining.comparison import Comparison
from retraining.gate import reasons
from retraining.label_check import routes_by
from retraining.locked_cases import LockedCase
from retraining.places import Places
from retraining.replay import PatientMessage, read_traffic, replay
from retraining.static_gate import findings

LATENCY_MESSAGES = 150
Say = Callable[[int, str], None]


class ComparisonStopped(RuntimeError):
    """There is nothing to compare with."""


def compare(
    places: Places,
    name: str,
    *,
    traffic: Path | None = None,
    say: Say = lambda percent, phase: None,
    sets: Sets | None = None,
    load: Callable[[Path], Any] = Assistant.load,
) -> Comparison:
    """Compares a candidate with the live model; minutes the first time.

    Args:
        places: of the installation.
        name: of the candidate.
        traffic: a file of redacted messages to replay.
        say: told of the progress.
        sets: what to ask; everything of the project if left out.
        load: loads a model.

    Raises:
        CandidateError: if there is no such candidate.
        ComparisonStopped: if no model is live.
        TrafficError, TestSetError, LockedCasesError: if a file can't be read.
    """
    began = time.monotonic()
    candidate = read_candidate(places.models, name)
    live_id = _live(places)
    overlay = _overlay(places, name)
    asked = sets or everything(places.root, overlay)
    talks = read_traffic(traffic) if traffic else []
    say(1, "Loading the live model and the candidate")
    live, new = (
        load(read_candidate(places.models, each).files(places.models).archive)
        for each in (live_id, name)
    )
    bar = _Bar(say, 2 * asked.steps + 2 * LATENCY_MESSAGES + sum(map(len, talks)))
    bar.phase = "Asking the live model"
    was = _all_of(places, live_id, live, asked, bar, use_kept=sets is None)
    bar.phase = "Asking the new model"
    now = _all_of(places, name, new, asked, bar, use_kept=sets is None)
    found = findings(places.root, overlay, detect=live.detect, routes=routes_by(live))
    comparison = Comparison(
        id=f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        live=live_id,
        candidate=name,
        candidate_sha256=candidate.sha256,
        proposal=candidate.proposal,
        **_rows(asked, was, now),
        **(_drift(places, live_id, asked, now) if sets is None else {}),
        latency=_latency(live, new, asked),
        replay=_replayed(live, new, talks, bar) if talks else {},
        findings=[finding.as_json() for finding in found],
    )
    decided = [reason.as_json() for reason in reasons(comparison)]
    seconds = round(time.monotonic() - began, 1)
    comparison = replace(comparison, reasons=decided, seconds=seconds)
    _keep(places, comparison, asked)
    say(100, "Compared")
    return comparison


def _overlay(places: Places, name: str) -> dict[str, str]:
    _, texts = read_files(places.models / name)
    return {key: text for key, text in texts.items() if text is not None}


def _keep(places: Places, comparison: Comparison, asked: Sets) -> None:
    folder = kept.save(places, comparison)
    texts = texts_of(asked)
    kept.save_texts(places, comparison, texts)
    page = write_page(comparison, texts, kept.all_comparisons(places))
    (folder / kept.PAGE).write_text(page, encoding="utf-8")


class _Bar:
    """Percent of a number of messages."""

    def __init__(self, say: Say, steps: int) -> None:
        self._say = say
        self._steps = max(1, steps)
        self._done = 0
        self._shown = 0
        self.phase = ""

    def tick(self, count: int = 1) -> None:
        """A message is done."""
        self._done += count
        percent = 2 + 96 * self._done // self._steps
        if percent > self._shown:
            self._shown = percent
            self._say(min(99, percent), self.phase)


def _live(places: Places) -> str:
    with changing(places):
        adopt_last_training(places)
        live = live_content(places)
    if live is None:
        raise ComparisonStopped(
            "No model is live, so there is nothing to compare with. Run 'make train'."
        )
    return str(live["model"]["id"])


def _all_of(
    places: Places, name: str, model: Any, asked: Sets, bar: _Bar, *, use_kept: bool
) -> dict[str, Results]:
    """Everything under one model; what was asked before is taken from its folder."""
    key = outcomes.key_of(places.root)
    folder = places.models / name
    parts = outcomes.stored(folder, key) if use_kept else None
    if parts is None:
        parts = asyncio.run(_ask_all(model, asked, bar))
        if use_kept:
            outcomes.store(folder, key, parts)
    else:
        bar.tick(asked.steps)
    reviewed = asyncio.run(outcomes.talk(model, asked.reviewed, bar.tick))
    return {**parts, "reviewed": reviewed}


async def _ask_all(model: Any, asked: Sets, bar: _Bar) -> dict[str, Results]:
    return {
        "messages": await outcomes.ask(model, asked.messages, bar.tick),
        "turns": await outcomes.talk(model, asked.conversations, bar.tick),
        "locked": await _ask_locked(model, asked.locked, bar),
    }


async def _ask_locked(model: Any, cases: Sequence[LockedCase], bar: _Bar) -> Results:
    found: Results = {}
    for number, case in enumerate(cases):
        conversation = f"compare-locked-{number}"
        seen = outcomes.seen_of(await model.turn(conversation, case.text))
        model.forget(conversation)
        found[case.id] = outcomes.Result(seen, case.holds(seen))
        bar.tick()
    return found


def _rows(asked: Sets, was: dict[str, Results], now: dict[str, Results]) -> dict:
    before, after = Asked(asked, was), Asked(asked, now)
    return {
        "figures": figures_of(before, after),
        "routes": routes_of(before, after),
        "topics": topics_of(before, after),
        "changes": changes_of(before, after),
        "locked": locked_of(asked.locked, was["locked"], now["locked"]),
        "stories": stories_of(asked, was, now),
    }


def _drift(
    places: Places, live: str, asked: Sets, now: dict[str, Results]
) -> dict[str, Any]:
    """Beside the last model that came by review, if that is not the live one.

    Small steps down pass one by one; this sees them together. Nothing is asked anew.
    """
    adopted = [e.model for e in registry.read(places) if e.event == registry.ADOPTED]
    if not adopted or adopted[-1] == live:
        return {}
    key = outcomes.key_of(places.root)
    then = outcomes.stored(places.models / adopted[-1], key)
    if then is None:  # asked other messages, or by other code: no comparison
        return {}
    figures = figures_of(Asked(asked, then), Asked(asked, now))
    return {"anchor": adopted[-1], "drift": figures}


def _replayed(
    live: Any, new: Any, talks: list[list[PatientMessage]], bar: _Bar
) -> dict[str, Any]:
    bar.phase = "Replaying what patients wrote"
    return asyncio.run(replay(live, new, talks, bar.tick))


def _latency(live: Any, new: Any, asked: Sets) -> dict[str, Any]:
    """Asked in turns, so that both have the same machine."""
    sample = asked.messages[:: max(1, len(asked.messages) // LATENCY_MESSAGES)]
    texts = [message.text for message in sample]
    times = asyncio.run(outcomes.latencies((live, new), texts))
    named = zip(("live", "candidate"), times, strict=True)
    return {name: _percentiles(values) for name, values in named if values}


def _percentiles(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "p50": round(ordered[len(ordered) // 2], 1),
        "p95": round(ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)], 1),
    }
