"""Django's description of this app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class TrainingConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.training"
    label = "training"

    def ready(self) -> None:
        """What was learned from an erased conversation is found, and taken out."""
        from frontdesk.chat.erasure import erasing

        erasing.connect(_forget, dispatch_uid="training")


def _forget(sender: Any, conversation_id: Any, **kwargs: Any) -> None:
    from frontdesk.training.erasing import forget

    forget(conversation_id)
