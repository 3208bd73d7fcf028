"""The ledger in words that people read; used by its page and its file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from frontdesk.answers.names import title_of
from frontdesk.audit.models import Entry
from frontdesk.chat.texts import texts
from frontdesk.staff.dates import read_day
from frontdesk.staff.models import Person

ACTIONS = {
    "accept": "Accepted an invitation",
    "acknowledge": "Acknowledged",
    "add example": "Added an example of their own",
    "approve": "Approved",
    "ask set aside": "Wants to set the gate aside",
    "assign": "Handed to a colleague",
    "backup": "Made a backup",
    "block": "Took out of service",
    "canary": "Began the trial of a model",
    "cancel training": "Cancelled a training",
    "change e-mail": "Changed the e-mail",
    "change password": "Changed the password",
    "change role": "Changed the role",
    "claim": "Took over the task",
    "confirm set aside": "Confirmed that the gate is set aside",
    "correct": "Corrected a message",
    "dashboard": "Read the dashboard",
    "delete": "Deleted",
    "delete note": "Deleted a note",
    "drill": "Started a drill",
    "edit": "Edited",
    "end access": "Ended the access",
    "end canary": "Ended the trial of a model",
    "erase": "Erased",
    "erase training": "Found what was learned from it",
    "export": "Exported",
    "export dashboard": "Exported the dashboard",
    "export ledger": "Exported the audit log",
    "export list": "Exported a list",
    "export traffic": "Exported redacted messages",
    "flag": "Flagged a message",
    "give access back": "Gave access back",
    "glance": "Saw the last lines of conversations",
    "invite": "Invited",
    "join": "Joined the chat",
    "leave": "Left the chat",
    "lock out": "Locked out",
    "move example": "Proposed another intent for an example",
    "new link": "Made a new invitation link",
    "new proposal": "Began a proposal",
    "note": "Wrote a note",
    "notify": "Notified",
    "promote": "Made a model live",
    "promote refused": "Could not make a model live",
    "propose": "Proposed other words",
    "propose training": "Added to a proposal for training",
    "prove retention": "Proved what retention deleted",
    "read": "Read",
    "read ledger": "Read the audit log",
    "read replay": "Read messages that would be answered otherwise",
    "reject": "Rejected",
    "release": "Put back",
    "reply": "Replied",
    "resolve": "Resolved",
    "restore": "Restored a backup",
    "reveal": "Revealed a patient's own words",
    "reveal contact": "Revealed contact data",
    "review": "Reviewed",
    "review answer": "Reviewed an answer as it is",
    "review queue": "Read the review queue",
    "roll back": "Rolled back to an earlier model",
    "search": "Searched",
    "second reading": "Read a correction again",
    "settle": "Settled a correction",
    "sign in": "Signed in",
    "sign out": "Signed out",
    "sign-in failed": "Failed to sign in",
    "snooze": "Put off",
    "submit proposal": "Submitted a proposal",
    "tag": "Tagged",
    "take back proposal": "Took a proposal back",
    "take out": "Took out of a proposal",
    "test channel": "Tested a channel",
    "trace": "Looked up who was shown a text",
    "train": "Started a training",
    "unblock": "Put back in service",
    "undo correction": "Took a correction back",
    "unflag": "Removed a flag",
    "untag": "Removed a tag",
    "verify ledger": "Verified the audit log",
    "wake": "Brought back",
    "withdraw": "Withdrew an invitation",
    "withdraw proposal": "Withdrew a proposal",
    "withdraw set aside": "Withdrew the wish to set the gate aside",
    "write example": "Wrote an example",
    "write story": "Wrote a story",
    "write test story": "Wrote a test story",
}
DETAILS = {
    "alert_stays": "the urgent alert stays",
    "asked": "asked for",
    "conversations": "in conversations",
    "open_to": "open to",
    "perhaps_twice": "may have arrived twice",
    "review_by": "next review by",
    "shown": "conversations shown",
}
# Worth a line only where it is so.
ONLY_IF_SO = {"alert_stays", "perhaps_twice", "reworded"}
_KNOWN = re.compile(r"(conversation|person|answer) (\S+)")


def action_in_words(action: str) -> str:
    """What was done, for people; an action without words of its own as it is."""
    return ACTIONS.get(action) or action.replace("_", " ").capitalize()


@dataclass(frozen=True)
class Line:
    """One entry as the page shows it."""

    number: int
    at: datetime
    actor: str
    is_job: bool
    action: str
    subject: str
    link: str
    detail: list[tuple[str, str]]


def lines_of(entries: list[Entry]) -> list[Line]:
    """The entries of a page."""
    subjects = [match[2] for e in entries if (match := _of_person(e.subject))]
    keys = [int(key) for key in subjects if key.isdecimal()]
    names = {str(each.pk): str(each) for each in Person.objects.filter(pk__in=keys)}
    return [_line(entry, names) for entry in entries]


def _line(entry: Entry, names: dict[str, str]) -> Line:
    subject, link = _subject(entry.subject, names)
    return Line(
        number=entry.number,
        at=entry.at,
        actor=entry.actor,
        is_job=entry.person_id is None,
        action=action_in_words(entry.action),
        subject=subject,
        link=link,
        detail=[
            (DETAILS.get(name, name.replace("_", " ")), _say(value))
            for name, value in entry.detail.items()
            if value or name not in ONLY_IF_SO
        ],
    )


def _of_person(subject: str) -> re.Match[str] | None:
    match = _KNOWN.fullmatch(subject)
    return match if match and match[1] == "person" else None


def _subject(subject: str, names: dict[str, str]) -> tuple[str, str]:
    match = _KNOWN.fullmatch(subject)
    if match and match[1] == "person":
        return names.get(match[2], subject), ""
    if match and match[1] == "answer":
        return _answer(match[2]), reverse("answers:history", args=[match[2]])
    if match and (conversation_id := _uuid(match[2])):
        address = reverse("inbox:conversation", args=[conversation_id])
        return f"conversation {match[2][:8]}", address
    return subject, ""


def _answer(name: str) -> str:
    """What an answer is called; one that is gone by its name."""
    library = texts().library
    if name not in library:
        return f"answer {name}"
    return f"answer “{title_of(library.variations(name)[0])}”"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _say(value: Any) -> str:
    """A value of the detail, flat."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_say(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_say, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _uuid(value):
        return value[:8]
    if isinstance(value, str):
        return read_day(value)
    return "" if value is None else str(value)
