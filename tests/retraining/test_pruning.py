"""Which trained models are removed, and what is said of the live one that runs."""

from __future__ import annotations

import json
import os
import time

import pytest

from retraining import pruning, registry
from retraining.candidates import (
    CandidateError,
    all_candidates,
    read_candidate,
)
from retraining.commands import main
from retraining.lineage import models_of
from retraining.live_trouble import last_failure, troubles
from retraining.promote import (
    PromotionError,
    end_canary,
    promote,
    roll_back,
    start_canary,
)
from retraining.proposal_folder import SUBMITTED
from retraining.proposals import Proposal
from safety.live_model import DETECTOR_FILE, RunningModel
from tests.retraining.crashes import FILE, lesson, set_up
from tests.retraining.tiny_models import places_in, pretended

WHO = {"actor": "Nora", "reason": "better answers about cost", "seconds": 0}


@pytest.fixture
def places(tmp_path):
    made = places_in(tmp_path)
    set_up(made)
    return made


def candidate(places, number, proposal=None):
    """A model, the younger the larger its number; gives its name."""
    name, at = f"20270101-{number:06d}", f"2027-01-01T00:{number:02d}:00+00:00"
    pretended(places, name, {FILE: lesson(number)}, proposal=proposal, at=at)
    return name


def names(places):
    return {each.id for each in all_candidates(places.models)}


def test_only_what_nothing_needs_is_removed_and_stays_on_record(places, monkeypatch):
    monkeypatch.setattr(pruning, "MOST_BACK", 2)
    monkeypatch.setattr(pruning, "MOST_SPARE", 1)
    (base,) = names(places)
    lived = []
    for number in (1, 2, 3, 4):
        lived.append(candidate(places, number))
        promote(places, lived[-1], **WHO)
    waits = Proposal.create(places.home, "waits", "Nora", root=places.root)
    waits.edit(FILE, lesson(9), "Nora")
    waits.move_to(SUBMITTED, "Nora")
    overtaken, decided = (candidate(places, n, waits.id) for n in (5, 6))
    tried = candidate(places, 7)
    start_canary(places, tried, 0.1, **WHO)
    runs = candidate(places, 8)
    RunningModel("rasa", places.models).say(0, runs)
    spare = candidate(places, 9)

    removed = pruning.prune(places)

    assert removed == [base, lived[0], overtaken]
    assert names(places) == {*lived[1:], decided, tried, runs, spare}
    assert not list(places.models.glob("draft-*"))
    written = [e for e in registry.read(places) if e.event == registry.REMOVED]
    assert [entry.model for entry in written] == removed
    assert all(entry.sha256 and entry.at for entry in written)
    assert overtaken in models_of(waits, places)  # for an erasure, though it is gone
    assert pruning.prune(places) == []
    end_canary(places, **WHO)
    roll_back(places, **WHO)
    roll_back(places, **WHO)
    with pytest.raises(CandidateError, match="no such model"):
        roll_back(places, **WHO)


def test_a_crash_on_the_way_removes_nothing_twice(places, monkeypatch):
    monkeypatch.setattr(pruning, "MOST_SPARE", 0)
    name = candidate(places, 1)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename", _crash)
        with pytest.raises(KeyboardInterrupt):
            pruning.prune(places)
    assert read_candidate(places.models, name)

    assert pruning.prune(places) == [name]

    events = [entry.event for entry in registry.read(places) if entry.model == name]
    assert events == [registry.REMOVED]


def _crash(*arguments):
    raise KeyboardInterrupt


def test_the_command_says_what_was_removed(places, monkeypatch, capsys):
    monkeypatch.setattr(pruning, "MOST_SPARE", 0)
    monkeypatch.setattr("retraining.commands.places", lambda: places)
    name = candidate(places, 1)
    assert main(["prune"]) == 0 and main(["prune"]) == 0
    assert capsys.readouterr().out == f"Removed: {name}\nNothing to remove.\n"


# --- What is wrong with the live one ----------------------------------------------
def test_all_is_well_or_nothing_was_promoted(places, tmp_path):
    assert troubles(places) == []
    assert troubles(places_in(tmp_path / "new")) == []


def test_a_process_that_can_not_load_the_live_model_is_named(places):
    RunningModel("rasa", places.models).say(1, "the-old-one", error="no detector.")
    (words,) = troubles(places)
    assert words == "A process of the assistant goes on with the-old-one: no detector."


def test_a_process_that_does_not_follow_is_named_after_a_while(places):
    promote(places, candidate(places, 1), **WHO)
    RunningModel("frontdesk", places.models).say(1, "the-old-one")
    assert troubles(places) == []
    long_ago = time.time() - 3600
    os.utime(places.live, (long_ago, long_ago))
    (words,) = troubles(places)
    assert "process of the front desk" in words and "does not follow" in words


def test_files_that_are_gone_or_make_no_sense_are_named(places):
    (name,) = names(places)
    (places.models / name / DETECTOR_FILE).unlink()
    (words,) = troubles(places)
    assert f"models/{name}" in words and "roll back" in words
    places.live.write_text("{")
    (words,) = troubles(places)
    assert "can't be read" in words


def test_the_last_attempt_that_failed_is_remembered_until_the_next(places):
    name = candidate(places, 1)
    running = RunningModel("rasa", places.models)
    serial = json.loads(places.live.read_text())["serial"] + 1
    running.say(serial, None, error="it has no reply to 'hello'")
    with pytest.raises(PromotionError, match="can't run"):
        promote(places, name, **WHO)
    failed = last_failure(registry.read(places))
    assert failed.model == name and "no reply to 'hello'" in failed.reason
    running.close()

    promote(places, name, **WHO)

    assert last_failure(registry.read(places)) is None
