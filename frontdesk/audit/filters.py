"""Which entries of the ledger somebody wants to see; read from the address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict

from frontdesk.audit.models import Entry
from frontdesk.audit.words import action_in_words
from frontdesk.staff.models import Person

ON_A_PAGE = 50
JOB = "job:"
NAMES = ("who", "action", "about", "since", "until")
LONGEST = 100


@dataclass(frozen=True)
class Filters:
    """What the form of the page holds; nonsense counts as nothing."""

    who: str = ""  # a person's key, or "job:<name>"
    action: str = ""
    about: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        """Those of an address."""
        given = {name: query.get(name, "").replace("\0", "") for name in NAMES}
        return cls(**{name: text.strip()[:LONGEST] for name, text in given.items()})

    def query(self) -> str:
        """The same as part of an address."""
        query = QueryDict(mutable=True)
        query.update({name: getattr(self, name) for name in self.given()})
        return query.urlencode()

    def given(self) -> list[str]:
        """The names of those that are not empty."""
        return [name for name in NAMES if getattr(self, name)]

    def entries(self) -> QuerySet[Entry]:
        """The entries wanted, the newest first."""
        found = Entry.objects.order_by("-number")
        if self.who.startswith(JOB):
            found = found.filter(person=None, actor=self.who.removeprefix(JOB))
        elif self.who.isascii() and self.who.isdecimal() and len(self.who) < 19:
            found = found.filter(person_id=int(self.who))
        if self.action:
            found = found.filter(action=self.action)
        if self.about:
            found = found.filter(subject__icontains=self.about)
        return found.filter(**self._between())

    def _between(self) -> dict[str, Any]:
        """Whole days of the clinic."""
        limits = {"at__gte": _day(self.since), "at__lt": _day(self.until, later=1)}
        return {name: value for name, value in limits.items() if value}


@dataclass(frozen=True)
class Page:
    """Some entries, and where to go on."""

    entries: list[Entry]
    older: int | None
    newer: int | None


def page_of(filters: Filters, query: QueryDict) -> Page:
    """The entries behind ``before`` or in front of ``after``; else the newest."""
    entries, before = filters.entries(), _number(query, "before")
    after = _number(query, "after") if before is None else None
    if after is not None:
        return _in_front_of(entries, after)
    found = entries if before is None else entries.filter(number__lt=before)
    rows = list(found[: ON_A_PAGE + 1])
    shown = rows[:ON_A_PAGE]
    has_newer = before is not None and bool(shown)
    return Page(
        entries=shown,
        older=shown[-1].number if len(rows) > ON_A_PAGE else None,
        newer=shown[0].number if has_newer else None,
    )


def _in_front_of(entries: QuerySet[Entry], after: int) -> Page:
    found = entries.filter(number__gt=after).order_by("number")
    rows = list(found[: ON_A_PAGE + 1])
    shown = rows[ON_A_PAGE - 1 :: -1] if len(rows) > ON_A_PAGE else rows[::-1]
    return Page(
        entries=shown,
        older=shown[-1].number if shown else None,
        newer=shown[0].number if len(rows) > ON_A_PAGE else None,
    )


def choices() -> dict[str, list[tuple[str, str]]]:
    """What the form offers: everybody with an account, jobs, and what was ever done."""
    people = [(str(each.pk), str(each)) for each in Person.objects.order_by("name")]
    jobs = Entry.objects.filter(person=None).values_list("actor", flat=True)
    names = sorted(jobs.order_by().distinct())
    actions = Entry.objects.order_by().values_list("action", flat=True).distinct()
    said = [(action, action_in_words(action)) for action in actions]
    return {
        "people": people,
        "jobs": [(f"{JOB}{name}", name) for name in names],
        "actions": sorted(said, key=lambda choice: choice[1]),
    }


def _day(text: str, *, later: int = 0) -> datetime | None:
    try:
        day = date.fromisoformat(text) + timedelta(days=later)
    except (ValueError, OverflowError):
        return None
    if not 1900 < day.year < 9000:
        return None
    return datetime.combine(day, time(), tzinfo=settings.CLINIC.time_zone)


def _number(query: QueryDict, name: str) -> int | None:
    value = query.get(name, "")
    fits = value.isascii() and value.isdecimal() and len(value) < 19
    return int(value) if fits else None
