"""What the forms of the queue ask for, by name: reads them and says what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from frontdesk.chat.models import Matter
from frontdesk.inbox import matters
from frontdesk.inbox.matters_refs import MatterError, Ref
from frontdesk.inbox.queue_entries import clock
from frontdesk.staff.models import Person

Deed = Callable[[Person, Sequence[Ref], QueryDict], str]
USUAL_OPENING = time(9)  # of a clinic that names no hours


def snooze_choices(now: datetime) -> list[tuple[str, str]]:
    """Until when an entry can be put off, and how the page says it."""
    opening = clock(_snooze_until("opening", now), now)
    return [
        ("15m", "For 15 minutes"),
        ("1h", "For 1 hour"),
        ("opening", f"Until {opening}, when the clinic opens"),
    ]


def _snooze_until(choice: str, now: datetime) -> datetime:
    spans = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1)}
    if choice in spans:
        return now + spans[choice]
    if choice != "opening":
        raise MatterError("Not put off: say until when.")
    zone = settings.CLINIC.time_zone
    today = now.astimezone(zone).date()
    tonight = datetime.combine(today, time.max, tzinfo=zone)
    tomorrow = datetime.combine(today + timedelta(days=1), USUAL_OPENING, tzinfo=zone)
    opening: datetime | None = settings.CLINIC.next_opening(tonight)
    return opening or tomorrow


def _acknowledge(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    matters.acknowledge(person, refs)
    return "Acknowledged."


def _claim(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    matters.claim(person, refs)
    return "It is yours now."


def _assign(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    key = form.get("to", "")
    able = {str(each.pk): each for each in matters.colleagues()}
    if key not in able:
        raise MatterError("Choose a colleague.")
    matters.assign(person, refs, able[key], form.get("held_by", ""))
    return "It is yours now." if able[key] == person else f"{able[key]} has it now."


def _release(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    matters.release(person, refs)
    return "Put back: anybody can take it."


def _snooze(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    now = timezone.now()
    until = _snooze_until(form.get("until", ""), now)
    matters.snooze(person, refs, until)
    return f"Put off until {clock(until, now)}."


def _wake(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    matters.wake(person, refs)
    return "Back in the queue."


def _resolve(person: Person, refs: Sequence[Ref], form: QueryDict) -> str:
    outcome = form.get("outcome", "")
    matters.resolve(person, refs, outcome)
    return f"Resolved: {Matter.Outcome(outcome).label}."


DEEDS: dict[str, Deed] = {
    "acknowledge": _acknowledge,
    "claim": _claim,
    "assign": _assign,
    "release": _release,
    "snooze": _snooze,
    "wake": _wake,
    "resolve": _resolve,
}
