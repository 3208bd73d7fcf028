"""Brings everything encrypted under the newest key. ``python -m frontdesk``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model

from frontdesk.chat import crypto
from frontdesk.chat.models import Contact, Original

HELP = """\
Encrypts all originals, contact data and second factors of staff again with the first
key of FRONTDESK_ENCRYPTION_KEYS. To change the key:
  1. print a new key:  python -m frontdesk rotate_keys --new
  2. write it before the others (in the environment, or in
     $CLINIC_HOME/secrets/frontdesk_encryption_keys), with a comma between,
     and restart every front desk
  3. python -m frontdesk rotate_keys
  4. when that says that all is done: remove the old keys and restart again
Safe to repeat, and while the front desk runs."""
BATCH = 200
ENCRYPTED: tuple[type[Model], ...] = (Original, Contact)


class Command(BaseCommand):
    """(see parent class for full docstring)."""

    help = HELP

    def create_parser(
        self, prog_name: str, subcommand: str, **kwargs: Any
    ) -> CommandParser:
        """(see parent class for full docstring)."""
        shape = argparse.RawDescriptionHelpFormatter
        kwargs.setdefault("formatter_class", shape)
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """(see parent class for full docstring)."""
        parser.add_argument(
            "--new", action="store_true", help="print a new key and do nothing else"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """(see parent class for full docstring)."""
        if options["new"]:
            self.stdout.write(crypto.new_key())
            return
        unreadable = 0
        for model in ENCRYPTED:
            done, failed = rotate(model)
            unreadable += failed
            self.stdout.write(f"{model.__name__}: {done} encrypted again.")
        for name, work in crypto.rotations.items():
            done, failed = work()
            unreadable += failed
            self.stdout.write(f"{name}: {done} encrypted again.")
        if unreadable:
            raise CommandError(
                f"{unreadable} can't be opened with any key and were left as they "
                f"are. Add the key that is missing and run this again; do not remove "
                f"the old keys yet."
            )
        self.stdout.write("All is under the first key; the others may be removed.")


def rotate(model: type[Model]) -> tuple[int, int]:
    """Encrypts the rows of a model again; counts those done and those unreadable."""
    done = failed = 0
    for key, ciphertext in _rows(model):
        if crypto.is_current(ciphertext):
            continue
        try:
            renewed = crypto.encrypt_again(ciphertext)
        except crypto.NotReadableError:
            failed += 1
            continue
        # Only what has not changed since it was read: an erased row stays erased.
        rows = model._default_manager.filter(pk=key, ciphertext=ciphertext)
        done += rows.update(ciphertext=renewed)
    return done, failed


def _rows(model: type[Model]) -> Iterator[tuple[Any, bytes]]:
    last: Any = 0
    while True:
        rows = model._default_manager.filter(pk__gt=last).order_by("pk")
        batch = list(rows.values_list("pk", "ciphertext")[:BATCH])
        if not batch:
            return
        yield from batch
        last = batch[-1][0]
