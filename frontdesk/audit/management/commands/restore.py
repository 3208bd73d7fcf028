"""``python -m frontdesk restore FILE``: a backup in place of what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from frontdesk.audit.backup_engines import BackupError
from frontdesk.audit.restore import Restored, restore


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Puts a backup in the place of database, answers, training data, proposals and "
        "models; the front desk must be stopped. See docs/runbooks/restore_backup.md."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--force",
            action="store_true",
            help="also over a database that is not empty; that one is kept aside",
        )
        parser.add_argument(
            "--database-only",
            action="store_true",
            help="leave answers, training data, proposals and models as they are",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        try:
            done = restore(
                options["file"].absolute(),
                force=options["force"],
                database_only=options["database_only"],
            )
        except BackupError as error:
            raise CommandError(str(error)) from error
        for line in _words(done):
            self.stdout.write(line)
        if done.broken:
            raise CommandError(
                f"The backup is in place, but its audit log is not as it was written: "
                f"entry {done.broken.number} {done.broken.why}. Is "
                f"FRONTDESK_SECRET_KEY the one of that time? What to do: "
                f"docs/runbooks/ledger_broken.md."
            )


def _words(done: Restored) -> list[str]:
    rows = done.manifest["rows"]
    lines = [
        f"The backup of {done.manifest['made_at']} is in place: "
        f"{rows.get('chat_conversation', 0)} conversations, "
        f"{rows.get('chat_message', 0)} messages."
    ]
    if done.erased_again:
        lines.append(f"Erased again, since they had been: {done.erased_again}.")
    if done.unreadable:
        lines.append(
            "What lies encrypted in it can't be opened: FRONTDESK_ENCRYPTION_KEYS are "
            "not the keys of that time. Put those back."
        )
    if done.files_before:
        lines.append(
            f"Files were replaced: they are kept in {done.files_before}. Where the "
            f"project is a git repository, 'git diff' shows what is different now."
        )
    if done.before:
        lines.append(
            f"The database before it is {done.before}: delete it when it is not needed "
            f"any more, since it holds what patients wrote."
        )
    else:
        lines.append(
            "There was no database before: whatever patients had erased since the "
            "backup is back. See docs/runbooks/restore_backup.md."
        )
    return lines
