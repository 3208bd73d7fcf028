"""``python -m frontdesk verify_ledger``: whether the ledger is as it was written."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from frontdesk.audit import append_only
from frontdesk.audit.models import Entry
from frontdesk.audit.verification import Anchor, anchor, verify

NEWS_EVERY = 20_000


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = (
        "Checks every entry of the audit log. Exit code 1 and the number of the first "
        "entry that is not as it was written, if there is one: "
        "docs/runbooks/ledger_broken.md."
    )
    # Also where clinic.yml is wrong: whoever asks has a reason to.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument(
            "--anchor",
            action="store_true",
            help="print NUMBER:SEAL of the newest entry, to be kept elsewhere",
        )
        parser.add_argument(
            "--against",
            metavar="NUMBER:SEAL",
            help="an anchor kept elsewhere: finds a ledger that was written anew",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        broken = verify(self._say, against=_anchor_of(options["against"]))
        if broken is not None:
            raise CommandError(
                f"Entry {broken.number} {broken.why}. Keep the database as it is; "
                f"what to do: docs/runbooks/ledger_broken.md."
            )
        if gone := append_only.missing():
            raise CommandError(
                f"All entries are as they were written, but the database no longer "
                f"protects them ({', '.join(gone)}). Find out who removed that, then "
                f"run 'python -m frontdesk migrate'."
            )
        self.stdout.write(f"{Entry.objects.count()} entries, all as written.")
        if options["anchor"]:
            self.stdout.write(str(anchor() or "The ledger is empty: no anchor yet."))

    def _say(self, number: int) -> None:
        if number % NEWS_EVERY == 0:
            self.stdout.write(f"{number} entries checked …")


def _anchor_of(text: str | None) -> Anchor | None:
    try:
        return Anchor.of(text) if text else None
    except ValueError as error:
        raise CommandError(f"--against: {error}.") from error
