"""A part of the training examples, or more than there are; for measurements.

Called by ``retraining.training_time`` and ``retraining.teaching_curve``.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from retraining.examples import Example

FILLERS = (
    "please", "actually", "just", "maybe", "really", "also", "today", "again",
    "honestly", "ok", "so", "well", "kind of", "right now", "for real", "btw",
)  # fmt: skip


def examples_of_size(
    examples: Sequence[Example], size: int, start: float = 0.0
) -> list[tuple[str, str]]:
    """Pairs of intent and text: a fair part of the real ones, or reworded ones too.

    Args:
        examples: the real ones.
        size: how many are wanted.
        start: from 0 to below 1: which part, where there are more.
    """
    dice = random.Random(7)
    pairs = [(example.intent, example.text) for example in examples]
    if size <= len(pairs):
        step = len(pairs) / size
        return [pairs[int((place + start) * step)] for place in range(size)]
    known = set(pairs)
    while len(pairs) < size:
        intent, text = pairs[dice.randrange(len(examples))]
        words = text.split()
        words.insert(dice.randrange(len(words) + 1), dice.choice(FILLERS))
        if len(words) > 6 and dice.random() < 0.5:
            del words[dice.randrange(len(words))]
        pair = (intent, " ".join(words))
        if pair not in known:
            known.add(pair)
            pairs.append(pair)
    return pairs


def write_examples(folder: Path, pairs: Sequence[tuple[str, str]]) -> None:
    """Replaces the examples of a project; look-up tables stay."""
    for file in folder.glob("*.yml"):
        file.unlink()
    by_intent: dict[str, list[str]] = {}
    for intent, text in pairs:
        by_intent.setdefault(intent, []).append(text)
    for intent, texts in by_intent.items():
        lines = "".join(f"    - {text}\n" for text in texts)
        head = f'version: "3.1"\nnlu:\n- intent: {intent}\n  examples: |\n'
        (folder / f"{intent}.yml").write_text(head + lines, encoding="utf-8")
