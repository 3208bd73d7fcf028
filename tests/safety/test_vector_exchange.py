"""Sentence vectors that go along with a message: taken if they fit, else made anew."""

import base64
import json
import shutil

import numpy as np
import pytest

from safety.encoder import DIMENSIONS, ENCODER_FOLDER, SentenceEncoder
from safety.vector_exchange import encoded_texts, packed, take_over

SHORT = "how much is it"
LONG = "i live far away, do you offer rides, and what does one session cost me"


@pytest.fixture
def sender():
    return SentenceEncoder()


@pytest.fixture
def receiver(monkeypatch):
    """An encoder that can't encode."""
    made = SentenceEncoder()
    monkeypatch.setattr(made, "_run", None)
    return made


def known(encoder, text):
    for part in encoded_texts(text):
        encoder.encode(part)
    return packed(encoder, text)


@pytest.mark.parametrize("text", [SHORT, LONG, "half \ud83d an emoji", "¿cuánto?"])
def test_vectors_arrive_as_they_were(sender, receiver, text):
    given = json.loads(json.dumps(known(sender, text)))

    assert take_over(receiver, text, given)
    for part in encoded_texts(text):
        assert np.array_equal(receiver.encode(part), sender.encode(part))


def test_nothing_is_encoded_for_who_gets_them(receiver):
    assert packed(receiver, SHORT) is None


def test_every_clause_must_be_known(sender):
    assert len(encoded_texts(LONG)) > 2
    sender.encode(LONG)
    assert packed(sender, LONG) is None


def sealed(sender, content):
    return known(sender, SHORT) | {"float32": content}


def numbers(values):
    return base64.b64encode(np.array(values, np.float32).tobytes()).decode()


# fmt: off
UNFIT = {
    "nothing":       lambda sender: None,
    "a list":        lambda sender: [1, 2],
    "a text":        lambda sender: "vectors",
    "no seal":       lambda sender: {"float32": known(sender, SHORT)["float32"]},
    "odd seal":      lambda sender: known(sender, SHORT) | {"seal": {"a": 1}},
    "no numbers":    lambda sender: {"seal": known(sender, SHORT)["seal"]},
    "other words":   lambda sender: known(sender, "how much is that"),
    "more words":    lambda sender: known(sender, LONG),
    "no base64":     lambda sender: sealed(sender, "¿?"),
    "a number":      lambda sender: sealed(sender, 7),
    "half of it":    lambda sender: sealed(sender, numbers([0.1] * 100)),
    "too much":      lambda sender: sealed(sender, numbers([0.1] * 2 * DIMENSIONS)),
    "not a number":  lambda sender: sealed(sender, numbers([np.nan] * DIMENSIONS)),
}
# fmt: on


@pytest.mark.parametrize("given", UNFIT.values(), ids=UNFIT)
def test_what_does_not_fit_is_not_used(sender, receiver, given):
    assert not take_over(receiver, SHORT, given(sender))
    assert receiver.recall([SHORT]) is None


def test_another_encoder_takes_none(sender, tmp_path):
    folder = shutil.copytree(ENCODER_FOLDER, tmp_path / "encoder")
    (folder / "NOTES").write_text("another one", encoding="utf-8")
    assert not take_over(SentenceEncoder(folder), SHORT, known(sender, SHORT))


def test_memory_stays_as_large_as_it_may_be(sender):
    sender.remembered = 3
    sender.remember({str(n): np.zeros(DIMENSIONS, np.float32) for n in range(9)})

    assert sender.recall(["8"]) is not None
    assert sender.recall(["5"]) is None
