"""Keeps processes running: starts again what has ended. Used by ``deploy.run``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from deploy.processes import Child

# One that has run this long is healthy again: its next end is a first one.
SECONDS_OF_HEALTH = 60.0
LONGEST_PAUSE = 30.0
LINES_SHOWN = 5


@dataclass
class _Record:
    """How a child has fared."""

    child: Child
    started_at: float
    failures: int = 0
    start_again_at: float | None = None


class Keeper:
    """Watches children; each has its own patience."""

    def __init__(
        self,
        children: Iterable[Child],
        *,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes over children that are running.

        Args:
            children: those to keep.
            say: tells what has ended and what is started again.
            clock: seconds.
        """
        self._clock = clock
        self._say = say
        self._records = [_Record(child, clock()) for child in children]

    def watch(self, pause: float = 0.3) -> None:
        """Keeps them running until interrupted."""
        while True:
            self.check()
            time.sleep(pause)

    def check(self) -> None:
        """Starts again those that have ended and whose pause is over."""
        for record in self._records:
            if record.start_again_at is not None:
                self._start_again(record)
            elif record.child.exit_code() is not None:
                self._note_the_end(record)

    def _note_the_end(self, record: _Record) -> None:
        now = self._clock()
        if now - record.started_at >= SECONDS_OF_HEALTH:
            record.failures = 0
        pause = min(2.0**record.failures - 1, LONGEST_PAUSE)
        record.failures += 1
        record.start_again_at = now + pause
        child = record.child
        lines = "\n".join(f"    {line}" for line in child.last_lines(LINES_SHOWN))
        when = f"in {pause:.0f} s" if pause else "now"
        self._say(
            f"The {child.name} has ended (exit code {child.exit_code()}); it is "
            f"started again {when}. The end of {child.log}:\n{lines}"
        )

    def _start_again(self, record: _Record) -> None:
        now = self._clock()
        if record.start_again_at is None or now < record.start_again_at:
            return
        # Also ends what the process itself has left behind.
        record.child.stop()
        record.child.start()
        record.started_at, record.start_again_at = now, None
