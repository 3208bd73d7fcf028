"""A process of its own that groups questions and measures drift; called by ``wording``.

It reads JSON from its input and writes JSON to its output: texts lie in no file. Beside
the front desk and not in it, since a thread would keep patients waiting for its turn,
and at the lowest priority. Needs no Django and no database.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from frontdesk.dashboard.wording_drift import BINS, Drift, drift, tenths
from frontdesk.dashboard.wording_groups import groups_of
from frontdesk.dashboard.wording_reference import CLUSTERS, Reference, load_or_make
from safety.encoder import shared_encoder

LOWEST_PRIORITY = 19


@dataclass(frozen=True)
class Said:
    """A patient's message, redacted, and what it was taken for."""

    pk: int
    text: str
    intent: str


def work_out(asked: dict[str, Any]) -> dict[str, Any]:
    """Groups of questions, and both drifts.

    Args:
        asked: ``folder`` and ``of_each`` of the reference; ``questions`` and ``said``,
            lists of the fields of ``Said``.
    """
    reference = load_or_make(Path(asked["folder"]), asked["of_each"])
    questions = [Said(*fields) for fields in asked["questions"]]
    said = [Said(*fields) for fields in asked["said"]]
    vectors = _encoded(questions)
    words, confidence = drifts(said, _encoded(said), reference)
    return {
        "groups": [
            _group(places, questions, vectors, reference)
            for places in groups_of(vectors)
        ],
        "words": asdict(words),
        "confidence": asdict(confidence),
    }


def drifts(
    said: Sequence[Said], vectors: np.ndarray, reference: Reference
) -> tuple[Drift, Drift]:
    """How far wording and confidence of messages are from the training examples."""
    if not said:
        return Drift(), Drift()
    likely = reference.probabilities(vectors)
    known = set(reference.labels)
    guesses = [reference.labels[place] for place in np.argmax(likely, axis=1)]
    intents = [
        each.intent if each.intent in known else guess
        for each, guess in zip(said, guesses, strict=True)
    ]
    there = reference.intents
    clusters = reference.cluster(vectors)
    sure, expected = tenths(likely.max(axis=1)), tenths(reference.confidences)
    return (
        drift(clusters, intents, reference.clusters, there, CLUSTERS),
        drift(sure, intents, expected, there, BINS),
    )


def _encoded(said: Sequence[Said]) -> np.ndarray:
    return shared_encoder().encode_many([each.text for each in said], workers=1)


def _group(
    places: list[int],
    questions: Sequence[Said],
    vectors: np.ndarray,
    reference: Reference,
) -> dict[str, Any]:
    likely = reference.probabilities(vectors[places]).mean(axis=0)
    best = int(np.argmax(likely))
    return {
        "messages": [questions[place].pk for place in places],
        "nearest": reference.labels[best],
        "probability": float(likely[best]),
    }


def main() -> None:
    """From the standard input to the standard output."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(LOWEST_PRIORITY)
    json.dump(work_out(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
