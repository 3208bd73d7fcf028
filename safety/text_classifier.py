"""A linear text classifier on sentence vectors and n-grams, saved without pickle.

Two uses: the danger detector (danger or not) and the NLU pipeline (intents). Each is
the mean, in log space, of two multinomial logistic regressions: one on the encoder's
vectors, one on TF-IDF weighted word and character n-grams. The two err differently:
docs/decisions/0005-understanding.md has the ablation.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer

from safety.encoder import readable

WORD_FEATURES = 2**15
CHARACTER_FEATURES = 2**16
WORDS = HashingVectorizer(
    n_features=WORD_FEATURES,
    ngram_range=(1, 2),
    token_pattern=r"(?u)\b\w+\b",
    alternate_sign=False,
    norm=None,
    dtype=np.float32,
)
CHARACTERS = HashingVectorizer(
    n_features=CHARACTER_FEATURES,
    analyzer="char_wb",
    ngram_range=(2, 5),
    alternate_sign=False,
    norm=None,
    dtype=np.float32,
)
FEW = 32  # a message and its clauses, not a training
_UNREADABLE = (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile)


class ClassifierFileError(ValueError):
    """A saved classifier can't be read."""


@dataclass
class Linear:
    """Weights of one multinomial logistic regression."""

    weights: np.ndarray  # (features, classes)
    intercept: np.ndarray  # (classes,)

    def log_probabilities(self, features: Any) -> np.ndarray:
        """Log probabilities, shape (texts, classes), of (texts, features)."""
        scores = np.asarray(features @ self.weights) + self.intercept
        scores -= scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


class SparseFeatures:
    """Hashed word and character n-grams of texts, weighted by inverse frequency."""

    def __init__(self, idf: np.ndarray | None = None) -> None:
        """Starts with the weights learned by ``fit``, if there are any."""
        self.idf = idf

    def fit(self, texts: list[str]) -> SparseFeatures:
        """Learns the inverse document frequency of every hashed feature."""
        seen = [np.asarray((part > 0).sum(axis=0)).ravel() for part in _counts(texts)]
        share = (1 + len(texts)) / (1 + np.concatenate(seen))
        self.idf = (np.log(share) + 1).astype(np.float32)
        return self

    def transform(self, texts: list[str]) -> csr_matrix:
        """Features of shape (texts, 98304); each of the two halves has length 1."""
        few = len(texts) <= FEW
        parts = _counts_again(tuple(texts)) if few else _counts(texts)
        idf = np.split(np.asarray(self.idf), [WORD_FEATURES])
        return hstack(list(map(_weighted, parts, idf)), format="csr")


def _counts(texts: Iterable[str]) -> tuple[csr_matrix, csr_matrix]:
    """How often each text has each word n-gram, and each character n-gram."""
    texts = [readable(text).lower() for text in texts]
    return WORDS.transform(texts), CHARACTERS.transform(texts)


# The detector and the NLU pipeline ask for the same message and its clauses.
_counts_again = lru_cache(maxsize=64)(_counts)


