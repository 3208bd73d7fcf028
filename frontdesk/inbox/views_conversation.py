"""One conversation as a transcript, and what is new in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontdesk.chat.fanout import fanout
from frontdesk.chat.models import Conversation
from frontdesk.inbox.conversations import conversation_for, record_reading
from frontdesk.inbox.models import Review, Tag
from frontdesk.inbox.talk import talk_of
from frontdesk.inbox.transcript import lines_of, matters_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

MOST_NUMBER = 2**31 - 1
BEATS = 4  # of a page, in the time after which its person counts as gone


@require_safe
@never_cache
@needs(Permission.READ)
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The messages, redacted; that they were read is recorded."""
    found = conversation_for(person(request), conversation_id)
    record_reading(person(request), found)
    if found.erased_at is not None:
        erased = {**frame_of(found), "matters": matters_of(found)}
        return render(request, "inbox/conversation_erased.html", erased, status=410)
    whole = "all" in request.GET
    context = page_of(found, person(request), whole=whole)
    return render(request, "inbox/conversation.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def news(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """What came since the page was made: messages, who is there, matters."""
    found = conversation_for(person(request), conversation_id)
    record_reading(person(request), found)
    if found.erased_at is not None:
        answer = HttpResponse(status=204)
        answer["HX-Refresh"] = "true"  # to the page that says so
        return answer
    talk = talk_of(found, person(request))
    context = {
        **frame_of(found),
        "lines": lines_of(found, after=_number(request.GET.get("after"))),
        "matters": matters_of(found),
        "talk": talk,
        # What the page shows: the form one is typing in is replaced only if need be.
        "shown": request.GET.get("shown", ""),
        "is_idle_news": request.GET.get("idle", "") != str(talk.minutes_left or ""),
        "is_news": True,
    }
    return render(request, "inbox/conversation_news.html", context)


def frame_of(conversation: Conversation) -> dict[str, Any]:
    """What every part of the page needs."""
    return {"conversation": conversation}


def page_of(found: Conversation, reader: Person, *, whole: bool) -> dict[str, Any]:
    """Everything on the page."""
    lines = lines_of(found, whole=whole)
    return {
        **frame_of(found),
        "lines": lines,
        "earlier": lines[0].number - 1 if lines else 0,
        "matters": matters_of(found),
        "talk": talk_of(found, reader),
        "beat": int(settings.TAKEOVER_LOST.total_seconds() * 1000 / BEATS),
        "is_over": found.is_over(timezone.now()),
        "is_present": bool(async_to_sync(fanout().present)([found.pk])),
        "contacts": found.contacts.order_by("-created_at"),
        "takeovers": found.takeovers.exclude(ended_at=None).order_by("joined_at"),
        **annotations_of(found),
    }


def annotations_of(found: Conversation) -> dict[str, Any]:
    """What staff have written on it."""
    review = Review.objects.filter(conversation=found).select_related("person").first()
    return {
        "notes": found.notes.select_related("author").order_by("created_at"),
        "tags": found.tags.order_by("name"),
        "all_tags": Tag.objects.order_by("name").values_list("name", flat=True),
        "review": review,
        "verdicts": Review.Verdict.choices,
    }


def _number(value: str | None) -> int:
    """A message's number; all messages if it is none."""
    known = value is not None and value.isascii() and value.isdecimal()
    return min(int(value), MOST_NUMBER) if known and value and len(value) < 12 else 0
