"""Trains the assistant: danger detector, then Rasa model. ``make train``.

``--if-changed`` does nothing when nothing that a model is made of has changed since the
newest model. A model is written whole or not at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

from retraining.danger_model import train_danger_model
from retraining.examples import ROOT
from safety.danger_detector import MODEL_FILE
from safety.encoder import shared_encoder

MODELS_FOLDER = ROOT / "models"
STAMP_FILE = MODELS_FOLDER / "trained.json"
# What a model is made of. Responses are not: texts are read from the files.
INGREDIENTS = (
    "config.yml",
    "domain.yml",
    "uv.lock",
    "data/nlu",
    "data/rules",
    "data/stories",
    "components",
    "safety",
    "clinic/topics.py",
)
# Looked at while messages are answered, not while a model is trained.
NOT_INGREDIENTS = ("safety/phrases", "safety/redaction", "safety/redactor.py")


# Whose vectors are kept between the two trainings; 100 000 take 150 MB.
MOST_EXAMPLES = 100_000


class TrainingError(RuntimeError):
    """The training did not give a model."""


def fingerprint(root: Path = ROOT) -> str:
    """A hash over every file that a model is made of."""
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        path = root / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            relative = file.relative_to(root).as_posix()
            if (
                not file.is_file()
                or "__pycache__" in file.parts
                or relative.startswith(NOT_INGREDIENTS)
            ):
                continue
            digest.update(relative.encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def newest_model(folder: Path = MODELS_FOLDER) -> Path | None:
    """The model file that was written last, or None."""
    models = sorted(folder.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    return models[-1] if models else None


def is_up_to_date(*, root: Path = ROOT, folder: Path = MODELS_FOLDER) -> bool:
    """Whether the newest model was made of exactly what is there now."""
    if newest_model(folder) is None or not (folder / MODEL_FILE.name).is_file():
        return False
    try:
        stamp = json.loads((folder / STAMP_FILE.name).read_text())
        return bool(stamp["fingerprint"] == fingerprint(root))
    except (OSError, ValueError, KeyError):
        return False


def train(*, folder: Path = MODELS_FOLDER) -> Path:
    """Trains everything and returns the new model file.

    Raises:
        TrainingError: if Rasa gave no model; its own message is printed above.
    """
    started = time.monotonic()
    made_of = fingerprint()
    folder.mkdir(exist_ok=True)
    print("1/2 danger detector …", flush=True)
    detector = folder / f"draft-{MODEL_FILE.name}"
    shared_encoder().remembered = MOST_EXAMPLES
    train_danger_model(file=detector)
    print(f"    done after {time.monotonic() - started:.0f} s", flush=True)
    print("2/2 Rasa model …", flush=True)
    try:
        model = _train_rasa(folder)
    except BaseException:
        detector.unlink()
        raise
    detector.replace(folder / MODEL_FILE.name)
    stamp = {"fingerprint": made_of, "model": model.name, "seconds": 0}
    stamp["seconds"] = round(time.monotonic() - started)
    (folder / STAMP_FILE.name).write_text(json.dumps(stamp, indent=1) + "\n")
    print(f"    {folder.name}/{model.name} after {stamp['seconds']} s", flush=True)
    return model


def _train_rasa(folder: Path) -> Path:
    from components import compat

    compat.install()
    from rasa.model_training import train as rasa_train

    _show_steps()
    name = time.strftime("%Y%m%d-%H%M%S")
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        result = rasa_train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[
                str(ROOT / "data" / part) for part in ("nlu", "rules", "stories")
            ],
            output=draft,
            # Rasa's cache knows the components' classes, but neither the encoder nor
            # the modules they call: it would serve weights of an older encoder.
            force_training=True,
            fixed_model_name=name,
            core_additional_arguments={"augmentation_factor": 0},
        )
        if result.code != 0 or not result.model:
            raise TrainingError(
                "Rasa gave no model. See its message above; 'make check' names "
                "problems in the data with file and line."
            )
        model = folder / Path(result.model).name
        shutil.move(result.model, model)
    return model


def _show_steps() -> None:
    """Says which component is being trained, and nothing else of Rasa's log."""
    from rasa.utils.log_utils import configure_structlog

    warnings.simplefilter("ignore")
    logging.basicConfig(level=logging.WARNING, format="    %(message)s")
    configure_structlog(logging.WARNING)
    logging.getLogger("rasa.engine.training.hooks").setLevel(logging.INFO)


def main() -> None:
    """Command line: ``python -m retraining.train [--if-changed]``."""
    parser = argparse.ArgumentParser(prog="retraining.train", description=__doc__)
    parser.add_argument(
        "--if-changed",
        action="store_true",
        help="do nothing when the newest model was made of the same files",
    )
    arguments = parser.parse_args()
    if arguments.if_changed and is_up_to_date():
        model = newest_model()
        print(f"The model is up to date: models/{model.name if model else ''}")
        return
    try:
        train()
    except TrainingError as error:
        sys.exit(f"Training failed. {error}")


if __name__ == "__main__":
    main()
