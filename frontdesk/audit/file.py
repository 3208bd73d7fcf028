"""The ledger as a CSV file, made while it is sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable

from asgiref.sync import sync_to_async

from frontdesk.audit.filters import Filters
from frontdesk.audit.models import Entry

COLUMNS = ("number", "at", "person", "actor", "action", "subject", "detail", "seal")
AT_ONCE = 1000
# A spreadsheet would take such a cell for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def pieces(filters: Filters, last: int) -> AsyncIterator[str]:
    """The file in pieces, the newest entry first.

    Args:
        filters: which entries.
        last: number of the newest; what is recorded meanwhile is not in it.
    """
    yield _lines([COLUMNS])
    before = last + 1
    while rows := await sync_to_async(_rows)(filters, before):
        yield _lines(map(_cells, rows))
        before = rows[-1].number


def _rows(filters: Filters, before: int) -> list[Entry]:
    return list(filters.entries().filter(number__lt=before)[:AT_ONCE])


def _cells(entry: Entry) -> list[str]:
    cells = [
        str(entry.number),
        entry.at.isoformat(),
        str(entry.person_id or ""),
        entry.actor,
        entry.action,
        entry.subject,
        json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
        entry.seal,
    ]
    return [f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells]


def _lines(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
