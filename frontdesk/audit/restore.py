"""Puts a backup in place: database and files; ``python -m frontdesk restore``."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from frontdesk.audit import backup_files
from frontdesk.audit.backup import DATABASE, FILES, unpack
from frontdesk.audit.backup_engines import THAT_COUNT, BackupError, engine
from frontdesk.audit.ledger import Job, record
from frontdesk.audit.verification import Anchor, Broken, verify
from frontdesk.chat import crypto, database, erasure
from frontdesk.chat.instances import living
from frontdesk.chat.models import Contact, Conversation, Original

JOB = Job("restore")


@dataclass(frozen=True)
class Restored:
    """What was done."""

    manifest: dict[str, Any]
    before: str  # where the database is that was there before; empty if none was
    broken: Broken | None  # in the ledger
    erased_again: int  # conversations that had been erased since the backup
    unreadable: bool  # what lies encrypted in it can't be opened with today's keys
    files_before: str  # where files are that were replaced; empty if none were


def restore(file: Path, *, force: bool, database_only: bool = False) -> Restored:
    """Puts a backup in place; what was erased since then is erased again.

    Args:
        file: the backup.
        force: also over a database with something in it, which is kept aside.
        database_only: leaves answers, training data, proposals and models as they are.

    Raises:
        BackupError: says what is in the way. The database is then as it was, unless
            the message says otherwise.
    """
    _check_no_gateway()
    home = Path(settings.DATABASES["default"]["NAME"]).parent
    folder = home if connection.vendor == "sqlite" else settings.CLINIC_HOME
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as name:
        manifest = unpack(file, Path(name))
        _check_fits(manifest)
        if not force and not _is_empty():
            raise BackupError(
                "There is something in the database. With --force it is replaced, and "
                "kept aside."
            )
        erased = _erased()
        before = engine().replace_by(Path(name) / DATABASE)
        _check_rows(manifest)
        files = {} if database_only else manifest["files"]
        files_before = _put_back(Path(name) / FILES, files) if files else ""
    call_command("migrate", verbosity=0, interactive=False)
    ledger = manifest["ledger"]
    against = Anchor(ledger["number"], ledger["seal"]) if ledger else None
    broken = verify(against=against)
    again = _erase_again(erased)
    _note(manifest, again)
    return Restored(manifest, before, broken, again, _is_unreadable(), files_before)


def _put_back(folder: Path, files: dict[str, str]) -> str:
    stamp = timezone.now().strftime("%Y%m%dT%H%M%S%fZ")
    aside = settings.CLINIC_HOME / f"before-restore-{stamp}"
    return str(aside) if backup_files.put_back(folder, files, aside) else ""


def _check_no_gateway() -> None:
    if living(settings.CLINIC_HOME / "instances"):
        raise BackupError("The front desk is running. Stop it first, then try again.")
    engine().check_alone()


def _check_fits(manifest: dict[str, Any]) -> None:
    if manifest["engine"] != engine().name:
        raise BackupError(
            f"This is a backup of {manifest['engine']}, but DATABASE_URL names "
            f"{engine().name}."
        )
    known = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    if newer := sorted(set(manifest["migrations"]) - known):
        raise BackupError(
            f"It was made by a newer version of this program ({newer[0]}). Install "
            f"that version first."
        )


def _is_empty() -> bool:
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in tables.intersection(THAT_COUNT):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
            if cursor.fetchone():
                return False
    return True


def _erased() -> list[UUID]:
    """What was erased in the database that is there now, whatever its version."""
    if Conversation._meta.db_table not in connection.introspection.table_names():
        return []
    erased = Conversation.objects.exclude(erased_at=None)
    return list(erased.order_by().values_list("pk", flat=True))


def _check_rows(manifest: dict[str, Any]) -> None:
    connections.close_all()
    with connection.cursor() as cursor:
        for table, count in manifest["rows"].items():
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            (found,) = cursor.fetchone()
            if found != count:
                raise BackupError(
                    f"The backup is in place, but not whole: {table} has {found} rows "
                    f"instead of {count}. What was there before is kept aside."
                )


def _erase_again(erased: list[UUID]) -> int:
    again = 0
    for conversation_id in erased:
        with transaction.atomic():
            rows = Conversation.objects.filter(pk=conversation_id, erased_at=None)
            if rows.exists():
                erasure.erase(conversation_id)
                record(JOB, "erase", f"conversation {conversation_id}")
                again += 1
    database.empty_journal()
    return again


def _is_unreadable() -> bool:
    for model in (Original, Contact):
        newest = model.objects.order_by("-pk").values_list("ciphertext", flat=True)
        for ciphertext in newest[:1]:
            try:
                crypto.decrypt(ciphertext)
            except crypto.NotReadableError:
                return True
    return False


def _note(manifest: dict[str, Any], erased_again: int) -> None:
    record(
        JOB,
        "restore",
        "database",
        made_at=manifest["made_at"],
        sha256=manifest["sha256"],
        erased_again=erased_again,
    )
