"""How much: conversations and messages, at a glance, by day and by hour of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import CharField, Count, F, Func, Q, Sum

from frontdesk.dashboard import charts
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import (
    NOW_AND_BEFORE,
    Column,
    Row,
    Table,
    count,
    listed,
    now_and_before,
)
from frontdesk.inbox.filters_staff import hour_words
from frontdesk.inbox.models import Digest

CONVERSATION = (
    "A conversation counts on the day it began, once the patient has written something "
    "or it was handed to staff. Chats that were only opened, and erased ones, don't."
)
MESSAGES = (
    "All messages of these conversations, whoever wrote them: patient, assistant and "
    "staff, greetings and notes included."
)
# Key, name, what is counted, the filter that lists them.
FACTS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("conversations", "Conversations", CONVERSATION, {}),
    ("messages", "Messages", MESSAGES, {}),
    (
        "handed_off",
        "Handed to staff",
        "Conversations with at least one hand-off or urgent alert.",
        {"handed_off": "on"},
    ),
    (
        "after_urgent",
        "Crisis or emergency",
        "Conversations with at least one urgent alert.",
        {"after_urgent": "on"},
    ),
    (
        "not_understood",
        "Not understood",
        "Conversations in which the assistant did not understand at least one message.",
        {"not_understood": "on"},
    ),
    (
        "unanswered",
        "Without an answer",
        "Conversations in which the last word is the patient's.",
        {"unanswered": "on"},
    ),
    (
        "thumbs_up",
        "Thumbs up",
        "Conversations in which the patient gave at least one thumb up.",
        {"thumb": "up"},
    ),
    (
        "thumbs_down",
        "Thumbs down",
        "Conversations in which the patient gave at least one thumb down.",
        {"thumb": "down"},
    ),
)


@dataclass
class Volume:
    """Conversations and messages."""

    conversations: int = 0
    messages: int = 0

    def add(self, conversations: int, messages: int) -> None:
        """Counts more of them."""
        self.conversations += conversations
        self.messages += messages


@dataclass
class Volumes:
    """By the clinic's days and hours."""

    of_day: dict[str, Volume] = field(default_factory=dict)
    of_hour: dict[int, Volume] = field(default_factory=dict)


class _Stretch(Func):
    """The hour, or minute, of a moment as text, which the database makes fast."""

    output_field = CharField()

    def __init__(self, moment: Any, signs: int) -> None:
        super().__init__(moment)
        self.signs = signs

    def as_sqlite(self, compiler: Any, connection: Any, **rest: Any) -> Any:
        template = f"substr(%(expressions)s, 1, {self.signs})"
        return super().as_sql(compiler, connection, template=template, **rest)

    def as_postgresql(self, compiler: Any, connection: Any, **rest: Any) -> Any:
        moment = "%(expressions)s AT TIME ZONE 'UTC'"
        template = f"substr(to_char({moment}, 'YYYY-MM-DD HH24:MI'), 1, {self.signs})"
        return super().as_sql(compiler, connection, template=template, **rest)


def volumes_of(period: Period) -> Volumes:
    """How many began on each day and in each hour of the day, in the clinic's time."""
    zone = settings.CLINIC.time_zone
    # Zones that are half an hour off need the minutes; the others a sixtieth of rows.
    offset = period.start.utcoffset() or timedelta()
    signs = 16 if offset % timedelta(hours=1) else 13
    rows = (
        Digest.objects.filter(period.begins())
        .annotate(stretch=_Stretch(F("started_at"), signs))
        .values_list("stretch")
        .annotate(Count("pk"), Sum("messages"))
    )
    found = Volumes(
        {day.isoformat(): Volume() for day in period.dates()},
        {hour: Volume() for hour in range(24)},
    )
    for stretch, conversations, messages in rows:
        moment = datetime.fromisoformat(stretch).replace(tzinfo=UTC).astimezone(zone)
        found.of_hour[moment.hour].add(conversations, messages)
        found.of_day[moment.date().isoformat()].add(conversations, messages)
    return found


def at_a_glance(period: Period) -> Table:
    """The most important numbers, each against the period before."""
    now, before = _facts(period), _facts(period.before)
    rows = [
        Row(name, now_and_before(now[key], before[key], listed(period, **asked)), what)
        for key, name, what, asked in FACTS
    ]
    return Table(
        "glance",
        "At a glance",
        "Counted in conversations that began in the period.",
        [
            Column("what", "What", "What is counted.", is_number=False),
            Column("now", "In the period", "How many there are in the period."),
            *NOW_AND_BEFORE,
        ],
        rows if now["conversations"] or before["conversations"] else [],
        "No conversation began in the period, nor in the one before.",
    )


def by_day(period: Period, now: Volumes, before: Volumes) -> Table:
    """One row for each day, and the one as many days earlier beside it."""
    earlier = list(before.of_day.values())
    rows = []
    for number, day in enumerate(period.dates()):
        found = now.of_day[day.isoformat()]
        address = listed(period, since=day, until=day)
        rows.append(_row(f"{day:%a, %b} {day.day}", found, earlier[number], address))
    is_any = any(volume.conversations for volume in now.of_day.values())
    return Table(
        "days",
        "By day",
        f"{CONVERSATION} Days are the clinic's ({settings.CLINIC.time_zone.key}).",
        _columns("Day", f"The day {period.days} days earlier."),
        rows if is_any else [],
        "No conversation began in the period.",
        _chart("days", "Conversations by day", rows) if is_any else "",
    )


def by_hour(period: Period, now: Volumes, before: Volumes) -> Table:
    """One row for each hour of the day, all days together."""

    def row(hour: int) -> Row:
        address = listed(period, hour=hour)
        then = before.of_hour[hour]
        return _row(hour_words(hour), now.of_hour[hour], then, address)

    rows = [row(hour) for hour in range(24)]
    is_any = any(volume.conversations for volume in now.of_hour.values())
    return Table(
        "hours",
        "By hour of the day",
        "Conversations by the hour in which they began, on the clinic's clock, all "
        "days of the period together.",
        _columns("Hour", "The same hour in the period before."),
        rows if is_any else [],
        "No conversation began in the period.",
        _chart("hours", "Conversations by hour of the day", rows) if is_any else "",
    )


def _facts(period: Period) -> dict[str, int]:
    wanted: dict[str, Any] = {
        "conversations": Count("pk"),
        "messages": Sum("messages"),
    }
    for key, *_ in FACTS[2:]:
        wanted[f"n_{key}"] = Count("pk", filter=Q(**{key: True}))
    found = Digest.objects.filter(period.begins()).aggregate(**wanted)
    return {key.removeprefix("n_"): value or 0 for key, value in found.items()}


def _row(name: str, now: Volume, before: Volume, address: str) -> Row:
    cells = [
        count(now.conversations, address),
        count(now.messages, address),
        count(before.conversations),
    ]
    return Row(name, cells)


def _columns(first: str, before: str) -> list[Column]:
    return [
        Column("when", first, "On the clinic's clock.", is_number=False),
        Column("conversations", "Conversations", "Those that began then."),
        Column("messages", "Messages", MESSAGES),
        Column("before", "Conversations before", before),
    ]


def _chart(key: str, title: str, rows: list[Row]) -> str:
    now, before = ([row.cells[place].value for row in rows] for place in (0, 2))
    return charts.columns(key, title, [row.name for row in rows], now, before)
