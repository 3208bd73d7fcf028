"""What people say a message should have been understood as; who sets the gate aside."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from frontdesk.chat.models import Message


def _person() -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )


class Correction(models.Model):
    """The right intent of a message, and how it became training data.

    What touches danger or medicine is read by a second person; where the two differ, a
    clinician settles it. ``text`` is impersonal: rewritten or confirmed by somebody.
    """

    class Kind(models.TextChoices):
        """What was wrong, if anything."""

        RIGHT = "right", "Rightly understood"
        INTENT = "intent", "Means something else"
        OUT_OF_SCOPE = "out_of_scope", "Not about the clinic"
        NEAR_MISS = "near_miss", "Sounds dangerous, is not"
        HAND_OFF = "hand_off", "Should have gone to staff"

    class State(models.TextChoices):
        """How far it has come."""

        WAITS = "waits", "Waits for a second reader"
        DISPUTED = "disputed", "The readers differ"
        READY = "ready", "Can be taught"

    message = models.OneToOneField(Message, models.CASCADE, related_name="correction")
    kind = models.CharField(max_length=20, choices=Kind)
    intent = models.CharField(max_length=100)
    entities = models.JSONField(default=list)  # [{"entity", "value"}], the right ones
    # A word that a look-up table should learn: {"entity", "text", "synonym"}.
    word = models.JSONField(default=dict)
    was_intent = models.CharField(max_length=100, blank=True)
    was_confidence = models.FloatField(null=True)
    author = _person()
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, db_index=True)
    is_safety = models.BooleanField(default=False)
    second = _person()
    second_intent = models.CharField(max_length=100, blank=True)
    second_at = models.DateTimeField(null=True)
    settled_by = _person()
    settled_at = models.DateTimeField(null=True)
    text = models.TextField(blank=True)
    # What is said against adding it: it is taught already, or in another way.
    pointed_out = models.TextField(blank=True)
    confirmed_by = _person()
    confirmed_at = models.DateTimeField(null=True)
    proposal = models.CharField(max_length=40, blank=True)  # where it was added

    def __str__(self) -> str:
        return f"{self.intent} for message {self.message_id}"

    @property
    def is_confirmed(self) -> bool:
        """Whether somebody has said that nothing in its text points to a person."""
        return bool(self.text) and self.confirmed_at is not None

    @property
    def teaches(self) -> bool:
        """Whether there is anything to learn from it."""
        return self.kind != self.Kind.RIGHT

    @property
    def differs(self) -> bool:
        """Whether the second reader saw it in another way."""
        return bool(self.second_intent) and self.second_intent != self.intent


class SetAside(models.Model):
    """Somebody wants a model to go live against the gate; a second person confirms it.

    Good for one comparison only: its reasons are what the two take on themselves.
    """

    class State(models.TextChoices):
        """How far it has come."""

        WAITS = "waits", "Waits for a second person"
        CONFIRMED = "confirmed", "Confirmed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    model = models.CharField(max_length=150)
    comparison = models.CharField(max_length=60)
    reasons = models.JSONField(default=list)  # what the gate says, in its words
    reason = models.TextField()  # why it is set aside all the same
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.WAITS)
    second = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        """Nobody confirms their own; one at a time for a comparison."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["model", "comparison"],
                condition=Q(state="waits"),
                name="training_one_set_aside",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed")
                | (Q(second__isnull=False) & ~Q(second=F("author"))),
                name="training_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.state}"
