"""Deciding: a proposal's page, yes and no, review of a text as it is, blocks."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.answers import blocking, presenter, proposals, publishing
from frontdesk.answers.folder import FolderError, UnknownAnswerError, served
from frontdesk.answers.forms import ReviewDayForm
from frontdesk.answers.models import AnswerRevision
from frontdesk.answers.views_read import spot_or_404, title_or_404
from frontdesk.answers.writing import Written
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from retraining.places import BusyError

REFUSALS = (proposals.RefusedError, FolderError, BusyError)


@require_safe
@never_cache
@needs(Permission.READ)
def proposal(request: HttpRequest, revision_id: int) -> HttpResponse:
    """What would change, as patients would see it; and the decision."""
    publishing.settle_now()
    every = AnswerRevision.objects.select_related("author", "decided_by")
    revision = get_object_or_404(every, pk=revision_id)
    title_or_404(revision.response)
    context = presenter.proposal(revision, person(request))
    return render(request, "answers/proposal.html", context)


@require_POST
@needs(Permission.APPROVE)
def approve(request: HttpRequest, revision_id: int) -> HttpResponse:
    """The second person's yes: patients get the new text from now on."""
    revision = get_object_or_404(AnswerRevision, pk=revision_id)
    form = ReviewDayForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the day of the next review.")
        return redirect("answers:proposal", revision.pk)
    day = form.cleaned_data["review_by"]
    _do(
        request,
        lambda: publishing.approve(person(request), revision, day),
        "Approved. Patients get the new text from now on.",
    )
    return redirect("answers:proposal", revision.pk)


@require_POST
@needs(Permission.APPROVE)
def reject(request: HttpRequest, revision_id: int) -> HttpResponse:
    """The second person's no."""
    revision = get_object_or_404(AnswerRevision, pk=revision_id)
    reason = request.POST.get("reason", "")
    _do(
        request,
        lambda: proposals.reject(person(request), revision, reason),
        "Rejected. Patients go on getting the old text.",
    )
    return redirect("answers:proposal", revision.pk)


@require_POST
@needs(Permission.APPROVE)
def renew(request: HttpRequest, response: str, variant: str) -> HttpResponse:
    """A clinician has read a text, and it is still right."""
    title_or_404(response)
    form = ReviewDayForm(request.POST)
    is_valid = form.is_valid()

    def reviewed() -> Written:
        spot = spot_or_404(response, variant)
        if not is_valid:
            raise proposals.RefusedError("Choose the day of the next review.")
        given = form.cleaned_data
        return publishing.renew(
            person(request), spot, given["mark"], given["review_by"]
        )

    _do(request, reviewed, "Reviewed: the text is approved as it is.")
    return _back(response, variant)


@require_POST
@needs(Permission.BLOCK_ANSWERS)
def block(request: HttpRequest, response: str, variant: str) -> HttpResponse:
    """Stops a text, or all texts of an answer, at once."""
    title_or_404(response)
    # As served: it must work while the file can't be read, too.
    found = [each for each in served(response) if each.variant == variant]
    if not found:
        raise Http404
    version = found[0].answer.version
    if request.POST.get("scope") == "all":
        version = blocking.ALL_TEXTS
    reason = request.POST.get("reason", "")
    _do(
        request,
        lambda: blocking.block(person(request), response, version, reason),
        "Out of service. No patient gets it any more; they are told that we are "
        "reviewing it, and staff get the question.",
    )
    return _back(response, variant)


@require_POST
@needs(Permission.APPROVE)
def unblock(request: HttpRequest, response: str) -> HttpResponse:
    """A clinician puts a text back in service."""
    title_or_404(response)
    version = request.POST.get("version", "")
    _do(
        request,
        lambda: blocking.unblock(person(request), response, version),
        "Back in service.",
    )
    return redirect("answers:answer", response)


def _do(request: HttpRequest, deed: Callable[[], object], done: str) -> None:
    try:
        result = deed()
    except REFUSALS as error:
        messages.error(request, str(error))
        return
    except UnknownAnswerError as error:
        raise Http404 from error
    commit = result.commit if isinstance(result, Written) else ""
    messages.success(request, f"{done} Commit {commit[:10]}." if commit else done)


def _back(response: str, variant: str) -> HttpResponse:
    answer = redirect("answers:answer", response)
    answer["Location"] += f"#{variant}"
    return answer
