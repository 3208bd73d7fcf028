"""How long people waited: alerts for somebody who acknowledges, patients for a person.

Half of all waited no longer than the median, nine of ten no longer than the 90th
percentile. What still waits counts as longer than all others, so that a queue which
nobody works through can't look fast: the percentile is then "not yet".
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings

from frontdesk.chat.models import Matter, Message, Takeover
from frontdesk.dashboard.handoffs import Matters, Told
from frontdesk.dashboard.period import Period
from frontdesk.dashboard.tables import Column, Row, Table, count, listed, waited
from frontdesk.inbox.filters_staff import ANY

# Ended by a person who reached the patient, in the chat or elsewhere.
REACHED = {
    Matter.Outcome.ANSWERED,
    Matter.Outcome.CALLED_BACK,
    Matter.Outcome.APPOINTMENT,
    Matter.Outcome.EMERGENCY_SERVICES,
}
ACKNOWLEDGED = "Urgent alert: until somebody acknowledged it"
ALERT_ANSWERED = "Urgent alert: until a person answered"
TICKET_ANSWERED = "Hand-off: until a person answered"
WHEN = {"": "any time", "in": "office open", "out": "office closed"}
LISTED = {
    ACKNOWLEDGED: {"after_urgent": "on"},
    ALERT_ANSWERED: {"after_urgent": "on"},
    TICKET_ANSWERED: {"handoff": ANY},
}
ANSWERED = (
    "Answered: the first message that a person wrote in the chat afterwards, or where "
    "nobody wrote, when it was resolved as answered, called back, appointment made or "
    "emergency services called. What was closed otherwise without a message is left "
    "out."
)


@dataclass(frozen=True)
class Wait:
    """How long in seconds, endless if it is not over; whether the office was open."""

    seconds: float
    was_open: bool


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that so large a share of all does not exceed; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def waits_of(period: Period, matters: Matters) -> dict[str, list[Wait]]:
    """All waits of the period, by what was waited for."""
    written = _written_by_staff(period)
    return {
        ACKNOWLEDGED: [
            _wait(each.created_at, each.acknowledged_at) for each in matters.alerts
        ],
        ALERT_ANSWERED: _answers(matters.alerts, written),
        TICKET_ANSWERED: _answers(matters.tickets, written),
    }


def table(period: Period, matters: Matters, earlier: Matters) -> Table:
    """Median and 90th percentile of each, in and out of office hours."""
    now, before = waits_of(period, matters), waits_of(period.before, earlier)
    rows = [
        _row(period, name, when, now[name], before[name])
        for name in now
        for when in WHEN
        if now[name] or before[name]
    ]
    return Table(
        "waiting",
        "How long people waited",
        "Of conversations that began in the period. Whether the office was open is "
        "asked of the moment in which the alert or hand-off came up. What still waits "
        f"counts as longer than all others. {ANSWERED}",
        [
            Column("what", "What", "From where to where.", is_number=False),
            Column("number", "How many", "Alerts or hand-offs that are counted here."),
            Column("open", "Still waiting", "Those among them that are not over yet."),
            Column("median", "Half within", "Half of all waited no longer than this."),
            Column(
                "p90", "Nine in ten within", "Nine of ten waited no longer than this."
            ),
            Column("before", "Half within, before", "The same in the period before."),
            Column(
                "p90_before",
                "Nine in ten within, before",
                "The same in the period before.",
            ),
        ],
        rows,
        "There was neither a hand-off nor an alert in the period, nor in the one "
        "before.",
    )


def _written_by_staff(period: Period) -> dict[UUID, list[datetime]]:
    """When people wrote in each conversation; they write in takeovers alone."""
    joined = Takeover.objects.filter(period.begins("conversation__digest__started_at"))
    wrote = Message.objects.filter(
        conversation_id__in=joined.values("conversation_id"),
        author=Message.Author.STAFF,
    )
    found: dict[UUID, list[datetime]] = defaultdict(list)
    for pk, sent_at in wrote.values_list("conversation_id", "sent_at"):
        found[pk].append(sent_at)
    return found


def _answers(
    matters: Iterable[Told], written: dict[UUID, list[datetime]]
) -> list[Wait]:
    """Until the first word of a person, or until they reached the patient otherwise."""
    found = []
    for each in matters:
        since, told = each.created_at, written.get(each.conversation_id or UUID(int=0))
        after = [at for at in told or () if at >= since]
        if after:
            found.append(_wait(since, min(after)))
        elif each.resolved_at is None or each.outcome in REACHED:
            found.append(_wait(since, each.resolved_at))
    return found


def _wait(since: datetime, until: datetime | None) -> Wait:
    seconds = max((until - since).total_seconds(), 0.0) if until else math.inf
    return Wait(seconds, settings.CLINIC.is_open(since))


def _row(
    period: Period, name: str, when: str, now: list[Wait], before: list[Wait]
) -> Row:
    mine, theirs = (_at(when, waits) for waits in (now, before))
    asked = LISTED[name] | ({"office": when} if when else {})
    seconds = [wait.seconds for wait in mine]
    earlier = [wait.seconds for wait in theirs]
    cells = [
        count(len(mine), listed(period, **asked)),
        count(sum(map(math.isinf, seconds))),
        waited(percentile(seconds, 0.5)),
        waited(percentile(seconds, 0.9)),
        waited(percentile(earlier, 0.5)),
        waited(percentile(earlier, 0.9)),
    ]
    return Row(f"{name} ({WHEN[when]})", cells)


def _at(when: str, waits: list[Wait]) -> list[Wait]:
    return [wait for wait in waits if not when or wait.was_open is (when == "in")]
