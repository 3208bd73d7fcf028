"""How each database is copied while it is used, and put back; used by ``backup``."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

# Without a row in any of these, nothing is lost with a database.
THAT_COUNT = ("chat_conversation", "staff_person", "audit_entry")


class BackupError(RuntimeError):
    """A backup can't be made or put back; the message says what to do."""


@dataclass(frozen=True)
class Snapshot:
    """What was in the database at the moment of its copy."""

    engine: str
    version: str
    migrations: list[str]
    rows: dict[str, int]
    ledger: dict[str, Any] | None


class Engine(Protocol):
    """One kind of database."""

    name: str

    def dump(self, file: Path) -> Snapshot:
        """Copies the database at one moment; others go on writing."""

    def check_alone(self) -> None:
        """Refuses while anybody else has the database open."""

    def replace_by(self, file: Path) -> str:
        """Puts a copy in its place; says where the database before it is now."""


def engine() -> Engine:
    """The one of the settings."""
    return Sqlite() if connection.vendor == "sqlite" else Postgresql()


def snapshot_of(name: str, version: str, cursor: Any, tables: list[str]) -> Snapshot:
    """Counts and ends, read through a cursor."""

    def read(query: str) -> list[Any]:
        cursor.execute(query)
        return list(cursor.fetchall())

    rows = {table: read(f'SELECT count(*) FROM "{table}"')[0][0] for table in tables}
    done = read("SELECT app, name FROM django_migrations ORDER BY app, name")
    last = read("SELECT number, seal FROM audit_entry ORDER BY number DESC LIMIT 1")
    ledger = {"number": last[0][0], "seal": last[0][1]} if last else None
    return Snapshot(name, version, [f"{a}.{n}" for a, n in done], rows, ledger)


class Sqlite:
    """Through SQLite's own online copy."""

    name = "sqlite"

    def __init__(self) -> None:
        self.file = Path(settings.DATABASES["default"]["NAME"])

    def dump(self, file: Path) -> Snapshot:
        """(see ``Engine``). Writers go on: the copy is of one moment."""
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(handle)
        address = f"{self.file.absolute().as_uri()}?mode=rw"  # never makes one
        try:
            with (
                closing(sqlite3.connect(address, uri=True, timeout=60)) as source,
                closing(sqlite3.connect(file)) as copy,
            ):
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                return self._look_at(copy)
        except sqlite3.Error as error:
            raise BackupError(f"{self.file}: can't be copied ({error}).") from error

    def _look_at(self, copy: sqlite3.Connection) -> Snapshot:
        (sound,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if sound != "ok":
            raise BackupError(f"{self.file}: the database is damaged: {sound}.")
        names = copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = sorted(name for (name,) in names if not name.startswith("sqlite_"))
        version = sqlite3.sqlite_version
        return snapshot_of(self.name, version, copy.cursor(), tables)

    def check_alone(self) -> None:
        """(see ``Engine``)."""
        connections.close_all()
        if not self.file.exists():
            return
        with closing(sqlite3.connect(self.file, timeout=0.5)) as alone:
            try:
                # Only who is alone with a database may leave this mode.
                (mode,) = alone.execute("PRAGMA journal_mode = DELETE").fetchone()
            except sqlite3.OperationalError:
                mode = "wal"
        if mode != "delete":
            raise BackupError(
                f"{self.file}: another program has it open. Stop it first."
            )

    def replace_by(self, file: Path) -> str:
        """(see ``Engine``)."""
        self.check_alone()
        before = ""
        if self.file.exists() and self._has_tables():
            stamp = timezone.now().strftime("%Y%m%dT%H%M%S%fZ")
            kept = self.file.with_name(f"{self.file.name}.before-restore-{stamp}")
            self.file.rename(kept)
            before = str(kept)
        shutil.move(file, self.file)
        return before

    def _has_tables(self) -> bool:
        with closing(sqlite3.connect(self.file)) as there:
            return there.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


class Postgresql:
    """Through pg_dump and pg_restore of the same machine."""

    name = "postgresql"

    def dump(self, file: Path) -> Snapshot:
        """(see ``Engine``). Counted in the very transaction that is copied."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SELECT pg_export_snapshot()")
            (exported,) = cursor.fetchone()
            options = ["--format=custom", "--no-owner", f"--snapshot={exported}"]
            self._run("pg_dump", [*options, f"--file={file}"])
            tables = sorted(connection.introspection.table_names(cursor))
            version = str(connection.pg_version)
            return snapshot_of(self.name, version, cursor, tables)

    def check_alone(self) -> None:
        """(see ``Engine``)."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database() AND backend_type = 'client backend'"
            )
            (others,) = cursor.fetchone()
        if others:
            raise BackupError(
                f"{others} other connections use this database. Stop every front desk, "
                f"on other machines too, and what else is connected."
            )

    def replace_by(self, file: Path) -> str:
        """(see ``Engine``)."""
        self.check_alone()
        stamp = timezone.now().strftime("%Y%m%dT%H%M%S%fZ")
        kept = settings.CLINIC_HOME / f"before-restore-{stamp}.dump"
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            if tables:
                kept.touch(mode=0o600)
                self._run("pg_dump", ["--format=custom", f"--file={kept}"])
            for table in tables:
                cursor.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
        connections.close_all()
        try:
            self._put_in(file)
        except BackupError:
            if tables:
                self._put_in(kept)
            raise
        return str(kept) if tables else ""

    def _put_in(self, file: Path) -> None:
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction"]
        self._run("pg_restore", [*options, str(file)])

    def _run(self, program: str, options: list[str]) -> None:
        found = shutil.which(program)
        if found is None:
            raise BackupError(
                f"{program} is not installed here. Install PostgreSQL's client "
                f"programs (Debian: postgresql-client), of the server's version or "
                f"newer."
            )
        from psycopg2.extensions import make_dsn

        given = connection.get_connection_params()
        known = ("dbname", "user", "host", "port", "sslmode", "sslrootcert")
        address = make_dsn(**{name: given[name] for name in known if given.get(name)})
        environment = {**os.environ, "PGPASSWORD": given.get("password") or ""}
        command = [found, f"--dbname={address}", *options]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            words = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            raise BackupError(f"{program} failed: {words[0]}")
