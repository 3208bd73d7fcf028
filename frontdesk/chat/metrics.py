"""Numbers for Prometheus, without anything about a patient.

Counted where things happen; what lies in the database is looked up at each visit of
``/metrics`` (``health``).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from clinic.topics import ROUTES
from frontdesk.chat import database, spool
from frontdesk.chat.limits import stream_slots
from frontdesk.chat.models import Alert, Message, Ticket

# Around the promise: the urgent text within 300 ms.
URGENT_BUCKETS = (0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 1, 2.5, 5)

disable_created_metrics()  # when a counter began is of no use here
registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)

_messages = Counter(
    "frontdesk_messages",
    "Messages stored, by who speaks and the route of what is said.",
    ["author", "route"],
    registry=registry,
)
_answers = Counter(
    "frontdesk_answers",
    "HTTP answers, by status.",
    ["status"],
    registry=registry,
)
_urgent_seconds = Histogram(
    "frontdesk_urgent_answer_seconds",
    "From a dangerous message to the answer with the urgent text.",
    buckets=URGENT_BUCKETS,
    registry=registry,
)
_fallbacks = Counter(
    "frontdesk_fallbacks",
    "Messages answered without the assistant, since it was down or too slow.",
    registry=registry,
)
_streams = Gauge("frontdesk_streams_open", "Streams open here.", registry=registry)
_unanswered = Gauge(
    "frontdesk_unanswered_messages",
    "Patients' messages stored and not answered yet.",
    registry=registry,
)
_oldest = Gauge(
    "frontdesk_unanswered_oldest_seconds",
    "How long the oldest of them waits.",
    registry=registry,
)
_alerts = Gauge(
    "frontdesk_alerts_open", "Alerts nobody has acknowledged.", registry=registry
)
_tickets = Gauge(
    "frontdesk_tickets_open", "Matters handed to staff, not done.", registry=registry
)
_spooled = Gauge(
    "frontdesk_alerts_spooled",
    "1 while alerts wait on disk for the database.",
    registry=registry,
)
_database_up = Gauge(
    "frontdesk_database_up", "1 while the database answers.", registry=registry
)
for _route in ROUTES:
    _messages.labels("bot", _route)


def message_stored(author: str, route: str | None) -> None:
    """Counts a message; called by the message log."""
    _messages.labels(str(author), route if route in ROUTES else "none").inc()


def answered(status: int | None) -> None:
    """Counts an HTTP answer; None for one that never went out. Called by the door."""
    _answers.labels("none" if status is None else str(status)).inc()


def urgent_answered(seconds: float) -> None:
    """How long a person in danger waited for the urgent text. Called by the door."""
    _urgent_seconds.observe(seconds)


def fell_back() -> None:
    """Counts a fallback; called by the last gate."""
    _fallbacks.inc()


async def page() -> bytes:
    """All numbers in Prometheus' text format."""
    _streams.set(stream_slots().total)
    _spooled.set(spool.has_lines())
    try:
        unanswered, oldest, alerts, tickets = await database.read(_counts)
    except database.DatabaseDownError:
        _database_up.set(0)
        return generate_latest(registry)
    _database_up.set(1)
    _unanswered.set(unanswered)
    _oldest.set(_age(oldest))
    _alerts.set(alerts)
    _tickets.set(tickets)
    return generate_latest(registry)


def _counts() -> tuple[int, datetime | None, int, int]:
    waiting = Message.objects.filter(state=Message.State.ACCEPTED).order_by("sent_at")
    times = list(waiting.values_list("sent_at", flat=True)[:1])
    return (
        waiting.count(),
        _first(times),
        Alert.objects.filter(acknowledged_at=None, is_drill=False).count(),
        Ticket.objects.filter(resolved_at=None).count(),
    )


def _first(times: Iterable[datetime]) -> datetime | None:
    return next(iter(times), None)


def _age(since: datetime | None) -> float:
    return max(0.0, (timezone.now() - since).total_seconds()) if since else 0.0
