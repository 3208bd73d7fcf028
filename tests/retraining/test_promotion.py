"""Promote, roll back, canary, adoption: files alone, no process runs."""

from __future__ import annotations

import json
import subprocess

import pytest

from retraining import registry
from retraining.adoption import adopt_if_changed
from retraining.candidates import (
    CandidateError,
    all_candidates,
    read_candidate,
)
from retraining.changes import ChangeError, changing, live_content, recover
from retraining.places import BusyError, held
from retraining.promote import (
    PromotionError,
    end_canary,
    promote,
    roll_back,
    start_canary,
)
from retraining.train import STAMP_FILE, is_up_to_date, newest_model
from safety.live_model import ARCHIVE_FILE, DETECTOR_FILE, LiveModelError, read_live
from tests.retraining.crashes import FILE, OTHER, fake_train, lesson
from tests.retraining.tiny_models import places_in, pretended

WHO = {"actor": "Nora", "reason": "better answers about cost", "seconds": 0}
BASE = "20260101-000000"


@pytest.fixture
def places(tmp_path):
    """A project that was trained by ``make train``, and two candidates."""
    made = places_in(tmp_path)
    for name in (FILE, OTHER):
        (made.root / name).parent.mkdir(parents=True, exist_ok=True)
        (made.root / name).write_text(lesson(0))
    train_again(made, f"{BASE}.tar.gz")
    return made


def train_again(places, name):
    archive = fake_train(folder=places.models, root=places.root)
    archive.rename(places.models / name)
    stamp = json.loads((places.models / STAMP_FILE.name).read_text())
    (places.models / STAMP_FILE.name).write_text(json.dumps({**stamp, "model": name}))


def live_id(places):
    return read_live(places.models).model.id


def events(places):
    return [(entry.event, entry.model) for entry in registry.read(places)]


def test_promotion_brings_model_and_data(places):
    new = "data/nlu/brand_new.yml"
    pretended(places, "one", {FILE: lesson(1), new: lesson(1)})

    done = promote(places, "one", **WHO)

    assert live_id(places) == "one"
    assert (places.root / FILE).read_text() == lesson(1)
    assert (places.root / new).read_text() == lesson(1)
    assert events(places) == [("adopted", BASE), ("promoted", "one")]
    entry = done.entry
    assert (entry.actor, entry.reason) == ("Nora", WHO["reason"])
    assert entry.sha256 == read_candidate(places.models, "one").sha256
    assert (entry.previous, entry.proposal) == (BASE, "p1")
    assert is_up_to_date(root=places.root, folder=places.models)
    assert newest_model(places.models) == places.models / "one" / ARCHIVE_FILE


def test_roll_back_brings_model_and_data_back(places):
    new = "data/nlu/brand_new.yml"
    pretended(places, "one", {FILE: lesson(1), new: lesson(1)})
    promote(places, "one", **WHO)

    done = roll_back(places, **WHO)

    assert done.seconds < 10
    assert live_id(places) == BASE
    assert (places.root / FILE).read_text() == lesson(0)
    assert not (places.root / new).exists()
    with pytest.raises(PromotionError, match="no earlier model"):
        roll_back(places, **WHO)


def test_roll_back_goes_further_than_one(places):
    for number in (1, 2, 3):
        pretended(places, f"m{number}", {FILE: lesson(number)})
        promote(places, f"m{number}", **WHO)

    roll_back(places, to="m1", **WHO)
    assert (live_id(places), (places.root / FILE).read_text()) == ("m1", lesson(1))
    roll_back(places, **WHO)
    assert (live_id(places), (places.root / FILE).read_text()) == (BASE, lesson(0))
    runs = registry.runs(registry.read(places))
    assert [run.model for run in runs] == [BASE, "m1", "m2", "m3", "m1", BASE]
    assert runs[-1].until is None
    assert all(run.until for run in runs[:-1])


