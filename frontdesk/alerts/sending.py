"""Who sends an attempt: one front desk at a time, for a while. Sync, in a transaction.

That it is being sent is committed before, and that it was delivered only after the
service has said so. A front desk may die in between: then it is sent once more, and
shown as perhaps sent twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from frontdesk.alerts import climb
from frontdesk.alerts.delivery import Notice, Outcome, notice
from frontdesk.alerts.models import Attempt, Try
from frontdesk.chat.models import Alert

# After the last one it has failed, and the next step comes at once.
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 40))
MOST_AT_ONCE = 50
State = Attempt.State


@dataclass(frozen=True)
class Claimed:
    """An attempt that is ours to send."""

    attempt_id: int
    try_id: int
    holder: str
    channel: str
    notice: Notice


def due_attempts(now: datetime) -> list[int]:
    """What is to be sent, or was being sent by a front desk that has died."""
    states = (State.PLANNED, State.SENDING)
    due = Attempt.objects.filter(state__in=states, due_at__lte=now).order_by("due_at")
    return list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])


def claim(attempt_id: int, holder: str, now: datetime) -> Claimed | None:
    """Takes an attempt to send it now; None if there is nothing to send."""
    attempt = _locked(attempt_id)
    if attempt is None or not attempt.is_open or (attempt.due_at or now) > now:
        return None
    was_sending = attempt.state == State.SENDING
    if was_sending:
        attempt.all_tries.filter(outcome="").update(outcome=State.UNKNOWN)
    if climb.is_over(attempt.alert):
        _end(attempt, State.UNKNOWN if was_sending else State.STOPPED, now)
        return None
    attempt.state, attempt.holder = State.SENDING, holder
    attempt.due_at = now + timedelta(seconds=settings.ALERT_LEASE_SECONDS)
    attempt.tries += 1
    attempt.started_at = attempt.started_at or now
    attempt.perhaps_twice = attempt.perhaps_twice or was_sending
    attempt.save()
    this = Try.objects.create(attempt=attempt, number=attempt.tries, started_at=now)
    words = notice(attempt.alert, now)
    return Claimed(attempt.pk, this.pk, holder, attempt.channel, words)


def finish(claimed: Claimed, outcome: Outcome, now: datetime) -> None:
    """Writes down what became of it, and when to try again if it failed."""
    attempt = _locked(claimed.attempt_id)
    if attempt is None:
        return
    Try.objects.filter(pk=claimed.try_id).update(
        finished_at=now, outcome=outcome.state, error=outcome.error
    )
    is_ours = attempt.holder == claimed.holder
    if attempt.state == State.DELIVERED or not (
        is_ours or outcome.state == State.DELIVERED
    ):
        return
    attempt.error = outcome.error
    # A front desk that died says nothing of the channel: only failures count.
    failed = attempt.all_tries.filter(outcome=State.FAILED)
    if outcome.again and (failures := failed.count()) <= len(BACK_OFF):
        attempt.state, attempt.holder = State.PLANNED, ""
        attempt.due_at = now + BACK_OFF[failures - 1]
        attempt.perhaps_twice |= outcome.may_have_arrived
        attempt.save()
        return
    _end(attempt, outcome.state, now)
    if outcome.state != State.DELIVERED:
        climb.hurry_if_nobody_was_reached(attempt.alert, attempt.step, now)


def free_those_of(name: str) -> None:
    """Has sent again what a front desk of this machine was sending when it died."""
    held_by_it = Attempt.objects.filter(state=State.SENDING, holder__startswith=name)
    held_by_it.update(due_at=timezone.now())


def _end(attempt: Attempt, state: Any, now: datetime) -> None:
    attempt.state, attempt.holder, attempt.due_at = state, "", None
    attempt.finished_at = now
    attempt.save()
    climb.note(attempt, tries=attempt.tries, perhaps_twice=attempt.perhaps_twice)


def _locked(attempt_id: int) -> Attempt | None:
    """The attempt with its alert, both locked, always in this order."""
    alerts = Alert.objects.select_for_update(of=("self",))
    alert = alerts.filter(attempts=attempt_id).first()
    attempt = Attempt.objects.select_for_update().filter(pk=attempt_id).first()
    if alert is None or attempt is None:
        return None
    attempt.alert = alert
    return attempt
