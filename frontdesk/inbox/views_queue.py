"""The queue: what waits for staff, and what they do about it."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry as LedgerEntry
from frontdesk.chat.fanout import publish_queue
from frontdesk.chat.models import Matter
from frontdesk.inbox import matters
from frontdesk.inbox.conversations import ONE_READING
from frontdesk.inbox.matters_refs import MatterError, refs_from
from frontdesk.inbox.queue import WHO, Queue, queue_for, unseen_alerts
from frontdesk.inbox.queue_deeds import DEEDS, snooze_choices
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

GLANCE = "glance"  # the last lines of a conversation were shown in the queue


@require_safe
@never_cache
@needs(Permission.READ)
def queue(request: HttpRequest) -> HttpResponse:
    """The page; asked for by htmx, only its list."""
    return render(request, _template(request), _context(request))


@require_POST
@needs(Permission.ANSWER)
def act(request: HttpRequest, deed: str) -> HttpResponse:
    """One of ``DEEDS`` on the matters of an entry, then the list as it is now."""
    try:
        refs = refs_from(request.POST.getlist("matter"))
        done = DEEDS[deed](person(request), refs, request.POST)
        messages.success(request, done)
    except MatterError as error:
        messages.error(request, str(error))
    async_to_sync(publish_queue)()
    if request.htmx:
        return render(request, "inbox/queue_list.html", _context(request))
    return redirect(f"{reverse('inbox:queue')}?who={_who(request)}")


@require_safe
@never_cache
@needs(Permission.READ)
def state(request: HttpRequest) -> JsonResponse:
    """What every page tells of: unacknowledged alerts, without a word of a patient."""
    unseen = [{"key": each.key, "title": each.title} for each in unseen_alerts()]
    return JsonResponse({"urgent": unseen})


def _template(request: HttpRequest) -> str:
    return "inbox/queue_list.html" if request.htmx else "inbox/queue.html"


def _who(request: HttpRequest) -> str:
    asked = request.POST.get("who") or request.GET.get("who") or ""
    return asked if asked in WHO else "all"


def _context(request: HttpRequest) -> dict[str, Any]:
    reader = person(request)
    shown = queue_for(reader, _who(request))
    _note_glances(reader, shown)
    return {
        "queue": shown,
        "outcomes": Matter.Outcome.choices,
        "snoozes": snooze_choices(timezone.now()),
        "colleagues": [each for each in matters.colleagues() if each != reader],
        "is_part": bool(request.htmx),
    }


def _note_glances(reader: Person, shown: Queue) -> None:
    """Puts on record whose words are shown: once an hour, since the page asks often.

    One row for all of them: nobody's crisis waits while a long queue is written down.
    """
    said = [each for each in (*shown.entries, *shown.put_off) if each.lines]
    new = {each.conversation for each in said}
    since = timezone.now() - ONE_READING
    lately = LedgerEntry.objects.filter(person=reader, action=GLANCE, at__gte=since)
    for detail in lately.values_list("detail", flat=True):
        new -= set(detail["conversations"])
    if new:
        record(reader, GLANCE, "queue", conversations=sorted(new))
