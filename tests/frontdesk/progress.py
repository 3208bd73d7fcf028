"""How far a long run is: a bar in a terminal, else a line every five seconds."""

import sys
import threading
import time
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

SECONDS = 5.0


class Lines:
    """Plain lines, also while nothing moves."""

    def __init__(self, name, total, noun):
        self._name, self._total, self._noun = name, total, noun
        self._done, self._began = 0, time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._say, daemon=True)

    def __call__(self):
        self._done += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        self._thread.join()

    def _say(self):
        while not self._over.wait(SECONDS):
            rate = self._done / (time.monotonic() - self._began)
            of = f" of {self._total}" if self._total else ""
            speed = f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
            line = f"{self._name}: {self._done}{of} {self._noun}, {speed} a second"
            print(line, flush=True)


@contextmanager
def _bar(name, total, noun):
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(noun),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(name, total=total)
        yield lambda: bar.advance(task)


def progress(name, total, noun, *, is_long):
    """A context manager that gives what is to be called after each step.

    ``total`` is None where nobody knows it. A run of all tests is not long: there the
    lines are shown by pytest if a test fails.
    """
    kind = _bar if is_long and sys.stdout.isatty() else Lines
    return kind(name, total, noun)
