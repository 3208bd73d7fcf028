"""How far patients' words have moved from the training examples. Pure functions.

The measure is the population stability index (PSI; Siddiqi, Credit Risk Scorecards,
2006): the sum over all classes of (p - q) ln(p / q), where p is the share of messages
and q that of training examples in the class. Classes are clusters of sentence vectors
for the wording, and tenths for the confidence. Beside it stands the Jensen-Shannon
distance (Lin, Divergence Measures Based on the Shannon Entropy, 1991) of the same
shares, from 0, the same, to 1, nothing in common.

Two things would look like drift and are none. Patients ask other things more often than
there are examples of them: so each intent's examples count as much as the intent occurs
among the messages. And few messages differ by chance: of two samples from the same
source, of sizes n and m in k classes, PSI / (1/n + 1/m) follows the chi-squared
distribution with k - 1 degrees of freedom (Yurdakul and Naranjo, Statistical properties
of the population stability index, 2020). A value that chance explains in one case of
twenty is called nothing but chance.

Below 0.1 nothing has changed, from 0.25 on it is time to act: Siddiqi's rule of thumb.
It holds here: 400 messages at a time of ``tests/nlu``, by writers who had not seen the
training data, gave 0.02 to 0.09 for the wording and 0.06 to 0.18 for the confidence.
Of fewer than 200, a few odd conversations move it too much to say anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LOOK, ACT = 0.1, 0.25
FEWEST = 200  # messages; below, nothing can be said
BINS = 10
CHANCE = 0.95


@dataclass(frozen=True)
class Drift:
    """How far two distributions are apart."""

    psi: float = 0.0
    distance: float = 0.0
    chance: float = 0.0  # what chance alone may give
    messages: int = 0

    @property
    def verdict(self) -> str:
        """``few``, ``same``, ``look`` or ``act``."""
        if self.messages < FEWEST:
            return "few"
        if self.psi < LOOK or self.psi <= self.chance:
            return "same"
        return "look" if self.psi < ACT else "act"


def drift(
    found: np.ndarray,
    intents: Sequence[str],
    reference: np.ndarray,
    reference_intents: Sequence[str],
    classes: int,
) -> Drift:
    """Compares the classes of messages with those of training examples.

    Args:
        found: the class of each message.
        intents: what each message was taken for; all have examples.
        reference: the class of each example.
        reference_intents: the intent of each example.
        classes: how many classes there are.
    """
    n = len(found)
    weights, effective = _weights(intents, reference_intents)
    # Half an observation in each class: an empty one would be infinitely far away.
    expected = np.bincount(reference, weights, minlength=classes) * effective + 0.5
    observed = np.bincount(found, minlength=classes) + 0.5
    p, q = observed / observed.sum(), expected / expected.sum()
    return Drift(
        psi(p, q),
        jensen_shannon(p, q),
        _chance(classes, n, effective) if n else 0.0,
        n,
    )


def psi(p: np.ndarray, q: np.ndarray) -> float:
    """The population stability index of two distributions without zeros."""
    return float(((p - q) * np.log(p / q)).sum())


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon distance, from 0 to 1."""
    middle = (p + q) / 2
    divergence = (p * np.log2(p / middle) + q * np.log2(q / middle)).sum() / 2
    return float(np.sqrt(max(divergence, 0.0)))


def tenths(confidences: np.ndarray) -> np.ndarray:
    """The class of each confidence."""
    return np.minimum((np.asarray(confidences) * BINS).astype(int), BINS - 1)


def _weights(
    intents: Sequence[str], reference_intents: Sequence[str]
) -> tuple[np.ndarray, float]:
    """How much each example counts, together 1; as how many equal ones that is."""
    wanted, there = Counter(intents), Counter(reference_intents)
    known = sum(wanted[name] for name in wanted if name in there)
    if not known:
        each = np.full(len(reference_intents), 1 / max(len(reference_intents), 1))
        return each, float(len(reference_intents))
    weights = np.array(
        [wanted[name] / known / there[name] for name in reference_intents]
    )
    return weights, float(1 / (weights**2).sum())


def _chance(classes: int, n: int, m: float) -> float:
    from scipy.stats import chi2

    return float(chi2.ppf(CHANCE, classes - 1) * (1 / n + 1 / m))
