"""Trained models as folders: ``models/<id>/`` with all that an installation needs.

A folder is there whole or not at all: it is made under another name and renamed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from retraining.train import STAMP_FILE, fingerprint_of_model
from retraining.whole_file import write_whole
from safety.live_model import ARCHIVE_FILE, DETECTOR_FILE, ModelFiles, hash_of

TRAINED_FILE = STAMP_FILE.name
DRAFT = "draft-"
KEEPING = "keeping-"  # not a training's: its end must not remove it
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")


class CandidateError(ValueError):
    """There is no such model, or it is not whole."""


@dataclass(frozen=True)
class Candidate:
    """A trained model, live or not."""

    id: str
    fingerprint: str  # of everything it was made of
    sha256: str  # of its files
    seconds: int
    created_at: str
    proposal: str | None = None
    author: str = ""
    rasa_id: str = ""  # Rasa's own name of it, in each message of the log

    def entry(self) -> dict[str, Any]:
        """As ``live.json`` names it."""
        return {"id": self.id, "sha256": self.sha256}

    def files(self, models: Path) -> ModelFiles:
        """Where its files are."""
        return ModelFiles(self.id, models / self.id, self.sha256)


def new_id(proposal: str | None = None, *, now: datetime | None = None) -> str:
    """A name for a model: when it was trained, and of which proposal."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{proposal}" if proposal else moment


def read_candidate(models: Path, name: str) -> Candidate:
    """A model by its name.

    Raises:
        CandidateError: if there is none, or its files are not whole.
    """
    if not _ID.fullmatch(name) or name.startswith((DRAFT, KEEPING)):
        raise CandidateError(f"'{name}' is no model's name.")
    folder = models / name
    try:
        content = json.loads((folder / TRAINED_FILE).read_text(encoding="utf-8"))
        found = Candidate(id=name, **content)
    except FileNotFoundError as error:
        raise CandidateError(f"models/{name}: there is no such model.") from error
    except (OSError, ValueError, TypeError) as error:
        raise CandidateError(f"models/{name}: can't be read ({error}).") from error
    for file in (ARCHIVE_FILE, DETECTOR_FILE):
        if not (folder / file).is_file():
            raise CandidateError(f"models/{name}: {file} is missing.")
    return found


def all_candidates(models: Path) -> list[Candidate]:
    """Every whole model, newest first."""
    found = []
    for file in models.glob(f"*/{TRAINED_FILE}"):
        try:
            found.append(read_candidate(models, file.parent.name))
        except CandidateError:
            continue
    return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)


@contextmanager
def draft_of(models: Path, name: str, prefix: str = DRAFT) -> Iterator[Path]:
    """A folder to build a model in; gone if the building fails."""
    draft = models / f"{prefix}{name}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        yield draft
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def finish(models: Path, draft: Path, about: Candidate) -> Candidate:
    """Makes a draft a candidate, in one step.

    Args:
        models: the folder of all.
        draft: holds the archive and the detector.
        about: what is known; its hash and Rasa's id are filled in.
    """
    sha256 = hash_of(draft)
    known = {**asdict(about), "sha256": sha256}
    known["rasa_id"] = rasa_id_of(draft / ARCHIVE_FILE)
    del known["id"]
    for file in (ARCHIVE_FILE, DETECTOR_FILE):
        _to_disk(draft / file)
    write_whole(draft / TRAINED_FILE, json.dumps(known, indent=1) + "\n")
    draft.rename(models / about.id)
    _to_disk(models)
    return read_candidate(models, about.id)


def keep_last_training(models: Path, archive: Path) -> Candidate:
    """The model that ``make train`` wrote, as a folder like all others.

    Raises:
        CandidateError: if its parts are not all there.
    """
    name = archive.name.removesuffix(".tar.gz")
    if (models / name).is_dir():
        return read_candidate(models, name)
    made_of = fingerprint_of_model(models) or ""
    stamp = json.loads((models / TRAINED_FILE).read_text()) if made_of else {}
    is_last = stamp.get("model") == archive.name
    if not is_last or not (models / DETECTOR_FILE).is_file():
        raise CandidateError(f"{archive.name}: its danger detector is gone.")
    with draft_of(models, name, KEEPING) as draft:
        _link(archive, draft / ARCHIVE_FILE)
        _link(models / DETECTOR_FILE, draft / DETECTOR_FILE)
        seconds = int(stamp.get("seconds") or 0)
        created = datetime.fromtimestamp(archive.stat().st_mtime, UTC)
        about = Candidate(
            name, made_of, "", seconds, created.isoformat(timespec="seconds")
        )
        return finish(models, draft, about)


def remove_drafts(models: Path) -> int:
    """Removes what a killed training has left; returns how many. Hold the lock."""
    drafts = [path for path in models.glob(f"{DRAFT}*") if path.is_dir()]
    for path in drafts:
        shutil.rmtree(path, ignore_errors=True)
    return len(drafts)


def rasa_id_of(archive: Path) -> str:
    """Rasa's own id of a model; empty if the file is no model of Rasa's."""
    try:
        with tarfile.open(archive) as stream:
            member = stream.extractfile("metadata.json")
            return str(json.load(member)["model_id"]) if member else ""
    except (OSError, tarfile.TarError, KeyError, ValueError, EOFError):
        return ""


def _link(source: Path, target: Path) -> None:
    """A second name for a file; models are replaced, never written into."""
    copy: Callable[[Path, Path], Any] = shutil.copy2
    try:
        os.link(source, target)
    except OSError:
        copy(source, target)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
