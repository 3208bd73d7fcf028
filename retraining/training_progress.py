"""How far a training is: told by the steps of it that can be seen from outside."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[int, str], None]  # percent, and what is being done
RASA_STEPS = "rasa.engine.training.hooks"
# Percent when a component's training begins; measured on two cores.
BEGINS = {
    "CalibratedIntentClassifier": (45, "Learning what messages mean"),
    "RulePolicy": (85, "Reading the rules"),
    "MemoizationPolicy": (88, "Reading the stories"),
    "StoryPolicy": (92, "Learning from the stories"),
}
FIRST = (5, "Learning what sounds dangerous")
# What is said of each step: when it begins.
STEPS = {words: percent for percent, words in (FIRST, *BEGINS.values())}
_STEP = re.compile(r"Starting to train component '(\w+)'")


class _Listener(logging.Handler):
    def __init__(self, say: Say) -> None:
        super().__init__(logging.INFO)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        found = _STEP.search(record.getMessage())
        if found and found[1] in BEGINS:
            self._say(*BEGINS[found[1]])


@contextmanager
def told(say: Say) -> Iterator[None]:
    """Reports Rasa's steps while a training runs."""
    say(*FIRST)
    log, listener = logging.getLogger(RASA_STEPS), _Listener(say)
    log.addHandler(listener)
    try:
        yield
    finally:
        log.removeHandler(listener)
