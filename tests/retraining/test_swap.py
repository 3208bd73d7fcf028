"""Swapping models in a real Rasa process, with two small real models."""

from __future__ import annotations

import os
import threading
import time
import uuid

import pytest

from retraining import registry
from retraining.changes import live_content
from retraining.promote import (
    PromotionError,
    end_canary,
    promote,
    roll_back,
    start_canary,
)
from retraining.train import fingerprint
from safety.live_model import ARCHIVE_FILE, read_live
from tests.retraining.tiny_models import (
    RasaProcess,
    install,
    places_in,
    tiny_archive,
)

pytestmark = [pytest.mark.slow, pytest.mark.model]
SWAPS = int(os.environ.get("SWAPS") or 6)
WHO = {"actor": "Nora", "reason": "a test"}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Two models that an empty project could have given."""
    folder = tmp_path_factory.mktemp("swap")
    found = places_in(folder)
    made_of = fingerprint(found.root)
    for name in ("a", "b", "broken"):
        archive = tiny_archive(folder, name) if name != "broken" else folder / "x"
        if name == "broken":
            archive.write_bytes(b"no model at all")
        install(found, name, archive, fingerprint=made_of)
    return found


@pytest.fixture(scope="module")
def rasa(places):
    """A server that was started with another model than the live one."""
    promote(places, "a", **WHO)
    process = RasaProcess(places, places.models / "b" / ARCHIVE_FILE).wait()
    yield process
    process.stop()


def new():
    return uuid.uuid4().hex


def test_server_that_starts_with_an_old_model_answers_with_the_live_one(rasa):
    assert rasa.first == "Hello from a."


def test_promotion_swaps_and_roll_back_swaps_back(rasa, places):
    talk = new()
    assert rasa.said("hello", talk) == "Hello from a."

    done = promote(places, "b", **WHO)

    assert not done.waiting
    assert [p.model for p in registry.processes(places)] == ["b"]
    assert rasa.said("how much is it", talk) == "Cost of b."
    back = roll_back(places, **WHO)
    assert back.seconds < 10 and not back.waiting
    assert rasa.said("how much is it", talk) == "Cost of a."
    tracker = rasa.call(
        "GET", f"/conversations/{talk}/tracker?token=a-token-for-tests-only"
    )
    heard = [e["text"] for e in tracker["events"] if e["event"] == "user"]
    assert heard == ["hello", "how much is it", "how much is it"]


def test_model_that_cannot_be_loaded_leaves_the_old_one(rasa, places):
    before = live_content(places)["model"]

    with pytest.raises(PromotionError, match=r"can't run broken.*is live again"):
        promote(places, "broken", **WHO)

    assert live_content(places)["model"] == before
    assert rasa.said("hello", new()) == "Hello from a."
    events = [entry.event for entry in registry.read(places)][-3:]
    assert events == [registry.PROMOTED, registry.FAILED, registry.ROLLED_BACK]


def test_canary_gets_a_share_of_new_conversations_and_keeps_them(rasa, places):
    old = [new() for _ in range(20)]
    assert {rasa.said("hello", talk) for talk in old} == {"Hello from a."}

    start_canary(places, "b", 0.5, **WHO)

    live = read_live(places.models)
    talks = [new() for _ in range(40)]
    for talk in talks:
        name = "b" if live.takes_canary(talk) else "a"
        assert rasa.said("hello", talk) == f"Hello from {name}."
    assert 5 < sum(map(live.takes_canary, talks)) < 35
    assert {rasa.said("hello", talk) for talk in old} == {"Hello from a."}
    end_canary(places, **WHO)
    assert {rasa.said("hello", talk) for talk in talks} == {"Hello from a."}


def test_rasas_own_way_round_the_gate_is_closed(rasa, places):
    archive = places.models / "b" / ARCHIVE_FILE
    rasa.call(
        "PUT", "/model?token=a-token-for-tests-only", {"model_file": str(archive)}
    )
    time.sleep(1.5)

    assert rasa.said("hello", new()) == "Hello from a."


def test_no_message_is_lost_while_models_are_swapped(rasa, places):
    lost, said, slow, stop = [], [], [], threading.Event()

    def patient():
        talk = new()
        while not stop.is_set():
            began = time.monotonic()
            try:
                said.append(rasa.said("hello", talk))
            except Exception as error:
                lost.append(error)
            slow.append(time.monotonic() - began)

    patients = [threading.Thread(target=patient) for _ in range(4)]
    for thread in patients:
        thread.start()
    seconds = []
    try:
        for number in range(SWAPS):
            seconds.append(promote(places, "ba"[number % 2], **WHO).seconds)
    finally:
        stop.set()
        for thread in patients:
            thread.join()

    longest = max(slow)
    print(
        f"{SWAPS} swaps, {len(said)} messages answered, {len(lost)} lost; a swap took "
        f"{max(seconds):.1f} s at most, a reply {longest:.2f} s"
    )
    assert not lost
    assert len(said) > 10 * SWAPS
    assert set(said) == {"Hello from a.", "Hello from b."}
    assert longest < 5