def _weighted(counts: csr_matrix, idf: np.ndarray) -> csr_matrix:
    """Weighted by frequency and inverse document frequency, rows of length 1."""
    weights = (1 + np.log(counts.data)) * idf[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    squares = np.bincount(rows, weights**2, minlength=counts.shape[0])
    weights /= np.sqrt(squares, dtype=np.float32)[rows]
    return csr_matrix((weights, counts.indices, counts.indptr), counts.shape)


class TextClassifier:
    """Probabilities of labels for texts and their sentence vectors."""

    def __init__(
        self,
        labels: list[str],
        dense: Linear,
        sparse: Linear,
        features: SparseFeatures,
        *,
        temperature: float = 0.8,
        dense_share: float = 0.5,
    ) -> None:
        """Puts a fitted classifier together; use ``fit`` or ``load``."""
        self.labels = labels
        self.dense = dense
        self.sparse = sparse
        self.features = features
        self.temperature = temperature
        self.dense_share = dense_share

    @classmethod
    def fit(
        cls,
        texts: list[str],
        vectors: np.ndarray,
        labels: list[str],
        *,
        dense_strength: float = 10.0,
        sparse_strength: float = 10.0,
        seed: int = 7,
    ) -> TextClassifier:
        """Fits both regressions; the same data gives the same classifier.

        Args:
            texts: the examples.
            vectors: their sentence vectors, shape (texts, 384).
            labels: one label for each text.
            dense_strength: inverse regularisation (C) on the vectors.
            sparse_strength: the same on the n-grams.
            seed: for the solvers' shuffling.
        """
        features = SparseFeatures().fit(texts)
        names, dense = _fit_linear(vectors, labels, dense_strength, seed)
        _, sparse = _fit_linear(
            features.transform(texts), labels, sparse_strength, seed
        )
        return cls(names, dense, sparse, features)

    def log_probabilities(self, texts: list[str], vectors: np.ndarray) -> np.ndarray:
        """Calibrated log probabilities, shape (texts, labels)."""
        dense = self.dense.log_probabilities(vectors)
        sparse = self.sparse.log_probabilities(self.features.transform(texts))
        mixed = self.dense_share * dense + (1 - self.dense_share) * sparse
        mixed /= self.temperature
        mixed -= mixed.max(axis=1, keepdims=True)
        return mixed - np.log(np.exp(mixed).sum(axis=1, keepdims=True))

    def probabilities(self, texts: list[str], vectors: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, shape (texts, labels), each row sums to 1."""
        return np.exp(self.log_probabilities(texts, vectors))

    def save(self, file: Path) -> None:
        """Writes arrays only (no pickle), weights as 16-bit floats."""
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            file,
            labels=np.array(self.labels),
            dense_weights=self.dense.weights.astype(np.float16),
            dense_intercept=self.dense.intercept.astype(np.float32),
            sparse_weights=self.sparse.weights.astype(np.float16),
            sparse_intercept=self.sparse.intercept.astype(np.float32),
            idf=np.asarray(self.features.idf),
            scalars=np.array([self.temperature, self.dense_share]),
        )

    @classmethod
    def load(cls, file: Path) -> TextClassifier:
        """Reads what ``save`` wrote.

        Raises:
            ClassifierFileError: names the file and what to do.
        """
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            scalars = arrays["scalars"]
            return cls(
                [str(label) for label in arrays["labels"]],
                Linear(
                    _rows(arrays["dense_weights"]),
                    arrays["dense_intercept"],
                ),
                Linear(
                    _rows(arrays["sparse_weights"]),
                    arrays["sparse_intercept"],
                ),
                SparseFeatures(arrays["idf"]),
                temperature=float(scalars[0]),
                dense_share=float(scalars[1]),
            )
        except _UNREADABLE as error:
            raise ClassifierFileError(
                f"{file}: not a saved classifier ({error}). Run 'make train'."
            ) from error


def _rows(weights: np.ndarray) -> np.ndarray:
    """Weights row by row: scipy copies anything else at every product (10 ms)."""
    return np.ascontiguousarray(weights, dtype=np.float32)


def _fit_linear(
    features: Any, labels: list[str], strength: float, seed: int
) -> tuple[list[str], Linear]:
    """Fits to the optimum, not to some point on the way to it.

    Short of it two trainings differ wherever their data do, however little: docs/
    decisions/0005-understanding.md has the figures. Newton steps get there in the time
    in which L-BFGS gets half way.
    """
    from sklearn.linear_model import LogisticRegression

    seen = _columns_in_use(features)
    regression = LogisticRegression(
        C=strength, solver="newton-cg", max_iter=200, tol=1e-4, random_state=seed
    ).fit(features[:, seen], labels)
    columns, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn stores one column for two classes
        columns = np.vstack([-columns / 2, columns / 2])
        intercept = np.concatenate([-intercept / 2, intercept / 2])
    weights = np.zeros((features.shape[1], len(intercept)), dtype=np.float32)
    weights[seen] = columns.T
    return (
        [str(name) for name in regression.classes_],
        Linear(weights, intercept.astype(np.float32)),
    )


def _columns_in_use(features: Any) -> np.ndarray:
    """Indices of the columns that are not all zero: the others' weights are zero."""
    return np.flatnonzero(np.asarray(abs(features).sum(axis=0)).ravel())
