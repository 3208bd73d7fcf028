"""A comparison of a candidate with the live model, as it is kept and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from retraining.evaluation_measures import wilson
from retraining.paired_test import Pairs
from retraining.places import Places
from retraining.whole_file import write_whole

FILE, PAGE, TEXTS = "comparison.json", "comparison.html", "changed.json"


class ComparisonError(ValueError):
    """There is no such comparison."""


@dataclass(frozen=True)
class Figures:
    """One figure, route or topic under both models; right means as it should be."""

    name: str
    title: str
    group: str  # figure | route | topic
    pairs: Pairs
    at_most: bool = False  # shown the other way round: a share of what is wrong

    def shown(self, count: int) -> tuple[float, float, float]:
        """The share that people see, with its Wilson 95 % bounds."""
        hits = self.pairs.n - count if self.at_most else count
        low, high = wilson(hits, self.pairs.n)
        return (hits / self.pairs.n if self.pairs.n else 0.0), low, high

    @property
    def live(self) -> tuple[float, float, float]:
        """Under the live model."""
        return self.shown(self.pairs.before)

    @property
    def candidate(self) -> tuple[float, float, float]:
        """Under the candidate."""
        return self.shown(self.pairs.after)


@dataclass(frozen=True)
class Change:
    """A test message or turn that comes out otherwise; its text lies beside it."""

    id: str
    half: str
    kind: str
    expected: str
    was: str
    now: str
    verdict: str  # better | worse | different


@dataclass(frozen=True)
class Comparison:
    """All of it; ``gate.reasons`` decides by this and nothing else."""

    id: str
    created_at: str
    live: str
    candidate: str
    candidate_sha256: str
    proposal: str | None
    figures: list[Figures] = field(default_factory=list)
    routes: list[Figures] = field(default_factory=list)
    topics: list[Figures] = field(default_factory=list)
    # The last model that came by review, and what became of the figures since.
    anchor: str | None = None
    drift: list[Figures] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    locked: dict[str, Any] = field(default_factory=lambda: no_locked_cases())
    stories: dict[str, Any] = field(default_factory=lambda: no_stories())
    latency: dict[str, Any] = field(default_factory=dict)
    replay: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)  # of the files
    reasons: list[dict[str, Any]] = field(default_factory=list)  # the gate's, then
    seconds: float = 0.0

    def counts(self) -> dict[str, int]:
        """How many test messages and turns come out better, worse, different."""
        verdicts = [change.verdict for change in self.changes]
        return {name: verdicts.count(name) for name in ("better", "worse", "different")}


def no_locked_cases() -> dict[str, Any]:
    """What is said of locked cases before they were asked."""
    return {"n": 0, "live": 0, "candidate": 0, "newly_missed": [], "newly_held": []}


def no_stories() -> dict[str, Any]:
    """What is said of test stories before they were told."""
    return {
        "n": 0,
        "live": 0,
        "candidate": 0,
        "reviewed_failed": [],
        "urgent_failed": [],
        "newly_failed": [],
    }


def save(places: Places, comparison: Comparison) -> Path:
    """Keeps a comparison; returns its folder."""
    folder = places.comparisons / comparison.id
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(comparison), ensure_ascii=False, indent=1)
    write_whole(folder / FILE, text)
    return folder


def load(places: Places, name: str) -> Comparison:
    """A comparison by its name.

    Raises:
        ComparisonError: if there is none, or it can't be read.
    """
    file = places.comparisons / Path(name).name / FILE
    try:
        return of_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ComparisonError(f"{name}: there is no such comparison.") from error


def save_texts(
    places: Places, comparison: Comparison, texts: Mapping[str, str]
) -> None:
    """Keeps what the changed test messages say, in a file of its own.

    Who tunes a model by the comparison must not read the reporting half.

    Args:
        places: of the installation.
        comparison: that is kept already.
        texts: of all test messages by id.
    """
    ids = {change.id for change in comparison.changes}
    said = {each: texts[each] for each in sorted(ids & texts.keys())}
    file = places.comparisons / comparison.id / TEXTS
    write_whole(file, json.dumps(said, ensure_ascii=False))


def texts_of_changes(places: Places, name: str) -> dict[str, str]:
    """What the changed test messages of a comparison say, by id; empty if unknown."""
    file = places.comparisons / Path(name).name / TEXTS
    with suppress(OSError, ValueError):
        return dict(json.loads(file.read_text(encoding="utf-8")))
    return {}


def all_comparisons(places: Places) -> list[Comparison]:
    """All that are kept, newest first; those that can't be read are left out."""
    return list(_newest_first(places))


def _newest_first(places: Places) -> Iterator[Comparison]:
    for file in sorted(places.comparisons.glob(f"*/{FILE}"), reverse=True):
        with suppress(ComparisonError):
            yield load(places, file.parent.name)


def newest_of(places: Places, candidate: str, live: str | None) -> Comparison | None:
    """The last comparison of a candidate with a live model, if there is one."""
    for comparison in _newest_first(places):
        if comparison.candidate == candidate and live in (None, comparison.live):
            return comparison
    return None


def of_json(content: Mapping[str, Any]) -> Comparison:
    """The object of a file's content.

    Raises:
        TypeError, KeyError: if it is not one.
    """
    rows = {
        group: [
            Figures(**{**entry, "pairs": Pairs(**entry["pairs"])})
            for entry in content[group]
        ]
        for group in ("figures", "routes", "topics", "drift")
        if group in content
    }
    changes = [Change(**entry) for entry in content["changes"]]
    return Comparison(**{**content, **rows, "changes": changes})
