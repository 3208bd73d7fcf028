"""Django's description of this app."""

from __future__ import annotations

from django.apps import AppConfig


class AnswersConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.answers"
    label = "answers"
