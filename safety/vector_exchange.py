"""Takes a message's sentence vectors along, so that it is encoded only once.

The front desk encodes each message for its danger detector, before anything else; Rasa
needs the same vectors a little later. Whoever gets them uses them only if they were
made of the same words by the same encoder, and else encodes by itself.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import numpy as np

from safety.clauses import clauses_of
from safety.encoder import DIMENSIONS, SentenceEncoder

NUMBERS = np.dtype("<f4")


def encoded_texts(text: str) -> list[str]:
    """What is encoded of a message: the whole of it, and its clauses."""
    return [text, *clauses_of(text)]


def packed(encoder: SentenceEncoder, text: str) -> dict[str, str] | None:
    """The vectors of a text, ready for JSON; None if they are not remembered.

    Args:
        encoder: encodes nothing, only looks into its memory.
        text: the words that the other side will get.
    """
    texts = encoded_texts(text)
    vectors = encoder.recall(texts)
    if vectors is None:
        return None
    content = base64.b64encode(vectors.astype(NUMBERS).tobytes())
    return {"seal": _seal(encoder, texts), "float32": content.decode("ascii")}


def take_over(encoder: SentenceEncoder, text: str, given: Any) -> bool:
    """Has the encoder remember vectors that came along with a text.

    Args:
        encoder: of this process.
        text: the words as they have come.
        given: what ``packed`` gave, or anything else.

    Returns:
        Whether they fit; nothing is remembered otherwise.
    """
    texts = encoded_texts(text)
    if not isinstance(given, dict) or given.get("seal") != _seal(encoder, texts):
        return False
    try:
        content = base64.b64decode(given["float32"], validate=True)
        vectors = np.frombuffer(content, NUMBERS).reshape(len(texts), DIMENSIONS)
    except (KeyError, TypeError, ValueError):
        return False
    if not np.isfinite(vectors).all():
        return False
    encoder.remember(dict(zip(texts, vectors.astype(np.float32), strict=True)))
    return True


def _seal(encoder: SentenceEncoder, texts: list[str]) -> str:
    """Says which encoder made vectors of which words."""
    whole = "\0".join([encoder.identity, *texts])
    return hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
