"""Who is in a conversation, and what that means for whoever looks at it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from frontdesk.chat.models import Conversation, Matter, Takeover
from frontdesk.chat.takeover_ends import current
from frontdesk.inbox.canned import CannedReply, canned_replies
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

# Of the time after which a takeover ends by itself; from then on the page says so.
WARN_AFTER = 0.7


@dataclass(frozen=True)
class Talk:
    """The part of the page where staff join, write and leave."""

    state: str  # free, mine, taken, over, looking
    there: Takeover | None = None
    minutes_left: int | None = None  # until it ends for want of a word
    error: str = ""
    text: str = ""  # what could not be sent
    client_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    most: int = settings.MAX_TEXT

    @property
    def key(self) -> str:
        """Changes when the page has to show another form."""
        return f"{self.state}-{self.there.pk if self.there else 0}"

    @property
    def canned(self) -> list[CannedReply]:
        """Ready-made replies."""
        return canned_replies()

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """What can have come of it."""
        return Matter.Outcome.choices


def talk_of(
    conversation: Conversation, reader: Person, *, error: str = "", text: str = ""
) -> Talk:
    """What one person may do in a conversation now."""
    there = current(conversation.pk)
    if there is not None and there.person_id == reader.pk:
        return Talk("mine", there, _minutes_left(there), error, text)
    if there is not None:
        return Talk("taken", there, error=error, text=text)
    if conversation.closed_at is not None or conversation.is_over(timezone.now()):
        return Talk("over", error=error, text=text)
    state = "free" if reader.may(Permission.ANSWER) else "looking"
    return Talk(state, error=error, text=text)


def _minutes_left(there: Takeover) -> int | None:
    quiet = timezone.now() - there.active_at
    if quiet < settings.TAKEOVER_IDLE * WARN_AFTER:
        return None
    left = (settings.TAKEOVER_IDLE - quiet).total_seconds()
    return max(1, round(left / 60))
