"""Trains before a start if it is due, with one line of progress. Used by ``assistant``.

All that the training says goes to a log file. People see a bar on a terminal, and a
line each ten percent elsewhere.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.settings import ROOT
from retraining.training_progress import STEPS

# Seconds on two cores: 149 to 347 were seen.
USUAL_SECONDS = 300
SECONDS_BETWEEN_LOOKS = 0.5
EACH = 10  # percent, between two lines
STEP = re.compile(r"^ *(\d{1,3}) % (.+)$", re.MULTILINE)
FIRST_START = "First start: about 5 minutes, most of it training."
AGAIN = "The data changed: the assistant is trained anew, about 5 minutes."

Say = Callable[[str], None]
Show = Callable[[int, str], None]


def train(
    command: Sequence[str], log: Path, environment: Mapping[str, str], say: Say
) -> int:
    """Runs a training and shows how far it is; gives its exit code.

    Args:
        command: trains if needed, and prints ``45 % what it does``.
        log: gets all that it prints.
        environment: of the process.
        say: shows a line.
    """
    first = not any((ROOT / "models").glob("*.tar.gz"))
    with log.open("a", encoding="utf-8") as stream:
        begin = stream.tell()
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(environment), stdout=stream, stderr=stream
        )
        try:
            _follow(process, log, begin, lambda: _announce(first, log, say), say)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    return process.returncode


def _announce(first: bool, log: Path, say: Say) -> None:
    say(f"{FIRST_START if first else AGAIN}\n  All that the training says is in {log}")


def _follow(
    process: subprocess.Popen[bytes],
    log: Path,
    begin: int,
    announce: Callable[[], None],
    say: Say,
) -> None:
    """Shows the steps that the log tells of, until the process has ended."""
    while not (known := _last_step(log, begin)):
        if process.poll() is not None:
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    announce()
    began, usual = time.monotonic(), _usual_seconds()
    with _progress(say) as show:
        while process.poll() is None:
            percent, phase = known = _last_step(log, begin) or known
            elapsed = 100 * (time.monotonic() - began) / usual
            # Between two steps it goes on by the clock, and waits before the next one.
            show(max(percent, min(int(elapsed), _before_next(percent))), phase)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if process.returncode == 0:
            show(100, "Trained")


def _last_step(log: Path, begin: int) -> tuple[int, str] | None:
    with log.open("rb") as stream:
        stream.seek(begin)
        said = stream.read().decode("utf-8", errors="replace").replace("\r", "\n")
    found = STEP.findall(said)
    # A bar of a library has more than a step says: the words are known.
    steps = [(int(part), words.strip()) for part, words in found if words in STEPS]
    return max(steps, default=None)


def _before_next(percent: int) -> int:
    return min((at for at in STEPS.values() if at > percent), default=100) - 1


def _usual_seconds() -> float:
    """How long the newest training took here, else what is usual."""
    try:
        stamp = json.loads((ROOT / "models" / "trained.json").read_text("utf-8"))
        return max(float(stamp["seconds"]), 60.0)
    except (OSError, ValueError, KeyError, TypeError):
        return USUAL_SECONDS


@contextmanager
def _progress(say: Say) -> Iterator[Show]:
    if not sys.stdout.isatty():
        yield lines(say)
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TaskProgressColumn(),
        progress.TimeElapsedColumn(),
    )
    with progress.Progress(*columns) as bar:
        task = bar.add_task("Training", total=100)
        yield lambda percent, phase: bar.update(
            task, completed=percent, description=phase
        )


def lines(say: Say) -> Show:
    """Says a line each ten percent."""
    said = -EACH

    def show(percent: int, phase: str) -> None:
        nonlocal said
        if percent // EACH > said // EACH:
            said = percent
            say(f"  {percent:3d} % {phase}")

    return show
