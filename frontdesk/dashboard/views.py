"""The dashboard: its page, the part that takes longer, and its files."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontdesk.audit.ledger import record
from frontdesk.audit.models import Entry
from frontdesk.dashboard import board, export, wording
from frontdesk.dashboard.period import CHOICES, Period, PeriodError, period_of
from frontdesk.dashboard.period import usual_period as usual
from frontdesk.dashboard.tables import listed
from frontdesk.dashboard.wording_tables import (
    MOST_GROUPS,
    NEAREST,
    QUESTIONS,
    drift_table,
    questions,
)
from frontdesk.inbox.conversations import ONE_READING
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

SUBJECT = "dashboard"


@require_safe
@never_cache
@needs(Permission.READ)
def dashboard(request: HttpRequest) -> HttpResponse:
    """All numbers of a period; what takes longer follows in a part of its own."""
    try:
        period, error = period_of(request.GET), ""
    except PeriodError as found:
        period, error = usual(), str(found)
    _record_reading(person(request))
    context = _context(period) | {
        "error": error,
        "sections": board.sections_of(period),
        "choices": CHOICES,
        "chosen": "" if request.GET.get("since") else period.days,
    }
    return render(request, "dashboard/dashboard.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def wording_part(request: HttpRequest) -> HttpResponse:
    """Unanswered questions and drift, or that they are being worked out."""
    period = _period(request)
    found = wording.of(period)
    context = _context(period) | {"failed": wording.has_failed(period)}
    if found is not None:
        groups, singles, alone = questions(found)
        shown_groups = groups[:MOST_GROUPS]
        places = [each for group in shown_groups for each in group.examples] + singles
        shown = sorted({str(place.conversation_id) for place in places})
        record(person(request), "dashboard", SUBJECT, shown=shown)
        context |= {
            "found": found,
            "groups": shown_groups,
            "more_groups": len(groups) - len(shown_groups),
            "singles": singles,
            "alone": alone,
            "definition": QUESTIONS,
            "nearest": NEAREST,
            "drift": drift_table(period, found),
            "all_questions": listed(period, not_understood="on"),
        }
    template = "wording_part" if request.htmx else "wording"
    return render(request, f"dashboard/{template}.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def export_tables(request: HttpRequest) -> HttpResponse:
    """One table as a file, or all.

    Raises:
        Http404: if there is no such table.
    """
    period = _period(request)
    tables = {table.key: table for table in board.all_tables(period)}
    key = request.GET.get("table", "")
    if key and key not in tables:
        raise Http404
    with transaction.atomic():
        detail = {"table": key or "all", **period.query()}
        record(person(request), "export dashboard", SUBJECT, **detail)
    if key:
        content = export.one(tables[key], request.build_absolute_uri)
    else:
        addresses = request.build_absolute_uri
        content = export.everything(tables.values(), period, addresses)
    name = f"{key or 'dashboard'}-{period.first}-{period.last}.csv"
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _context(period: Period) -> dict[str, Any]:
    return {
        "period": period,
        "query": urlencode(period.query()),
        "query_before": urlencode(period.before.query()),
        "zone": settings.CLINIC.time_zone,
    }


def _period(request: HttpRequest) -> Period:
    """The period of an address that the page has made.

    Raises:
        Http404: if it makes none.
    """
    try:
        return period_of(request.GET)
    except PeriodError as error:
        raise Http404 from error


def _record_reading(reader: Person) -> None:
    """Once an hour: there are only numbers on the page."""
    since = timezone.now() - ONE_READING
    with transaction.atomic():
        before = Entry.objects.filter(action="dashboard", at__gt=since)
        if not before.filter(person=reader).exists():
            record(reader, "dashboard", SUBJECT)
