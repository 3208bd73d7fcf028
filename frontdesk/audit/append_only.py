"""Triggers with which the database itself refuses to change or delete an entry.

Not a proof (who owns the database can drop them), but a guard against mistakes, and
against whoever has got hold of the front desk's connection only. Made by a migration.
"""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE, HEAD = "audit_entry", "audit_head"
WHY = "The ledger is append-only."
# SQLite: INSERT OR REPLACE would delete without any trigger for DELETE.
_SQLITE = {
    "audit_entry_no_update": f"BEFORE UPDATE ON {TABLE}",
    "audit_entry_no_delete": f"BEFORE DELETE ON {TABLE}",
    "audit_entry_no_replace": (
        f"BEFORE INSERT ON {TABLE} WHEN NEW.number <= (SELECT max(number) FROM {TABLE})"
    ),
    "audit_head_no_delete": f"BEFORE DELETE ON {HEAD}",
    "audit_head_no_way_back": f"BEFORE UPDATE ON {HEAD} WHEN NEW.number < OLD.number",
}
_POSTGRESQL = {
    "audit_entry_no_update": f"BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW",
    "audit_entry_no_truncate": f"BEFORE TRUNCATE ON {TABLE}",
    "audit_head_no_delete": f"BEFORE DELETE ON {HEAD} FOR EACH ROW",
    "audit_head_no_truncate": f"BEFORE TRUNCATE ON {HEAD}",
    "audit_head_no_way_back": (
        f"BEFORE UPDATE ON {HEAD} FOR EACH ROW WHEN (NEW.number < OLD.number)"
    ),
}
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{WHY}'; END $$
"""


def protect(alias: str = "default") -> None:
    """Makes the triggers that are not there; safe to repeat."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for name in missing(alias):
            cursor.execute(_create(connection, name))


def unprotect(alias: str = "default") -> None:
    """Drops them, as a migration backwards must."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for name in _triggers(connection):
            table = f" ON {_table(name)}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{table}")


def missing(alias: str = "default") -> list[str]:
    """The names of those that are not there, though they should be."""
    connection = connections[alias]
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in _triggers(connection) if name not in there]


def _triggers(connection: BaseDatabaseWrapper) -> dict[str, str]:
    return _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE


def _create(connection: BaseDatabaseWrapper, name: str) -> str:
    begin = f"CREATE TRIGGER {name} {_triggers(connection)[name]}"
    if connection.vendor == "postgresql":
        return f"{begin} EXECUTE FUNCTION audit_append_only()"
    return f"{begin} BEGIN SELECT RAISE(ABORT, '{WHY}'); END"


def _table(name: str) -> str:
    return TABLE if name.startswith(TABLE) else HEAD
