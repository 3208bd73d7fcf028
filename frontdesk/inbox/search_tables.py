"""The index's tables, and the triggers that note which digests are behind.

Made by a migration, and looked at after each later one: SQLite makes a table anew to
change it, and drops its triggers without a word.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# What happens in a conversation that its digest has to know of.
_STALE = "INSERT INTO inbox_stale (conversation_id, gone)"
_NEW = f"{_STALE} VALUES (NEW.conversation_id, FALSE);"
_NEW_FEEDBACK = (
    f"{_STALE} SELECT conversation_id, FALSE FROM chat_message "
    f"WHERE id = NEW.message_id;"
)
_NEW_ALERT = (
    f"{_STALE} SELECT NEW.conversation_id, FALSE WHERE NEW.conversation_id IS NOT NULL;"
)
# A message that is deleted takes the digest with it, in the same transaction; what is
# left of the conversation is digested anew.
_FORGET = f"""
DELETE FROM inbox_digest WHERE conversation_id = OLD.conversation_id;
{_STALE} SELECT OLD.conversation_id, TRUE WHERE NOT EXISTS (
    SELECT 1 FROM inbox_stale WHERE gone AND conversation_id = OLD.conversation_id
);
"""
# What hangs on a digest; {key} is the index's own.
_FORGET_PARTS = """
DELETE FROM inbox_turn WHERE digest_id = OLD.id;
DELETE FROM inbox_words WHERE {key} = OLD.id;
"""
TRIGGERS = (
    ("chat_message", "INSERT", _NEW),
    ("chat_message", "UPDATE", _NEW),
    ("chat_message", "DELETE", _FORGET),
    ("chat_feedback", "INSERT", _NEW_FEEDBACK),
    ("chat_feedback", "UPDATE", _NEW_FEEDBACK),
    ("chat_ticket", "INSERT", _NEW),
    ("chat_alert", "INSERT", _NEW_ALERT),
    ("inbox_digest", "DELETE", _FORGET_PARTS),
)


def create(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """Makes the index, and has all conversations digested (a migration)."""
    install(editor)
    editor.execute(
        f"{_STALE} SELECT id, FALSE FROM chat_conversation WHERE erased_at IS NULL"
    )


def remove(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """The way back (a migration)."""
    is_sqlite = editor.connection.vendor == "sqlite"
    for table, event, _ in TRIGGERS:
        on = "" if is_sqlite else f" ON {table}"
        editor.execute(f"DROP TRIGGER IF EXISTS {_name(table, event)}{on}")
    editor.execute("DROP TABLE IF EXISTS inbox_words")


def install(editor: BaseDatabaseSchemaEditor) -> None:
    """Makes what is not there yet."""
    if editor.connection.vendor == "sqlite":
        _install_sqlite(editor)
    else:
        _install_postgresql(editor)


def erases_at_once(version: tuple[int, ...]) -> bool:
    """Whether this SQLite takes deleted words out of its index by itself."""
    return version >= (3, 42)


def _name(table: str, event: str) -> str:
    return f"inbox_{table}_{event.lower()}"


def _install_sqlite(editor: BaseDatabaseSchemaEditor) -> None:
    # ascii: whatever is no ASCII sign is part of a word; we part them ourselves.
    editor.execute(
        "CREATE VIRTUAL TABLE IF NOT EXISTS inbox_words "
        "USING fts5(patient, others, tokenize = 'ascii')"
    )
    if erases_at_once(editor.connection.Database.sqlite_version_info):
        editor.execute(
            "INSERT INTO inbox_words (inbox_words, rank) VALUES ('secure-delete', 1)"
        )
    for table, event, body in TRIGGERS:
        body = body.replace("{key}", "rowid")
        editor.execute(
            f"CREATE TRIGGER IF NOT EXISTS {_name(table, event)} "
            f"AFTER {event} ON {table} BEGIN {body} END"
        )


def _install_postgresql(editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(
        "CREATE TABLE IF NOT EXISTS inbox_words ("
        "digest_id bigint PRIMARY KEY, words tsvector NOT NULL)"
    )
    # No list of pending words: each search would read it through.
    editor.execute(
        "CREATE INDEX IF NOT EXISTS inbox_words_index ON inbox_words "
        "USING gin (words) WITH (fastupdate = off)"
    )
    for table, event, body in TRIGGERS:
        body = body.replace("{key}", "digest_id")
        editor.execute(
            f"CREATE OR REPLACE FUNCTION {_name(table, event)}() RETURNS trigger "
            f"LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        )
        editor.execute(
            f"CREATE OR REPLACE TRIGGER {_name(table, event)} AFTER {event} "
            f"ON {table} FOR EACH ROW EXECUTE FUNCTION {_name(table, event)}()"
        )
