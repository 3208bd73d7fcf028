"""``python -m frontdesk traffic``: what patients wrote, for ``retraining compare``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from frontdesk.audit import ledger
from frontdesk.chat import traffic

JOB = ledger.Job("command line")


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Prints the redacted messages of the last days, one line of JSON each, of "
        "patients who agreed that their chat improves the assistant. For 'python -m "
        "retraining compare MODEL --traffic FILE'. It is recorded in the audit log; "
        "delete the file afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument("--days", type=int, default=14, help="how many (14)")

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        days = options["days"]
        if not 1 <= days <= 365:
            raise CommandError("--days: write 1 to 365.")
        found = list(traffic.lines(timezone.now() - timedelta(days=days)))
        ledger.record(JOB, "export traffic", "messages", days=days, count=len(found))
        for line in found:
            self.stdout.write(line)