def test_roll_back_leaves_what_somebody_has_edited(places):
    pretended(places, "one", {FILE: lesson(1), OTHER: lesson(1)})
    promote(places, "one", **WHO)
    (places.root / OTHER).write_text("edited by hand")

    done = roll_back(places, **WHO)

    assert live_id(places) == BASE
    assert (places.root / FILE).read_text() == lesson(0)
    assert (places.root / OTHER).read_text() == "edited by hand"
    assert done.entry.detail["left"] == [OTHER]


@pytest.mark.parametrize("name", [FILE, OTHER, "domain.yml"])
def test_project_that_changed_since_the_training_is_refused(places, name):
    pretended(places, "one", {FILE: lesson(1)})
    (places.root / name).write_text("changed meanwhile")

    with pytest.raises(PromotionError, match="train again"):
        promote(places, "one", **WHO)

    assert live_id(places) == BASE
    assert (places.root / name).read_text() == "changed meanwhile"


def test_model_that_is_not_what_was_trained_is_refused(places):
    pretended(places, "one", {FILE: lesson(1)})
    (places.models / "one" / ARCHIVE_FILE).write_text("something else")

    with pytest.raises(CandidateError, match="have changed since"):
        promote(places, "one", **WHO)


@pytest.mark.parametrize("name", ["../one", "", ".", "draft-one", "nowhere", "a/b"])
def test_no_such_model(places, name):
    with pytest.raises(CandidateError):
        promote(places, name, **WHO)


def test_canary_changes_neither_live_model_nor_data(places):
    pretended(places, "one", {FILE: lesson(1)})

    start_canary(places, "one", 0.2, **WHO)

    live = read_live(places.models)
    assert (live.model.id, live.canary.id, live.share) == (BASE, "one", 0.2)
    taken = sum(live.takes_canary(f"talk {n}") for n in range(2000))
    assert 320 < taken < 480
    assert (places.root / FILE).read_text() == lesson(0)
    end_canary(places, **WHO)
    assert read_live(places.models).canary is None
    with pytest.raises(PromotionError, match="no canary"):
        end_canary(places, **WHO)


@pytest.mark.parametrize("share", [0, -1, 0.6, 1])
def test_canary_of_no_share_is_refused(places, share):
    pretended(places, "one", {FILE: lesson(1)})
    with pytest.raises(PromotionError, match="share"):
        start_canary(places, "one", share, **WHO)


def test_canary_is_promoted(places):
    pretended(places, "one", {FILE: lesson(1)})
    start_canary(places, "one", 0.2, **WHO)

    promote(places, "one", **WHO)

    live = read_live(places.models)
    assert (live.model.id, live.canary) == ("one", None)


# --- what a crash leaves ----------------------------------------------------------


def interrupt(monkeypatch, where):
    """A crash at the step of that name."""

    def crash(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"retraining.changes.{where}", crash)


@pytest.mark.parametrize("step", ["put_texts", "commit_files", "_note"])
def test_interrupted_promotion_is_finished(places, monkeypatch, step):
    pretended(places, "one", {FILE: lesson(1)})
    with monkeypatch.context() as patch:
        interrupt(patch, step)
        with pytest.raises(KeyboardInterrupt):
            promote(places, "one", **WHO)
        read_live(places.models).model.check() if places.live.exists() else None

    assert recover(places) == registry.ADOPTED
    promote(places, "one", **WHO)
    with monkeypatch.context() as patch:
        interrupt(patch, step)
        with pytest.raises(KeyboardInterrupt):
            roll_back(places, **WHO)

    assert recover(places) == registry.ROLLED_BACK
    assert recover(places) is None
    assert live_id(places) == BASE
    assert (places.root / FILE).read_text() == lesson(0)
    assert events(places).count(("rolled back", BASE)) == 1


