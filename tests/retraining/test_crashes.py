"""Kill -9 at any point of train, promote and roll back: ``make crashes`` does 100."""

from __future__ import annotations

import os

from retraining import registry
from tests.retraining.crashes import crash
from tests.retraining.tiny_models import places_in

KILLS = int(os.environ.get("CRASHES") or 10)


def test_the_live_model_is_always_whole_and_known(tmp_path):
    places = places_in(tmp_path)

    rounds = crash(places, KILLS)

    print(f"{KILLS} of {rounds} rounds were killed on the way")
    events = [entry.event for entry in registry.read(places)]
    assert registry.ABANDONED not in events
