"""A conversation as staff read it: lines with what is behind each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from clinic.sources import source_titles
from clinic.topics import URGENT_ROUTES
from frontdesk.chat.models import Alert, Conversation, Message, Original, Ticket
from frontdesk.inbox import labels
from frontdesk.inbox.provenance import Fact, facts_of_answer, facts_of_question

MOST_LINES = 500
SPEAKERS = {"patient": "Patient", "bot": "Assistant", "staff": "Staff", "system": ""}


@dataclass(frozen=True)
class Line:
    """One message as the page shows it."""

    number: int
    author: str
    who: str
    text: str
    at: datetime
    is_urgent: bool
    message: Message
    facts: list[Fact] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    pressed: bool = False
    original_until: datetime | None = None
    matters: list[Matter] = field(default_factory=list)
    reply: Message | None = None  # carries what was understood of a question


@dataclass(frozen=True)
class Matter:
    """A hand-off or an alert with its state in words."""

    what: str
    state: str
    is_open: bool
    is_alert: bool
    at: datetime
    number: int | None  # of the message that it came from


def lines_of(
    conversation: Conversation, *, after: int = 0, whole: bool = False
) -> list[Line]:
    """The messages behind a number, oldest first; the newest of them if many."""
    wanted = _messages(conversation).filter(number__gt=after)
    newest = wanted.order_by("-number")
    messages = list(newest if whole else newest[:MOST_LINES])[::-1]
    replies = _first_replies(conversation, messages)
    matters = matters_of(conversation)
    return [_line(message, replies.get(message.pk), matters) for message in messages]


def matters_of(conversation: Conversation) -> list[Matter]:
    """Its hand-offs and alerts, oldest first."""
    people = ("message", "assigned_to", "resolved_by")
    tickets = conversation.tickets.select_related(*people)
    alerts = conversation.alerts.select_related(*people, "acknowledged_by")
    found = [*map(_of_ticket, tickets), *map(_of_alert, alerts)]
    return sorted(found, key=lambda matter: matter.at)


def _messages(conversation: Conversation) -> QuerySet[Message]:
    until = Original.objects.filter(message=OuterRef("pk")).values("delete_after")
    shown = conversation.messages.select_related(
        "feedback", "flag__person", "correction__author", "correction__second"
    )
    return shown.annotate(original_until=Subquery(until[:1]))


def _first_replies(
    conversation: Conversation, messages: list[Message]
) -> dict[int, Message]:
    """What was understood of a question stands with the answer to it."""
    asked = [each.pk for each in messages if each.author == Message.Author.PATIENT]
    replies = conversation.messages.filter(answers__in=asked).order_by("-number")
    return {reply.answers_id: reply for reply in replies if reply.answers_id}


def _line(message: Message, reply: Message | None, matters: list[Matter]) -> Line:
    is_question = message.author == Message.Author.PATIENT
    is_bot = message.author == Message.Author.BOT
    facts = facts_of_question(message, reply) if is_question else []
    return Line(
        number=message.number,
        author=message.author,
        who=message.name or SPEAKERS[message.author],
        text=message.text,
        at=message.sent_at,
        is_urgent=is_bot and message.route in URGENT_ROUTES,
        message=message,
        facts=facts_of_answer(message) if is_bot else facts,
        sources=source_titles(message.sources) if is_bot else [],
        pressed=bool(message.button),
        original_until=getattr(message, "original_until", None),
        matters=[matter for matter in matters if matter.number == message.number],
        reply=reply,
    )


def _of_ticket(ticket: Ticket) -> Matter:
    return Matter(
        what=f"Hand-off: {labels.topic(ticket.reason)}",
        state=_state(ticket),
        is_open=ticket.resolved_at is None,
        is_alert=False,
        at=ticket.created_at,
        number=ticket.message.number if ticket.message else None,
    )


def _of_alert(alert: Alert) -> Matter:
    state = _state(alert)
    if alert.acknowledged_at is None and alert.resolved_at is None:
        state = f"not acknowledged yet, {state}"
    elif alert.acknowledged_by is not None:
        state = f"acknowledged by {alert.acknowledged_by}, {state}"
    return Matter(
        what=f"Alert: {labels.alert(alert.route, alert.topic)}",
        state=state,
        is_open=alert.resolved_at is None,
        is_alert=True,
        at=alert.created_at,
        number=alert.message.number if alert.message else None,
    )


def _state(matter: Ticket | Alert) -> str:
    if matter.resolved_at is not None:
        who = f" by {matter.resolved_by}" if matter.resolved_by else ""
        outcome = matter.get_outcome_display()
        return f"resolved{who}" + (f": {outcome}" if outcome else "")
    if matter.assigned_to is not None:
        return f"{matter.assigned_to} sees to it"
    return "waits for somebody"
