"""The danger detector as the front desk uses it: in threads of its own, never failing.

Called by the door on the raw text of every message, before token, limits and database.
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from django.conf import settings

from frontdesk.chat.arrival import Danger
from safety.danger_detector import (
    PHRASES_FOLDER,
    DangerDetector,
    Thresholds,
    Verdict,
    judge,
    shared_detector,
)
from safety.phrase_matcher import PhraseMatcher

logger = logging.getLogger(__name__)

LEVELS = ("none", "check_in", "alarm")
# What is no text of the patient, where a body is as it should be.
NO_TEXT = {"client_id", "button", "sender", "thumb"}
_threads = ThreadPoolExecutor(2, "danger")


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


@cache
def detector() -> DangerDetector | PhrasesAlone:
    """The one detector of this process, the phrases alone if there is no model."""
    try:
        found = shared_detector()
        found.detect("warm up")
    except Exception as error:
        logger.critical(
            "models/danger_detector.npz can't be used (%s): danger is sought by "
            "phrases alone, which find fewer crises. Train a model: make train.",
            error,
        )
        return phrases_alone()
    return found


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
        return detector().detect(text)
    except Exception as error:
        # The type only: an exception's words may quote the patient's.
        logger.error("The danger detector failed: %s.", type(error).__name__)
        return phrases_alone().detect(text)


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
