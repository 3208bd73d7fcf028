"""Django's description of this app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.audit"
    label = "audit"

    def ready(self) -> None:
        """Has the triggers come back with each ``migrate``.

        SQLite loses them when a later migration makes the table anew.
        """
        post_migrate.connect(_protect, sender=self)


def _protect(using: str, **_: Any) -> None:
    from django.db import connections

    from frontdesk.audit import append_only
    from frontdesk.audit.models import Entry

    if Entry._meta.db_table in connections[using].introspection.table_names():
        append_only.protect(using)
