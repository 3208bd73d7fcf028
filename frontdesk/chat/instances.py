"""Which gateways of this machine are alive: each holds the lock of a file of its own.

The kernel gives a lock back however a process ends. So what a killed gateway was at can
be taken up at once, without waiting for its lease (``chat.leases``) to run out. Sync.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from django.conf import settings
from django.dispatch import Signal

logger = logging.getLogger(__name__)

SUFFIX = ".lock"
# With ``name``: this process has ended, what it held may be freed.
ended = Signal()


class Instance:
    """One gateway process."""

    def __init__(self, folder: Path) -> None:
        """Takes its file; without one, its leases only run out."""
        self.name = secrets.token_hex(8)
        self._folder = folder
        self._lock: int | None = None
        try:
            self._lock = self._locked()
        except OSError as error:
            logger.warning(
                "%s: no lock for this process (%s): should it be killed, what it was "
                "answering waits until its lease runs out.",
                folder,
                error.strerror,
            )

    def new_holder(self) -> str:
        """A name for one lease, which says whose it is."""
        return f"{self.name}.{secrets.token_hex(8)}"

    def close(self) -> None:
        """Gives the lock back, as the end of the process does."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def dead(self) -> Iterator[list[str]]:
        """The names of those that have ended; forgotten when the block succeeds."""
        held: dict[Path, int] = {}
        try:
            for file in sorted(self._folder.glob(f"*{SUFFIX}")):
                if file.stem != self.name and (lock := _lock(file)) is not None:
                    held[file] = lock
            yield [file.stem for file in held]
            for file in held:
                file.unlink(missing_ok=True)
        finally:
            for lock in held.values():
                os.close(lock)

    def _locked(self) -> int:
        """The file gets its name once it is locked: nobody finds it unlocked."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._folder / f"{self.name}.new"
        lock = os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        new.rename(new.with_suffix(SUFFIX))
        return lock


def _lock(file: Path) -> int | None:
    """The lock of a file; None if its owner lives."""
    with suppress(OSError):
        lock = os.open(file, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return lock
    return None


@cache
def instance() -> Instance:
    """This process."""
    return Instance(settings.CLINIC_HOME / "instances")


def living(folder: Path) -> list[str]:
    """The names of the gateways that run now."""
    alive = []
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        if (lock := _lock(file)) is None:
            alive.append(file.stem)
        else:
            os.close(lock)
    return alive
