"""Trains the danger detector's linear model on ``data/nlu`` and exports it.

The file it writes is all the front desk needs: no Rasa. Called by retraining.train.
"""

from __future__ import annotations

from pathlib import Path

from retraining.examples import Example, read_folder
from safety.danger_detector import MODEL_FILE, OTHER
from safety.encoder import shared_encoder
from safety.text_classifier import TextClassifier

_KEPT_PREFIXES = ("crisis_", "emergency_", "near_miss_")


def danger_label(intent: str) -> str:
    """The detector's label of an intent: danger and near misses by name, else other."""
    return intent if intent.startswith((*_KEPT_PREFIXES, "low_mood")) else OTHER


def train_danger_model(
    examples: list[Example] | None = None, *, file: Path = MODEL_FILE, seed: int = 7
) -> TextClassifier:
    """Fits and writes the model; the same data gives the same file.

    Args:
        examples: training examples; those of ``data/nlu`` if left out.
        file: where to write; replaced in one step.
        seed: for the solvers.
    """
    examples = examples if examples is not None else read_folder()
    texts = [example.text for example in examples]
    model = TextClassifier.fit(
        texts,
        shared_encoder().encode_many(texts),
        [danger_label(example.intent) for example in examples],
        seed=seed,
    )
    draft = file.with_name("draft-" + file.name)
    model.save(draft)
    draft.replace(file)
    return model
