"""Alerts on disk while the database is down: one JSON line each, without any text."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

logger = logging.getLogger(__name__)

# Far more than anybody can act on; a flood must not fill the disk.
MOST_BYTES = 10 * 1024 * 1024

Line = dict[str, Any]
_in_memory: list[Line] = []


def file() -> Path:
    """Where the lines lie."""
    return Path(settings.SPOOL) / "alerts.jsonl"


def keep(line: Line) -> None:
    """Writes a line to the disk; in memory at least if even that can't be done."""
    try:
        file().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(file(), "a") as stream:
            if stream.tell() > MOST_BYTES:
                logger.critical("%s is full: an alert is lost.", file())
                return
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        logger.critical("%s: an alert can't be kept on disk: %s.", file(), error)
        _in_memory.append(line)


def has_lines() -> bool:
    """Whether anything waits."""
    return bool(_in_memory) or any(_size(each) for each in (file(), _moving()))


@contextmanager
def lines() -> Iterator[list[Line]]:
    """What waits; it is removed when the block ends without an error.

    The block may take long, for a database that does not answer; nobody who has an
    alert to keep waits for it.
    """
    kept = list(_in_memory)
    if not has_lines() or not file().parent.is_dir():
        yield kept
    else:
        with _locked(_moving(), "a+") as moving:
            _take_over(moving)
            moving.seek(0)
            yield [*kept, *_read(moving)]
            _empty(moving)
    del _in_memory[: len(kept)]


def _moving() -> Path:
    """Lines on their way into the database; after a crash they go first."""
    return file().with_name("alerts_moving.jsonl")


def _take_over(moving: IO[str]) -> None:
    """Takes the lines that were kept; after a crash some twice, for one alert each."""
    with _locked(file(), "a+") as stream:
        stream.seek(0)
        # The last line may have been torn by a power cut.
        moving.writelines(f"{line.rstrip()}\n" for line in stream)
        moving.flush()
        os.fsync(moving.fileno())
        _empty(stream)


def _empty(stream: IO[str]) -> None:
    stream.truncate(0)
    os.fsync(stream.fileno())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read(stream: IO[str]) -> Iterator[Line]:
    for number, text in enumerate(stream, start=1):
        try:
            line = json.loads(text)
            datetime.fromisoformat(line["created_at"])
            line["spool_id"], line["route"], line["topic"], line["token_hash"]
        except (ValueError, KeyError, TypeError):
            # A line that a power cut has torn.
            logger.critical("%s: line %d can't be read.", stream.name, number)
            continue
        yield line


@contextmanager
def _locked(path: Path, mode: str) -> Iterator[IO[str]]:
    """The file, for this process alone."""
    with path.open(mode, encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream
