"""Proposing other words: the editor, its preview, and taking a proposal back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from frontdesk.answers import facts, names, presenter, proposals
from frontdesk.answers.diff import changes
from frontdesk.answers.folder import FolderError, Variation
from frontdesk.answers.forms import EditForm
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.views_read import spot_or_404, title_or_404
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission

LONGEST_SEARCH = 100
MOST_FACTS = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@needs(Permission.EDIT_ANSWERS)
def edit(request: HttpRequest, response: str, variant: str) -> HttpResponse:
    """The editor; a POST proposes what is in it."""
    title_or_404(response)
    try:
        spot = spot_or_404(response, variant)
    except FolderError as error:
        return _kept(request, response, variant, str(error))
    if request.method != "POST":
        return _page(request, spot, _begin(spot))
    return _propose(request, spot, EditForm(request.POST))


@require_POST
@never_cache
@needs(Permission.EDIT_ANSWERS)
def preview(request: HttpRequest, response: str, variant: str) -> HttpResponse:
    """What is in the editor as patients would see it, and what is wrong with it."""
    title_or_404(response)
    try:
        spot = spot_or_404(response, variant)
    except FolderError as error:
        return render(request, "answers/preview_failed.html", {"error": error})
    form = EditForm(request.POST)
    form.is_valid()
    context = {"preview": _preview(spot, form), "is_part": True}
    return render(request, "answers/preview.html", context)


@require_safe
@never_cache
@needs(Permission.EDIT_ANSWERS)
def find_facts(request: HttpRequest) -> HttpResponse:
    """The facts that are ticked, and those that have the words typed."""
    asked = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    chosen = list(dict.fromkeys(request.GET.getlist("sources")))[:MOST_FACTS]
    context = {
        "q": asked,
        "chosen": facts.facts_of(chosen),
        "found": facts.find(asked, chosen),
    }
    return render(request, "answers/facts.html", context)


@require_POST
@needs(Permission.EDIT_ANSWERS)
def withdraw(request: HttpRequest, revision_id: int) -> HttpResponse:
    """Takes one's own proposal back."""
    revision = get_object_or_404(AnswerRevision, pk=revision_id)
    try:
        proposals.withdraw(person(request), revision)
    except proposals.RefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Withdrawn. Patients go on getting the old text.")
    return redirect("answers:proposal", revision.pk)


def _begin(spot: Variation) -> EditForm:
    words = {"text": spot.answer.text, "sources": list(spot.sources)}
    return EditForm(initial={"mark": spot.mark, **words})


def _propose(request: HttpRequest, spot: Variation, form: EditForm) -> HttpResponse:
    if not form.is_valid():
        (wrong, *_), *_ = form.errors.values()
        return _page(request, spot, form, str(wrong), status=422)
    given, who = form.cleaned_data, person(request)
    written = (given["text"], form.source_ids(), given["note"])
    try:
        revision = proposals.propose(who, spot, given["mark"], *written)
    except proposals.ChangedError as error:
        again = form.data.copy()
        again["mark"] = spot.mark
        form = EditForm(again)
        return _page(request, spot, form, str(error), status=409, conflict=True)
    except proposals.RefusedError as error:
        return _page(request, spot, form, str(error), status=422)
    messages.success(
        request, "Proposed. Patients get the old text until a clinician approves."
    )
    return redirect("answers:proposal", revision.pk)


def _page(
    request: HttpRequest,
    spot: Variation,
    form: EditForm,
    error: str = "",
    *,
    status: int = 200,
    conflict: bool = False,
) -> HttpResponse:
    written = form["text"].value() or ""
    context: dict[str, Any] = {
        "spot": spot,
        "card": presenter.card(spot),
        "title": names.title_of(spot.answer),
        "form": form,
        "error": error,
        "conflict": changes(spot.answer.text, written) if conflict else [],
        "preview": _preview(spot, form),
        "chosen": facts.facts_of(_sources(spot, form)),
    }
    return render(request, "answers/edit.html", context, status=status)


def _kept(
    request: HttpRequest, response: str, variant: str, error: str
) -> HttpResponse:
    """The file can't be read: what was written is shown, so that nothing is lost."""
    context = {
        "response": response,
        "variant": variant,
        "error": error,
        "text": request.POST.get("text", ""),
        "note": request.POST.get("note", ""),
    }
    return render(request, "answers/unreadable.html", context, status=409)


def _sources(spot: Variation, form: EditForm) -> list[str]:
    return form.source_ids() if form.is_bound else list(spot.sources)


def _preview(spot: Variation, form: EditForm) -> presenter.Preview:
    if form.is_bound and not hasattr(form, "cleaned_data"):
        form.is_valid()
    sources = _sources(spot, form)
    new = proposals.changed(spot, form["text"].value() or "", sources)
    old = spot.answer.text
    return presenter.preview(new, old, old, list(spot.sources))
