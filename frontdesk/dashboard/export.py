"""Tables as files for a spreadsheet: numbers and addresses, no words of anybody."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from frontdesk.audit.file import FORMULA
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import Table

ALL = ("table", "row", "column", "value", "definition", "conversations")


def one(table: Table, absolute: Callable[[str], str]) -> str:
    """A table as it is on the page.

    Args:
        table: which one.
        absolute: makes an address that also works outside of the page.
    """
    head = [column.title for column in table.columns]
    lines: list[list[Any]] = [[*head, "conversations"]]
    for row in table.rows:
        href = next((cell.href for cell in row.cells if cell.href), "")
        values = [_value(cell.value) for cell in row.cells]
        lines.append([row.name, *values, absolute(href) if href else ""])
    return _file(lines)


def everything(
    tables: Iterable[Table], period: Period, absolute: Callable[[str], str]
) -> str:
    """All tables in one, a line for each number."""
    lines: list[list[Any]] = [list(ALL)]
    days = f"{period.first.isoformat()} to {period.last.isoformat()}"
    lines.append(["period", "", "", days, "", ""])
    for table in tables:
        for row in table.rows:
            for column, cell in zip(table.columns[1:], row.cells, strict=True):
                lines.append(
                    [
                        table.title,
                        row.name,
                        column.title,
                        _value(cell.value),
                        row.definition or column.definition,
                        absolute(cell.href) if cell.href else "",
                    ]
                )
    return _file(lines)


def _value(value: Any) -> Any:
    return "" if value is None else value


def _file(lines: Iterable[Iterable[Any]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([_plain(cell) for cell in line] for line in lines)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """A number stays one; text that a spreadsheet would work out is quoted."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value
