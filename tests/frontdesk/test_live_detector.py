"""The front desk's danger detector follows the live model, and is never absent."""

from __future__ import annotations

import json
import shutil
import threading

import pytest

from frontdesk.chat import danger
from retraining import registry
from retraining.promote import PromotionError, promote, roll_back
from retraining.train import fingerprint
from safety.danger_detector import DangerDetector
from safety.live_model import DETECTOR_FILE
from tests.retraining.tiny_models import install, places_in, tiny_detector

WHO = {"actor": "Nora", "reason": "a test"}


@pytest.fixture
def places(tmp_path):
    made = places_in(tmp_path)
    archive = tmp_path / "archive"
    archive.write_bytes(b"a model")
    made_of = fingerprint(made.root)
    for name in ("a", "b", "broken"):
        install(made, name, archive, fingerprint=made_of)
    broken = made.models / "broken"
    (broken / DETECTOR_FILE).write_bytes(b"no detector")
    shutil.rmtree(broken)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "tests.retraining.tiny_models.tiny_detector",
            lambda file: file.write_bytes(b"no detector"),
        )
        install(made, "broken", archive, fingerprint=made_of)
    tiny_detector(made.models / DETECTOR_FILE)
    return made


class Following:
    """What ``keep_current`` does, in a thread, and quicker."""

    def __init__(self, places):
        self.current = danger.Current(places.models)
        self.seen = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,))
            for work in (self.current.follow, self._detect)
        ]

    def __enter__(self):
        self.current.first()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.current.stop()

    def _repeat(self, work):
        while not self._stop.wait(0.01):
            work()

    def _detect(self):
        self.seen.add(type(self.current.detector))
        assert self.current.detector.detect("i want to die").level == "alarm"


def test_detector_follows_promotion_and_roll_back(places):
    promote(places, "a", **WHO)
    with Following(places) as following:
        first = following.current.detector

        done = promote(places, "b", **WHO)

        assert not done.waiting
        assert following.current.detector is not first
        assert [(p.kind, p.model) for p in registry.processes(places)] == [
            ("frontdesk", "b")
        ]
        assert roll_back(places, **WHO).seconds < 10
        assert following.seen == {DangerDetector}
    assert registry.processes(places) == []


def test_detector_that_cannot_be_loaded_leaves_the_old_one(places):
    promote(places, "a", **WHO)
    with Following(places) as following:
        first = following.current.detector

        with pytest.raises(
            PromotionError, match="process of the front desk can't run broken"
        ):
            promote(places, "broken", **WHO)

        assert following.seen == {DangerDetector}
        del first
    assert json.loads(places.live.read_text())["model"]["id"] == "a"


def test_without_any_model_the_phrases_speak(tmp_path):
    current = danger.Current(tmp_path)
    assert current.first() is danger.phrases_alone()
    assert current.first().detect("i want to kill myself").level == "alarm"
    current.follow()
