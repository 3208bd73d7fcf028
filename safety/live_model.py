"""Which model is live: ``models/live.json``, which ``retraining`` replaces whole.

Read by every process that answers patients, Rasa servers and front desks. Each says in
``models/running/`` what it runs, so that a promotion knows when all have followed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS_FOLDER = Path(__file__).resolve().parent.parent / "models"
LIVE_FILE = "live.json"
RUNNING_FOLDER = "running"
ARCHIVE_FILE = "model.tar.gz"
DETECTOR_FILE = "danger_detector.npz"
SECONDS_BETWEEN_LOOKS = 0.5
# A process that has not touched its file for so long has ended.
SECONDS_TO_BE_DEAD = 5.0
_WHOLE = 2**64


class LiveModelError(ValueError):
    """``live.json`` can't be read, or a model is not what it says."""


@dataclass(frozen=True)
class ModelFiles:
    """The files of one model."""

    id: str
    folder: Path
    sha256: str  # of the archive and the detector together

    @property
    def archive(self) -> Path:
        """Rasa's model."""
        return self.folder / ARCHIVE_FILE

    @property
    def detector(self) -> Path:
        """The danger detector's model."""
        return self.folder / DETECTOR_FILE

    def check(self) -> None:
        """Reads both files.

        Raises:
            LiveModelError: if one is missing or is another than was promoted.
        """
        try:
            found = hash_of(self.folder)
        except OSError as error:
            raise LiveModelError(
                f"models/{self.id}: can't be read: {error.strerror}."
            ) from error
        if found != self.sha256:
            raise LiveModelError(
                f"models/{self.id}: its files have changed since they were trained."
            )


@dataclass(frozen=True)
class Live:
    """What patients get: one model, and at times a second one for some of them."""

    serial: int  # grows with each change
    model: ModelFiles
    canary: ModelFiles | None = None
    share: float = 0.0  # of new conversations that go to the canary

    def takes_canary(self, conversation: str) -> bool:
        """Whether a conversation that begins now goes to the canary; always the same.

        Args:
            conversation: its id.
        """
        if self.canary is None:
            return False
        key = f"{self.canary.id} {conversation}".encode()
        return number_of(key) < self.share * _WHOLE


def number_of(key: bytes) -> int:
    """A number below 2**64 that looks random and is always the same for a key."""
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "big")


def hash_of(folder: Path) -> str:
    """One SHA-256 over archive and detector.

    Raises:
        OSError: if one of them can't be read.
    """
    whole = hashlib.sha256()
    for name in (ARCHIVE_FILE, DETECTOR_FILE):
        with (folder / name).open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return whole.hexdigest()


def stamp_of(folder: Path = MODELS_FOLDER) -> tuple[int, int] | None:
    """Changes when ``live.json`` was replaced; None while there is none."""
    try:
        found = (folder / LIVE_FILE).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def read_live(folder: Path = MODELS_FOLDER) -> Live | None:
    """What is live; None if nothing was ever promoted.

    Raises:
        LiveModelError: if the file is there and makes no sense.
    """
    file = folder / LIVE_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LiveModelError(f"{file}: can't be read ({error}).") from error
    try:
        return live_of(content, folder)
    except (KeyError, TypeError, ValueError) as error:
        raise LiveModelError(
            f"{file}: {type(error).__name__}: {error}. Run "
            f"'python -m retraining registry' to see what was live."
        ) from error


def live_of(content: dict[str, Any], folder: Path) -> Live:
    """The content of ``live.json`` as an object.

    Raises:
        KeyError, TypeError, ValueError: if something is missing.
    """
    canary = content.get("canary")
    return Live(
        serial=int(content["serial"]),
        model=_files_of(content["model"], folder),
        canary=_files_of(canary, folder) if canary else None,
        share=float(canary["share"]) if canary else 0.0,
    )


def _files_of(entry: dict[str, Any], folder: Path) -> ModelFiles:
    name = str(entry["id"])
    if not name or name != Path(name).name:
        raise ValueError(f"'{name}' is no model's name")
    return ModelFiles(name, folder / name, str(entry["sha256"]))


def detector_file(folder: Path = MODELS_FOLDER) -> Path:
    """The live danger detector: of the promoted model, else of the last training."""
    try:
        live = read_live(folder)
    except LiveModelError:
        live = None
    if live is not None and live.model.detector.is_file():
        return live.model.detector
    return folder / DETECTOR_FILE


class RunningModel:
    """Says in a file which model this process runs; the file's age says it lives."""

    def __init__(self, kind: str, folder: Path = MODELS_FOLDER) -> None:
        """Writes nothing yet.

        Args:
            kind: ``rasa`` or ``frontdesk``.
            folder: of the models.
        """
        self.kind = kind
        self._folder = folder / RUNNING_FOLDER

    @property
    def _file(self) -> Path:
        # Asked each time: a server may fork its workers after this was made.
        return self._folder / f"{self.kind}-{os.getpid()}.json"

    def say(
        self,
        serial: int,
        model: str | None,
        *,
        canary: str | None = None,
        error: str = "",
    ) -> None:
        """Writes what it runs, and why it does not run what it should."""
        content = {
            "kind": self.kind,
            "pid": os.getpid(),
            "serial": serial,
            "model": model,
            "canary": canary,
            "error": error,
        }
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".draft")
            draft.write_text(json.dumps(content), encoding="utf-8")
            draft.replace(self._file)

    def touch(self) -> None:
        """Still there."""
        with contextlib.suppress(OSError):
            os.utime(self._file)

    def close(self) -> None:
        """It ends."""
        with contextlib.suppress(OSError):
            self._file.unlink()
