"""Django's description of this app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate


class InboxConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.inbox"
    label = "inbox"

    def ready(self) -> None:
        """(see parent class for full docstring)."""
        post_migrate.connect(_install_search, sender=self)


def _install_search(*, using: str, **rest: Any) -> None:
    from frontdesk.inbox import search_tables

    connection = connections[using]
    if "inbox_words" in connection.introspection.table_names():
        with connection.schema_editor(atomic=False) as editor:
            search_tables.install(editor)
