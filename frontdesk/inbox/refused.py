"""Alerts of messages that were refused, in the words of the queue (``queue_entries``).

Such a message has no row in the log: staff must read why, or they look for it.
"""

from __future__ import annotations

from frontdesk.chat.alarms import NO_SESSION
from frontdesk.chat.models import Alert, Ticket

# By the code of the error that answered the message.
REASONS = {
    NO_SESSION: "Written before the chat was agreed to, or after a no to it: the words "
    "were not kept, and there is nobody to answer.",
    "unauthorized": "Written in a chat that was over or erased: the words were not "
    "kept.",
    "closed": "Written in a chat that was closed: the words were not kept.",
    "too_many": "Refused by the limit of messages a minute: the words were not kept. "
    "The chat on the website sends them again by itself.",
    "too_long": "Refused because the message was too long: the words were not kept.",
    "unavailable": "Refused because a part of the chat was down: the words were not "
    "kept. The chat on the website sends them again by itself.",
}
OTHER = "Refused because it could not be read: the words were not kept."
SHOWN = "The emergency numbers were shown to them."


def reason_of(matter: Alert | Ticket) -> list[str]:
    """Why there is no message to an alert; nothing if there is one."""
    if not isinstance(matter, Alert) or matter.origin != Alert.Origin.REFUSED:
        return []
    return [REASONS.get(matter.refused_as, OTHER)]


def reach_of_nobody(matter: Alert | Ticket) -> str:
    """What a person without a known chat has read."""
    if isinstance(matter, Alert) and matter.refused_as == NO_SESSION:
        return (
            f"{SHOWN} They read that you know of the danger, but not whose it is. If "
            "they agree to the chat, their message comes as an alert of its own."
        )
    return f"{SHOWN} It is not known whose chat it was: nobody can be answered."
