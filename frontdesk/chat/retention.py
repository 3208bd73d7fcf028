"""Deletes patients' own words (``Original``) when their time is over."""

from __future__ import annotations

import logging

from django.utils import timezone

from frontdesk.chat import database
from frontdesk.chat.models import Original

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500


async def delete_originals() -> None:
    """Deletes those past their date; the redacted messages stay."""
    while deleted := await database.write(_delete):
        logger.info("%d originals were past their date and are deleted.", deleted)
        await database.read(database.empty_journal)


def _delete() -> int:
    """Few at a time: the database is not held for long."""
    due = Original.objects.filter(delete_after__lte=timezone.now())
    found = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    return Original.objects.filter(pk__in=found).delete()[0] if found else 0
