"""The Django app of the chat."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.signals import request_started
from django.db import close_old_connections, reset_queries


class ChatConfig(AppConfig):
    """Named in the settings."""

    name = "frontdesk.chat"
    label = "chat"

    def ready(self) -> None:
        """Takes the database away from the start of a request.

        Django would look after connections in a thread of each request, which an open
        stream then holds for hours. ``chat.database`` looks after its own.
        """
        request_started.disconnect(close_old_connections)
        request_started.disconnect(reset_queries)
