"""Deletes what is past its period, and proves it in the ledger.

Run by ``frontdesk.background`` and by ``python -m frontdesk retention``. Each batch is
deleted and recorded in one transaction; afterwards it is checked that nothing is left.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from frontdesk.audit.ledger import Job, record
from frontdesk.audit.models import Entry
from frontdesk.chat import database
from frontdesk.chat.models import Conversation
from frontdesk.chat.retention_kinds import KINDS, Kind, is_held

logger = logging.getLogger(__name__)

JOB = Job("retention")
PROOF = "prove retention"
# Also where there was nothing to delete: the ledger shows that the job runs.
PROOF_EVERY = timedelta(days=1)
# A kind that never comes to an end would keep the others waiting.
MOST_BATCHES = 2000


class Retention:
    """The job in one process."""

    def __init__(self) -> None:
        self._next = 0.0

    async def when_due(self) -> None:
        """Runs the job if it has not just run."""
        if time.monotonic() < self._next:
            return
        deleted = 0
        for kind in KINDS:
            deleted += await _delete_all(kind)
        if deleted:
            await database.read(database.empty_journal)
        await database.write(prove, always=bool(deleted))
        self._next = time.monotonic() + settings.RETENTION_SECONDS


retention = Retention()


async def _delete_all(kind: Kind) -> int:
    deleted = 0
    for _ in range(MOST_BATCHES):
        counts = await database.write(delete_some, kind)
        if not counts:
            break
        deleted += sum(counts.values())
    return deleted


def delete_some(kind: Kind) -> dict[str, int]:
    """Deletes a few of a kind: the database is not held for long. In a transaction.

    Returns:
        how many rows of what have gone; nothing once all are.
    """
    before = kind.before
    due = kind.due(before).select_for_update(skip_locked=True, of=("self",))
    keys = list(due.values_list("pk", flat=True)[: kind.at_once])
    if not keys:
        return {}
    counts = kind.remove(keys)
    record(JOB, "delete", f"retention: {kind.name}", before=before, deleted=counts)
    logger.info("%d %s were past their period and are deleted.", len(keys), kind.words)
    return counts


def prove(*, always: bool) -> None:
    """Checks that nothing past its period is left, and records what was found.

    Args:
        always: else only if it was not done for a day.
    """
    if not always and _is_proven():
        return
    left = {kind.name: kind.due(kind.before).count() for kind in KINDS}
    left = {name: count for name, count in left.items() if count}
    before = {kind.name: kind.before.date() for kind in KINDS}
    record(JOB, PROOF, "retention", left=left, held=held(), before=before)
    if left:
        logger.error("Past their period, and still there: %s.", left)


def held() -> int:
    """How many conversations stay as they are because of an open alert."""
    return Conversation.objects.filter(is_held()).count()


def _is_proven() -> bool:
    since = timezone.now() - PROOF_EVERY
    return Entry.objects.filter(action=PROOF, at__gt=since).exists()
