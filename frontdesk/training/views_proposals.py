"""Proposals: the list; one of them, what is wrong with it; adding and taking out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from frontdesk.audit.ledger import record
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import drafts, presenter, teaching, trainings
from frontdesk.training.corrections import RefusedError
from frontdesk.training.intents import GROUPS, KNOWN
from frontdesk.training.models import Correction
from frontdesk.training.proposal_page import finding_lines, page_of
from retraining.proposal_folder import OPEN, SUBMITTED, WITHDRAWN, ProposalError
from retraining.proposal_items import ExampleItem, ItemError
from retraining.proposals import Proposal

MOVES = {"submit": SUBMITTED, "take back": OPEN, "withdraw": WITHDRAWN}


@require_safe
@never_cache
@needs(Permission.TRAIN)
def overview(request: HttpRequest) -> HttpResponse:
    """What there is to do: second readings, disputes, examples, proposals."""
    context = {
        "waiting": presenter.waiting(person(request)),
        "disputed": presenter.disputed(),
        "teachable": presenter.teachable(),
        "proposals": drafts.proposals(),
        "groups": GROUPS,
        "training": trainings.running(),
    }
    return render(request, "training/overview.html", context)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def create(request: HttpRequest) -> HttpResponse:
    """A new, empty proposal."""
    try:
        title = request.POST.get("title", "").strip()
        new = Proposal.create(drafts.home(), title, person(request).name)
    except ItemError as error:
        messages.error(request, str(error))
        return redirect("training:overview")
    record(person(request), "new proposal", f"proposal {new.id}")
    return redirect("training:proposal", new.id)


@require_safe
@never_cache
@needs(Permission.TRAIN)
def proposal(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """What it changes, in words and line by line."""
    found = drafts.find(proposal_id)
    return render(request, "training/proposal.html", page_of(found))


@require_GET
@never_cache
@needs(Permission.TRAIN)
def findings(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """What the house checks say; they take a moment, so the page asks for them."""
    found = drafts.find(proposal_id)
    context: dict[str, Any] = {"proposal": found}
    try:
        context["findings"] = finding_lines(found, drafts.findings(found))
    except ProposalError as error:
        context["failed"] = str(error)
    return render(request, "training/findings.html", context)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def add(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Adds corrections that are ready."""
    found = drafts.find(proposal_id)
    keys = [key for key in request.POST.getlist("correction") if key.isdecimal()]
    chosen = Correction.objects.filter(pk__in=keys[:500])
    with transaction.atomic():
        return _try(
            request,
            found,
            teaching.add,
            chosen.select_related("message__conversation"),
            found,
            person(request),
        )


@require_POST
@never_cache
@needs(Permission.TRAIN)
def add_example(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Adds a sentence of one's own."""
    found = drafts.find(proposal_id)
    form = request.POST
    text, intent = " ".join(form.get("text", "").split()), form.get("intent", "")
    try:
        if intent not in KNOWN:
            raise RefusedError("Choose what the sentence means.")
        item = ExampleItem(intent, text, added_by=person(request).name)
        item.validate()
        advice = teaching.advice(text, intent)
    except (RefusedError, ItemError) as error:
        return _again(request, found, error=str(error), text=text, intent=intent)
    if advice and not form.get("anyway"):
        return _again(request, found, advice=advice, text=text, intent=intent)
    with transaction.atomic():
        record(person(request), "add example", f"proposal {found.id}", intent=intent)
        return _try(request, found, found.add, [item], person(request).name)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def take_out(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Takes items out."""
    found = drafts.find(proposal_id)
    ids = request.POST.getlist("item")
    with transaction.atomic():
        return _try(request, found, teaching.take_out, found, ids, person(request))


@require_POST
@never_cache
@needs(Permission.TRAIN)
def move(request: HttpRequest, proposal_id: str) -> HttpResponse:
    """Submits it, takes it back, or withdraws it."""
    found = drafts.find(proposal_id)
    deed = request.POST.get("do", "")
    # What was live goes back to submitted by a roll-back alone.
    is_wrong = deed not in MOVES or (deed == "submit" and found.state != OPEN)
    if is_wrong or (deed == "submit" and not _is_good(request, found)):
        return redirect("training:proposal", found.id)
    with transaction.atomic():
        record(person(request), f"{deed} proposal", f"proposal {found.id}")
        return _try(request, found, found.move_to, MOVES[deed], person(request).name)


def _is_good(request: HttpRequest, found: Proposal) -> bool:
    """Whether it may be submitted; else the person is told why not."""
    try:
        problems = drafts.findings(found, with_rasa=True)
    except ProposalError as error:
        messages.error(request, str(error))
        return False
    errors = sum(problem.severity == "error" for problem in problems)
    if not found.files:
        messages.error(request, "It is empty: add something first.")
    elif errors:
        many = "problem" if errors == 1 else "problems"
        messages.error(request, f"Not submitted: {errors} {many}, see below.")
    return bool(found.files) and not errors


def _try(request: HttpRequest, found: Proposal, do: Any, *given: Any) -> HttpResponse:
    try:
        do(*given)
    except (ProposalError, ItemError) as error:
        transaction.set_rollback(True)
        messages.error(request, str(error))
    return redirect("training:proposal", found.id)


def _again(request: HttpRequest, found: Proposal, **more: Any) -> HttpResponse:
    context = {**page_of(found), **more}
    return render(request, "training/proposal.html", context, status=422)
