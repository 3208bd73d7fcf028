"""The drill: an alert without a patient, and how long it takes until somebody is there.

Started by the clock (``drill_at`` in ``clinic.yml``), by a button or on the command
line; it then goes the way of every alert.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from frontdesk.alerts.models import Drill
from frontdesk.audit.ledger import Job, record
from frontdesk.chat import database
from frontdesk.chat.fanout import publish_queue
from frontdesk.chat.models import Alert
from frontdesk.staff.models import Person

CLOCK = Job("daily drill")
# Later than that after the hour, it would be at a time that nobody expects.
GRACE = timedelta(hours=1)


class DrillWaitingError(ValueError):
    """The last drill still waits to be acknowledged."""


@dataclass(frozen=True)
class Result:
    """How a drill went, so far."""

    drill: Drill
    waited: timedelta  # until it was acknowledged, or until now
    is_acknowledged: bool
    is_late: bool


def start(by: Person | Job, *, day: date | None = None) -> Drill:
    """Raises the alert.

    Args:
        by: who wants it.
        day: the clinic's day, of a drill by the clock; one a day.

    Raises:
        DrillWaitingError: if somebody wants one while another one waits.
        IntegrityError: if there was one by the clock on that day.
    """
    with transaction.atomic():
        if day is None and waiting().exists():
            raise DrillWaitingError("The last drill still waits in the queue.")
        alert = Alert.objects.create(
            route="emergency", topic="drill", origin=Alert.Origin.DRILL, is_drill=True
        )
        person = by if isinstance(by, Person) else None
        drill = Drill.objects.create(alert=alert, day=day, started_by=person)
        record(by, "drill", f"alert {alert.pk}")
    return drill


def waiting() -> QuerySet[Drill]:
    """Drills that nobody has acknowledged or resolved."""
    return Drill.objects.filter(alert__acknowledged_at=None, alert__resolved_at=None)


def result(drill: Drill, now: datetime) -> Result:
    """How a drill went."""
    alert = drill.alert
    end = alert.acknowledged_at or alert.resolved_at
    waited = (end or now) - alert.created_at
    is_late = waited > settings.URGENT_LADDER.drill_within
    return Result(drill, waited, is_acknowledged=end is not None, is_late=is_late)


def due_day(now: datetime) -> date | None:
    """The clinic's day if its drill is due and has not been."""
    begin, day = _begin(now)
    if begin is None or not begin <= now < begin + GRACE:
        return None
    return None if Drill.objects.filter(day=day).exists() else day


def is_missed(now: datetime) -> bool:
    """Whether today's drill should have been, and was not."""
    begin, day = _begin(now)
    if begin is None or now < begin + GRACE:
        return False
    return not Drill.objects.filter(day=day).exists()


async def look_after(now: datetime) -> None:
    """Starts the drill that is due, and puts away those that are done."""
    day = await database.read(due_day, now)
    if day is not None:
        with suppress(IntegrityError):  # another front desk has started it
            await database.write(start, CLOCK, day=day)
    if await database.read(_done().exists):
        await database.write(put_away)
        await publish_queue()


def put_away() -> None:
    """Acknowledged is all that a drill wants: there is nothing to resolve. Sync."""
    for drill in _done().select_related("alert"):
        alert = drill.alert
        alert.resolved_at = timezone.now()
        alert.resolved_by = alert.acknowledged_by
        alert.outcome = Alert.Outcome.NOTHING_NEEDED
        alert.save(update_fields=["resolved_at", "resolved_by", "outcome"])


def _done() -> QuerySet[Drill]:
    return Drill.objects.filter(alert__resolved_at=None).exclude(
        alert__acknowledged_at=None
    )


def _begin(now: datetime) -> tuple[datetime | None, date]:
    local = now.astimezone(settings.CLINIC.time_zone)
    at, day = settings.URGENT_LADDER.drill_at, local.date()
    if at is None:
        return None, day
    return datetime.combine(day, at, tzinfo=settings.CLINIC.time_zone), day
