"""What the dashboard is made of: tables whose numbers say what they count and of whom.

The page, its charts and its files are all made from these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import compress
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from frontdesk.alerts.presenter import duration
from frontdesk.dashboard.period import Period

NOTHING = "-"


@dataclass(frozen=True)
class Cell:
    """One value: as it is, as people read it, and where its conversations are."""

    value: Any
    text: str
    href: str = ""
    look: str = ""


@dataclass(frozen=True)
class Column:
    """What the values below are; every one has a definition."""

    key: str
    title: str
    definition: str
    is_number: bool = True
    is_technical: bool = False  # for developers: in the files, not on the page


@dataclass(frozen=True)
class Row:
    """A line: its name, what the name means where that is not plain, its values."""

    name: str
    cells: list[Cell]
    definition: str = ""


@dataclass(frozen=True)
class Table:
    """A figure of the dashboard."""

    key: str
    title: str
    definition: str
    columns: list[Column]  # the first one is of the names
    rows: list[Row]
    empty: str
    chart: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.rows

    @property
    def on_page(self) -> tuple[list[Column], list[tuple[Row, list[Cell]]]]:
        """Columns, and rows with their values, without what is for developers."""
        first, *rest = self.columns
        shown = [not column.is_technical for column in rest]
        return (
            [first, *compress(rest, shown)],
            [(row, list(compress(row.cells, shown))) for row in self.rows],
        )


def listed(period: Period, **asked: Any) -> str:
    """The address of the conversations that a number of the period is about."""
    query = {"began": "on", **period.query(), **asked}
    return f"{reverse('inbox:conversations')}?{urlencode(query)}"


def count(number: int | None, href: str = "") -> Cell:
    """A number of something; nothing to follow where there is none."""
    number = number or 0
    return Cell(number, f"{number:,}", href if number else "")


def share(part: int, whole: int) -> Cell:
    """How much of all."""
    if not whole:
        return Cell(None, NOTHING)
    return Cell(round(part / whole, 4), percent(part / whole))


def percent(value: float) -> str:
    """As people write it: no digits behind the point but near the ends."""
    digits = 1 if 0 < value < 0.1 or 0.9 < value < 1 else 0
    return f"{value * 100:.{digits}f} %"


def change(now: int, before: int) -> Cell:
    """By how much it is more or less than in the period before."""
    more = now - before
    sign = "+" if more > 0 else "-" if more < 0 else "±"
    if not before:
        return Cell(more, f"{sign}{abs(more):,}")
    return Cell(more, f"{sign}{abs(more):,} ({sign}{abs(more) / before:.0%})")


def waited(seconds: float | None) -> Cell:
    """A length of time; infinite: it is not over yet."""
    if seconds is None:
        return Cell(None, NOTHING)
    if math.isinf(seconds):
        return Cell("not yet", "not yet")
    return Cell(round(seconds), duration(timedelta(seconds=seconds)))


def text(words: str, href: str = "", look: str = "words") -> Cell:
    """Words."""
    return Cell(words, words, href, look)


NOW_AND_BEFORE = [
    Column("before", "Before", "The same for as many days before the period."),
    Column(
        "change",
        "Change",
        "What is more or less than before, and by how many percent of before.",
    ),
]


def now_and_before(now: int, before: int, href: str = "") -> list[Cell]:
    """The usual three cells."""
    return [count(now, href), count(before), change(now, before)]
