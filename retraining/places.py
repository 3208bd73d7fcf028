"""Where models, proposals, jobs and comparisons lie. Reads the environment, alone here.

Everything that ``retraining`` keeps is in files, so that pages, commands and a restart
see the same: below ``models/`` what is live, below ``$CLINIC_HOME`` what is on its way.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from retraining.examples import ROOT
from safety.live_model import LIVE_FILE, RUNNING_FOLDER


class BusyError(RuntimeError):
    """Somebody else is changing what is live, or training."""


@dataclass(frozen=True)
class Places:
    """The folders of one installation."""

    root: Path  # of the project: data, tests, config
    models: Path
    home: Path

    @property
    def live(self) -> Path:
        """Which model is live; replaced whole."""
        return self.models / LIVE_FILE

    @property
    def registry(self) -> Path:
        """What ran when, one line each; only ever appended to."""
        return self.models / "registry.jsonl"

    @property
    def journal(self) -> Path:
        """The change that is under way, if one is."""
        return self.models / "journal.json"

    @property
    def change_lock(self) -> Path:
        """Held while what is live is changed."""
        return self.models / ".changing"

    @property
    def history(self) -> Path:
        """Changes that are done, with the texts of files before and after."""
        return self.models / "history"

    @property
    def running(self) -> Path:
        """What each process says that it runs."""
        return self.models / RUNNING_FOLDER

    @property
    def jobs(self) -> Path:
        """Background trainings: state and log of each."""
        return self.home / "jobs"

    @property
    def comparisons(self) -> Path:
        """Comparisons of candidates with what was live."""
        return self.home / "comparisons"


def places() -> Places:
    """Those of this installation."""
    home = Path(os.environ.get("CLINIC_HOME") or ROOT / "var").expanduser().resolve()
    return Places(root=ROOT, models=ROOT / "models", home=home)


@contextmanager
def held(file: Path, what: str, *, seconds: float = 0.0) -> Iterator[None]:
    """Holds a file against other processes; the kernel frees it with ours.

    Args:
        file: made if there is none.
        what: for the refusal: what somebody else is doing.
        seconds: how long to wait for them.

    Raises:
        BusyError: if another process has it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    with file.open("a", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= until:
                    raise BusyError(f"{what} Try again when it has ended.") from error
                time.sleep(0.05)
        yield
