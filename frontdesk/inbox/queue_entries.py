"""One entry of the queue, in the words that the page shows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from frontdesk.chat.models import Alert, Conversation, Message, Ticket
from frontdesk.inbox import labels, refused
from frontdesk.inbox.matters_refs import ref_of
from frontdesk.inbox.queue_order import URGENT, section_of
from frontdesk.staff.models import Person

LONGEST_LINE = 160
SPEAKERS = {"patient": "Patient", "bot": "Assistant", "staff": "Staff"}


@dataclass(frozen=True)
class Facts:
    """What is known besides the matters themselves."""

    now: datetime
    lines: list[Message] = field(default_factory=list)
    is_low: bool = False
    has_contact: bool = False
    is_present: bool = False


@dataclass(frozen=True)
class Line:
    """A piece of what was said, redacted as it is stored."""

    who: str
    speaker: str
    text: str
    at: str


@dataclass(frozen=True)
class Entry:
    """Everything open of one conversation, or one alert that belongs to none."""

    key: str
    section: int
    title: str
    others: list[str]
    marks: list[str]
    since: datetime
    since_words: str
    refs: list[str]
    is_unseen: bool
    seen_words: str
    holder_key: str
    holder: str
    is_mine: bool
    snoozed_until: datetime | None
    snoozed_words: str
    conversation: str
    can_join: bool
    is_present: bool
    reach: list[str]
    has_contact: bool
    lines: list[Line]

    @property
    def is_urgent(self) -> bool:
        """Whether it stands on top, set apart."""
        return self.section == URGENT

    @property
    def is_compact(self) -> bool:
        """Whether what was said is folded: nobody is in danger, and there are words."""
        return not self.is_urgent and bool(self.lines)

    @property
    def last_said(self) -> str:
        """The patient's last words that are shown."""
        said = [line.text for line in self.lines if line.who == Message.Author.PATIENT]
        return said[-1] if said else ""

    @property
    def hints(self) -> list[str]:
        """How the patient can be reached, in a word or two."""
        known = [
            ("There now", self.is_present),
            ("Left a number", self.has_contact),
            ("Chat is over", bool(self.conversation) and not self.can_join),
        ]
        return [words for words, holds in known if holds]

    @property
    def said_version(self) -> str:
        """Changes when what the entry says changes."""
        about = (self.title, self.others, self.marks, self.since, self.refs)
        return _version(about, self.reach, self.lines, self.hints)

    @property
    def version(self) -> str:
        """Changes when anything of it changes, the time that it waits excepted."""
        return _version(self)


def entry_of(
    group: Sequence[Alert | Ticket], facts: Facts, person: Person | None
) -> Entry:
    """The entry of matters of one conversation, the most urgent first.

    Args:
        group: at least one.
        facts: of the conversation.
        person: who looks at it.
    """
    first, conversation = group[0], group[0].conversation
    holder = next((m.assigned_to for m in group if m.assigned_to_id), None)
    unseen = any(isinstance(m, Alert) and not m.acknowledged_at for m in group)
    snoozed = _snoozed_until(group, facts.now)
    title, *others = _titles(group)
    return Entry(
        key=f"c-{conversation.pk}" if conversation else str(ref_of(first)),
        section=section_of(first),
        title=title,
        others=others,
        marks=_marks(group, facts),
        since=first.created_at,
        since_words=clock(first.created_at, facts.now),
        refs=[str(ref_of(each)) for each in group],
        is_unseen=unseen,
        seen_words="" if unseen else _seen_words(group, facts.now),
        holder_key=str(holder.pk) if holder else "",
        holder=str(holder or ""),
        is_mine=holder is not None and holder == person,
        snoozed_until=snoozed,
        snoozed_words=clock(snoozed, facts.now) if snoozed else "",
        conversation=str(conversation.pk) if _has_page(conversation) else "",
        can_join=_can_join(conversation, facts.now),
        is_present=facts.is_present,
        reach=_reach(first, conversation, facts),
        has_contact=facts.has_contact,
        lines=[_line(message, facts.now) for message in facts.lines],
    )


