"""Finds conversations: a page of them, how many there are, names to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Max, Model, QuerySet

from frontdesk.inbox.filters import Filters
from frontdesk.inbox.search_models import Digest, Turn
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

ON_A_PAGE = 50
MOST_COUNTED = 1000
MOST_EXPORTED = 10_000
MOST_NAMES = 200
# The newest ids are looked through first, in steps of this width, then all the rest:
# what is common is found there at once, and what is rare is left to the indexes.
STEPS = (8_000, 32_000)


@dataclass(frozen=True)
class Found:
    """A page of results."""

    digests: list[Digest]
    count: int  # MOST_COUNTED + 1: more than that
    next_before: int | None = None  # where the next page begins

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count > MOST_COUNTED


def readable_by(person: Person) -> QuerySet[Digest]:
    """What a person may find. An erased conversation has no digest."""
    may = person.may(Permission.READ)
    return Digest.objects.all() if may else Digest.objects.none()


def find(person: Person, filters: Filters, *, before: int | None = None) -> Found:
    """A page of what was asked for, the newest first.

    Args:
        person: who asks.
        filters: for what.
        before: the last id of the page before; nothing for the first page.
    """
    wanted = filters.narrow(readable_by(person))
    counted = newest(wanted, MOST_COUNTED + 1)
    ids = counted[: ON_A_PAGE + 1]
    if before is not None:
        ids = newest(wanted, ON_A_PAGE + 1, before=before)
    digests = {each.pk: each for each in Digest.objects.filter(pk__in=ids[:ON_A_PAGE])}
    # One that has just changed is a new row, on the first page.
    shown = [digests[pk] for pk in ids[:ON_A_PAGE] if pk in digests]
    is_last = len(ids) <= ON_A_PAGE
    return Found(shown, len(counted), None if is_last else ids[ON_A_PAGE - 1])


def newest(
    wanted: QuerySet[Digest], most: int, *, before: int | None = None
) -> list[int]:
    """The highest ids of these."""
    if wanted.query.is_empty():
        return []
    last = Digest.objects.aggregate(last=Max("pk"))["last"] or 0
    end = last + 1 if before is None else min(before, last + 1)
    found: list[int] = []
    for width in (*STEPS, None):
        start = 0 if width is None else max(end - width, 0)
        part = wanted.filter(pk__gte=start, pk__lt=end).order_by("-pk")
        found += part.values_list("pk", flat=True)[: most - len(found)]
        if len(found) == most or start == 0:
            break
        end = start
    return found


def names(model: type[Model], column: str) -> list[str]:
    """The different values of an indexed column, without reading all rows.

    Args:
        model: ``Turn`` or ``Digest``.
        column: one that an index begins with.
    """
    table, field = model._meta.db_table, model._meta.get_field(column).column
    # Each step jumps to the next value in the index.
    statement = (
        f"WITH RECURSIVE each(name) AS ("
        f"SELECT min({field}) FROM {table} WHERE {field} > '' UNION ALL "
        f"SELECT (SELECT min({field}) FROM {table} WHERE {field} > each.name) "
        f"FROM each WHERE each.name IS NOT NULL) "
        f"SELECT name FROM each WHERE name IS NOT NULL LIMIT {MOST_NAMES}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [name for (name,) in cursor.fetchall()]


def offered() -> dict[str, list[str]]:
    """What can be chosen, by field."""
    return {
        "intent": names(Turn, "intent"),
        "model": names(Turn, "model"),
        "page": names(Digest, "page"),
    }
