"""Trains the assistant: danger detector, then Rasa model. ``make train``.

``--if-changed`` does nothing when nothing that a model is made of has changed since the
newest model, or since the live one. A model is written whole or not at all. Candidates
that a gate decides about come from ``retraining.job_worker``, through ``train`` below.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import logging
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

from retraining import vector_cache
from retraining.danger_model import train_danger_model
from retraining.examples import ROOT, read_folder
from retraining.places import places
from retraining.training_progress import told
from safety.danger_detector import MODEL_FILE
from safety.encoder import shared_encoder
from safety.live_model import LiveModelError, read_live

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
NOT_INGREDIENTS = (
    "safety/phrases",
    "safety/redaction",
    "safety/redactor.py",
    "safety/locked_cases",
)


class TrainingError(RuntimeError):
    """The training did not give a model."""


def fingerprint(
    root: Path = ROOT, overlay: Mapping[str, str | None] | None = None
) -> str:
    """A hash over every file that a model is made of.

    Args:
        root: the project.
        overlay: texts of files as they would be, None for one that would not be there.
    """
    contents = dict(overlay or {})
    digest = hashlib.sha256()
    for name in INGREDIENTS:
        path = root / name
        found = set(path.rglob("*") if path.is_dir() else [path])
        found |= {root / new for new in contents if new.startswith(f"{name}/")}
        for file in sorted(found):
            relative = file.relative_to(root).as_posix()
            if "__pycache__" in file.parts or relative.startswith(NOT_INGREDIENTS):
                continue
            if relative in contents:
                text = contents[relative]
                content = None if text is None else text.encode()
            else:
                content = file.read_bytes() if file.is_file() else None
            if content is not None:
                digest.update(relative.encode())
                digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def newest_model(folder: Path = MODELS_FOLDER) -> Path | None:
    """The model file that was written last, the live one among them, or None."""
    models = list(folder.glob("*.tar.gz"))
    with contextlib.suppress(LiveModelError):
        live = read_live(folder)
        if live is not None and live.model.archive.is_file():
            models.append(live.model.archive)
    return max(models, key=lambda file: file.stat().st_mtime, default=None)


def is_up_to_date(*, root: Path = ROOT, folder: Path = MODELS_FOLDER) -> bool:
    """Whether the newest model, or the live one, was made of what is there now."""
    made_of = fingerprint(root)
    with contextlib.suppress(LiveModelError):
        live = read_live(folder)
        if live is not None and made_of == fingerprint_of_model(live.model.folder):
            return live.model.archive.is_file() and live.model.detector.is_file()
    if not any(folder.glob("*.tar.gz")) or not (folder / MODEL_FILE.name).is_file():
        return False
    return made_of == fingerprint_of_model(folder)


def fingerprint_of_model(folder: Path) -> str | None:
    """What the model in a folder was made of; None if nobody knows."""
    try:
        stamp = json.loads((folder / STAMP_FILE.name).read_text(encoding="utf-8"))
        return str(stamp["fingerprint"]) if stamp["fingerprint"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def train(*, folder: Path = MODELS_FOLDER, root: Path = ROOT) -> Path:
    """Trains everything and returns the new model file.

    Args:
        folder: gets model, detector and ``trained.json``.
        root: the project whose data are learnt.

    Raises:
        TrainingError: if Rasa gave no model; its own message is printed above.
    """
    started = time.monotonic()
    made_of = fingerprint(root)
    folder.mkdir(exist_ok=True)
    print("1/2 danger detector …", flush=True)
    detector = folder / f"draft-{MODEL_FILE.name}"
    shared_encoder().remembered = vector_cache.MOST_EXAMPLES
    if root == ROOT:
        train_danger_model(file=detector)
    else:
        train_danger_model(read_folder(root / "data" / "nlu"), file=detector)
    print(f"    done after {time.monotonic() - started:.0f} s", flush=True)
    print("2/2 Rasa model …", flush=True)
    try:
        model = _train_rasa(folder, root)
    except BaseException:
        detector.unlink()
        raise
    detector.replace(folder / MODEL_FILE.name)
    stamp = {"fingerprint": made_of, "model": model.name, "seconds": 0}
    stamp["seconds"] = round(time.monotonic() - started)
    (folder / STAMP_FILE.name).write_text(json.dumps(stamp, indent=1) + "\n")
    print(f"    {folder.name}/{model.name} after {stamp['seconds']} s", flush=True)
    return model


def _train_rasa(folder: Path, root: Path = ROOT) -> Path:
    from components import compat

    compat.install()
    from rasa.model_training import train as rasa_train

    _show_steps()
    name = time.strftime("%Y%m%d-%H%M%S")
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        result = rasa_train(
            domain=str(root / "domain.yml"),
            config=str(root / "config.yml"),
            training_files=[
                str(root / "data" / part) for part in ("nlu", "rules", "stories")
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
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="afterwards the live model is one that was made of the project's files: "
        "for the start, after an update; written into the registry",
    )
    arguments = parser.parse_args()
    if arguments.adopt:
        from retraining.changes import recover

        recover(places())
    if arguments.if_changed and is_up_to_date():
        model = newest_model()
        print(f"The model is up to date: {_shown(model) if model else ''}")
    else:
        try:
            with vector_cache.kept(ROOT, places().home), told(_say_step):
                train()
        except TrainingError as error:
            sys.exit(f"Training failed. {error}")
    if arguments.adopt:
        from retraining.adoption import adopt_if_changed

        adopt_if_changed()


def _say_step(percent: int, phase: str) -> None:
    print(f"{percent:3d} % {phase}", flush=True)


def _shown(model: Path) -> str:
    return model.relative_to(MODELS_FOLDER.parent).as_posix()


if __name__ == "__main__":
    main()
