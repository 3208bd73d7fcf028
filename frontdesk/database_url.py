"""``DATABASE_URL`` as Django's database settings; called by ``settings`` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BUSY_SECONDS = 5.0
MOST_PAGES_IN_JOURNAL = 10_000  # of 4 kB; SQLite's own 1000 are full within a second


def parse_database_url(url: str | None, default_file: Path) -> dict[str, Any]:
    """Settings of the database.

    Args:
        url: ``postgres://user:password@host:port/name?sslmode=…``, ``sqlite:///file``,
            or nothing for the embedded database.
        default_file: the embedded database.

    Raises:
        ImproperlyConfigured: says what of the address can't be used, without quoting
            it, since it holds a password.
    """
    if not url:
        return _sqlite(default_file)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured("DATABASE_URL: this is no address.") from error
    if parts.scheme == "sqlite":
        return _sqlite(Path(unquote(parts.path.removeprefix("/"))))
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(
            f"DATABASE_URL: '{parts.scheme}' is not supported; write "
            f"postgres://user:password@host:5432/name."
        )
    name = unquote(parts.path.removeprefix("/"))
    if not name:
        raise ImproperlyConfigured(
            "DATABASE_URL: the database's name is missing: write it behind the last /."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        # Kept for the life of a database thread; a dead one is noticed and replaced.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 3, **dict(parse_qsl(parts.query))},
    }


def _sqlite(file: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # Takes the write lock at once: a transaction never fails half-way for it.
            "transaction_mode": "IMMEDIATE",
            "timeout": BUSY_SECONDS,
            # What was committed is never lost: FULL waits for the disk.
            # What was erased is overwritten, not only taken out of the index.
            # A write that finds the journal too long copies it, and all wait for that;
            # so the front desk does it before, beside them (``database.copy_journal``).
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                "PRAGMA secure_delete=ON; "
                f"PRAGMA wal_autocheckpoint={MOST_PAGES_IN_JOURNAL};"
            ),
        },
    }
