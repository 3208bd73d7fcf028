"""A drill of the urgent alerts: ``python -m frontdesk drill``."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from frontdesk.alerts.drill import DrillWaitingError, Result, result, start
from frontdesk.alerts.models import Drill
from frontdesk.alerts.presenter import duration
from frontdesk.audit.ledger import Job

SECONDS_BETWEEN_LOOKS = 0.5
SECONDS_TO_BEGIN = 15


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Raises an alert without a patient and waits until somebody acknowledges it in "
        "the queue. Fails if nobody does within drill_minutes of clinic.yml. The front "
        "desk must be running: it is what tells people."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument(
            "--no-wait", action="store_true", help="don't wait; the page has the result"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        try:
            drill = start(Job("command line"))
        except DrillWaitingError as error:
            raise CommandError(f"{error} Acknowledge it first.") from error
        self.stdout.write(f"Drill started: alert {drill.alert_id} is in the queue.")
        if not options["no_wait"]:
            self._report(self._wait(drill))

    def _wait(self, drill: Drill) -> Result:
        begin = time.monotonic()
        while True:
            drill = Drill.objects.select_related("alert").get(pk=drill.pk)
            now = result(drill, timezone.now())
            if now.is_acknowledged or now.is_late:
                return now
            nobody = not drill.alert.attempts.exists() and not drill.alert.next_step
            if nobody and time.monotonic() - begin > SECONDS_TO_BEGIN:
                raise CommandError("No front desk works it off: start it (make run).")
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _report(self, now: Result) -> None:
        for attempt in now.drill.alert.attempts.order_by("step", "pk"):
            words = f"{attempt.get_state_display()} {attempt.error}".strip()
            self.stdout.write(f"  step {attempt.step + 1}, {attempt.channel}: {words}")
        if not now.is_acknowledged:
            most = duration(settings.URGENT_LADDER.drill_within)
            raise CommandError(f"Nobody has acknowledged the drill within {most}.")
        self.stdout.write(f"Acknowledged after {duration(now.waited)}.")
        if now.is_late:
            raise CommandError("That is too late.")
