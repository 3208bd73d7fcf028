"""What training examples sound like: what the wording of patients is compared with.

Examples of ``data/nlu`` are encoded, put into clusters, and judged by a small copy of
the assistant's classifier (a linear head on sentence vectors) that has not seen them:
each by one that was fitted on the others. Encoding takes seconds, so the result is
kept in ``$CLINIC_HOME/dashboard`` until the examples or the encoder change. It holds
numbers and names of intents, no text.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retraining.examples import Example, read_folder
from safety.encoder import ENCODER_FOLDER, shared_encoder

CLUSTERS = 20
FOLDS = 4
SEED = 7


@dataclass(frozen=True)
class Reference:
    """The examples as numbers, and what judges messages in the same way."""

    intents: list[str]  # of each example
    clusters: np.ndarray  # the same
    confidences: np.ndarray  # the same
    centres: np.ndarray  # (clusters, 384)
    labels: list[str]
    weights: np.ndarray  # (labels, 384)
    intercept: np.ndarray

    def cluster(self, vectors: np.ndarray) -> np.ndarray:
        """The nearest cluster of each."""
        return np.argmax(vectors @ _unit(self.centres).T, axis=1)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Of each label, shape (vectors, labels)."""
        scores = vectors @ self.weights.T + self.intercept
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)


def load_or_make(folder: Path, of_each: int) -> Reference:
    """The reference for the examples as they are now; slow the first time.

    Args:
        folder: where it is kept.
        of_each: how many examples of each intent are used.
    """
    examples = chosen(read_folder(), of_each)
    file = folder / f"wording-{_fingerprint(examples)}.npz"
    try:
        return _load(file)
    except (OSError, ValueError, KeyError):
        made = make(examples)
    folder.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"draft-{file.name}")
    _save(made, draft)
    for old in folder.glob("wording-*.npz"):
        old.unlink(missing_ok=True)
    draft.replace(file)
    return made


def chosen(examples: list[Example], of_each: int) -> list[Example]:
    """So many of each intent, drawn by a lot that depends on their text alone."""
    by_intent: dict[str, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda each: _hash(each.text)):
        if len(by_intent[example.intent]) < of_each:
            by_intent[example.intent].append(example)
    kept = [found for _, found in sorted(by_intent.items()) if len(found) >= FOLDS]
    return [each for found in kept for each in found]


def make(examples: list[Example]) -> Reference:
    """Encodes, clusters and judges examples."""
    from sklearn.cluster import KMeans
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    vectors = shared_encoder().encode_many([each.text for each in examples], workers=1)
    intents = [each.intent for each in examples]
    head = LogisticRegression(C=10.0, max_iter=200, tol=1e-3)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    with threadpool_limits(1):  # several would wait for each other: four times as long
        clusters = KMeans(CLUSTERS, n_init=3, random_state=SEED).fit(vectors)
        unseen = cross_val_predict(
            head, vectors, intents, cv=folds, method="predict_proba"
        )
        head.fit(vectors, intents)
    return Reference(
        intents,
        np.argmax(vectors @ _unit(clusters.cluster_centers_).T, axis=1),
        unseen.max(axis=1),
        clusters.cluster_centers_.astype(np.float32),
        [str(name) for name in head.classes_],
        head.coef_.astype(np.float32),
        head.intercept_.astype(np.float32),
    )


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _fingerprint(examples: list[Example]) -> str:
    parts = [f"{each.intent} {each.text}" for each in examples]
    model = (ENCODER_FOLDER / "model.onnx").stat()
    settings = (CLUSTERS, FOLDS, SEED, model.st_size)
    return _hash("\n".join([repr(settings), *parts]))[:16]


def _save(made: Reference, file: Path) -> None:
    with file.open("wb") as out:
        np.savez(
            out,
            intents=np.array(made.intents),
            clusters=made.clusters,
            confidences=made.confidences,
            centres=made.centres,
            labels=np.array(made.labels),
            weights=made.weights,
            intercept=made.intercept,
        )


def _load(file: Path) -> Reference:
    with np.load(file, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    names: dict[str, Any] = {
        key: [str(name) for name in arrays.pop(key)] for key in ("intents", "labels")
    }
    return Reference(**names, **arrays)
