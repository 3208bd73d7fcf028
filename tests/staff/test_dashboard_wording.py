"""Drift and groups: what the measures say of samples whose truth is known."""

import numpy as np
import pytest

from frontdesk.dashboard.wording_drift import Drift, drift, jensen_shannon, psi, tenths
from frontdesk.dashboard.wording_groups import groups_of

CHANCE = np.random.default_rng(7)


def sample(shares, size):
    return CHANCE.choice(len(shares), size=size, p=shares)


def test_the_measures_are_those_of_the_books():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])

    assert psi(p, q) == pytest.approx(0.25 * np.log(2) - 0.25 * np.log(2 / 3))
    assert psi(p, p) == jensen_shannon(p, p) == 0
    assert jensen_shannon(np.array([1 - 1e-12, 1e-12]), p[::-1]) == pytest.approx(
        0.5579, abs=1e-3
    )


def test_samples_of_the_same_source_show_chance_alone():
    shares = np.full(10, 0.1)
    above = []
    for _ in range(200):
        found, reference = sample(shares, 300), sample(shares, 600)
        made = drift(found, ["a"] * 300, reference, ["a"] * 600, 10)
        above.append(made.psi > made.chance)
        assert made.verdict in ("same", "look") and made.psi < 0.15

    assert sum(above) <= 20  # one of twenty, or somewhat more by bad luck


def test_another_source_shows():
    reference = sample(np.full(10, 0.1), 600)
    found = sample(np.array([0.55, *[0.05] * 9]), 300)

    made = drift(found, ["a"] * 300, reference, ["a"] * 600, 10)

    assert made.verdict == "act" and made.psi > made.chance


def test_other_subjects_alone_are_no_drift():
    """Training has as much of each intent; patients ask nearly always the same."""
    of_a, of_b = np.array([0.8, 0.2, 0, 0]), np.array([0, 0, 0.2, 0.8])
    reference = np.concatenate([sample(of_a, 300), sample(of_b, 300)])
    found = np.concatenate([sample(of_a, 270), sample(of_b, 30)])
    names = ["a"] * 300 + ["b"] * 300

    made = drift(found, ["a"] * 270 + ["b"] * 30, reference, names, 4)

    assert made.verdict == "same"
    assert drift(found, ["c"] * 300, reference, names, 4).verdict == "act"


# fmt: off
VERDICTS = [
    (Drift(0.9, 0.5, 0.1, 199), "few"),
    (Drift(0.05, 0.1, 0.01, 200), "same"),
    (Drift(0.2, 0.1, 0.21, 260), "same"),
    (Drift(0.2, 0.1, 0.1, 400), "look"),
    (Drift(0.25, 0.1, 0.1, 400), "act"),
]
# fmt: on


@pytest.mark.parametrize("made, verdict", VERDICTS)
def test_verdicts(made, verdict):
    assert made.verdict == verdict


def test_nothing_is_no_drift():
    made = drift(np.array([], int), [], np.array([0, 1]), ["a", "b"], 2)

    assert made.messages == 0 and made.verdict == "few"


def test_tenths_hold_both_ends():
    assert tenths(np.array([0.0, 0.05, 0.1, 0.95, 1.0])).tolist() == [0, 0, 1, 9, 9]


def test_what_is_alike_is_one_group_and_what_is_not_stays_alone():
    vectors = np.array([[1, 0], [0.99, 0.14], [0, 1], [0.98, -0.2], [-1, 0]], float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    groups = groups_of(vectors)

    assert [sorted(group) for group in groups] == [[0, 1, 3], [2], [4]]
    assert groups[0][0] == 0  # the most typical first
    assert groups_of(vectors[:1]) == [[0]] and groups_of(vectors[:0]) == []


def test_the_reference_is_kept_until_the_examples_change(tmp_path):
    from frontdesk.dashboard import wording_reference as reference
    from retraining.examples import read_folder
    from safety.encoder import shared_encoder

    made = reference.load_or_make(tmp_path, 4)
    (file,) = tmp_path.iterdir()
    again = reference.load_or_make(tmp_path, 4)

    assert made.centres.tolist() == again.centres.tolist()
    assert made.intents == again.intents and made.labels == again.labels
    examples = reference.chosen(read_folder(), 4)
    assert len(examples) == len(made.intents) == len(made.confidences)
    vectors = shared_encoder().encode_many([each.text for each in examples[:20]])
    assert made.cluster(vectors).tolist() == made.clusters[:20].tolist()
    assert made.probabilities(vectors).sum(axis=1) == pytest.approx(np.ones(20))
    text = b"".join(each.text.encode() for each in examples[:3])
    assert text[:20] not in file.read_bytes()
