"""What to review next, and why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontdesk.audit.ledger import record
from frontdesk.inbox import review_queue
from frontdesk.inbox.review_queue_harm import Reason
from frontdesk.inbox.search_models import Digest
from frontdesk.inbox.search_rows import Row, rows_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission


@require_safe
@never_cache
@needs(Permission.REVIEW)
@transaction.atomic
def reviews(request: HttpRequest) -> HttpResponse:
    """Those with the most expected harm, and the sample of a day."""
    day = _day(request)
    digests = review_queue.page_of(person(request), _digest(request))
    on_page = digests[: review_queue.ON_A_PAGE]
    sample = review_queue.sample_of(day)
    reviewed = review_queue.mark_reviewed(sample)
    harmful, drawn = rows_of(on_page), rows_of(sample)
    shown = [str(row.conversation_id) for row in (*harmful, *drawn)]
    record(person(request), "review queue", "conversations", shown=shown)
    estimate = review_queue.estimate()
    low, high = estimate.percent
    context = {
        "low": low,
        "high": high,
        "entries": [_entry(row) for row in harmful],
        "next_after": _last(on_page) if len(digests) > len(on_page) else None,
        "is_first_page": "after" not in request.GET,
        "sample": [(row, row.conversation_id in reviewed) for row in drawn],
        "reviewed": len(reviewed),
        "day": day,
        "yesterday": review_queue.today() - timedelta(days=1),
        "estimate": estimate,
        "estimate_days": review_queue.ESTIMATE_DAYS,
        "reasons": list(Reason),
    }
    return render(request, "inbox/reviews.html", context)


@require_safe
@never_cache
@needs(Permission.REVIEW)
def review_next(request: HttpRequest) -> HttpResponse:
    """To the conversation that comes behind the one in the address."""
    found = review_queue.following(person(request), _digest(request))
    if found is None:
        messages.success(request, "That was the last one in the review queue.")
        return redirect("inbox:reviews")
    page = reverse("inbox:conversation", args=[found.conversation_id])
    return redirect(f"{page}?from=reviews")


def _entry(row: Row) -> dict[str, Any]:
    known = Reason.__members__
    return {
        "row": row,
        "reasons": [known[name] for name in row.digest.reasons if name in known],
    }


def _last(digests: list[Digest]) -> UUID:
    return digests[-1].conversation_id


def _digest(request: HttpRequest) -> Digest | None:
    """Of the conversation in the address; None to begin at the top."""
    try:
        conversation_id = UUID(request.GET.get("after", ""))
    except ValueError:
        return None
    return Digest.objects.filter(conversation_id=conversation_id).first()


def _day(request: HttpRequest) -> date:
    """The day in the address, yesterday without one."""
    yesterday = review_queue.today() - timedelta(days=1)
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return yesterday
    return day if 2000 <= day.year <= 2999 else yesterday
