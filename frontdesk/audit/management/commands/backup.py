"""``python -m frontdesk backup FILE``: the database and what staff made, one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from frontdesk.audit import backup
from frontdesk.audit.backup_engines import BackupError


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Copies database, answers, training data, proposals and live models into a "
        "file, while the front desk runs. Keep the secrets (CLINIC_HOME/secrets) in "
        "another place: docs/runbooks/restore_backup.md."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        file = options["file"].absolute()
        try:
            manifest = backup.make(file)
        except BackupError as error:
            raise CommandError(str(error)) from error
        rows, ledger = manifest["rows"], manifest["ledger"]
        self.stdout.write(
            f"{file}: {rows.get('chat_conversation', 0)} conversations, "
            f"{rows.get('chat_message', 0)} messages, "
            f"{len(manifest['files'])} files, {file.stat().st_size / 1e6:.1f} MB."
        )
        if ledger:
            anchor = f"{ledger['number']}:{ledger['seal']}"
            self.stdout.write(f"The audit log in it ends with {anchor}")
