"""The few statements that every message repeats, written once. Sync.

That Django writes a statement anew takes two to five times as long as to carry it out,
and the line of the one writer waits for that. Columns, and how a value is kept, are the
models' own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from frontdesk.chat.models import Conversation, Message

MOST_AT_ONCE = 500
# What a turn changes in its conversation.
OF_A_TURN = ("last_number", "after_urgent", "lease_holder", "lease_until")


def find(conversation_id: UUID, *, lock: bool = False) -> Conversation | None:
    """A conversation, with ``lock`` for this transaction alone; None if it is gone."""
    statement = "SELECT * FROM chat_conversation WHERE id = %s"
    if lock and connection.features.has_select_for_update:
        statement += " FOR UPDATE"
    whose = _kept(Conversation, ["id"], [conversation_id])
    return next(iter(Conversation.objects.raw(statement, whose)), None)


def store_turn(conversation: Conversation) -> None:
    """Stores what a turn has changed in a locked conversation."""
    changes = ", ".join(f"{name} = %s" for name in OF_A_TURN)
    names = (*OF_A_TURN, "id")
    values = _kept(Conversation, names, [getattr(conversation, n) for n in names])
    _carry_out(f"UPDATE chat_conversation SET {changes} WHERE id = %s", values)


def after(conversation_id: UUID, number: int) -> list[Message]:
    """The messages behind a number, oldest first, ``MOST_AT_ONCE`` at the most."""
    statement = (
        "SELECT * FROM chat_message WHERE conversation_id = %s AND number > %s "
        "ORDER BY number LIMIT %s"
    )
    whose = _kept(Message, ["conversation"], [conversation_id])
    return list(Message.objects.raw(statement, [*whose, number, MOST_AT_ONCE]))


def is_there(conversation: Conversation, client_id: str | None) -> bool:
    """Whether a message with this id, or one to be answered, is in the log."""
    statement = (
        "SELECT 1 FROM chat_message WHERE conversation_id = %s "
        "AND (client_id = %s OR state = %s) LIMIT 1"
    )
    whose = _kept(Message, ["conversation"], [conversation.pk])
    with connection.cursor() as cursor:
        cursor.execute(statement, [*whose, client_id, str(Message.State.ACCEPTED)])
        return cursor.fetchone() is not None


def insert(messages: Iterable[Message]) -> list[Message]:
    """Stores new messages; they have their keys afterwards."""
    statement, names = _insertion()
    stored = list(messages)
    with connection.cursor() as cursor:
        for message in stored:
            values = [getattr(message, name) for name in names]
            cursor.execute(statement, _kept(Message, names, values))
            (message.pk,) = cursor.fetchone()
            message._state.adding, message._state.db = False, connection.alias
    return stored


def mark_answered(message: Message) -> bool:
    """The patient's message needs nothing more; False if that was so before."""
    statement = "UPDATE chat_message SET state = %s WHERE id = %s AND state = %s"
    states = str(Message.State.ANSWERED), str(Message.State.ACCEPTED)
    return _carry_out(statement, [states[0], message.pk, states[1]]) == 1


def blocked_answers() -> set[tuple[str, str]]:
    """The responses, each with a version, that staff have taken out of service."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT response, version FROM chat_blockedanswer")
        return set(cursor.fetchall())


@cache
def _insertion() -> tuple[str, list[str]]:
    """The statement for a new message, and the attributes that it takes."""
    fields = [each for each in Message._meta.concrete_fields if not each.primary_key]
    columns = ", ".join(each.column for each in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO chat_message ({columns}) VALUES ({places}) RETURNING id"
    return statement, [each.attname for each in fields]


def _carry_out(statement: str, values: list[Any]) -> int:
    """How many rows it has changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _kept(model: type[Model], names: Sequence[str], values: Sequence[Any]) -> list[Any]:
    """Values of a model's fields as this database keeps them."""
    fields = (model._meta.get_field(name) for name in names)
    return [
        field.get_db_prep_save(value, connection)
        for field, value in zip(fields, values, strict=True)
    ]
