"""The next step of an alert that nobody has acknowledged. Sync, in a transaction.

A step is planned once, whoever looks: the alert's row says which one comes next, and is
locked while it is planned. What is planned is sent by ``sending``.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings

from frontdesk.alerts.channels import is_dry_run
from frontdesk.alerts.delivery import dry_run, notice
from frontdesk.alerts.ladder import INBOX, leaves_the_house
from frontdesk.alerts.models import Attempt
from frontdesk.audit.ledger import Job, record
from frontdesk.chat.models import Alert
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 100
LADDER = Job("urgent alerts")


def due_alerts(now: datetime) -> list[int]:
    """The alerts with something to decide, the longest due first."""
    due = Alert.objects.filter(next_step_at__lte=now).order_by("next_step_at")
    return list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])


def climb(alert_id: int, now: datetime) -> None:
    """Plans the step of an alert that is due; ends its way up if it needs none."""
    alert = locked(alert_id)
    if alert is None or alert.next_step_at is None or alert.next_step_at > now:
        return  # another front desk was faster
    if is_over(alert):
        _come_back(alert, None)
        return
    ladder, number = settings.URGENT_LADDER, alert.next_step
    due = _due(alert, number, now)
    if number == 0 and due is not None and due > now:
        _come_back(alert, due)
        return
    channels = ladder.step(number).channels
    planned = [_plan(alert, number, channel, now) for channel in channels]
    alert.next_step = number + 1
    _come_back(alert, _due(alert, number + 1, now))
    if any(attempt.state == Attempt.State.FAILED for attempt in planned):
        hurry_if_nobody_was_reached(alert, number, now)


def hurry_if_nobody_was_reached(alert: Alert, number: int, now: datetime) -> None:
    """Brings the next step forward if all that a step tried has failed."""
    there_is_one = number + 1 < len(settings.URGENT_LADDER.steps)
    if alert.next_step != number + 1 or not there_is_one or is_over(alert):
        return
    states = set(alert.attempts.filter(step=number).values_list("state", flat=True))
    hopeful = {Attempt.State.PLANNED, Attempt.State.SENDING, Attempt.State.DELIVERED}
    if Attempt.State.FAILED in states and not states & hopeful:
        _come_back(alert, now)


def locked(alert_id: int) -> Alert | None:
    """An alert, for this transaction alone."""
    return Alert.objects.select_for_update().filter(pk=alert_id).first()


def is_over(alert: Alert) -> bool:
    """Whether nobody needs to be told any more."""
    return alert.acknowledged_at is not None or alert.resolved_at is not None


def note(attempt: Attempt, **detail: Any) -> None:
    """Records in the ledger what became of an attempt."""
    detail |= {"step": attempt.step, "channel": attempt.channel}
    detail |= {"outcome": attempt.state, "error": attempt.error}
    record(LADDER, "notify", f"alert {attempt.alert_id}", **detail)


def _due(alert: Alert, number: int, now: datetime) -> datetime | None:
    if alert.is_drill and number >= len(settings.URGENT_LADDER.steps):
        return None  # once up is enough
    return settings.URGENT_LADDER.due(number, alert.created_at, now)


def _come_back(alert: Alert, at: datetime | None) -> None:
    alert.next_step_at = at
    alert.save(update_fields=["next_step", "next_step_at"])


def _plan(alert: Alert, number: int, channel: str, now: datetime) -> Attempt:
    attempt = Attempt(
        alert=alert, step=number, channel=channel, planned_at=now, due_at=now
    )
    is_outside = leaves_the_house(channel)
    if is_outside and not is_dry_run(channel):
        attempt.save()
        return attempt
    # A place in the queue, or a channel that is not set up: done once it is written.
    if is_outside:
        attempt.state = dry_run(channel, notice(alert, now)).state
    else:
        attempt.error = _hand_on(alert, channel.partition(":")[2], now)
        attempt.state = Attempt.State.FAILED if attempt.error else Attempt.State.POSTED
    attempt.started_at = attempt.finished_at = now
    attempt.due_at = None
    attempt.save()
    if channel != INBOX:
        note(attempt)
    return attempt


def _hand_on(alert: Alert, email: str, now: datetime) -> str:
    """Makes it the task of the next person; says what is wrong if that can't be."""
    if not email:
        return ""
    person = Person.objects.filter(email=email.lower(), is_active=True).first()
    if person is None or not person.may(Permission.ANSWER):
        logger.error("clinic.yml: urgent_alerts: '%s' can't take alerts.", email)
        return "nobody with this e-mail has an account that may take alerts"
    alert.assigned_to, alert.assigned_at = person, now
    alert.snoozed_until = None
    alert.save(update_fields=["assigned_to", "assigned_at", "snoozed_until"])
    return ""
