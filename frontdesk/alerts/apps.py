"""Django's description of this app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig

from frontdesk.chat.instances import ended


class AlertsConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.alerts"
    label = "alerts"

    def ready(self) -> None:
        """What a gateway of this machine was sending when it died is sent again."""
        ended.connect(_free, dispatch_uid="alerts")


def _free(sender: Any, name: str, **kwargs: Any) -> None:
    from frontdesk.alerts.sending import free_those_of

    free_those_of(name)
