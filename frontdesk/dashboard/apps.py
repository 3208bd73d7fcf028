"""Django's description of this app."""

from __future__ import annotations

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.dashboard"
    label = "dashboard"
