"""Puts questions that mean much the same into groups. Pure functions."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

# Cosine distance up to which two groups are one, on the average over their pairs.
NEAR = 0.4


def groups_of(vectors: np.ndarray) -> list[list[int]]:
    """Places of the vectors by group, large groups first, the most typical first.

    Agglomerative clustering with average linkage over cosine distance: unlike k-means
    it needs no number of groups, and leaves alone what is like nothing else.

    Args:
        vectors: of length 1, shape (texts, 384); time and memory grow with the square.
    """
    if len(vectors) < 2:
        return [[place] for place in range(len(vectors))]
    from sklearn.cluster import AgglomerativeClustering

    labels = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=NEAR
    ).fit_predict(vectors)
    found: dict[int, list[int]] = defaultdict(list)
    for place, label in enumerate(labels):
        found[label].append(place)
    ordered = sorted(found.values(), key=lambda places: (-len(places), places[0]))
    return [_typical_first(vectors, places) for places in ordered]


def _typical_first(vectors: np.ndarray, places: list[int]) -> list[int]:
    middle = vectors[places].mean(axis=0)
    near = vectors[places] @ middle
    return [places[number] for number in np.argsort(-near, kind="stable")]
