"""When a training is due, and that a failed one leaves the old model as it was."""

import json
import os

import pytest
from rasa.model_training import TrainingResult

from retraining import train as training
from retraining.train import (
    STAMP_FILE,
    TrainingError,
    fingerprint,
    is_up_to_date,
    newest_model,
)
from safety.danger_detector import MODEL_FILE

FILES = (
    "config.yml",
    "domain.yml",
    "uv.lock",
    "data/nlu/cost.yml",
    "data/nlu/lookups/insurer.yml",
    "data/rules/safety.yml",
    "data/stories/asked_again.yml",
    "data/responses/cost.yml",
    "components/routing.py",
    "components/__pycache__/routing.pyc",
    "safety/encoder/model.onnx",
    "safety/danger_detector.py",
    "safety/phrases/crisis.yml",
    "safety/redaction/names.yml",
    "safety/redactor.py",
    "clinic.yml",
)


@pytest.fixture
def root(tmp_path):
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path


@pytest.fixture
def models(root):
    """A model that was made of exactly what is in ``root``."""
    folder = root / "models"
    folder.mkdir()
    (folder / "old.tar.gz").write_text("old model")
    (folder / MODEL_FILE.name).write_text("old detector")
    stamp = {"fingerprint": fingerprint(root), "model": "old.tar.gz", "seconds": 1}
    (folder / STAMP_FILE.name).write_text(json.dumps(stamp))
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "config.yml",
        "domain.yml",
        "uv.lock",
        "data/nlu/cost.yml",
        "data/nlu/lookups/insurer.yml",
        "data/rules/safety.yml",
        "data/stories/asked_again.yml",
        "components/routing.py",
        "safety/encoder/model.onnx",
        "safety/danger_detector.py",
    ],
)
@pytest.mark.parametrize("change", ["edited", "removed", "renamed"])
def test_ingredient_changes_the_fingerprint(root, name, change):
    before, file = fingerprint(root), root / name
    if change == "edited":
        file.write_text("new content")
    elif change == "removed":
        file.unlink()
    else:
        file.rename(file.with_name(f"new_{file.name}"))

    assert fingerprint(root) != before


def test_new_file_changes_the_fingerprint(root):
    before = fingerprint(root)
    (root / "data/stories/reviewed").mkdir()
    (root / "data/stories/reviewed/story.yml").write_text("a story")

    assert fingerprint(root) != before


@pytest.mark.parametrize(
    "name",
    [
        "data/responses/cost.yml",
        "safety/phrases/crisis.yml",
        "safety/redaction/names.yml",
        "safety/redactor.py",
        "clinic.yml",
        "components/__pycache__/routing.pyc",
    ],
)
def test_what_is_read_while_answering_does_not(root, name):
    before = fingerprint(root)
    (root / name).write_text("new content")

    assert fingerprint(root) == before


def test_touched_file_does_not(root):
    before = fingerprint(root)
    os.utime(root / "config.yml", (0, 0))

    assert fingerprint(root) == before


# up to date


def test_nothing_changed(root, models):
    assert is_up_to_date(root=root, folder=models)


def test_ingredient_changed(root, models):
    (root / "data/stories/asked_again.yml").write_text("another story")

    assert not is_up_to_date(root=root, folder=models)


@pytest.mark.parametrize("name", ["old.tar.gz", MODEL_FILE.name, STAMP_FILE.name])
def test_part_of_the_model_is_missing(root, models, name):
    (models / name).unlink()

    assert not is_up_to_date(root=root, folder=models)


@pytest.mark.parametrize("stamp", ["", "{}", "<<<<<<< HEAD", '{"fingerprint": null}'])
def test_stamp_is_damaged(root, models, stamp):
    (models / STAMP_FILE.name).write_text(stamp)

    assert not is_up_to_date(root=root, folder=models)


def test_newest_model_is_the_one_written_last(models):
    (models / "a_newer.tar.gz").write_text("newer")
    os.utime(models / "old.tar.gz", (1, 1))

    assert newest_model(models).name == "a_newer.tar.gz"
    assert newest_model(models / "nowhere") is None


# training; Rasa's own part is replaced, what happens to the files is real


class RasaTraining:
    """Stands for ``rasa.model_training.train``."""

    def __init__(self, *, code=0, error=None):
        self.code = code
        self.error = error

    def __call__(self, *, output, fixed_model_name, force_training, **options):
        # Rasa's cache does not notice a new encoder.
        assert force_training is True
        draft = f"{output}/{fixed_model_name}.tar.gz"
        with open(draft, "w") as file:  # noqa: PTH123
            file.write("new model")
        if self.error:
            raise self.error
        return TrainingResult(model=None if self.code else draft, code=self.code)


def _write_detector(*, file):
    file.write_text("new detector")


def _contents(folder):
    return {file.name: file.read_text() for file in sorted(folder.iterdir())}


@pytest.fixture
def rasa_gives(monkeypatch):
    monkeypatch.setattr(training, "train_danger_model", _write_detector)

    def use(**outcome):
        monkeypatch.setattr("rasa.model_training.train", RasaTraining(**outcome))

    return use


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ({"code": 1}, TrainingError),
        ({"error": ValueError("Rasa's own")}, ValueError),
        ({"error": KeyboardInterrupt()}, KeyboardInterrupt),
    ],
)
def test_failed_training_leaves_everything_as_it_was(
    models, rasa_gives, outcome, error
):
    before = _contents(models)
    rasa_gives(**outcome)

    with pytest.raises(error):
        training.train(folder=models)

    assert _contents(models) == before


def test_training_writes_model_detector_and_stamp(models, rasa_gives):
    rasa_gives()

    model = training.train(folder=models)

    found = _contents(models)
    stamp = json.loads(found.pop(STAMP_FILE.name))
    assert model.parent == models
    assert found == {
        model.name: "new model",
        "old.tar.gz": "old model",
        MODEL_FILE.name: "new detector",
    }
    assert stamp["model"] == model.name
    assert stamp["fingerprint"] == fingerprint()
    assert is_up_to_date(folder=models)


def test_first_training_makes_the_folder(tmp_path, rasa_gives):
    rasa_gives()

    assert training.train(folder=tmp_path / "models").is_file()


def test_command_line_ends_with_one_line_on_what_to_do(monkeypatch):
    def fail():
        raise TrainingError("Rasa gave no model.")

    monkeypatch.setattr(training, "train", fail)
    monkeypatch.setattr("sys.argv", ["retraining.train"])

    with pytest.raises(SystemExit, match=r"^Training failed\. Rasa gave no model\.$"):
        training.main()
