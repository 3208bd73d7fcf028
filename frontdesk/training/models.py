"""What people say a message should have been understood as."""

from __future__ import annotations

from django.conf import settings
from django.db import models
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
