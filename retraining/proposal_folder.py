"""The folders of proposals on disk: written whole, found by id."""

from __future__ import annotations

import fcntl
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retraining.whole_file import write_whole

FORMAT = 1
FOLDER = "proposals"
FILE = "proposal.json"
MAY_CHANGE = ("data/nlu/", "data/stories/", "tests/stories/")
# What training, checks and evaluation of a proposal need of the project.
PROJECT = (
    "actions",
    "clinic",
    "components",
    "data",
    "knowledge",
    "retraining",
    "safety",
    "tests/nlu",
    "tests/stories",
    "clinic.yml",
    "config.yml",
    "credentials.yml",
    "domain.yml",
    "endpoints.yml",
    "pyproject.toml",
    "uv.lock",
)
OPEN, SUBMITTED, LIVE, WITHDRAWN = "open", "submitted", "live", "withdrawn"
COMES_FROM = {
    OPEN: (SUBMITTED,),
    SUBMITTED: (OPEN, LIVE),  # after a roll-back it can be corrected and tried again
    LIVE: (SUBMITTED,),
    WITHDRAWN: (OPEN, SUBMITTED),
}
_ID = re.compile(r"[0-9]{8}-[0-9a-f]{8}")


class ProposalError(ValueError):
    """A proposal can't be read or changed; the message says why and what to do."""


def folder_of(home: Path, proposal_id: str) -> Path:
    """The folder of a proposal by its id.

    Raises:
        ProposalError: if it is no id, or there is no such proposal.
    """
    folder = home / FOLDER / proposal_id
    if not _ID.fullmatch(proposal_id) or not (folder / FILE).is_file():
        raise ProposalError(f"{proposal_id}: there is no such proposal.")
    return folder


def read(folder: Path) -> dict[str, Any]:
    """The values of a proposal's file.

    Raises:
        ProposalError: if there is none, or it can't be read.
    """
    file = folder / FILE
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if values.pop("format") != FORMAT:
            raise ValueError("it was written by another version")
    except FileNotFoundError:
        raise ProposalError(f"{folder.name}: there is no such proposal.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProposalError(f"{file}: can't be read ({error}).") from error
    return values


def write(folder: Path, values: Mapping[str, Any]) -> None:
    """Replaces a proposal's file, as a whole."""
    text = json.dumps({"format": FORMAT, **values}, indent=1)
    write_whole(folder / FILE, text)


def may_change(name: str) -> bool:
    """Whether a proposal may hold a file of this relative path."""
    parts = Path(name).parts
    is_plain = ".." not in parts and name == Path(name).as_posix()
    return is_plain and name.startswith(MAY_CHANGE) and name.endswith(".yml")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a proposal against other processes while it is changed."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def copy_project(root: Path, into: Path) -> None:
    """Copies what training, checks and evaluation need.

    Raises:
        ProposalError: if the folder holds something.
    """
    if into.exists() and any(into.iterdir()):
        raise ProposalError(f"{into}: is not empty.")
    for name in PROJECT:
        _copy(root / name, into / name)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
