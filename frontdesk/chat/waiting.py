"""Patients who wait for an answer of this process: what may wait lets them go first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS_BETWEEN_LOOKS = 0.01


class Waiting:
    """Counts the patients who wait."""

    def __init__(self) -> None:
        self._patients = 0

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Somebody waits while the block runs."""
        self._patients += 1
        try:
            yield
        finally:
            self._patients -= 1

    async def nobody(self, seconds: float) -> None:
        """Returns in a moment when nobody waits, after ``seconds`` at the latest."""
        time = asyncio.get_running_loop().time
        until = time() + seconds
        while self._patients and time() < until:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


waiting = Waiting()
