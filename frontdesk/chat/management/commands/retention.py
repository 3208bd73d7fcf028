"""``python -m frontdesk retention``: deletes what is past its period, now."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from frontdesk.chat import database
from frontdesk.chat.retention import delete_some, held, prove
from frontdesk.chat.retention_kinds import KINDS, Kind


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Deletes what is past its period (clinic.yml, kept_days) and records it in the "
        "audit log. The front desk does the same every hour by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument(
            "--dry-run", action="store_true", help="only show what would go"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        verb = "would go" if options["dry_run"] else "deleted"
        for kind in KINDS:
            before = kind.before
            count = _count(kind) if options["dry_run"] else _delete(kind)
            self.stdout.write(f"{kind.words}, before {before:%Y-%m-%d}: {count} {verb}")
        self.stdout.write(f"kept because of an open alert: {held()} conversations")
        if not options["dry_run"]:
            prove(always=True)
            database.empty_journal()


def _count(kind: Kind) -> int:
    return kind.due(kind.before).count()


def _delete(kind: Kind) -> int:
    counts: Counter[str] = Counter()
    while True:
        with transaction.atomic():
            deleted = delete_some(kind)
        if not deleted:
            return sum(counts.values())
        counts.update(deleted)
