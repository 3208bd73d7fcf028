"""Sentence vectors from one training to the next: exactly those, or none."""

from __future__ import annotations

import numpy as np
import pytest

from retraining import vector_cache
from safety.encoder import SentenceEncoder, shared_encoder

TEXTS = ["how much is it", "does it hurt", "i want to come on friday"]


class Counting(SentenceEncoder):
    """Counts what it really encodes."""

    def __init__(self):
        super().__init__()
        self.encoded = []

    def _run(self, texts):
        self.encoded += texts
        return super()._run(texts)


@pytest.fixture
def kept(tmp_path):
    vector_cache.keep(shared_encoder(), TEXTS, tmp_path)
    return tmp_path


def test_vectors_come_back_exactly(kept):
    encoder = Counting()

    assert vector_cache.recall(encoder, [*TEXTS, "a new one"], kept) == 3

    found = encoder.encode_many([*TEXTS, "a new one"])
    assert encoder.encoded == ["a new one"]
    assert np.array_equal(found[:3], SentenceEncoder().encode_many(TEXTS))


def test_file_holds_no_text(kept):
    content = (kept / vector_cache.FILE).read_bytes()
    assert not any(text.encode() in content for text in TEXTS)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a file", b"{}"])
def test_broken_file_is_no_file(kept, content):
    (kept / vector_cache.FILE).write_bytes(content)
    assert vector_cache.recall(shared_encoder(), TEXTS, kept) == 0


def test_another_encoder_knows_none_of_it(kept, monkeypatch):
    monkeypatch.setattr(shared_encoder(), "identity", "another")
    assert vector_cache.recall(shared_encoder(), TEXTS, kept) == 0


def test_nothing_to_keep(tmp_path):
    with vector_cache.kept(tmp_path, tmp_path) as counts:
        assert counts == (0, 0)
    vector_cache.keep(shared_encoder(), [], tmp_path)
    assert not list(tmp_path.iterdir())
