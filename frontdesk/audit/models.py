"""The ledger's rows, each bound to the one before it."""

from __future__ import annotations

from datetime import UTC
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class AppendOnlyError(TypeError):
    """A row of the ledger was to be changed or deleted."""


class Entries(models.QuerySet["Entry"]):
    """Refuses what the database's own triggers refuse too (``append_only``)."""

    def update(self, **values: Any) -> NoReturn:
        """Never.

        Raises:
            AppendOnlyError: always.
        """
        raise AppendOnlyError("The ledger is append-only.")

    def delete(self) -> NoReturn:
        """Never.

        Raises:
            AppendOnlyError: always.
        """
        raise AppendOnlyError("The ledger is append-only.")


class Entry(models.Model):
    """One thing that somebody did. Written by ``ledger.record`` alone."""

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    # Empty for a job of the front desk; ``actor`` then says which.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    actor = models.CharField(max_length=100)  # their name at that time
    action = models.CharField(max_length=50)
    subject = models.CharField(max_length=100)  # "conversation 3f…"
    detail = models.JSONField(default=dict)  # no text of a patient
    previous = models.CharField(max_length=64)
    seal = models.CharField(max_length=64)

    objects = Entries.as_manager()

    class Meta:
        """Nothing is done by nobody; by each filter, the newest are found first."""

        indexes: ClassVar = [
            models.Index(fields=["person", "-number"], name="entry_person"),
            models.Index(fields=["action", "-number"], name="entry_action"),
            models.Index(fields=["subject", "action", "-number"], name="entry_subject"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(actor=""), name="entry_has_an_actor")
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action} {self.subject}"

    def content(self) -> list[Any]:
        """What the seal is over: the same on every database."""
        return [
            self.number,
            self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            self.person_id,
            self.actor,
            self.action,
            self.subject,
            self.detail,
            self.previous,
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row.

        Raises:
            AppendOnlyError: if it is there already.
        """
        if not self._state.adding:
            raise AppendOnlyError("The ledger is append-only.")
        super().save(*args, **(kwargs | {"force_insert": True}))

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Never.

        Raises:
            AppendOnlyError: always.
        """
        raise AppendOnlyError("The ledger is append-only.")


class Head(models.Model):
    """The end of the ledger: one row, locked by who adds an entry."""

    number = models.PositiveBigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)  # of the last entry
    # Over both: without the key nobody can make the ledger end earlier.
    own_seal = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.number} {self.seal}"

    def content(self) -> list[Any]:
        """What its own seal is over."""
        return ["end", self.number, self.seal]
