"""The files beside the database that a backup holds, and how they are put back.

What staff have made and nobody could make again: answers and training data as they
are now, the clinic's facts, proposals, comparisons, trainings, what was live when, and
the models that patients get or would get after a roll-back.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from django.conf import settings

from clinic.profile import clinic_file
from frontdesk.answers.writing import only_writer
from frontdesk.audit.backup_engines import BackupError
from retraining import registry
from retraining.places import BusyError, Places, held
from retraining.whole_file import write_whole
from safety.live_model import DETECTOR_FILE, LiveModelError, read_live

HOME, MODELS, PROJECT, CLINIC = "home", "models", "project", "clinic.yml"
OF_HOME = ("proposals", "jobs", "comparisons", "handoffs.jsonl")
OF_MODELS = ("live.json", "registry.jsonl", "journal.json", "trained.json", "history")
# What answers and proposals change; the rest of the project comes with its version.
OF_PROJECT = ("data", "tests/stories")
WAIT_SECONDS = 30.0


def collect(into: Path) -> dict[str, str]:
    """Copies them, while no model goes live and no answer is written.

    Args:
        into: an empty folder.

    Returns:
        The SHA-256 of each, by its name in a backup.

    Raises:
        BackupError: if a model is going live, or an answer is written, for too long.
    """
    lock = _places().change_lock
    busy = "What is live is being changed."
    try:
        with held(lock, busy, seconds=WAIT_SECONDS), only_writer(WAIT_SECONDS):
            for name, source in [*_lasting(), *_models()]:
                target = into / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with suppress(FileNotFoundError):  # thrown away at this moment
                    shutil.copy2(source, target)
    except BusyError as error:
        raise BackupError(str(error)) from error
    files = [file for file in sorted(into.rglob("*")) if file.is_file()]
    return {file.relative_to(into).as_posix(): digest_of(file) for file in files}


def put_back(folder: Path, names: Iterable[str], aside: Path) -> int:
    """Puts the files of a backup in their places; what is the same is left alone.

    Args:
        folder: where they were unpacked.
        names: theirs.
        aside: where what is changed or taken away is kept.

    Returns:
        How many files are kept aside.

    Raises:
        BackupError: if a file can't be written.
    """
    wanted, kept = set(names), 0
    there = {name for name, _ in _lasting()}
    for name in sorted(wanted | there):
        place, source = place_of(name), folder / name
        try:
            if name in wanted and _is_same(source, place):
                continue
            kept += _keep(place, aside / name)
            if name in wanted:
                place.parent.mkdir(parents=True, exist_ok=True)
                write_whole(place, source.read_bytes())
                place.chmod(source.stat().st_mode & 0o777)
            else:
                place.unlink()
        except OSError as error:
            raise BackupError(
                f"The database is in place, but not all files: {place} can't be "
                f"written ({error.strerror}). What was replaced is in {aside}. Mend "
                f"it, then restore again with --force."
            ) from error
    return kept


def place_of(name: str) -> Path:
    """Where a file of a backup belongs on this machine.

    Raises:
        BackupError: if it belongs nowhere.
    """
    if name == CLINIC:
        return clinic_file()
    root, *parts = PurePosixPath(name).parts
    folder = _roots().get(root)
    if folder is None or not parts or ".." in parts or PurePosixPath(*parts).root:
        raise BackupError(f"{name}: such a file is in no backup.")
    return folder.joinpath(*parts)


def digest_of(file: Path) -> str:
    """Its SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _roots() -> dict[str, Path]:
    return {
        HOME: Path(settings.CLINIC_HOME),
        MODELS: Path(settings.MODELS),
        PROJECT: Path(settings.ROOT),
    }


def _places() -> Places:
    return Places(settings.ROOT, settings.MODELS, settings.CLINIC_HOME)


def _lasting() -> Iterator[tuple[str, Path]]:
    """All but models: what is there now, and goes if a backup does not have it."""
    for root, parts in ((HOME, OF_HOME), (MODELS, OF_MODELS), (PROJECT, OF_PROJECT)):
        yield from _below(root, parts)
    yield CLINIC, clinic_file()


def _models() -> Iterator[tuple[str, Path]]:
    """The live model, the one on trial, the one before; else the newest training."""
    folder = Path(settings.MODELS)
    try:
        live = read_live(folder)
    except LiveModelError:
        live = None
    if live is None:
        newest = sorted(file.name for file in folder.glob("*.tar.gz"))[-1:]
        yield from _below(MODELS, (*newest, DETECTOR_FILE))
        return
    switches = [e for e in registry.read(_places()) if e.event in registry.SWITCHES]
    before = switches[-1].previous if switches else None
    names = {live.model.id, live.canary.id if live.canary else None, before}
    yield from _below(MODELS, sorted(name for name in names if name))


def _below(root: str, parts: Iterable[str]) -> Iterator[tuple[str, Path]]:
    folder = _roots()[root]
    for part in parts:
        place = folder / part
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            path = file.relative_to(folder)
            # Locks and drafts begin with a dot.
            is_ours = not any(each.startswith((".", "__")) for each in path.parts)
            if is_ours and file.is_file() and not file.is_symlink():
                yield f"{root}/{path.as_posix()}", file


def _is_same(source: Path, place: Path) -> bool:
    return place.is_file() and digest_of(source) == digest_of(place)


def _keep(place: Path, kept: Path) -> bool:
    if not place.exists():
        return False
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(place, kept)
    return True
