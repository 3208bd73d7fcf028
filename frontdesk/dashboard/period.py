"""The period a dashboard is about: days of the clinic, and as many days before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.conf import settings
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from frontdesk.inbox.filters import Filters, start_of

CHOICES = (7, 30, 90)
USUAL = 30
MOST_DAYS = 366


class PeriodError(ValueError):
    """Days that make no period; the words are for staff."""


@dataclass(frozen=True)
class Period:
    """All that a figure is counted of: conversations that began in these days."""

    first: date
    last: date
    now: datetime

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """When the first day begins at the clinic."""
        return start_of(self.first)

    @property
    def end(self) -> datetime:
        """When the last day ends, or now if that is earlier."""
        return min(start_of(self.last + timedelta(days=1)), self.now)

    @property
    def is_going_on(self) -> bool:
        """Whether the last day is not over yet."""
        return self.end == self.now

    @cached_property
    def before(self) -> Period:
        """As many days before, up to the same time of day if today is not over."""
        earlier = timedelta(days=self.days)
        # On the clinic's clock: a day of changed clocks has not 24 hours.
        local = self.now.astimezone(settings.CLINIC.time_zone) - earlier
        return Period(self.first - earlier, self.last - earlier, local)

    def dates(self) -> list[date]:
        """Each of its days."""
        return [self.first + timedelta(days=number) for number in range(self.days)]

    def begins(self, of: str = "started_at") -> Q:
        """The conversations of the period, as a condition on digests.

        Args:
            of: the path to the moment in which a digest's conversation began.
        """
        return Q(**{f"{of}__gte": self.start, f"{of}__lt": self.end})

    def query(self) -> dict[str, str]:
        """As the query of the dashboard's address."""
        return {"since": self.first.isoformat(), "until": self.last.isoformat()}


def period_of(asked: QueryDict) -> Period:
    """The period that an address asks for; the last weeks without one.

    Raises:
        PeriodError: if its days make none.
    """
    now = timezone.now()
    today = now.astimezone(settings.CLINIC.time_zone).date()
    if asked.get("since") or asked.get("until"):
        return _between(asked, now, today)
    days = asked.get("days", "")
    length = int(days) if days in map(str, CHOICES) else USUAL
    return Period(today - timedelta(days=length - 1), today, now)


def usual_period() -> Period:
    """What is shown instead of a period that makes no sense."""
    return period_of(QueryDict())


def _between(asked: QueryDict, now: datetime, today: date) -> Period:
    given = {name: asked.get(name, "") for name in ("since", "until")}
    read = Filters(given).values
    first, last = read.get("since"), read.get("until", today)
    if first is None or (given["until"] and "until" not in read):
        raise PeriodError("Choose a first day, and no last day before it.")
    if first > today:
        raise PeriodError("The first day has not come yet.")
    last = min(last, today)
    if last < first or (last - first).days >= MOST_DAYS:
        raise PeriodError(f"Choose 1 to {MOST_DAYS} days, the first one first.")
    return Period(first, last, now)
