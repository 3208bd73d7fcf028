"""What became of an answer's words: proposed, approved, rejected, looked at again.

The texts themselves are in ``data/responses`` and nowhere else.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class AnswerRevision(models.Model):
    """Other words for one text, or the same words reviewed; never changed afterwards.

    ``mark`` is the text's fingerprint with all that is not its approval
    (``folder.Variation``): by it one sees that a file was changed meanwhile.
    """

    class Kind(models.TextChoices):
        """What it is about."""

        EDIT = "edit", "New words"
        REVIEW = "review", "Reviewed, the words stay"

    class State(models.TextChoices):
        """How far it has come."""

        PROPOSED = "proposed", "Waits for approval"
        PUBLISHING = "publishing", "Is being written"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "Withdrawn"

    OPEN = (State.PROPOSED, State.PUBLISHING)

    kind = models.CharField(max_length=10, choices=Kind, default=Kind.EDIT)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    response = models.CharField(max_length=100)
    variant = models.CharField(max_length=200)  # its name in addresses
    old_mark = models.CharField(max_length=64)
    old_version = models.CharField(max_length=20)
    old_text = models.TextField()
    old_sources = models.JSONField(default=list)
    new_mark = models.CharField(max_length=64)
    new_version = models.CharField(max_length=20)
    new_text = models.TextField()
    new_sources = models.JSONField(default=list)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    note = models.TextField(blank=True)  # why; for whoever decides
    created_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)  # of a rejection
    review_by = models.DateField(null=True)
    commit = models.CharField(max_length=64, blank=True)

    class Meta:
        """Nobody approves their own words; one proposal at a time for a text."""

        indexes: ClassVar = [
            models.Index(fields=["response", "-id"], name="answer_revision_response")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["response", "old_mark"],
                condition=Q(kind="edit", state__in=("proposed", "publishing")),
                name="answer_one_proposal",
            ),
            models.CheckConstraint(
                condition=Q(kind="review")
                | ~Q(state__in=("publishing", "approved"))
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("author"))),
                name="answer_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.response} {self.variant}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide."""
        return self.state in self.OPEN
