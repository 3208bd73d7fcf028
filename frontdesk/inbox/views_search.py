"""Finding conversations: the list, its export, and views that a person keeps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.audit.ledger import record
from frontdesk.inbox import search
from frontdesk.inbox.filters import Filters
from frontdesk.inbox.models import SavedView, Tag
from frontdesk.inbox.search_export import export
from frontdesk.inbox.search_rows import rows_of
from frontdesk.staff.access import needs, person
from frontdesk.staff.models import Person
from frontdesk.staff.permissions import Permission

MOST_VIEWS = 50
MOST_ID = 2**63 - 1


@require_safe
@never_cache
@needs(Permission.READ)
def conversations(request: HttpRequest) -> HttpResponse:
    """Those that were searched for, or all, the newest first."""
    filters = Filters(request.GET)
    before = _position(request.GET.get("before"))
    found = search.find(person(request), filters, before=before)
    rows = rows_of(found.digests, filters.terms)
    ids = [str(row.conversation_id) for row in rows]
    # Not what was searched for: the words may be a patient's.
    record(person(request), "search", "conversations", by=[*filters.values], shown=ids)
    context = {
        "filters": filters,
        "rows": rows,
        "found": found,
        "before": before,
        "most": search.MOST_COUNTED,
        "most_exported": search.MOST_EXPORTED,
        "query": filters.query(),
        "older": filters.query(before=found.next_before),
        "chips": _chips(filters),
        "views": _views(person(request)),
        "known": {**search.offered(), "tag": Tag.objects.order_by("name")[:200]},
    }
    return render(request, "inbox/conversations.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def export_list(request: HttpRequest) -> HttpResponse:
    """The same list as a file, without a word of anybody."""
    filters = Filters(request.GET)
    wanted = filters.narrow(search.readable_by(person(request)))
    ids = search.newest(wanted, search.MOST_EXPORTED)

    def address(conversation_id: Any) -> str:
        page = reverse("inbox:conversation", args=[conversation_id])
        return request.build_absolute_uri(page)

    with transaction.atomic():
        record(
            person(request),
            "export list",
            "conversations",
            by=[*filters.values],
            count=len(ids),
        )
        content = export(ids, address)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="conversations.csv"'
    return answer


@require_POST
@needs(Permission.READ)
def save_view(request: HttpRequest) -> HttpResponse:
    """Keeps a search under a name; under one's own same name, instead of the old."""
    query = Filters(QueryDict(request.POST.get("query", ""))).query()
    name = _name(request)
    mine = SavedView.objects.filter(person=person(request))
    if not name or len(query) > 1000:
        messages.error(request, "A view needs a name of at most 60 characters.")
    elif mine.exclude(name=name).count() >= MOST_VIEWS:
        messages.error(request, f"{MOST_VIEWS} views are kept. Delete one first.")
    else:
        mine.update_or_create(
            person=person(request), name=name, defaults={"query": query}
        )
        messages.success(request, f"Kept as “{name}”.")
    return redirect(f"{reverse('inbox:conversations')}?{query}")


@require_POST
@needs(Permission.READ)
def rename_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Gives one's own view another name."""
    mine = SavedView.objects.filter(person=person(request))
    view = get_object_or_404(mine, pk=view_id)
    name = _name(request)
    if not name or mine.filter(name=name).exclude(pk=view.pk).exists():
        messages.error(
            request, "A view needs a name of at most 60 characters that is not taken."
        )
    else:
        view.name = name
        view.save(update_fields=["name"])
        messages.success(request, f"The view is called “{name}” now.")
    return redirect(f"{reverse('inbox:conversations')}?{view.query}")


@require_POST
@needs(Permission.READ)
def delete_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forgets one's own view; the conversations stay."""
    view = get_object_or_404(SavedView, person=person(request), pk=view_id)
    view.delete()
    messages.success(request, f"“{view.name}” is deleted.")
    return redirect("inbox:conversations")


def _name(request: HttpRequest) -> str:
    """The name that was typed; nothing if it can't be one."""
    name = " ".join(request.POST.get("name", "").replace("\0", "").split())
    return name if len(name) <= 60 else ""


def _position(value: str | None) -> int | None:
    """Where a page begins; the first one if that is no number."""
    if not value or not value.isascii() or not value.isdecimal():
        return None
    return min(int(value[:20]), MOST_ID)


def _chips(filters: Filters) -> list[dict[str, str]]:
    """Each thing that was asked for, and the address without it."""
    return [
        {
            "words": f"{filters[name].label}: {_shown(filters, name, value)}",
            "without": filters.query(**{name: ""}),
        }
        for name, value in filters.values.items()
    ]


def _shown(filters: Filters, name: str, value: Any) -> str:
    if value is True:
        return "yes"
    choices = getattr(filters.fields[name], "choices", ())
    flat = [
        pair
        for key, words in choices
        for pair in (words if isinstance(words, list | tuple) else [(key, words)])
    ]
    return str(dict(flat).get(value, value))


def _views(reader: Person) -> list[SavedView]:
    return list(SavedView.objects.filter(person=reader).order_by("name"))
