"""What was done to tell people of an alert: never a word of a patient in it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from frontdesk.chat.models import Alert


class Attempt(models.Model):
    """One step of the ladder telling one channel of one alert; tried until it works."""

    class State(models.TextChoices):
        """How far it has come. ``DELIVERED``: the service said that it took it."""

        PLANNED = "planned", "To be sent"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        POSTED = "posted", "Shown in the queue"
        FAILED = "failed", "Failed"
        DRY_RUN = "dry_run", "Not set up: sent to nobody"
        STOPPED = "stopped", "Not needed any more"
        UNKNOWN = "unknown", "Perhaps delivered"

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="attempts")
    step = models.PositiveIntegerField()  # the first one is 0
    channel = models.CharField(max_length=200)  # as clinic.yml names it
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    # Sent again although nobody knows whether it had arrived: a front desk died while
    # it was sending, or the service was too slow to answer.
    perhaps_twice = models.BooleanField(default=False)
    planned_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # When there is something to do: the next try, or that of a sender who has died.
    due_at = models.DateTimeField(null=True, default=timezone.now)
    holder = models.CharField(max_length=64, blank=True)

    class Meta:
        """Two front desks never plan the same twice; looking for work is cheap."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "step", "channel"], name="attempt_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["planned", "sending"]),
                name="attempt_due",
            )
        ]

    def __str__(self) -> str:
        return f"alert {self.alert_id}, step {self.step}, {self.channel}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self.state in (self.State.PLANNED, self.State.SENDING)


class Try(models.Model):
    """One time that it was sent. Without an end: the front desk died meanwhile."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="all_tries")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Attempt.State, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        """Numbered within the attempt."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["attempt", "number"], name="try_once")
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}.{self.number} {self.outcome}"


class Drill(models.Model):
    """An alert without a patient, to see how long it takes until somebody is there."""

    alert = models.OneToOneField(Alert, models.CASCADE, related_name="drill")
    # The clinic's day of a drill by the clock: one a day, however many front desks.
    day = models.DateField(null=True, unique=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"drill, alert {self.alert_id}"
