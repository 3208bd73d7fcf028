"""Unanswered questions in groups, and drift: worked out beside the requests, and kept.

Encoding hundreds of texts takes seconds, so a process of its own does it
(``wording_worker``). What is kept are numbers and ids of messages, never a text: what a
patient erases is gone from the next page.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from frontdesk.dashboard import wording_sample as sample
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.wording_drift import Drift

logger = logging.getLogger(__name__)

EXAMPLES_OF_EACH = 40  # of each intent of data/nlu, to compare with
FRESH = timedelta(minutes=15)  # older, and it is worked out again
KEPT_SECONDS = 24 * 3600
MOST_SECONDS = 600
FAILED_SECONDS = 60
WORKER = "frontdesk.dashboard.wording_worker"
_threads = ThreadPoolExecutor(1, "dashboard")


@dataclass(frozen=True)
class Group:
    """Questions that mean much the same, the most typical first."""

    messages: list[int]
    nearest: str  # the intent whose examples are most like them
    probability: float


@dataclass(frozen=True)
class Wording:
    """What was found out about a period."""

    made_at: datetime
    groups: list[Group]
    words: Drift
    confidence: Drift

    @property
    def questions(self) -> int:
        """How many questions are in the groups."""
        return sum(len(group.messages) for group in self.groups)

    @property
    def is_cut(self) -> bool:
        """Whether there were more questions than are looked at."""
        return self.questions >= sample.MOST_QUESTIONS


def known(period: Period) -> Wording | None:
    """What was found out about a period, if anything was."""
    kept = cache.get(_key(period))
    return _read(kept) if kept else None


def of(period: Period) -> Wording | None:
    """The same; what is missing, or old, is worked out meanwhile."""
    found, key = known(period), _key(period)
    is_old = found is None or timezone.now() - found.made_at > FRESH
    is_due = is_old and not has_failed(period)
    if is_due and cache.add(f"{key}-at-work", True, MOST_SECONDS):
        _threads.submit(_work_out, period, key)
    return found


def has_failed(period: Period) -> bool:
    """Whether it could not be worked out, and is not tried again yet."""
    return bool(cache.get(f"{_key(period)}-failed"))


def work_out(period: Period) -> dict[str, Any]:
    """Reads the messages and has them compared; seconds of another process.

    Raises:
        subprocess.SubprocessError: if that failed, or took too long.
    """
    asked = {
        "folder": str(settings.CLINIC_HOME / "dashboard"),
        "of_each": EXAMPLES_OF_EACH,
        "questions": [astuple(each) for each in sample.not_understood(period)],
        "said": [astuple(each) for each in sample.drawn(period)],
    }
    connection.close()
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", WORKER],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=True,
        cwd=settings.ROOT,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found | {"made_at": timezone.now().isoformat()}


def _work_out(period: Period, key: str) -> None:
    try:
        cache.set(key, work_out(period), KEPT_SECONDS)
    except Exception as error:
        # Only the kind: an error's words may quote the patients'.
        logger.error("The wording can't be worked out: %s.", type(error).__name__)
        cache.set(f"{key}-failed", True, FAILED_SECONDS)
    finally:
        cache.delete(f"{key}-at-work")
        connection.close()


def _read(kept: dict[str, Any]) -> Wording:
    return Wording(
        datetime.fromisoformat(kept["made_at"]),
        [Group(**group) for group in kept["groups"]],
        Drift(**kept["words"]),
        Drift(**kept["confidence"]),
    )


def _key(period: Period) -> str:
    return f"dashboard-wording-{period.first}-{period.last}"
