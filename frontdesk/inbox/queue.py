"""What waits for staff: open alerts and tickets, one entry for each conversation.

Fetches in a few queries, whatever the number of entries. In what order and in which
words is said in ``queue_order`` and ``queue_entries``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db.models import F
from django.utils import timezone

from frontdesk.chat.fanout import fanout
from frontdesk.chat.models import Alert, Contact, Conversation, Message, Ticket
from frontdesk.inbox.queue_entries import Entry, Facts, entry_of
from frontdesk.inbox.queue_order import (
    DESK,
    MEDICAL,
    URGENT,
    by_risk_and_waiting,
    order_of,
)
from frontdesk.staff.models import Person

LOOKED_AT = 8  # the last messages of a conversation
OF_PATIENT = 2  # of these are shown
MOST_ENTRIES = 50
WHO = ("all", "nobody", "mine")

Group = list[Alert | Ticket]


@dataclass(frozen=True)
class Section:
    """Entries of one kind of risk under one heading."""

    title: str
    entries: list[Entry]
    is_urgent: bool = False


@dataclass(frozen=True)
class Queue:
    """The page's content."""

    sections: list[Section]
    put_off: list[Entry]
    counts: dict[str, int]
    who: str = "all"
    left_out: int = 0

    @property
    def entries(self) -> list[Entry]:
        """All that are shown, the most urgent first."""
        return [each for section in self.sections for each in section.entries]

    @property
    def next_wake(self) -> datetime | None:
        """When the first of those put off comes back."""
        times = [each.snoozed_until for each in self.put_off if each.snoozed_until]
        return min(times, default=None)


@dataclass
class _Known:
    """What is known about the conversations of the entries."""

    lines: dict[UUID, list[Message]] = field(default_factory=dict)
    contacts: set[UUID] = field(default_factory=set)
    present: set[UUID] = field(default_factory=set)


def queue_for(person: Person, who: str = "all") -> Queue:
    """The queue as one person sees it.

    Args:
        person: whose entries are "mine".
        who: one of ``WHO``. Alerts that nobody has acknowledged are always there.
    """
    now = timezone.now()
    waiting, put_off = _split(_matters(), now)
    shown = [group for group in waiting if _is_chosen(group, person, who)]
    left_out = len(shown[MOST_ENTRIES:])
    shown = shown[:MOST_ENTRIES]
    put_off = put_off[:MOST_ENTRIES]
    found = _facts(shown + put_off)
    entries = [_entry(group, found, person, now) for group in shown]
    return Queue(
        sections=_sections(entries),
        put_off=[_entry(group, found, person, now) for group in put_off],
        counts={
            name: sum(_belongs(group, person, name) for group in waiting)
            for name in WHO
        },
        who=who,
        left_out=left_out,
    )


def unseen_alerts() -> list[Entry]:
    """The entries with alerts that nobody has acknowledged, without what was said."""
    now = timezone.now()
    alerts = Alert.objects.filter(resolved_at=None, acknowledged_at=None)
    groups = _grouped(alerts.select_related("conversation"))
    ordered = sorted(groups, key=by_risk_and_waiting)
    return [entry_of(group, Facts(now=now), None) for group in ordered]


def _matters() -> list[Group]:
    of_whom = ("conversation", "assigned_to")
    tickets = Ticket.objects.filter(resolved_at=None).select_related(*of_whom)
    alerts = Alert.objects.filter(resolved_at=None)
    alerts = alerts.select_related(*of_whom, "acknowledged_by")
    return sorted(_grouped([*alerts, *tickets]), key=by_risk_and_waiting)


def _grouped(matters: Iterable[Alert | Ticket]) -> list[Group]:
    """Those of one conversation together, the most urgent first."""
    groups: dict[object, list[Alert | Ticket]] = defaultdict(list)
    for each in matters:
        groups[each.conversation_id or f"alert {each.pk}"].append(each)
    return [sorted(group, key=order_of) for group in groups.values()]


def _split(groups: list[Group], now: datetime) -> tuple[list[Group], list[Group]]:
    """Those that wait, and those where everything is put off."""
    waiting: list[Group] = []
    put_off: list[Group] = []
    for group in groups:
        sleeps = all(each.snoozed_until and each.snoozed_until > now for each in group)
        (put_off if sleeps else waiting).append(group)
    return waiting, put_off


def _is_chosen(group: Group, person: Person, who: str) -> bool:
    unseen = any(isinstance(m, Alert) and m.acknowledged_at is None for m in group)
    return unseen or _belongs(group, person, who)


def _belongs(group: Group, person: Person, who: str) -> bool:
    holders = {each.assigned_to_id for each in group} - {None}
    return {"mine": person.pk in holders, "nobody": not holders}.get(who, True)


def _facts(groups: list[Group]) -> _Known:
    ids = {each.conversation_id for group in groups for each in group} - {None}
    told = {each.message_id for group in groups for each in group} - {None}
    found = _Known()
    said: dict[UUID, dict[int, Message]] = defaultdict(dict)
    newest = Message.objects.filter(
        conversation_id__in=ids,
        number__gt=F("conversation__last_number") - LOOKED_AT,
    )
    for message in [*newest, *Message.objects.filter(pk__in=told)]:
        if message.author != Message.Author.SYSTEM:
            said[message.conversation_id][message.number] = message
    found.lines = {
        key: [by_number[number] for number in sorted(by_number)]
        for key, by_number in said.items()
    }
    contacts = Contact.objects.filter(conversation_id__in=ids)
    found.contacts = set(contacts.values_list("conversation_id", flat=True))
    found.present = async_to_sync(fanout().present)(ids)
    return found


def _entry(group: Group, found: _Known, person: Person, now: datetime) -> Entry:
    conversation: Conversation | None = group[0].conversation
    key = conversation.pk if conversation else None
    lines = found.lines.get(key, []) if key else []
    facts = Facts(
        now=now,
        lines=_telling(lines, group[0].message_id),
        is_low=any(message.check_in for message in lines),
        has_contact=key in found.contacts,
        is_present=key in found.present,
    )
    return entry_of(group, facts, person)


def _telling(lines: list[Message], told: int | None) -> list[Message]:
    """What raised the most urgent matter, the patient's last words, the last reply.

    Of a reply its first bubble, and nothing that was said before the patient spoke: the
    greeting.
    """
    patient = [each for each in lines if each.author == Message.Author.PATIENT]
    others = [each for each in lines if each.author != Message.Author.PATIENT]
    reply = [
        each for each in others if each.answers_id == others[-1].answers_id is not None
    ]
    chosen = {each.pk for each in [*patient[-OF_PATIENT:], *(reply or others[-1:])[:1]]}
    found = [each for each in lines if each.pk in chosen | {told}]
    spoke = (at for at, each in enumerate(found) if each.author != Message.Author.BOT)
    return found[next(spoke, 0) :]


def _sections(entries: list[Entry]) -> list[Section]:
    titles = {URGENT: "Urgent", MEDICAL: "Medical questions", DESK: "Front desk"}
    of_section = {
        section: [each for each in entries if each.section == section]
        for section in titles
    }
    return [
        Section(titles[section], found, is_urgent=section == URGENT)
        for section, found in of_section.items()
        if found
    ]
