"""Keeps sentence vectors from one training to the next; only new texts are encoded.

Four fifths of a training is the sentence encoder, and a proposal changes a few lines of
many thousand. The same vectors give the same model. Texts are kept as hashes only.
"""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from retraining.examples import read_folder
from safety.encoder import SentenceEncoder, shared_encoder

logger = logging.getLogger(__name__)

FILE = "sentence_vectors.npz"
# Whose vectors are kept between the two trainings; 100 000 take 150 MB.
MOST_EXAMPLES = 100_000


@contextmanager
def kept(root: Path, home: Path) -> Iterator[tuple[int, int]]:
    """Around a training: recalls vectors before, keeps all of them afterwards.

    Args:
        root: the project that is trained.
        home: of the installation.

    Yields:
        How many distinct texts there are, and how many of them are new.
    """
    texts = {example.text for example in read_folder(root / "data" / "nlu")}
    if not texts:
        yield 0, 0
        return
    encoder = shared_encoder()
    encoder.remembered = MOST_EXAMPLES
    known = recall(encoder, sorted(texts), home)
    yield len(texts), len(texts) - known
    keep(encoder, sorted(texts), home)


def recall(encoder: SentenceEncoder, texts: Sequence[str], home: Path) -> int:
    """Hands the encoder the vectors that are known; says how many.

    Args:
        encoder: whose ``remembered`` is large enough for them.
        texts: of the training to come.
        home: of the installation.
    """
    try:
        with np.load(home / FILE, allow_pickle=False) as stored:
            if str(stored["encoder"]) != encoder.identity:
                return 0
            places = {key.tobytes(): row for row, key in enumerate(stored["keys"])}
            vectors = stored["vectors"]
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return 0
    known = {text: places.get(_key(text).tobytes()) for text in texts}
    found = {text: vectors[row] for text, row in known.items() if row is not None}
    encoder.remember(found)
    return len(found)


def keep(encoder: SentenceEncoder, texts: Sequence[str], home: Path) -> None:
    """Writes the vectors of a training's texts, whole; a failure is only logged."""
    distinct = sorted(set(texts))
    draft = home / f"draft-{FILE}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as stream:
            np.savez(
                stream,
                encoder=np.array(encoder.identity),
                keys=np.stack([_key(text) for text in distinct]),
                vectors=encoder.encode_many(distinct),
            )
        draft.replace(home / FILE)
    except (OSError, ValueError) as error:
        draft.unlink(missing_ok=True)
        logger.warning("The sentence vectors were not kept: %s", error)


def _key(text: str) -> np.ndarray:
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return np.frombuffer(digest, dtype=np.uint8)
