"""The ledger as a page, as a file, and verified at the press of a button."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.audit import append_only, file
from frontdesk.audit.filters import Filters, choices, page_of
from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry
from frontdesk.audit.verification import verify
from frontdesk.audit.words import lines_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

LEDGER = "audit log"
ONE_READING = timedelta(hours=1)


@require_safe
@never_cache
@needs(Permission.READ_LEDGER)
def ledger(request: HttpRequest) -> HttpResponse:
    """The newest entries first; that they were read is recorded, too."""
    _record_reading(person(request))
    filters = Filters.of(request.GET)
    page = page_of(filters, request.GET)
    context = {
        "filters": filters,
        "query": filters.query(),
        "page": page,
        "lines": lines_of(page.entries),
        "choices": choices(),
        "zone": settings.CLINIC.time_zone,
        "checked": Entry.objects.filter(action="verify ledger").last(),
    }
    return render(request, "audit/ledger.html", context)


@require_POST
@never_cache
@needs(Permission.READ_LEDGER)
def export(request: HttpRequest) -> HttpResponse:
    """What the filters of the address leave, as a file."""
    filters = Filters.of(request.GET)
    entry = record(person(request), "export ledger", LEDGER, by=filters.given())
    pieces = file.pieces(filters, entry.number)
    answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return answer


@require_POST
@never_cache
@needs(Permission.READ_LEDGER)
def check(request: HttpRequest) -> HttpResponse:
    """Verifies all of it, and records what was found."""
    broken, open_to = verify(), append_only.missing()
    first = broken.number if broken else None
    record(person(request), "verify ledger", LEDGER, broken_at=first, open_to=open_to)
    if broken:
        words = f"Entry {broken.number} {broken.why}. Tell who runs this installation."
        messages.error(request, words)
    elif open_to:
        words = "All entries are as written, but the database no longer protects them."
        messages.warning(request, f"{words} Tell who runs this installation.")
    else:
        messages.success(request, "Every entry is as it was written.")
    return redirect("audit:ledger")


def _record_reading(reader: Person) -> None:
    """Once an hour: paging through it is one reading."""
    since = timezone.now() - ONE_READING
    with transaction.atomic():
        before = Entry.objects.filter(action="read ledger", at__gt=since)
        if not before.filter(person=reader).exists():
            record(reader, "read ledger", LEDGER)
