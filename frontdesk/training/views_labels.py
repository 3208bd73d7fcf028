"""Likely mistakes in the training data: examples that may have the wrong intent."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from frontdesk.audit.ledger import record
from frontdesk.staff.access import needs, person
from frontdesk.staff.permissions import Permission
from frontdesk.training import drafts
from frontdesk.training.intents import GROUPS, KNOWN, words_of
from retraining.label_errors import read
from retraining.proposal_folder import ProposalError
from retraining.proposal_items import ItemError, MovedExample

PAGE = 25


@require_safe
@never_cache
@needs(Permission.TRAIN)
def label_errors(request: HttpRequest) -> HttpResponse:
    """The list, likeliest first; those in an open proposal are left out."""
    known = read(drafts.home())
    made_at, examples, suspects = known or ("", 0, [])
    decided = {
        item.text
        for proposal in drafts.proposals()
        for item in proposal.items
        if isinstance(item, MovedExample)
    }
    rows = [
        {
            "suspect": each,
            "is": words_of(each.intent),
            "likely": words_of(each.likely),
            "percent": round(each.certainty * 100),
        }
        for each in suspects
        if each.text not in decided
    ]
    context = {
        "made_at": datetime.fromisoformat(made_at) if made_at else None,
        "examples": examples,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "proposals": drafts.open_proposals(),
        "groups": GROUPS,
    }
    return render(request, "training/label_errors.html", context)


@require_POST
@never_cache
@needs(Permission.TRAIN)
def move_example(request: HttpRequest) -> HttpResponse:
    """Proposes that an example gets another intent, or goes."""
    form, who = request.POST, person(request)
    right = form.get("right", "")
    try:
        if right and right not in KNOWN:
            raise ItemError("Choose what the example means.")
        item = MovedExample(
            form.get("text", ""), form.get("wrong", ""), right, added_by=who.name
        )
        item.validate()
        proposal = drafts.chosen(who, form.get("proposal", ""))
        with transaction.atomic():
            record(who, "move example", f"proposal {proposal.id}", right=right)
            proposal.add([item], who.name)
    except (ItemError, ProposalError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"It is in the proposal “{proposal.title}”.")
    return redirect("training:label_errors")
