"""The training examples nearest to a sentence: is it worth adding, does it contradict?

Words choose the candidates, the sentence encoder ranks them: a person waits for this,
and encoding every example takes minutes. Called by the front desk's training pages.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retraining.check_examples import normalised
from retraining.examples import NLU_FOLDER, Example, read_folder
from safety.encoder import shared_encoder

CANDIDATES = 40
# So near that a training would learn nothing new from it (cosine of the encoder).
SAME = 0.94
# So near that two intents for the two sentences need a reason.
LIKE = 0.93
# The assistant gives the right intent this surely, and this far before the next one.
SURE, FAR = 0.9, 0.6
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Neighbour:
    """An example and how near it is; 1 is the same sentence."""

    example: Example
    similarity: float


def nearest(text: str, *, folder: Path = NLU_FOLDER, most: int = 5) -> list[Neighbour]:
    """The examples nearest to a sentence, nearest first."""
    candidates = _candidates(text, read_folder(folder))
    if not candidates:
        return []
    encoder = shared_encoder()
    vector = encoder.encode(text)
    found = [
        Neighbour(
            each, _similarity(text, each, float(vector @ encoder.encode(each.text)))
        )
        for each in candidates
    ]
    return sorted(found, key=lambda each: -each.similarity)[:most]


def redundant(neighbours: Sequence[Neighbour], intent: str) -> Neighbour | None:
    """The example that teaches the same already, if there is one."""
    same = [each for each in neighbours if each.example.intent == intent]
    return same[0] if same and same[0].similarity >= SAME else None


def contradicting(neighbours: Sequence[Neighbour], intent: str) -> Neighbour | None:
    """A nearly equal example of another intent, if there is one."""
    other = [each for each in neighbours if each.example.intent != intent]
    return other[0] if other and other[0].similarity >= LIKE else None


def is_sure(ranking: Sequence[dict], intent: str) -> bool:
    """Whether the log says that this intent was understood with a high margin."""
    confidences = {
        str(each.get("name")): float(each.get("confidence") or 0) for each in ranking
    }
    own = confidences.pop(intent, 0.0)
    return own >= SURE and own - max(confidences.values(), default=0.0) >= FAR


def _similarity(text: str, example: Example, cosine: float) -> float:
    is_same = normalised(text) == normalised(example.text)
    return 1.0 if is_same else round(cosine, 4)


def _candidates(text: str, examples: Sequence[Example]) -> list[Example]:
    """Those that share the rarest words, long ones counting less."""
    bags = [frozenset(_WORDS.findall(example.text.lower())) for example in examples]
    wanted = set(_WORDS.findall(text.lower()))
    counts = Counter(word for bag in bags for word in bag & wanted)
    weights = {word: math.log(1 + len(bags) / counts[word]) for word in counts}
    scored = (
        (sum(weights[word] for word in shared) / math.sqrt(len(bag) + 1), place)
        for place, bag in enumerate(bags)
        if (shared := bag & wanted)
    )
    return [examples[place] for _, place in heapq.nlargest(CANDIDATES, scored)]
