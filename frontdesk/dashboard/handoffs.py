"""What was handed to staff: by reason, and what became of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from frontdesk.chat.models import Alert, Ticket
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
from frontdesk.inbox import labels
from frontdesk.inbox.filters_staff import OPEN, OUTCOMES, REASONS

OF_CONVERSATION = "conversation__digest__started_at"


class Told(NamedTuple):
    """What is known of one hand-off, or of one alert."""

    reason: str  # of an alert: its topic
    created_at: datetime
    conversation_id: UUID | None
    resolved_at: datetime | None
    outcome: str
    acknowledged_at: datetime | None = None


@dataclass(frozen=True)
class Matters:
    """All of a period."""

    tickets: list[Told]
    alerts: list[Told]


def matters_of(period: Period) -> Matters:
    """Hand-offs and alerts of conversations that began in the period. No drills.

    Alerts without a conversation count by when they were raised: a refused request has
    none, and an alert survives a conversation that was erased.
    """
    fields = ("created_at", "conversation_id", "resolved_at", "outcome")
    tickets = Ticket.objects.filter(period.begins(OF_CONVERSATION))
    alerts = Alert.objects.filter(is_drill=False)
    # Asked apart: together, PostgreSQL would read all conversations there ever were.
    alone = alerts.filter(period.begins("created_at"), conversation__digest=None)
    columns = ("topic", *fields, "acknowledged_at")
    return Matters(
        [Told(*row) for row in tickets.values_list("reason", *fields)],
        [
            Told(*row)
            for part in (alerts.filter(period.begins(OF_CONVERSATION)), alone)
            for row in part.values_list(*columns)
        ],
    )


def by_reason(period: Period, matters: Matters, earlier: Matters) -> Table:
    """Hand-offs by their reason, the most frequent first."""
    now, before = (_counted(each.tickets) for each in (matters, earlier))
    ordered = sorted(
        now.keys() | before.keys(),
        key=lambda name: (-now.get(name, (0, 0))[0], name),
    )
    rows = []
    for name in ordered:
        made, conversations = now.get(name, (0, 0))
        address = listed(period, handoff=name) if name in REASONS else ""
        cells = now_and_before(made, before.get(name, (0, 0))[0], address)
        rows.append(
            Row(labels.topic(name), [cells[0], count(conversations), *cells[1:]])
        )
    names = [row.name for row in rows]
    values = [[row.cells[place].value for row in rows] for place in (0, 2)]
    return Table(
        "handoffs",
        "Hand-offs by reason",
        "What the assistant passed on to staff in conversations that began in the "
        "period. Urgent alerts are not among them; they follow below.",
        [
            Column("reason", "Reason", "Why it was handed on.", is_number=False),
            Column("now", "Hand-offs", "Each one that staff had to see to."),
            Column(
                "conversations", "Conversations", "In how many conversations they were."
            ),
            *NOW_AND_BEFORE,
        ],
        rows,
        "Nothing was handed to staff in the period, nor in the one before.",
        charts.bars("handoffs", "Hand-offs by reason", names, *values) if rows else "",
    )


def outcomes(period: Period, matters: Matters) -> Table:
    """What became of hand-offs and alerts."""
    found: list[Counter[str]] = []  # of hand-offs, then of alerts
    conversations: dict[str, set[UUID]] = defaultdict(set)
    for kind in (matters.tickets, matters.alerts):
        found.append(Counter())
        for each in kind:
            outcome = each.outcome if each.resolved_at else OPEN
            found[-1][outcome] += 1
            if each.conversation_id:
                conversations[outcome].add(each.conversation_id)
    rows = [
        _outcome(period, name, words, found, len(conversations[name]))
        for name, words in OUTCOMES
        if any(kind[name] for kind in found)
    ]
    return Table(
        "outcomes",
        "What became of hand-offs and alerts",
        "As staff said when they resolved them. An alert without a conversation (a "
        "refused request, or an erased chat) counts by when it was raised. Drills "
        "don't count.",
        [
            Column("outcome", "Outcome", "What staff chose.", is_number=False),
            Column("tickets", "Hand-offs", "Hand-offs that ended so."),
            Column("alerts", "Urgent alerts", "Urgent alerts that ended so."),
            Column(
                "conversations",
                "Conversations",
                "Conversations with at least one of either that ended so.",
            ),
        ],
        rows,
        "There was neither a hand-off nor an alert in the period.",
    )


def _counted(tickets: Iterable[Told]) -> dict[str, tuple[int, int]]:
    """Reason: how many hand-offs, in how many conversations."""
    found: dict[str, list[UUID | None]] = defaultdict(list)
    for each in tickets:
        found[each.reason].append(each.conversation_id)
    return {reason: (len(ids), len(set(ids))) for reason, ids in found.items()}


def _outcome(
    period: Period,
    name: str,
    words: str,
    found: list[Counter[str]],
    conversations: int,
) -> Row:
    tickets, alerts = (kind[name] for kind in found)
    cells = [
        count(tickets),
        count(alerts),
        count(conversations, listed(period, outcome=name)),
    ]
    return Row(words[0].upper() + words[1:], cells)