def test_interrupted_promotion_that_cannot_go_on_is_undone(places, monkeypatch):
    pretended(places, "zero", {FILE: lesson(5)})
    promote(places, "zero", **WHO)
    pretended(places, "one", {FILE: lesson(1), OTHER: lesson(1)})
    with monkeypatch.context() as patch:
        interrupt(patch, "commit_files")
        with pytest.raises(KeyboardInterrupt):
            promote(places, "one", **WHO)
    (places.root / OTHER).write_text("edited by hand")

    assert recover(places) == registry.ABANDONED

    assert live_id(places) == "zero"
    assert (places.root / FILE).read_text() == lesson(5)
    assert (places.root / OTHER).read_text() == "edited by hand"
    assert registry.runs(registry.read(places))[-1].model == "zero"


def test_half_a_line_of_the_registry_hides_no_other(places):
    pretended(places, "one", {FILE: lesson(1)})
    promote(places, "one", **WHO)
    with places.registry.open("a") as stream:
        stream.write('{"event": "prom')

    roll_back(places, **WHO)

    assert [event for event, _ in events(places)] == [
        "adopted",
        "promoted",
        "rolled back",
    ]


def test_two_changes_at_once_are_one_after_the_other(places):
    lock = places.models / ".changing"
    with held(lock, "one"), pytest.raises(BusyError), held(lock, "another"):
        pass
    with changing(places):
        pass


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"serial": 1, "model": {"id": "../x"}}']
)
def test_live_file_that_makes_no_sense(places, text):
    places.live.write_text(text)
    with pytest.raises(LiveModelError, match=r"live\.json"):
        read_live(places.models)


# --- an update, a developer -------------------------------------------------------


def test_start_adopts_what_was_trained_on_changed_files(places):
    assert adopt_if_changed(places) is None  # nothing was ever promoted
    pretended(places, "one", {FILE: lesson(1)})
    promote(places, "one", **WHO)
    assert adopt_if_changed(places) is None
    (places.root / FILE).write_text(lesson(9))
    assert not is_up_to_date(root=places.root, folder=places.models)
    train_again(places, "20260102-000000.tar.gz")

    entry = adopt_if_changed(places)

    assert (entry.event, entry.model) == ("adopted", "20260102-000000")
    assert live_id(places) == "20260102-000000"
    assert is_up_to_date(root=places.root, folder=places.models)
    roll_back(places, **WHO)
    assert live_id(places) == "one"
    assert (places.root / FILE).read_text() == lesson(9)


def test_candidates_are_listed_without_drafts_and_torsos(places):
    pretended(places, "one", {FILE: lesson(1)})
    pretended(places, "two", {FILE: lesson(2)})
    (places.models / "two" / DETECTOR_FILE).unlink()
    (places.models / "draft-three").mkdir()

    assert [each.id for each in all_candidates(places.models)] == ["one"]


def test_data_are_committed_where_the_project_is_a_repository(places):
    def git(*arguments):
        command = ["git", "-C", str(places.root), *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q")
    git("config", "user.name", "somebody")
    git("config", "user.email", "somebody@example.org")
    git("add", "-A")
    git("commit", "-qm", "first")
    (places.root / "unrelated.txt").write_text("stays out of it")
    pretended(places, "one", {FILE: lesson(1), "data/nlu/new.yml": lesson(1)})

    entry = promote(places, "one", **WHO).entry

    assert entry.commit == git("rev-parse", "HEAD")
    assert git("log", "-1", "--format=%an") == "Nora"
    assert set(git("show", "--name-only", "--format=").split()) == {
        FILE,
        "data/nlu/new.yml",
    }
    roll_back(places, **WHO)
    assert git("status", "--porcelain") == "?? unrelated.txt"
    assert git("rev-list", "--count", "HEAD") == "3"


def test_change_with_a_file_that_is_not_as_expected_is_refused(places):
    from retraining.changes import Change, perform

    change = Change(
        event="promoted",
        model="one",
        sha256="",
        actor="Nora",
        reason="",
        live={"serial": 1, "model": {"id": "one", "sha256": ""}, "canary": None},
        before=live_content(places),
        old_texts={FILE: "not this"},
        new_texts={FILE: "that"},
    )
    with pytest.raises(ChangeError, match="changed meanwhile"):
        perform(places, change)
    assert not places.journal.exists()
