"""The linear classifier: numbers, files, and what it says when a file is broken."""

import numpy as np
import pytest

from retraining.examples import read_folder
from safety.encoder import shared_encoder
from safety.text_classifier import (
    CHARACTER_FEATURES,
    WORD_FEATURES,
    ClassifierFileError,
    Linear,
    SparseFeatures,
    TextClassifier,
)

TEXTS = ["cats purr", "a cat meows", "dogs bark", "my dog barks", "cows moo", "a cow"]
LABELS = ["cat", "cat", "dog", "dog", "cow", "cow"]


def _vectors(count=6):
    return np.random.default_rng(1).normal(size=(count, 8)).astype(np.float32)


def _fit(labels=LABELS):
    return TextClassifier.fit(TEXTS, _vectors(), labels)


@pytest.fixture(scope="module")
def classifier():
    return _fit()


def _numbers(classifier, texts=TEXTS):
    return classifier.probabilities(texts, _vectors(len(texts)))


def test_labels_are_in_order_and_learned(classifier):
    assert classifier.labels == ["cat", "cow", "dog"]
    best = _numbers(classifier).argmax(axis=1)
    assert [classifier.labels[index] for index in best] == LABELS


@pytest.mark.parametrize("text", ["cats purr", "", "???", "\x00", "\ud800", "猫" * 999])
def test_every_row_sums_to_one(classifier, text):
    rows = _numbers(classifier, [text, "dogs"])

    assert rows.shape == (2, 3)
    assert np.isfinite(rows).all()
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_log_probabilities_stay_finite_for_far_away_vectors(classifier):
    far = np.full((1, 8), 1e4, dtype=np.float32)

    logs = classifier.log_probabilities(["cats"], far)

    assert np.isfinite(logs).all()
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-5)


def test_a_text_alone_and_among_others_is_the_same(classifier):
    together = _numbers(classifier)
    alone = classifier.probabilities(TEXTS[2:3], _vectors()[2:3])

    assert alone[0] == pytest.approx(together[2], abs=1e-6)


def test_two_fits_are_the_same():
    assert (_numbers(_fit()) == _numbers(_fit())).all()


def test_two_labels():
    classifier = _fit(["pet", "pet", "pet", "pet", "farm", "farm"])

    rows = _numbers(classifier)

    assert classifier.labels == ["farm", "pet"]
    assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert rows[0, 1] > 0.5 > rows[4, 1]


def test_temperature_sharpens_without_changing_the_order(classifier):
    sharp, flat = _fit(), _fit()
    sharp.temperature, flat.temperature = 0.2, 5.0

    assert (_numbers(sharp).max(axis=1) > _numbers(flat).max(axis=1)).all()
    assert (_numbers(sharp).argsort() == _numbers(flat).argsort()).all()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_share_of_the_two_halves(share):
    classifier = _fit()
    classifier.dense_share = share
    classifier.temperature = 1.0
    half = (
        classifier.dense.log_probabilities(_vectors())
        if share
        else classifier.sparse.log_probabilities(classifier.features.transform(TEXTS))
    )

    assert _numbers(classifier) == pytest.approx(np.exp(half), abs=1e-5)


# files


@pytest.fixture(scope="module")
def file(classifier, tmp_path_factory):
    file = tmp_path_factory.mktemp("saved") / "new folder" / "weights.npz"
    classifier.save(file)
    return file


def test_loaded_classifier_gives_the_same_numbers(classifier, file):
    loaded = TextClassifier.load(file)

    assert loaded.labels == classifier.labels
    assert (loaded.temperature, loaded.dense_share) == (0.8, 0.5)
    # Weights are stored as 16-bit floats.
    assert _numbers(loaded) == pytest.approx(_numbers(classifier), abs=2e-3)


def test_saved_again_nothing_is_lost(file, tmp_path):
    loaded = TextClassifier.load(file)
    loaded.save(tmp_path / "again.npz")

    again = TextClassifier.load(tmp_path / "again.npz")

    assert (_numbers(again) == _numbers(loaded)).all()


def test_file_holds_no_pickle(file):
    with np.load(file, allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


def _broken(file, tmp_path, kind):
    target = tmp_path / "broken.npz"
    if kind == "truncated":
        target.write_bytes(file.read_bytes()[:-100])
    elif kind == "flipped":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 255
        target.write_bytes(content)
    elif kind == "another archive":
        np.savez(target, something=np.zeros(3))
    elif kind == "pickle":
        np.savez(target, labels=np.array([{"an": "object"}], dtype=object))
    elif kind != "missing":
        target.write_bytes({"empty": b"", "text": b"<<<<<<< HEAD"}[kind])
    return target


@pytest.mark.parametrize(
    "kind",
    ["missing", "empty", "text", "truncated", "flipped", "another archive", "pickle"],
)
def test_broken_file_is_named_with_what_to_do(file, tmp_path, kind):
    target = _broken(file, tmp_path, kind)

    with pytest.raises(ClassifierFileError, match=r"broken\.npz.*make train"):
        TextClassifier.load(target)


# parts


def test_sparse_features_are_two_halves_of_length_one():
    features = SparseFeatures().fit(TEXTS).transform(["a cat purrs", "zzz"])

    assert features.shape == (2, WORD_FEATURES + CHARACTER_FEATURES)
    words = features[:, :WORD_FEATURES]
    characters = features[:, WORD_FEATURES:]
    for half in (words, characters):
        assert np.sqrt(half.multiply(half).sum(axis=1)) == pytest.approx(1, abs=1e-5)


def test_rare_words_weigh_more():
    idf = SparseFeatures().fit(["the cat", "the dog", "the cow"]).idf

    assert idf.max() == pytest.approx(np.log(4 / 1) + 1)
    assert idf.min() == pytest.approx(1)


def test_capitals_do_not_matter():
    features = SparseFeatures().fit(TEXTS)

    assert (features.transform(["CATS"]) != features.transform(["cats"])).nnz == 0


def test_linear_log_probabilities():
    linear = Linear(np.zeros((2, 4)), np.log(np.array([1, 2, 3, 4])))

    row = np.exp(linear.log_probabilities(np.ones((1, 2))))

    assert row[0] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_few_examples_change_what_is_like_them_and_little_else():
    """What stops short of the optimum moves everywhere (0.016 on average here)."""
    every = read_folder()
    base, asked = every[::20], [each.text for each in every[7::300]]
    new = [
        "whats the damage for one of those drips",
        "how many greenbacks per go",
        "how deep into my pocket do i go for this",
    ]
    vectors = shared_encoder().encode_many([each.text for each in base] + new)

    def probabilities(count):
        texts = ([each.text for each in base] + new)[:count]
        labels = ([each.intent for each in base] + ["ask_cost"] * len(new))[:count]
        taught = TextClassifier.fit(texts, vectors[:count], labels)
        return taught.probabilities(asked, shared_encoder().encode_many(asked))

    moved = abs(probabilities(len(base)) - probabilities(len(base) + len(new)))

    assert moved.max(axis=1).mean() < 0.008
