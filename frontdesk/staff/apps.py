"""Django's description of this app."""

from __future__ import annotations

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """(see parent class for full docstring)."""

    name = "frontdesk.staff"
    label = "staff"

    def ready(self) -> None:
        """(see parent class for full docstring)."""
        from frontdesk.chat import crypto
        from frontdesk.staff import records, second_factor

        records.connect()
        crypto.rotations["Second factors of staff"] = second_factor.rotate
