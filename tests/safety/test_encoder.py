"""The sentence encoder: length, cache, batches, threads, odd texts, missing files."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from safety.encoder import (
    DIMENSIONS,
    ENCODER_FOLDER,
    REMEMBERED,
    EncoderError,
    SentenceEncoder,
    readable,
)

TEXTS = [
    "how much is one session?",
    "hi",
    "I'm scared of the side effects, my sister threw up after hers",
    "does insurance pay for the treatment, and if not, what would I pay myself?",
    "who discovered it",
]
ODD = ["", " ", "\n", "\x00", "???", "😀😀", "сколько стоит", "a" * 5000, "é" * 300]


@pytest.fixture(scope="module")
def encoder():
    return SentenceEncoder()


@pytest.mark.parametrize("text", [*TEXTS, *ODD])
def test_vector_has_length_one(encoder, text):
    vector = encoder.encode(text)

    assert vector.shape == (DIMENSIONS,)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["\ud83d", "hi \udfff there", "\ud800" * 50])
def test_half_an_emoji_is_no_error(encoder, text):
    assert np.isfinite(encoder.encode(text)).all()
    assert encoder.encode_many([text, "hi"]).shape == (2, DIMENSIONS)
    readable(text).encode("utf-8")


def test_readable_text_is_not_changed():
    for text in [*TEXTS, *ODD]:
        assert readable(text) == text


def test_meaning_comes_close(encoder):
    cost, price, history = encoder.encode_many(
        ["how much is a session", "what is the price", "who discovered ketamine"]
    )

    assert cost @ price > cost @ history


def test_same_text_gives_the_same_vector(encoder):
    assert (SentenceEncoder().encode(TEXTS[0]) == encoder.encode(TEXTS[0])).all()


# many texts


def test_many_texts_get_the_vectors_they_get_at_run_time(encoder):
    """Int8: a real batch would shift them, and training would see other vectors."""
    many = SentenceEncoder().encode_many(TEXTS)

    for text, vector in zip(TEXTS, many, strict=True):
        assert vector == pytest.approx(encoder.encode(text), abs=1e-6)


def test_empty_batch(encoder):
    assert encoder.encode_many([]).shape == (0, DIMENSIONS)


# cache


def test_vector_is_kept():
    encoder = SentenceEncoder()

    assert encoder.encode("hello") is encoder.encode("hello")


def test_cache_drops_what_was_not_used_for_longest():
    encoder = SentenceEncoder()
    first, second = encoder.encode("0"), encoder.encode("1")
    for number in range(2, REMEMBERED):
        encoder.encode(str(number))
    encoder.encode("0")

    encoder.encode("one more")

    assert len(encoder._cache) == REMEMBERED
    assert encoder.encode("0") is first
    assert encoder.encode("1") is not second


# long texts, threads


def test_long_text_takes_no_longer_than_a_person_waits(encoder):
    text = "I feel so sad today, and what does it cost? " * 2300  # 100 kB

    started = time.perf_counter()
    vector = encoder.encode(text)

    assert time.perf_counter() - started < 5  # about 0.2 s on an idle machine
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_what_is_beyond_the_last_token_does_not_count(encoder):
    start = "word " * 200

    assert (encoder.encode(start + "price") == encoder.encode(start + "gun")).all()


def test_threads_share_an_encoder():
    encoder = SentenceEncoder()
    expected = {text: SentenceEncoder().encode(text) for text in TEXTS}

    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(encoder.encode, TEXTS * 20))

    for text, vector in zip(TEXTS * 20, vectors, strict=True):
        assert vector == pytest.approx(expected[text], abs=1e-3)


# files


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_missing_file_is_named_with_what_to_do(tmp_path, missing):
    for name in {"model.onnx", "tokenizer.json"} - {missing}:
        shutil.copy(ENCODER_FOLDER / name, tmp_path / name)

    with pytest.raises(EncoderError, match=r"not found.*git checkout") as error:
        SentenceEncoder(tmp_path)

    assert str(tmp_path / missing) in str(error.value)
