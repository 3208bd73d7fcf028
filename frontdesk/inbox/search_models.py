"""What is known of each conversation, worked out beforehand so that it is found fast.

Kept up to date by ``search_digests``; the texts lie in the index (``search_index``).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from frontdesk.chat.models import Conversation


class Digest(models.Model):
    """One conversation; a new row with a higher id whenever something happened in it.

    So the order of ids is the order of last activity, in the index of words too: a page
    of results is read from the newest on, and is found again by the id it ended with.
    """

    conversation = models.OneToOneField(
        Conversation, models.CASCADE, related_name="digest"
    )
    messages = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_index=True)
    last_at = models.DateTimeField(db_index=True)
    page = models.CharField(max_length=300, db_index=True)
    thumbs_up = models.BooleanField()
    thumbs_down = models.BooleanField()
    handed_off = models.BooleanField()
    unanswered = models.BooleanField()  # the last word is the patient's
    not_understood = models.BooleanField()
    after_urgent = models.BooleanField()
    harm = models.PositiveSmallIntegerField(default=0)
    reasons = models.JSONField(default=list)  # names of review_queue_harm.Reason

    class Meta:
        """What is rare is found without looking at the rest."""

        indexes: ClassVar = [
            models.Index(
                fields=["-harm", "-id"],
                condition=models.Q(harm__gt=0),
                name="digest_harm",
            ),
            *(
                models.Index(
                    fields=["-id"],
                    condition=models.Q(**{name: True}),
                    name=f"digest_{name}",
                )
                for name in (
                    "thumbs_up",
                    "thumbs_down",
                    "handed_off",
                    "unanswered",
                    "not_understood",
                    "after_urgent",
                )
            ),
        ]

    def __str__(self) -> str:
        return str(self.conversation_id)


class Turn(models.Model):
    """One reply of the assistant: what it took the message for, and how surely."""

    digest = models.ForeignKey(Digest, models.CASCADE, related_name="turns")
    route = models.CharField(max_length=20)
    topic = models.CharField(max_length=50)
    intent = models.CharField(max_length=100)
    model = models.CharField(max_length=100)
    confidence = models.FloatField(null=True)

    class Meta:
        """By each of its values, the newest first."""

        indexes: ClassVar = [
            models.Index(fields=["route", "digest"], name="turn_route"),
            models.Index(fields=["topic", "digest"], name="turn_topic"),
            models.Index(fields=["intent", "digest"], name="turn_intent"),
            models.Index(fields=["model", "digest"], name="turn_model"),
            models.Index(fields=["confidence", "digest"], name="turn_confidence"),
        ]

    def __str__(self) -> str:
        return f"{self.digest_id} {self.intent}"


class Stale(models.Model):
    """A conversation whose digest is behind; triggers of the database add the rows.

    A row is added for each change, not one a conversation: so that nobody who writes a
    message waits for the one who digests.
    """

    conversation_id = models.UUIDField()  # which may have gone
    # Words were taken out for good: they must not stay in old parts of the index.
    gone = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.conversation_id)
