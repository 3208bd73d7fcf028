"""Reading answers as patients see them, their history, and who was shown which text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from frontdesk.answers import history as past
from frontdesk.answers import listing, names, presenter, publishing, shown
from frontdesk.answers.folder import (
    FolderError,
    UnknownAnswerError,
    Variation,
    served,
    variation,
    variations,
)
from frontdesk.answers.proposals import subject
from frontdesk.audit.ledger import record
from frontdesk.chat.texts import texts
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission


@require_safe
@never_cache
@needs(Permission.READ)
def overview(request: HttpRequest) -> HttpResponse:
    """All answers, by what they are about."""
    publishing.settle_now()
    groups = listing.groups(request.GET)
    context = {
        "groups": groups,
        "found": sum(len(row.texts) for _, rows in groups for row in rows),
        "q": request.GET.get("q", ""),
        "state": request.GET.get("state", ""),
        "states": listing.STATES,
        "waiting": listing.waiting(),
        "problem": problem(),
    }
    return render(request, "answers/overview.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def answer(request: HttpRequest, response: str) -> HttpResponse:
    """One answer: each of its texts, and what can be done about it."""
    spots, trouble = read_or_served(response)
    first = spots[0].answer
    context = {
        "response": response,
        "title": names.title_of(first),
        "group": dict(names.GROUPS)[names.group_of(first)],
        "cards": presenter.cards(spots),
        "problem": trouble,
        "latest": publishing.latest_day(first),
        "today": texts().today(),
    }
    return render(request, "answers/answer.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def history(request: HttpRequest, response: str) -> HttpResponse:
    """Everything that became of an answer's texts, the newest first."""
    title = title_or_404(response)
    context = {
        "response": response,
        "title": title,
        "events": past.events(response),
        "zone": texts().clinic.time_zone,
    }
    return render(request, "answers/history.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def who_was_shown(request: HttpRequest, response: str) -> HttpResponse:
    """The conversations in which a text was said, between two days."""
    title = title_or_404(response)
    question, found = _asked(request, response)
    number = _page_number(request)
    rows, is_more = shown.page_of(found, number)
    with transaction.atomic():
        ids = [str(row.conversation_id) for row in rows]
        detail = {"version": question.get("version") or "any", "shown": ids}
        record(person(request), "trace", subject(response), **detail)
    versions = shown.known_versions(response)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "response": response,
        "title": title,
        "form": shown.Question(request.GET),
        "versions": versions,
        "known": question.get("version") in dict(versions),
        "version": question.get("version", ""),
        "rows": rows,
        "count": found.count(),
        "number": number,
        "is_more": is_more,
        "query": query.urlencode(),
        "zone": texts().clinic.time_zone,
    }
    return render(request, "answers/shown.html", context)


@require_safe
@never_cache
@needs(Permission.READ)
def who_was_shown_file(request: HttpRequest, response: str) -> HttpResponse:
    """The same list as a file."""
    title_or_404(response)
    question, found = _asked(request, response)

    def address(conversation_id: UUID) -> str:
        page = reverse("inbox:conversation", args=[conversation_id])
        return request.build_absolute_uri(page)

    with transaction.atomic():
        content, count = shown.export(found, address)
        version = question.get("version") or "any"
        detail = {"version": version, "count": count}
        record(person(request), "export list", subject(response), **detail)
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"shown-{response}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def title_or_404(response: str) -> str:
    """The title of an answer, as the texts that are served have it."""
    library = texts().library
    if response not in library:
        raise Http404
    return names.title_of(library.variations(response)[0])


def spot_or_404(response: str, variant: str) -> Variation:
    """A text as the files have it now.

    Raises:
        Http404: if there is none.
        FolderError: if its file can't be read.
    """
    try:
        return variation(response, variant)
    except UnknownAnswerError as error:
        raise Http404 from error


def read_or_served(response: str) -> tuple[list[Variation], str]:
    """An answer's texts, and what is wrong with its file.

    If that can't be read, the texts as they are served meanwhile.
    """
    title_or_404(response)
    try:
        return variations(response), problem()
    except (FolderError, UnknownAnswerError) as error:
        return served(response), str(error)


def problem() -> str:
    """Why the files can't be read, if they can't."""
    texts().reread()
    texts().library  # noqa: B018 - looks at the files
    return texts().problem


def _asked(request: HttpRequest, response: str) -> tuple[dict[str, Any], Any]:
    """What was asked for; nothing is found while it makes no sense."""
    form = shown.Question(request.GET)
    if not form.is_valid():
        return {}, shown.find("", "", None, None)
    given = form.cleaned_data
    found = shown.find(response, given["version"], given["first"], given["last"])
    return given, found


def _page_number(request: HttpRequest) -> int:
    value = request.GET.get("page", "1")
    is_number = value.isascii() and value.isdecimal()
    return max(int(value[:6]), 1) if is_number else 1
