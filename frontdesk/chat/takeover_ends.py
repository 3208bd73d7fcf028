"""How a takeover ends: told by its person, or found to be over by the background."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from frontdesk.audit.ledger import Job, record
from frontdesk.chat import database, message_log
from frontdesk.chat import takeover_matters as matters
from frontdesk.chat.fanout import publish, publish_queue
from frontdesk.chat.models import Conversation, Message, Takeover
from frontdesk.chat.texts import texts

JOB = Job("takeover watch")
MOST_AT_ONCE = 100


class _Watch:
    """Since when ends are looked for without a gap.

    While nobody looked, or the database was down, no browser could be heard: nobody is
    lost because of that.
    """

    def __init__(self) -> None:
        self.since: datetime | None = None
        self._looked_at: datetime | None = None

    def look(self, now: datetime) -> bool:
        """Notes a look; says whether who was not heard is gone."""
        gap = settings.TAKEOVER_LOST / 2
        if self.since is None or self._looked_at is None or now - self._looked_at > gap:
            self.since = now
        self._looked_at = now
        return now - self.since >= settings.TAKEOVER_LOST


watch = _Watch()


async def end_the_overdue() -> None:
    """Ends takeovers that nobody attends to any more; repeated in the background."""
    now = timezone.now()
    overdue = await database.read(_overdue, now)
    can_be_lost = watch.look(now)
    for takeover_id, conversation_id in overdue:
        ended = await database.write(
            _end_overdue, conversation_id, takeover_id, can_be_lost
        )
        if ended is not None:
            await tell_ended(ended)


def current(conversation_id: UUID) -> Takeover | None:
    """Who is in a conversation. Sync."""
    there = Takeover.objects.filter(conversation_id=conversation_id, ended_at=None)
    return there.select_related("person").first()


def end_with(conversation: Conversation) -> None:
    """Ends a takeover because its conversation ends. Sync; the caller saves."""
    there = conversation.takeovers.filter(ended_at=None)
    there.update(ended_at=timezone.now(), end=Takeover.End.OVER)
    conversation.taken_over_by = ""


def office_is_open() -> bool:
    """Whether somebody is at the clinic now."""
    return texts().clinic.is_open(texts().now())


def _overdue(now: datetime) -> list[tuple[int, UUID]]:
    found = Takeover.objects.filter(_is_overdue(now), ended_at=None)
    ordered = found.order_by("seen_at").values_list("pk", "conversation_id")
    return list(ordered[:MOST_AT_ONCE])


def _is_overdue(now: datetime) -> Q:
    is_over = Q(conversation__expires_at__lte=now)
    is_over |= Q(conversation__last_seen_at__lte=now - settings.SESSION_IDLE)
    is_over |= Q(conversation__closed_at__isnull=False)
    is_idle = Q(active_at__lte=now - settings.TAKEOVER_IDLE)
    return is_over | is_idle | Q(seen_at__lte=now - settings.TAKEOVER_LOST)


def _end_overdue(
    conversation_id: UUID, takeover_id: int, can_be_lost: bool
) -> Takeover | None:
    conversation = message_log.lock(conversation_id)
    there = current(conversation_id)
    if there is None or there.pk != takeover_id:
        return None
    why = _why_overdue(conversation, there, can_be_lost)
    if why is None:
        return None
    if why != str(Takeover.End.OVER):
        matters.release(conversation, there.person_id, JOB)
        if _is_waiting(conversation) or not office_is_open():
            matters.open_one(conversation)
    end(conversation, there, why)
    subject = f"conversation {conversation_id}"
    record(JOB, "leave", subject, end=why, person=there.person_id)
    return there


def _why_overdue(
    conversation: Conversation, there: Takeover, can_be_lost: bool
) -> str | None:
    now = timezone.now()
    if conversation.closed_at is not None or conversation.is_over(now):
        return str(Takeover.End.OVER)
    if now - there.seen_at >= settings.TAKEOVER_LOST and can_be_lost:
        return str(Takeover.End.LOST)
    if now - there.active_at >= settings.TAKEOVER_IDLE:
        return str(Takeover.End.IDLE)
    return None


def end(conversation: Conversation, there: Takeover, why: str) -> None:
    """Ends a takeover in a locked conversation, and tells the patient. Sync."""
    there.ended_at, there.end = timezone.now(), why
    there.save(update_fields=["ended_at", "end"])
    conversation.taken_over_by = ""
    conversation.save(update_fields=["taken_over_by"])
    note(conversation, "utter_handed_back", there.name)
    if not office_is_open():
        note(conversation, "utter_office_closed", "")


def note(conversation: Conversation, response: str, name: str) -> None:
    """A line of the house itself in the conversation. Sync."""
    for bubble in texts().bubbles(response):
        message_log.append(
            conversation, Message.Author.SYSTEM, name=name, **bubble.as_fields()
        )


async def tell_ended(ended: Takeover) -> None:
    """Tells widget and inbox."""
    state = {"state": "handed_back", "name": ended.name}
    await publish(ended.conversation_id, state)
    await publish_queue()


def _is_waiting(conversation: Conversation) -> bool:
    """Whether the patient has the last word."""
    said = conversation.messages.filter(
        author__in=[Message.Author.PATIENT, Message.Author.STAFF]
    )
    last = said.order_by("-number").first()
    return last is not None and last.author == Message.Author.PATIENT