def clock(when: datetime, now: datetime) -> str:
    """A time as the clinic's clock has it, with the day unless it is today."""
    local = when.astimezone(settings.CLINIC.time_zone)
    at = f"{local:%I:%M %p}".lstrip("0")
    if local.date() == now.astimezone(settings.CLINIC.time_zone).date():
        return at
    return f"{local:%a, %b} {local.day}, {at}"


def _titles(group: Sequence[Alert | Ticket]) -> list[str]:
    """What it is about, the most urgent first, each once with how often."""
    counted = Counter(_title(each) for each in group)
    return [f"{name} ({n} times)" if n > 1 else name for name, n in counted.items()]


def _title(matter: Alert | Ticket) -> str:
    if not isinstance(matter, Alert):
        return labels.topic(matter.reason)
    title = labels.alert(matter.route, matter.topic)
    return f"Drill. {title}" if matter.is_drill else title


def _marks(group: Sequence[Alert | Ticket], facts: Facts) -> list[str]:
    marks = []
    conversation = group[0].conversation
    after = conversation is not None and conversation.after_urgent
    if after and not isinstance(group[0], Alert):
        marks.append("After a crisis or emergency")
    if facts.is_low:
        marks.append("Low mood mentioned")
    return marks


def _seen_words(group: Sequence[Alert | Ticket], now: datetime) -> str:
    seen = [each for each in group if isinstance(each, Alert) and each.acknowledged_at]
    if not seen or seen[-1].acknowledged_at is None:
        return ""
    who = seen[-1].acknowledged_by or "somebody without an account now"
    return f"Acknowledged by {who}, {clock(seen[-1].acknowledged_at, now)}"


def _snoozed_until(group: Sequence[Alert | Ticket], now: datetime) -> datetime | None:
    """When it comes back, if all of it is put off."""
    times = [each.snoozed_until for each in group if each.snoozed_until]
    if len(times) < len(group) or min(times) <= now:
        return None
    return min(times)


def _has_page(conversation: Conversation | None) -> bool:
    return conversation is not None and conversation.erased_at is None


def _can_join(conversation: Conversation | None, now: datetime) -> bool:
    return (
        conversation is not None
        and conversation.closed_at is None
        and not conversation.is_over(now)
    )


def _reach(
    first: Alert | Ticket, conversation: Conversation | None, facts: Facts
) -> list[str]:
    """Whether the patient is still there, and what staff can do about it."""
    if isinstance(first, Alert) and first.is_drill:
        return ["This is a drill: nobody is in danger. Acknowledge it like a real one."]
    why = refused.reason_of(first)
    if conversation is None:
        return [*why, refused.reach_of_nobody(first)]
    if conversation.erased_at is not None:
        return [
            "The patient has erased this chat. Nothing is left of it but this alert, "
            "and nobody can be reached."
        ]
    return [*why, _where(conversation, facts), _call_back(conversation, facts)]


def _where(conversation: Conversation, facts: Facts) -> str:
    seen = clock(conversation.last_seen_at, facts.now)
    if not _can_join(conversation, facts.now):
        return f"The chat is over (last seen {seen}): a message would not be read."
    if facts.is_present and conversation.taken_over_by:
        return (
            f"The patient has the chat open, and {conversation.taken_over_by} is there."
        )
    if conversation.taken_over_by:
        return (
            f"{conversation.taken_over_by} is in the chat; the patient was last seen "
            f"{seen}."
        )
    if facts.is_present:
        return "The patient has the chat open: join it now."
    return (
        f"The patient has left the page (last seen {seen}): they find what you write "
        f"when they come back."
    )


def _call_back(conversation: Conversation, facts: Facts) -> str:
    if facts.has_contact:
        return "They left contact data for a call back."
    if _can_join(conversation, facts.now):
        return "They left no number: ask in the chat, or offer its call-back form."
    return "They left no number and no address: they can't be called back."


def _line(message: Message, now: datetime) -> Line:
    text = " ".join(message.text.split())
    if len(text) > LONGEST_LINE:
        text = text[:LONGEST_LINE].rsplit(" ", 1)[0] + " …"
    speaker = message.name or SPEAKERS.get(message.author, "Chat")
    return Line(str(message.author), speaker, text, clock(message.sent_at, now))


def _version(*parts: object) -> str:
    return hashlib.blake2s(repr(parts).encode(), digest_size=8).hexdigest()
