"""The danger detector as the front desk uses it: in threads of its own, never failing.

Called by the door on the raw text of every message, before token, limits and database.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from frontdesk.chat.arrival import Danger
from safety.clauses import clauses_of
from safety.danger_detector import (
    PHRASES_FOLDER,
    DangerDetector,
    Thresholds,
    Verdict,
    judge,
)
from safety.live_model import (
    SECONDS_BETWEEN_LOOKS,
    LiveModelError,
    RunningModel,
    detector_file,
    read_live,
    stamp_of,
)
from safety.phrase_matcher import PhraseMatcher
from safety.vector_exchange import packed

logger = logging.getLogger(__name__)

LEVELS = ("none", "check_in", "alarm")
# What is no text of the patient, where a body is as it should be.
NO_TEXT = {"client_id", "button", "sender", "thumb"}
_threads = ThreadPoolExecutor(2, "danger")
_helper = ThreadPoolExecutor(1, "danger-clauses")


class PhrasesAlone:
    """What is left without the trained model: phrases, and Rasa's second opinion."""

    def __init__(self) -> None:
        self._phrases = PhraseMatcher.load(PHRASES_FOLDER)

    def detect(self, text: str) -> Verdict:
        """The verdict of the phrases."""
        return judge(self._phrases.match(text), {}, [], Thresholds())


@cache
def phrases_alone() -> PhrasesAlone:
    """The one detector of this process that needs no model."""
    return PhrasesAlone()


class Current:
    """The detector of this process; follows the live model, never absent."""

    def __init__(self, folder: Path) -> None:
        """Loads nothing yet; ``folder`` is that of the models."""
        self._folder = folder
        self._running = RunningModel("frontdesk", folder)
        self._seen: tuple[int, int] | None = None
        self.detector: DangerDetector | PhrasesAlone | None = None

    def first(self) -> DangerDetector | PhrasesAlone:
        """The first detector, loaded if need be; the phrases alone without a model."""
        if self.detector is None:
            self._seen = stamp_of(self._folder)
            try:
                self.detector = _loaded(detector_file(self._folder))
            except Exception as error:
                logger.critical(
                    "models/danger_detector.npz can't be used (%s): danger is sought "
                    "by phrases alone, which find fewer crises. Train a model: make "
                    "train.",
                    error,
                )
                self.detector = phrases_alone()
            self._say()
        return self.detector

    def follow(self) -> None:
        """Takes over the detector of a model that went live; what fails stays out."""
        self._running.touch()
        stamp = stamp_of(self._folder)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            live = read_live(self._folder)
            if live is not None:
                live.model.check()
            # Beside the old one, which answers until this line is done.
            self.detector = _loaded(detector_file(self._folder))
        except Exception as error:
            logger.error("The danger detector stays as it was: %s", error)
            self._say(str(error) or type(error).__name__)
        else:
            self._say()

    def stop(self) -> None:
        """The process ends."""
        self._running.close()

    def _say(self, error: str = "") -> None:
        try:
            live = read_live(self._folder)
        except LiveModelError as broken:
            self._running.say(-1, None, error=str(broken))
            return
        if live is not None:
            self._running.say(live.serial, live.model.id, error=error)


def _loaded(file: Path) -> DangerDetector:
    found = DangerDetector.load(file)
    found.detect("warm up")
    return found


@cache
def current() -> Current:
    """The one of this process."""
    return Current(Path(settings.MODELS))


def detector() -> DangerDetector | PhrasesAlone:
    """The detector of this process, the phrases alone if there is no model."""
    return current().detector or current().first()


async def keep_current() -> None:
    """Looks for a new live model for as long as the process runs."""
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        await asyncio.to_thread(current().follow)


async def look_at(text: str) -> Danger:
    """The verdict on a text, in a thread; an alarm anywhere in it counts."""
    loop = asyncio.get_running_loop()
    return Danger(await loop.run_in_executor(_threads, detect, text))


def detect(text: str) -> Verdict:
    """The verdict on a text of any length: its beginning and its end are read."""
    # Half an emoji, cut by a device, is nothing the detector can read.
    text = text.encode("utf-8", "replace").decode("utf-8")
    most = settings.MAX_TEXT
    parts = [text] if len(text) <= most else [text[:most], text[-most:]]
    return max((_detect(part) for part in parts), key=_severity)


def _detect(text: str) -> Verdict:
    try:
        found = detector()
        if isinstance(found, DangerDetector):
            # The encoder remembers its vectors: where the detector comes to the last
            # clauses of a long message, it finds them ready.
            clauses = clauses_of(text)
            for clause in reversed(clauses[len(clauses) // 2 :]):
                _helper.submit(found.encoder.encode, clause)
        return found.detect(text)
    except Exception as error:
        # The type only: an exception's words may quote the patient's.
        logger.error("The danger detector failed: %s.", type(error).__name__)
        return phrases_alone().detect(text)


def vectors_of(text: str) -> dict[str, str] | None:
    """The sentence vectors of a text that was just looked at, for Rasa; None if gone.

    Gone, that is never there, where redaction has changed the words.
    """
    found = detector()
    return packed(found.encoder, text) if isinstance(found, DangerDetector) else None


def _severity(verdict: Verdict) -> tuple[int, bool, bool]:
    level = LEVELS.index(verdict.level)
    return level, verdict.kind == "emergency", not verdict.is_weak


def text_of_body(body: bytes) -> str:
    """What a patient may have written in a body, however broken it is.

    All strings of a well-formed message but its ids; anything else as it stands.
    """
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    if not isinstance(content, dict):
        return body.decode("utf-8", "replace")
    written = [value for name, value in content.items() if name not in NO_TEXT]
    if any(isinstance(value, dict | list) for value in written):
        return json.dumps(content, ensure_ascii=False)
    return "\n".join(value for value in written if isinstance(value, str))
