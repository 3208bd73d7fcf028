"""Writes many rows fast, as dictionaries of fields; Django's own way takes minutes."""

import csv
import io
import json
import uuid
from datetime import UTC, datetime


def insert(model, rows):
    """Rows with the model's defaults for what they don't say."""
    from django.db import connection

    if not rows:
        return
    has_key = model._meta.pk.attname in rows[0]
    fields = [f for f in model._meta.concrete_fields if has_key or not f.primary_key]
    is_sqlite = connection.vendor == "sqlite"
    usual = [_plain(field.get_default(), is_sqlite) for field in fields]
    names = [field.attname for field in fields]
    values = [
        [
            _plain(row[name], is_sqlite) if name in row else default
            for name, default in zip(names, usual, strict=True)
        ]
        for row in rows
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_sqlite:
            places = ", ".join(["%s"] * len(fields))
            statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
            cursor.executemany(statement, values)
        else:
            _copy(cursor, f"COPY {table} ({columns}) FROM STDIN", values)


def _copy(cursor, statement, values):
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_NOTNULL)
    writer.writerows(values)
    lines.seek(0)
    cursor.copy_expert(f"{statement} WITH (FORMAT csv)", lines)


def _plain(value, is_sqlite):
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, uuid.UUID):
        return value.hex if is_sqlite else str(value)
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None if is_sqlite else UTC))
    return value if is_sqlite or not isinstance(value, bool) else str(value)
