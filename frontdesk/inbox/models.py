"""What staff write on conversations; patients never see any of it."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from frontdesk.chat.models import Conversation, Message
from frontdesk.inbox.search_models import Digest, Stale, Turn

__all__ = [
    "Digest",
    "Flag",
    "Note",
    "Review",
    "SavedView",
    "Stale",
    "Tag",
    "Turn",
]


class Note(models.Model):
    """A private note."""

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="notes")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"note on {self.conversation_id}"


class Tag(models.Model):
    """A word that conversations are sorted by."""

    name = models.CharField(max_length=40, unique=True)
    conversations = models.ManyToManyField(Conversation, related_name="tags")

    def __str__(self) -> str:
        return self.name


class Flag(models.Model):
    """A message that somebody should look at again."""

    message = models.OneToOneField(Message, models.CASCADE, related_name="flag")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"flag on {self.message_id}"


class Review(models.Model):
    """That somebody has read a conversation and judged what the assistant did."""

    class Verdict(models.TextChoices):
        """Was it the right answer, or the right hand-off?"""

        RIGHT = "right", "Right answer or right hand-off"
        WRONG = "wrong", "Wrong answer"
        MISSED = "missed", "Should have been handed off"
        NEEDLESS = "needless", "Handed off without need"

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, related_name="review"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    verdict = models.CharField(max_length=10, choices=Verdict)
    # Drawn at random, so that a rate can be estimated from it.
    from_sample = models.BooleanField(default=False)
    reviewed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.verdict} {self.conversation_id}"


class SavedView(models.Model):
    """A search that somebody wants to have again."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)  # of the address

    class Meta:
        """One of each name for a person."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "name"], name="saved_view_once")
        ]

    def __str__(self) -> str:
        return self.name
